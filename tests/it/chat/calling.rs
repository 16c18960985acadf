//! How models call tools: natively, in words, leaked into the text, over and over.

use super::*;
use crate::support::chat_server::ServedModel;

/// The same call, as models leak it into their text.
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
    let calls = told.calls();
    assert_eq!(calls[..4], ["read_file done"; 4]);
    assert_eq!(calls[4..], ["read_file failed"]);
    assert_eq!(server.requests().len(), 5);
    let results = results_at_last(&server);
    let warned: Vec<bool> = results
        .iter()
        .map(|result| result.contains("the same call"))
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
    assert_eq!(
        messages(&requests[2]).len(),
        messages(&requests[1]).len() + 2
    );
    let remark = last_text(&requests[2]);
    assert!(remark.contains("[automatic note]"), "{remark}");
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
