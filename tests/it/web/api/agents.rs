//! One question of a program: the answer as JSON, or its events as a stream.

use super::*;

/// Sends a question whose answer is accepted as a stream of some kind.
fn streamed(web: &Web, body: &Value, kind: &str) -> Vec<u8> {
    web.post_bytes("/api/agent/chat", body, &format!("Accept: {kind}\r\n"))
}

#[test]
fn a_question_of_a_program_has_an_answer_and_its_calls() {
    let web = web(vec![
        Reply::text("I look.").call("read_file", json!({"path": "notes.txt"})),
        Reply::text("At ninety degrees."),
        Reply::text("Yes."),
    ]);
    let question = json!({"message": "When does it boil?"});
    let answer = web.post("/api/agent/chat", &question).expect(200).json();
    assert_eq!(
        (&answer["response"], &answer["ended"]),
        (&json!("At ninety degrees."), &json!("answered"))
    );
    let calls = answer["tool_calls"].as_array().expect("calls");
    assert_eq!(calls.len(), 1, "{answer:#}");
    assert_eq!(
        (&calls[0]["tool"], &calls[0]["what"], &calls[0]["outcome"]),
        (&json!("read_file"), &json!("notes.txt"), &json!("done"))
    );
    // The session is closed, and goes on.
    let question = json!({"message": "Sure?", "session": answer["session"]});
    let again = web.post("/api/agent/chat", &question).expect(200).json();
    assert_eq!(
        (&again["response"], &again["session"]),
        (&json!("Yes."), &answer["session"])
    );
    let told = web.server.requests()[2]["messages"].to_string();
    assert!(told.contains("When does it boil?"), "{told}");
}

#[test]
fn nobody_is_asked_and_the_call_says_so() {
    let web = web(vec![
        edit("ninety", "eighty"),
        Reply::text("It needs approval."),
    ]);
    let question = json!({"message": "Make it colder.", "agent_mode": true});
    let answer = web.post("/api/agent/chat", &question).expect(200).json();
    let call = &answer["tool_calls"][0];
    assert_eq!(call["outcome"], "denied");
    let summary = call["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("nobody can be asked"), "{answer:#}");
    assert_eq!(web.environment.read("notes.txt"), NOTES);
}

#[test]
fn without_agent_mode_a_program_changes_nothing_whatever_the_mode() {
    let mut script = colder();
    script.extend(colder());
    let web = web_with(script, &["--auto-approve"]);
    let mut question = json!({"message": "Make it colder.", "agent_mode": false});
    let answer = web.post("/api/agent/chat", &question).expect(200).json();
    assert_eq!(answer["tool_calls"][0]["outcome"], "denied", "{answer:#}");
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    question["agent_mode"] = json!(true);
    let answer = web.post("/api/agent/chat", &question).expect(200).json();
    assert_eq!(answer["tool_calls"][0]["outcome"], "done", "{answer:#}");
    assert_eq!(web.environment.read("notes.txt"), cold_notes());
}

#[test]
fn the_index_is_left_alone_if_it_is_not_wanted() {
    let web = web(vec![Reply::text("Yes."), Reply::text("Yes.")]);
    reading::search_until_found(&web, "kettle");
    for (use_rag, is_told) in [(true, true), (false, false)] {
        let question = json!({"message": "Where does the kettle boil?", "use_rag": use_rag});
        web.post("/api/agent/chat", &question).expect(200);
        let requests = web.server.requests();
        let told = requests.last().expect("a request")["messages"].to_string();
        assert_eq!(told.contains("Found in the index"), is_told, "{told}");
    }
}

#[test]
fn the_events_of_a_turn_are_a_stream() {
    let web = web(vec![Reply::text("At ninety degrees."), Reply::text("Yes.")]);
    let question = json!({"message": "When does it boil?"});
    let mut lines = web.lines(&streamed(&web, &question, "application/x-ndjson"));
    assert_eq!(
        lines.answer.header("content-type"),
        Some("application/x-ndjson")
    );
    lines.wait_for_end();
    let all = names(&lines.seen);
    assert_eq!(
        (all.first(), all.last()),
        (Some(&"started"), Some(&"ended")),
        "{all:?}"
    );
    let text: String = lines
        .seen
        .iter()
        .filter(|line| line["event"] == "text")
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(text, "At ninety degrees.");
    let answer = web
        .raw(&streamed(&web, &question, "text/event-stream"))
        .expect(200);
    let text = answer.text();
    assert!(text.starts_with("id: 1\nevent: started\ndata: {"), "{text}");
    assert!(text.contains("\nevent: ended\ndata: {"), "{text}");
}

#[test]
fn what_is_no_question_of_a_program_is_refused() {
    let web = web(Vec::new());
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({"message": " "}), 400, "bad_request"),
        (
            json!({"message": "a", "session": "none"}),
            404,
            "session_not_found",
        ),
        (
            json!({"message": "a", "workspace": "none"}),
            404,
            "workspace_not_found",
        ),
    ] {
        let answer = web.post("/api/agent/chat", &body).expect(status);
        assert_eq!(answer.code(), code, "{body}");
    }
}

#[test]
fn a_session_that_is_open_here_is_in_use() {
    let web = web(vec![Reply::text("Yes.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("Is it?");
    let question = json!({"message": "Sure?", "session": talk.snapshot()["session"]});
    let answer = web.post("/api/agent/chat", &question).expect(409);
    assert_eq!(answer.code(), "session_in_use");
    let message = answer.json()["error"]["message"].to_string();
    let told = message.matches("is open in another").count();
    assert_eq!(told, 1, "{message}");
}
