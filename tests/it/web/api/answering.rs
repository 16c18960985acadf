//! Requests for approval, and questions of the model.

use super::*;

#[test]
fn an_edit_is_shown_whole_and_allowed_once() {
    let web = web(colder());
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Make it colder.");
    let asked = events.event("approval_asked");
    let file = &asked["files"][0];
    assert_eq!(
        (
            &file["path"],
            &file["added"],
            &file["removed"],
            &file["is_whole"]
        ),
        (&json!("notes.txt"), &json!(1), &json!(1), &json!(true))
    );
    assert!(
        file["hunks"].as_array().is_some_and(|it| !it.is_empty()),
        "{asked:#}"
    );
    assert_eq!(asked["command"], json!(null));
    assert_eq!(talk.snapshot()["is_asking"], true);
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    let accepted = talk.answer(&asked["id"], "once").expect(200).json();
    assert_eq!(accepted, json!({"accepted": true}));
    let decided = events.event("decided");
    assert_eq!(
        (&decided["id"], &decided["decision"]),
        (&asked["id"], &json!("once"))
    );
    assert_eq!(events.event("tool_finished")["outcome"], "done");
    events.event("ended");
    assert_eq!(web.environment.read("notes.txt"), cold_notes());
    // Only the first answer counts.
    let again = talk.answer(&asked["id"], "deny").expect(409);
    assert_eq!(again.code(), "already_answered");
}

#[test]
fn a_denial_reaches_the_model_with_its_reason() {
    let web = web(vec![edit("ninety", "eighty"), Reply::text("As you like.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Make it colder.");
    let asked = events.event("approval_asked");
    let answer = json!({"id": asked["id"], "decision": "deny", "reason": "The wombat is cold."});
    talk.post("/answer", &answer).expect(200);
    assert_eq!(events.event("decided")["reason"], "The wombat is cold.");
    assert_eq!(events.event("tool_finished")["outcome"], "denied");
    events.event("ended");
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    let told = web.server.requests()[1]["messages"].to_string();
    assert!(told.contains("The wombat is cold."), "{told}");
}

#[test]
fn for_this_session_the_same_is_not_asked_again() {
    let web = web(vec![
        edit("ninety", "eighty"),
        edit("eighty", "seventy"),
        Reply::text("It is seventy now."),
    ]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Make it much colder.");
    let asked = events.event("approval_asked");
    assert!(asked["remember"].is_string(), "{asked:#}");
    talk.answer(&asked["id"], "session").expect(200);
    events.event("ended");
    let questions = names(&events.seen)
        .into_iter()
        .filter(|name| *name == "approval_asked");
    assert_eq!(questions.count(), 1);
    assert_eq!(
        web.environment.read("notes.txt"),
        NOTES.replace("ninety", "seventy")
    );
}

#[test]
fn another_command_runs_instead() {
    let web = web(vec![
        run("curl -s http://127.0.0.1:9/wombat"),
        Reply::text("It said kettle."),
    ]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Fetch it.");
    let asked = events.event("approval_asked");
    assert_eq!(asked["command"], "curl -s http://127.0.0.1:9/wombat");
    assert_eq!(asked["can_edit"], true);
    for wrong in [
        json!({"id": asked["id"], "decision": "replace"}),
        json!({"id": asked["id"], "decision": "perhaps"}),
        json!({"id": asked["id"]}),
        json!({"id": asked["id"], "text": "yes"}),
    ] {
        talk.post("/answer", &wrong).expect(400);
    }
    let answer = json!({"id": asked["id"], "decision": "replace", "command": "echo kettle"});
    talk.post("/answer", &answer).expect(200);
    assert_eq!(events.event("decided")["command"], "echo kettle");
    events.event("ended");
    let told = web.server.requests()[1]["messages"].to_string();
    assert!(
        told.contains("kettle") && told.contains("echo kettle"),
        "{told}"
    );
}

#[test]
fn a_question_of_the_model_is_answered_in_words() {
    let question = json!({"question": "Which one?", "options": ["red", "blue"]});
    let web = web(vec![
        Reply::text("").call("ask_user", question),
        Reply::text("Green it is."),
    ]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Paint it.");
    let asked = events.event("question_asked");
    assert_eq!(asked["options"], json!(["red", "blue"]));
    // A decision about a call is no answer, and does not decline it.
    for decision in ["once", "deny"] {
        talk.answer(&asked["id"], decision).expect(400);
    }
    let answer = json!({"id": asked["id"], "text": "wombat green"});
    talk.post("/answer", &answer).expect(200);
    assert_eq!(events.event("decided")["decision"], "answered");
    events.event("ended");
    let told = web.server.requests()[1]["messages"].to_string();
    assert!(told.contains("wombat green"), "{told}");
    talk.post("/answer", &answer).expect(409);
}

#[test]
fn a_page_that_is_loaded_again_finds_the_request() {
    let web = web(colder());
    let talk = Talk::open(&web);
    let asked = {
        let mut events = talk.events(0);
        talk.ask("Make it colder.");
        events.event("approval_asked")
    };
    let snapshot = talk.snapshot();
    assert_eq!(
        (&snapshot["is_asking"], &snapshot["is_busy"]),
        (&json!(true), &json!(true))
    );
    // From the beginning, and from where it was.
    let mut events = talk.events(0);
    assert_eq!(events.event("approval_asked")["id"], asked["id"]);
    let before = asked["n"].as_u64().expect("a number") - 1;
    let mut other = talk.events(before);
    let first = other
        .next_within(crate::support::PATIENCE)
        .expect("an event");
    assert_eq!(first, asked);
    talk.answer(&asked["id"], "once").expect(200);
    for events in [&mut events, &mut other] {
        assert_eq!(events.event("decided")["id"], asked["id"]);
        events.event("ended");
    }
    assert_eq!(web.environment.read("notes.txt"), cold_notes());
    let state = web.get("/api/state").expect(200).json();
    assert_eq!(state["conversations"][0]["is_asking"], false, "{state:#}");
}

#[test]
fn a_stop_withdraws_what_was_asked() {
    let web = web(colder());
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Make it colder.");
    let asked = events.event("approval_asked");
    talk.post("/stop", &json!({})).expect(200);
    let decided = events.event("decided");
    assert_eq!(
        (&decided["id"], &decided["decision"]),
        (&asked["id"], &json!("withdrawn"))
    );
    events.event("ended");
    talk.answer(&asked["id"], "once").expect(409);
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    talk.answer(&json!(99), "once").expect(409);
}

#[test]
fn without_agent_mode_nothing_is_asked_and_nothing_is_changed() {
    let web = web(vec![edit("ninety", "eighty"), Reply::text("I may not.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    let question = json!({"message": "Make it colder.", "agent_mode": false});
    talk.post("/ask", &question).expect(202);
    assert_eq!(events.event("tool_finished")["outcome"], "denied");
    events.event("ended");
    assert!(!names(&events.seen).contains(&"approval_asked"));
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    let requests = web.server.requests();
    let told = requests[1]["messages"].to_string();
    assert!(told.contains("agent mode is off"), "{told}");
    web.server.assert_each_extends_the_last(&[]);
}

#[test]
fn without_agent_mode_a_command_starts_nothing_that_changes() {
    let web = web(Vec::new());
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.post("/mode", &json!({"mode": "auto-edit"}))
        .expect(200);
    let line = json!({"line": "/commit", "agent_mode": false});
    talk.post("/command", &line).expect(200);
    let ended = events.event("ended").to_string();
    assert!(ended.contains("turn agent mode on"), "{ended}");
}

#[test]
fn a_template_is_one_question_and_one_undo() {
    let values = json!({"name": "pair", "values": {"name": "order"}});
    let web = web(vec![
        Reply::text("").call("new_from_template", values),
        Reply::text("Both are made."),
    ]);
    let add = |path: &str, text: &str| {
        let path = format!(".ollacode/templates/pair/{path}");
        web.environment.write(&path, text);
    };
    add("template.toml", "[variables.name]\n");
    add("files/{{ name }}.txt", "{{ name }}\n");
    add("files/more/{{ name }}.txt", "more {{ name }}\n");
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Make the texts of an order.");
    let asked = events.event("approval_asked");
    let files = asked["files"].as_array().expect("files");
    let paths: Vec<&Value> = files.iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["more/order.txt", "order.txt"]);
    talk.answer(&asked["id"], "once").expect(200);
    events.event("ended");
    let questions = names(&events.seen);
    let questions = questions.iter().filter(|name| **name == "approval_asked");
    assert_eq!(questions.count(), 1);
    assert_eq!(web.environment.read("more/order.txt"), "more order\n");
    talk.command("/undo");
    for path in ["order.txt", "more/order.txt"] {
        assert!(!web.environment.workspace().join(path).exists(), "{path}");
    }
}
