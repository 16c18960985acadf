//! Questions: asked, queued, stopped, and asked once.

use std::time::Duration;

use super::*;
use crate::support::wait_for;

#[test]
fn a_question_is_answered_in_blocks_that_grow() {
    let answer = "# Kettle\n\nIt boils at **ninety** degrees, see notes.txt:1.\n\nThat is all.";
    let web = web(vec![Reply::text(answer).thinking("I know that.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    assert_eq!(talk.ask("When does it boil?"), "started");
    let asked = events.event("asked");
    assert_eq!(asked["text"], "When does it boil?");
    let opened = events.event("opened");
    assert_eq!(opened["is_resumed"], false);
    let ended = events.event("ended");
    assert_eq!(ended["how"], "answered");
    let found = answer_in(&events.seen);
    assert!(
        found.starts_with("Kettle\nIt boils at ninety degrees"),
        "{found}"
    );
    assert!(found.ends_with("That is all."), "{found}");
    let numbers: Vec<u64> = events
        .seen
        .iter()
        .filter_map(|it| it["n"].as_u64())
        .collect();
    assert!(numbers.is_sorted() && !numbers.is_empty(), "{numbers:?}");
    let names = names(&events.seen);
    for name in ["thinking", "block", "replied", "title", "mode"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let snapshot = talk.snapshot();
    assert_eq!(snapshot["title"], "When does it boil?");
    assert_eq!(snapshot["session"], opened["session"]);
    assert_eq!(snapshot["is_busy"], false);
    assert!(
        snapshot["window"]["used"].as_u64() > Some(0),
        "{snapshot:#}"
    );
    assert_eq!(snapshot["history"], json!([]), "the log has it all");
}

#[test]
fn a_message_that_is_sent_again_is_asked_once() {
    let web = web(vec![Reply::text("Yes."), Reply::text("Also yes.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    let question = json!({"message": "Is it?", "client": "m1"});
    for _ in 0..3 {
        let result = talk.post("/ask", &question).expect(202).json();
        assert_eq!(result["result"], "started");
    }
    assert_eq!(events.event("asked")["client"], "m1");
    events.event("ended");
    assert_eq!(web.server.requests().len(), 1);
    // Another message with the same words is another one.
    let question = json!({"message": "Is it?", "client": "m2"});
    talk.post("/ask", &question).expect(202);
    events.event("ended");
    assert_eq!(web.server.requests().len(), 2);
}

#[test]
fn what_is_asked_meanwhile_waits_and_can_be_taken_out() {
    let slow = Reply::text("One.").first_byte_after(Duration::from_millis(1_500));
    let web = web(vec![slow, Reply::text("Two.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    assert_eq!(talk.ask("First?"), "started");
    for client in ["m2", "m3"] {
        let question = json!({"message": format!("Is it {client}?"), "client": client});
        let result = talk.post("/ask", &question).expect(202).json();
        assert_eq!(result["result"], "queued");
    }
    let two = |line: &Value| line["texts"] == json!(["Is it m2?", "Is it m3?"]);
    events.wait_for("two messages in the queue", two);
    assert_eq!(talk.snapshot()["queued"], json!(["Is it m2?", "Is it m3?"]));
    talk.post("/unqueue", &json!({"client": "m3"})).expect(200);
    talk.post("/unqueue", &json!({"client": "m3"})).expect(404);
    let one = |line: &Value| line["clients"] == json!(["m2"]);
    events.wait_for("one message in the queue", one);
    events.event("ended");
    assert_eq!(events.event("asked")["client"], "m2");
    events.event("ended");
    assert!(answer_in(&events.seen).contains("Two."));
    assert_eq!(talk.snapshot()["queued"], json!([]));
    assert_eq!(web.server.requests().len(), 2);
}

#[test]
fn a_stop_ends_the_turn_and_drops_what_waits() {
    let web = web(vec![Reply::text("It is a long story: ").then_hang()]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Tell me.");
    events.event("block");
    assert_eq!(talk.ask("And then?"), "queued");
    let stopped = talk.post("/stop", &json!({})).expect(200).json();
    assert_eq!(
        (&stopped["is_turn"], &stopped["dropped"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(events.event("ended")["how"], "stopped");
    let snapshot = talk.snapshot();
    assert_eq!(
        (&snapshot["is_busy"], &snapshot["queued"]),
        (&json!(false), &json!([]))
    );
    let stopped = talk.post("/stop", &json!({})).expect(200).json();
    assert_eq!(stopped["is_turn"], false);
}

#[test]
fn files_that_are_sent_along_reach_the_model() {
    let web = web(vec![Reply::text("A log.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    let question = json!({
        "message": "What is this, and @notes.txt?",
        "attachments": [{"name": "build.log", "text": "error: wombat\n"}],
    });
    talk.post("/ask", &question).expect(202);
    assert_eq!(events.event("asked")["attachments"], json!(["build.log"]));
    events.event("ended");
    let request = web.server.requests()[0]["messages"].to_string();
    for part in ["error: wombat", "kettle boils", "build.log"] {
        assert!(request.contains(part), "{part}: {request}");
    }
}

#[test]
fn what_is_no_question_is_refused() {
    let web = web(Vec::new());
    let talk = Talk::open(&web);
    for body in [
        json!({}),
        json!({"message": " "}),
        json!({"message": 7}),
        json!([]),
    ] {
        assert_eq!(talk.post("/ask", &body).expect(400).code(), "bad_request");
    }
    // Also what is no text at all is refused as JSON.
    let answer = web.get("/api/conversations/%ff").expect(400);
    assert_eq!(answer.code(), "bad_request");
    let answer = web.post("/api/conversations/c9-none/ask", &json!({"message": "Hm?"}));
    assert_eq!(answer.expect(404).code(), "conversation_not_found");
}

#[test]
fn without_a_model_the_turn_fails_and_says_what_to_do() {
    let web = Web::start_with(
        ChatServer::start(Vec::new()),
        |environment| with_notes(environment).with("OLLAMA_HOST", "http://127.0.0.1:9"),
        &[],
    );
    let talk = Talk::open(&web);
    talk.ask("Is it?");
    let ended = talk.events(0).event("ended");
    assert_eq!(ended["how"], "failed");
    assert_eq!(ended["code"], "server_unreachable", "{ended:#}");
    // What needs no model works.
    let error = wait_for("what is missing", || {
        let state = web.get("/api/state").expect(200).json();
        state["model"]["error"].as_str().map(str::to_lowercase)
    });
    assert!(error.contains("ollama"), "{error}");
    assert_eq!(
        web.get("/api/models").expect(503).code(),
        "server_unreachable"
    );
    let found = reading::search_until_found(&web, "kettle");
    assert_eq!(found["hits"][0]["path"], "notes.txt");
}
