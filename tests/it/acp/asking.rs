//! What the user is asked: approvals, questions of the model, plans.

use super::*;

#[test]
fn a_call_waits_for_approval_with_its_diff() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Make it eighty."));
    let request = peer.wanted("session/request_permission");
    let place = environment.workspace().join("notes.txt");
    let changed = NOTES.replace("ninety", "eighty");
    let diff = json!({"type": "diff", "path": place, "oldText": NOTES, "newText": changed});
    let call = &request["params"]["toolCall"];
    assert_eq!(call["content"], json!([diff]));
    let pending = peer.updates_of(&session, "tool_call");
    let pending = pending.last().expect("a call");
    assert_eq!(pending["toolCallId"], call["toolCallId"]);
    assert_eq!(pending.get("status"), None, "pending is not written out");
    assert_eq!(pending["content"], json!([diff]));
    let options = request["params"]["options"].as_array().expect("options");
    let kinds: Vec<&str> = options
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["allow_once", "allow_always", "reject_once"]);
    assert_eq!(environment.read("notes.txt"), NOTES, "nothing happened yet");
    peer.answer(
        &request,
        json!({"outcome": {"outcome": "selected", "optionId": "once"}}),
    );
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(environment.read("notes.txt"), changed);
    let states = peer.updates_of(&session, "tool_call_update");
    let states: Vec<&str> = states
        .iter()
        .filter_map(|state| state["status"].as_str())
        .collect();
    assert_eq!(states, ["in_progress", "completed"]);
}

#[test]
fn a_rejected_call_changes_nothing_and_the_model_is_told() {
    let script = || {
        vec![
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("Then not."),
        ]
    };
    for answer in [
        json!({"result": {"outcome": {"outcome": "selected", "optionId": "reject"}}}),
        json!({"result": {"outcome": {"outcome": "selected", "optionId": "made up"}}}),
        json!({"result": {"outcome": {"outcome": "cancelled"}}}),
        json!({"error": {"code": -32603, "message": "the editor failed"}}),
    ] {
        let server = ChatServer::start(script());
        let environment = environment(&server);
        let mut peer = Peer::greeted(&environment, &[]);
        let session = peer.session(&environment);
        let id = peer.prompt(&session, words("Make it eighty."));
        let request = peer.wanted("session/request_permission");
        let mut message = answer.clone();
        message["jsonrpc"] = json!("2.0");
        message["id"] = request["id"].clone();
        peer.send(&message);
        assert_eq!(peer.stopped(id), "end_turn", "{answer}");
        assert_eq!(environment.read("notes.txt"), NOTES, "{answer}");
        let ends = peer.updates_of(&session, "tool_call_update");
        let last = ends.last().expect("an end");
        assert_eq!(last["status"], "failed", "{answer}");
        let told = server.requests()[1].to_string();
        assert!(told.contains("The user denied this call"), "{told}");
    }
}

#[test]
fn what_is_allowed_for_the_session_is_not_asked_again() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        edit("notes.txt", "eighty", "seventy"),
        Reply::text("It says seventy now."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Make it eighty, then seventy."));
    peer.choose("session");
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "seventy")
    );
    let asked = |message: &&Value| message["method"] == "session/request_permission";
    assert_eq!(peer.said.iter().filter(asked).count(), 1);
}

#[test]
fn a_change_that_cannot_be_shown_whole_is_denied_in_words() {
    let long: String = (0..40_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let server = ChatServer::start(vec![
        Reply::text("").call("delete_file", json!({"path": "long.txt"})),
        Reply::text("Then not."),
    ]);
    let environment = environment(&server);
    environment.write("long.txt", long.repeat(3));
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Delete long.txt."), "end_turn");
    assert_eq!(environment.read("long.txt"), long.repeat(3));
    let said = peer.text(&session);
    assert!(said.contains("too large to be shown whole"), "{said}");
    let asked = |message: &&Value| message["method"] == "session/request_permission";
    assert_eq!(peer.said.iter().filter(asked).count(), 0);
}

#[test]
fn a_small_change_of_a_huge_file_is_a_diff_in_text() {
    let long: String = (0..90_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let server = ChatServer::start(vec![
        edit("long.txt", "line 70000", "line seventy thousand"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    environment.write("long.txt", &long);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Write that number out."));
    let request = peer.choose("once");
    assert_eq!(peer.stopped(id), "end_turn");
    let content = &request["params"]["toolCall"]["content"][0];
    assert_eq!(content["type"], "content");
    let text = content["content"]["text"].as_str().expect("a text");
    assert!(text.starts_with("```diff\n--- a/long.txt\n"), "{text}");
    assert!(
        text.contains("-line 70000\n+line seventy thousand\n"),
        "{text}"
    );
    assert!(
        environment
            .read("long.txt")
            .contains("line seventy thousand")
    );
}

fn question() -> Reply {
    let arguments = json!({"question": "Which colour?", "options": ["red", "blue"]});
    Reply::text("").call("ask_user", arguments)
}

#[test]
fn a_question_without_forms_is_answered_by_the_next_message() {
    let server = ChatServer::start(vec![question(), Reply::text("Blue it is.")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Paint it."), "end_turn");
    let said = peer.text(&session);
    assert!(
        said.contains("**Question:** Which colour?\n\n1. red\n2. blue"),
        "{said}"
    );
    // Commands are still commands.
    assert_eq!(peer.ask(&session, "/status"), "end_turn");
    assert!(peer.text(&session).contains("**running**: a turn"));
    assert_eq!(peer.ask(&session, "2"), "end_turn");
    let told = server.requests()[1].to_string();
    assert!(told.contains("The user answers: blue"), "{told}");
    assert!(peer.text(&session).ends_with("Blue it is."));
}

#[test]
fn a_question_is_a_form_where_the_editor_has_them() {
    let server = ChatServer::start(vec![
        question(),
        question(),
        question(),
        Reply::text("Blue it is."),
    ]);
    let environment = environment(&server);
    let abilities = json!({"elicitation": {"form": {}}});
    let mut peer = Peer::able(&environment, &[], abilities);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Paint it."));
    let form = peer.wanted("elicitation/create");
    assert_eq!(form["params"]["message"], "Which colour?");
    assert_eq!(form["params"]["sessionId"], session.as_str());
    peer.answer(
        &form,
        json!({"action": "accept", "content": {"choice": "blue"}}),
    );
    let form = peer.wanted("elicitation/create");
    peer.answer(&form, json!({"action": "decline"}));
    // A form that fails is asked in text.
    let form = peer.wanted("elicitation/create");
    peer.send(&json!({"jsonrpc": "2.0", "id": form["id"],
        "error": {"code": -32601, "message": "no forms after all"}}));
    assert_eq!(peer.stopped(id), "end_turn");
    assert!(peer.text(&session).contains("**Question:** Which colour?"));
    assert_eq!(peer.ask(&session, "neither"), "end_turn");
    let told = server.requests()[3].to_string();
    for expected in [
        "The user answers: blue",
        "No user is available to answer",
        "The user answers: neither",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_plan_is_carried_out_when_the_user_says_so() {
    let plan = "1. Write new.txt.\n2. Read it.";
    let server = ChatServer::start(vec![
        Reply::text(plan),
        Reply::text(plan),
        write("new.txt", "new\n"),
        Reply::text("new.txt is there."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-edit"}),
    );
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "plan"}),
    );
    let id = peer.prompt(&session, words("Plan a new file."));
    let request = peer.choose("keep-planning");
    let call = &request["params"]["toolCall"];
    assert_eq!(call["kind"], "switch_mode");
    assert_eq!(peer.stopped(id), "end_turn");
    let id = peer.prompt(&session, words("Plan it again."));
    peer.choose("carry-out");
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(environment.read("new.txt"), "new\n");
    let modes = peer.updates_of(&session, "current_mode_update");
    let modes: Vec<&str> = modes
        .iter()
        .filter_map(|mode| mode["currentModeId"].as_str())
        .collect();
    assert_eq!(modes, ["auto-edit", "plan", "auto-edit"]);
}
