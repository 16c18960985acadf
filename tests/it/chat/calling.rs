//! Tool calls: native, as text, leaked into the text, repeated.

use super::*;
use crate::support::chat_server::{Generation, ServedModel};

/// The same call, in formats that models leak into their text.
const LEAKED: &[&str] = &[
    "<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"notes.txt\"}}\n</tool_call>",
    "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"notes.txt\"}}\n```",
    "<function=read_file>\n<parameter=path>\nnotes.txt\n</parameter>\n</function>",
    "<tool_call>\n<function=read_file>\n<parameter=path>\nnotes.txt\n</parameter>\n</function>\n\
     </tool_call>",
];

#[test]
fn a_call_that_leaks_into_the_text_is_made() {
    for leaked in LEAKED {
        let server = ChatServer::start(vec![
            Reply::text(&format!("I look.\n\n{leaked}")),
            Reply::text("At ninety degrees."),
        ]);
        let environment = environment(&server);
        let told = ask(&environment, &[], "When does the kettle boil?").expect_end("answered");
        assert_eq!(told.calls(), ["read_file done"], "{leaked}");
        assert!(!told.text().contains("notes.txt"), "it is shown: {told:#?}");
        assert!(results_at_last(&server)[0].contains(NOTES.trim()));
        assert_eq!(server.requests().len(), 2);
        server.assert_each_extends_the_last(&[]);
    }
}

#[test]
fn a_call_that_the_model_quotes_from_a_file_is_not_made() {
    let written = "{\"name\": \"delete_file\", \"arguments\": {\"path\": \"notes.txt\"}}";
    let answer = format!("The file holds an example:\n\n```json\n{written}\n```");
    let server = ChatServer::start(vec![read("example.md"), Reply::text(&answer)]);
    let environment = environment(&server);
    environment.write("example.md", format!("An example:\n\n{written}\n"));
    let told = ask(&environment, &["--auto-approve"], "What is in example.md?");
    let told = told.expect_end("answered");
    assert_eq!(told.calls(), ["read_file done"]);
    assert_eq!(environment.read("notes.txt"), NOTES);
    assert_eq!(told.text().trim(), answer);
}

#[test]
fn the_same_call_is_made_four_times_at_most() {
    let server = ChatServer::start(vec![read("notes.txt").repeated()]);
    let environment = environment(&server);
    let told = ask_for_code(&environment, &[], "When does the kettle boil?", 1);
    let told = told.expect_end("stuck");
    assert_eq!(told.of("ended")[0]["code"], "loop_detected");
    let calls = told.calls();
    assert_eq!(calls[..4], ["read_file done"; 4]);
    assert_eq!(calls[4..], ["read_file failed"]);
    assert_eq!(server.requests().len(), 5);
    let results = results_at_last(&server);
    let warned: Vec<bool> = results
        .iter()
        .map(|result| result.contains("made this call"))
        .collect();
    assert_eq!(warned, [false, false, true, true], "{results:#?}");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn an_empty_reply_is_asked_for_again_then_with_a_remark_then_no_more() {
    let server = ChatServer::start(vec![Reply::text("").repeated()]);
    let environment = environment(&server);
    let told = ask_for_code(&environment, &[], "When does the kettle boil?", 1);
    told.expect_end("stuck");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0], requests[1]);
    // The note is a user message after the question: nothing is put into the model's mouth.
    let count = |request: &Value| messages(request).len();
    assert_eq!(count(&requests[2]), count(&requests[1]));
    let remark = last_text(&requests[2]);
    assert!(
        remark.contains("kettle boil?") && remark.contains("[automatic note]"),
        "{remark}"
    );
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn after_an_empty_reply_the_turn_goes_on() {
    let server = ChatServer::start(vec![
        Reply::text(""),
        Reply::text(" \n"),
        Reply::text("At ninety degrees."),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "-p", "When does the kettle boil?"]);
    assert_eq!(output.expect_success().stdout.trim(), "At ninety degrees.");
    assert_eq!(server.left(), 0);
}

#[test]
fn a_call_that_the_server_swallows_is_made_in_words() {
    let model = ServedModel {
        swallows: true,
        generation: Generation::V24,
        ..ServedModel::default()
    };
    let called = "```tool\n{\"tool\": \"read_file\", \"path\": \"notes.txt\"}\n```";
    let script = vec![
        Reply::text("").call("cat_file", json!({"file": "notes.txt"})),
        Reply::text(called),
        Reply::text("At ninety degrees."),
    ];
    let server = ChatServer::with_models(vec![model], script);
    let environment = environment(&server);
    let told = ask(&environment, &[], "When does the kettle boil?").expect_end("answered");
    assert_eq!(told.calls(), ["read_file done"]);
    assert_eq!(told.text().trim(), "At ninety degrees.");
    let requests = server.requests();
    assert!(requests[0]["tools"].is_array() && requests[1]["tools"].is_null());
}

#[test]
fn a_swallowed_call_is_never_an_empty_answer() {
    let model = ServedModel {
        swallows: true,
        ..ServedModel::default()
    };
    let swallowed = Reply::text("").call("cat_file", json!({"file": "notes.txt"}));
    let script = vec![swallowed, Reply::text("").repeated()];
    let server = ChatServer::with_models(vec![model], script);
    let environment = environment(&server);
    let output = environment.run(&["chat", "-p", "When does the kettle boil?"]);
    let output = output.expect_code(1);
    assert!(!output.stdout.contains('['), "{output:#?}");
}

#[test]
fn one_reply_with_two_thousand_commands_runs_a_few() {
    let run = |reply: Reply, number: usize| {
        let command = format!("echo {number} >> ran.txt");
        reply.call("run_command", json!({ "command": command }))
    };
    let many = (0..2_000).fold(Reply::text("I do a lot."), run);
    let server = ChatServer::start(vec![many, Reply::text("Enough.")]);
    let environment = environment(&server);
    let flags = ["--auto-approve"];
    let told = ask(&environment, &flags, "Do a lot.").expect_end("answered");
    assert_eq!(told.calls().len(), 17);
    assert_eq!(environment.read("ran.txt").lines().count(), 16);
    let last = results_at_last(&server).pop().unwrap_or_default();
    assert!(last.contains("1983 calls after it"), "{last}");
}

#[test]
fn an_answer_that_repeats_itself_or_is_cut_is_told_from_a_whole_one() {
    let line = "{\"message\":{\"content\":\"I read the file once more.\\n\"},\"done\":false}\n";
    for (reply, how) in [
        (Reply::endless(&[line], std::time::Duration::ZERO), "stuck"),
        (Reply::text("The kettle boils at").full(), "cut"),
    ] {
        let server = ChatServer::start(vec![reply]);
        let environment = environment(&server);
        let told = ask_for_code(&environment, &[], "When does the kettle boil?", 1);
        assert!(told.text().len() < 2_000, "{}", told.text().len());
        let told = told.expect_end(how);
        let last = told.events.last().and_then(|last| last["reason"].as_str());
        assert!(last.is_some_and(|why| !why.is_empty()), "{told:#?}");
    }
}

#[test]
fn a_model_without_tools_calls_them_in_words() {
    let model = ServedModel {
        capabilities: vec!["completion"],
        ..ServedModel::default()
    };
    let called = "```tool\n{\"tool\": \"read_file\", \"path\": \"notes.txt\"}\n```";
    let server = ChatServer::with_models(
        vec![model],
        vec![Reply::text(called), Reply::text("At ninety degrees.")],
    );
    let environment = environment(&server);
    let told = ask(&environment, &[], "When does the kettle boil?").expect_end("answered");
    assert_eq!(told.calls(), ["read_file done"]);
    assert_eq!(told.text().trim(), "At ninety degrees.");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert!(request["tools"].is_null(), "{request:#}");
        let system = messages(request)[0]["content"].as_str().unwrap_or_default();
        assert!(system.contains("# How to call tools"), "{system}");
        assert!(system.contains("read_file"), "{system}");
    }
    let result = messages(&requests[1]).last().expect("a message");
    assert_eq!(result["role"], "user");
    assert!(last_text(&requests[1]).starts_with("[result of `read_file`]"));
    assert!(last_text(&requests[1]).contains(NOTES.trim()));
    server.assert_each_extends_the_last(&[]);
}
