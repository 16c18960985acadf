//! Questions and their answers, calls, commands, and what stops a turn.

use super::*;
use crate::support::chat_server::ServedModel;

#[test]
fn a_question_is_answered_with_what_was_looked_at() {
    let server = ChatServer::start(vec![
        Reply::text("I look.")
            .thinking("The notes may tell.")
            .call("read_file", json!({"path": "notes.txt"})),
        Reply::text("At ninety degrees."),
    ]);
    let environment = environment(&server);
    environment.index();
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let reason = peer.ask(&session, "At how many degrees does the kettle boil?");
    assert_eq!(reason, "end_turn");
    let calls = peer.updates_of(&session, "tool_call");
    let place = environment.workspace().join("notes.txt");
    let [retrieved, read] = calls.as_slice() else {
        panic!("two calls: {calls:#?}");
    };
    assert_eq!(
        (&retrieved["kind"], &retrieved["status"]),
        (&json!("search"), &json!("completed"))
    );
    assert_eq!(retrieved["locations"][0]["path"], json!(place));
    assert_eq!(
        (&read["kind"], &read["status"], &read["title"]),
        (
            &json!("read"),
            &json!("in_progress"),
            &json!("Read `notes.txt`")
        )
    );
    assert_eq!(read["locations"], json!([{ "path": place }]));
    let ends = peer.updates_of(&session, "tool_call_update");
    assert_eq!(ends.len(), 1, "{ends:#?}");
    assert_eq!(ends[0]["toolCallId"], read["toolCallId"]);
    assert_eq!(ends[0]["status"], "completed");
    let thoughts = peer.updates_of(&session, "agent_thought_chunk");
    let pieces = thoughts.iter().map(|it| it["content"]["text"].as_str());
    let thought: String = pieces.flatten().collect();
    assert_eq!(thought, "The notes may tell.");
    let said = peer.text(&session);
    assert!(said.contains("I look.\n\nAt ninety degrees."), "{said}");
    let titles = peer.updates_of(&session, "session_info_update");
    assert_eq!(titles.len(), 1);
    assert_eq!(
        titles[0]["title"],
        "At how many degrees does the kettle boil?"
    );
    let usage = peer.updates_of(&session, "usage_update");
    assert!(usage[0]["used"].as_u64() < usage[0]["size"].as_u64());
}

#[test]
fn a_session_begins_with_its_modes_its_models_and_its_commands() {
    let models = vec![ServedModel::default(), ServedModel::named("other:7b")];
    let server = ChatServer::with_models(models, Vec::new());
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let begun = peer.call(
        "session/new",
        json!({"cwd": environment.workspace(), "mcpServers": []}),
    );
    let session = begun["sessionId"].as_str().expect("an id").to_owned();
    let modes = begun["modes"]["availableModes"].as_array().expect("modes");
    let modes: Vec<&str> = modes
        .iter()
        .filter_map(|mode| mode["id"].as_str())
        .collect();
    assert_eq!(modes, ["ask", "auto-edit", "plan"]);
    assert_eq!(begun["modes"]["currentModeId"], "ask");
    let model = &begun["configOptions"][1];
    assert_eq!(model["currentValue"], CHAT_MODEL);
    let names = model["options"].as_array().expect("options");
    let names: Vec<&str> = names
        .iter()
        .filter_map(|one| one["value"].as_str())
        .collect();
    assert_eq!(names, [CHAT_MODEL, "other:7b"]);
    let commands = peer.update("available_commands_update");
    let commands = commands["availableCommands"].as_array().expect("commands");
    assert!(commands.iter().any(|command| command["name"] == "review"));

    let set = json!({"sessionId": session, "configId": "model", "value": "other:7b"});
    let options = peer.call("session/set_config_option", set);
    assert_eq!(options["configOptions"][1]["currentValue"], "other:7b");
    let set = json!({"sessionId": session, "configId": "mode", "value": "plan"});
    let options = peer.call("session/set_config_option", set);
    assert_eq!(options["configOptions"][0]["currentValue"], "plan");
    assert_eq!(peer.update("current_mode_update")["currentModeId"], "plan");
    for (option, value) in [
        ("mode", "auto-approve"),
        ("mode", "made up"),
        ("model", "absent:1b"),
        ("colour", "red"),
    ] {
        let set = json!({"sessionId": session, "configId": option, "value": value});
        let refused = peer.refused("session/set_config_option", set);
        assert_eq!(refused["code"], -32602, "{option} {value}");
    }
}

#[test]
fn a_reply_at_its_limit_and_a_turn_at_its_limit_say_so() {
    let read = || Reply::text("").call("read_file", json!({"path": "notes.txt"}));
    let server = ChatServer::start(vec![
        Reply::text("It boils at").full(),
        read(),
        Reply::text("").call("list_directory", json!({"path": "."})),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--max-steps", "2"]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Say it."), "max_tokens");
    let said = peer.text(&session);
    assert!(said.contains("It boils at"), "{said}");
    assert!(said.contains("cut at the reply limit"), "{said}");
    assert_eq!(peer.ask(&session, "Look it up."), "max_turn_requests");
    let said = peer.text(&session);
    assert!(said.contains("the limit of 2 steps is reached"), "{said}");
}

#[test]
fn what_is_missing_is_said_in_a_message_and_is_no_error() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server).with("OLLAMA_MODEL", "absent:7b");
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Hi"), "end_turn");
    let said = peer.text(&session);
    assert!(
        said.contains("does not have the model `absent:7b`"),
        "{said}"
    );
    drop(peer);

    // A port on which nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let environment = environment.with("OLLAMA_HOST", &format!("http://{address}"));
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Hi"), "end_turn");
    let said = peer.text(&session);
    assert!(said.contains("ollama serve"), "{said}");
    assert_eq!(peer.close().code, Some(0));
}

#[test]
fn slash_commands_are_answered_without_a_model() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    environment.index();
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    for (typed, expected) in [
        ("/status", "- **model**: scripted:30b"),
        ("/help", "- `/undo [N]`: undo the changes"),
        ("/approve auto-edit", "mode auto-edit: "),
        ("/diff", "this session has changed nothing"),
        ("/search ninety", "`notes.txt:1-1`"),
        ("/model", "- `scripted:30b` (current)"),
        ("/modle", "did you mean /model?"),
        ("/new", "/new is not for editors"),
        ("/related", "usage: /related PATH"),
        ("/memory", "no OLLACODE.md or AGENTS.md"),
    ] {
        let before = peer.text(&session).len();
        assert_eq!(peer.ask(&session, typed), "end_turn", "{typed}");
        let said = peer.text(&session)[before..].to_owned();
        assert!(said.contains(expected), "{typed}: {said}");
    }
    assert_eq!(
        peer.update("current_mode_update")["currentModeId"],
        "auto-edit"
    );
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn an_edit_is_shown_as_a_diff_and_can_be_undone() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-edit"}),
    );
    assert_eq!(peer.ask(&session, "Make it eighty."), "end_turn");
    let changed = NOTES.replace("ninety", "eighty");
    assert_eq!(environment.read("notes.txt"), changed);
    let place = environment.workspace().join("notes.txt");
    let ends = peer.updates_of(&session, "tool_call_update");
    assert_eq!(ends[0]["status"], "completed");
    assert_eq!(
        ends[0]["content"][0],
        json!({"type": "diff", "path": place, "oldText": NOTES, "newText": changed})
    );
    let said = peer.text(&session);
    assert!(said.contains("- changed: notes.txt +1 −1"), "{said}");
    assert_eq!(peer.ask(&session, "/undo"), "end_turn");
    assert_eq!(environment.read("notes.txt"), NOTES);
}

#[test]
fn files_that_are_named_and_texts_that_are_sent_reach_the_model() {
    let server = ChatServer::start(vec![Reply::text("I see."), Reply::text("I see more.")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    let blocks = json!([
        {"type": "text", "text": "What is in "},
        {"type": "resource_link", "name": "notes.txt", "uri": uri(&environment, "notes.txt")},
        {"type": "text", "text": "?"},
        {"type": "resource",
            "resource": {"uri": "https://example.org/a", "text": "A page about tea."}},
    ]);
    let id = peer.prompt(&session, blocks);
    assert_eq!(peer.stopped(id), "end_turn");
    let asked = asked(&server.requests()[0]);
    for expected in [
        "What is in @notes.txt ?",
        "ninety degrees",
        "A page about tea.",
    ] {
        assert!(asked.contains(expected), "{expected}: {asked}");
    }
    let picture = json!([
        {"type": "text", "text": "And this?"},
        {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="},
    ]);
    let id = peer.prompt(&session, picture);
    assert_eq!(peer.stopped(id), "end_turn");
    let said = peer.text(&session);
    assert!(said.contains("scripted:30b cannot see pictures"), "{said}");
}
