//! What models mean: other agents' names and formats, replies that stop too early, loops.

use super::*;

#[test]
fn calls_as_other_agents_taught_them_are_made() {
    let patch = "*** Begin Patch\n*** Update File: notes.txt\n@@\n-The kettle boils at ninety \
                 degrees up here.\n+The kettle boils at eighty degrees up here.\n*** End Patch";
    let server = ChatServer::start(vec![
        Reply::text("").call("get_file_contents", json!({"path": "`notes.txt`"})),
        Reply::text("I read it again.\n\nread_file(path=\"notes.txt\", lines=\"1-1\")"),
        Reply::text("").call("apply_patch", json!({"input": patch})),
        Reply::text("").call(
            "attempt_completion",
            json!({"result": "At eighty degrees."}),
        ),
    ]);
    let environment = environment(&server);
    let told = ask(
        &environment,
        &["--auto-approve"],
        "Set it to eighty degrees.",
    );
    let told = told.expect_end("answered");
    let calls = ["read_file done", "read_file done", "edit_file done"];
    assert_eq!(told.calls(), calls);
    assert!(environment.read("notes.txt").contains("eighty"));
    assert!(
        told.text().ends_with("At eighty degrees."),
        "{}",
        told.text()
    );
    assert!(!told.text().contains("lines="), "{}", told.text());
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_tool_that_does_not_exist_is_answered_with_the_right_one() {
    let server = ChatServer::start(vec![
        Reply::text("").call("preview_delete_file", json!({"path": "notes.txt"})),
        Reply::text("I leave it."),
    ]);
    let environment = environment(&server);
    let told = ask(&environment, &["--auto-approve"], "What would go?");
    let told = told.expect_end("answered");
    assert_eq!(told.calls(), ["preview_delete_file failed"]);
    assert_eq!(environment.read("notes.txt"), NOTES);
    let result = results_at_last(&server).pop().unwrap_or_default();
    assert!(
        result.contains("there is no tool `preview_delete_file`"),
        "{result}"
    );
    assert!(result.contains("To delete a file, call `"), "{result}");
}

#[test]
fn a_reply_that_announces_or_shows_is_asked_to_go_on_once() {
    let code = "Here it is:\n\n```python\nprint('eighty')\n```";
    for (reply, prompt, remark) in [
        (
            "Let me read the notes first.",
            "When does the kettle boil?",
            "called no tool",
        ),
        (
            code,
            "Change notes.txt to eighty degrees.",
            "Nothing was changed",
        ),
    ] {
        let script = [
            Reply::text(reply),
            read("notes.txt"),
            Reply::text("At ninety degrees."),
        ];
        let server = ChatServer::start(script.into());
        let environment = environment(&server);
        let told = ask(&environment, &[], prompt).expect_end("answered");
        assert_eq!(told.calls(), ["read_file done"]);
        let requests = server.requests();
        assert!(last_text(&requests[1]).contains(remark), "{requests:#?}");
        server.assert_each_extends_the_last(&[]);
        let server = ChatServer::start(vec![Reply::text(reply), Reply::text(reply)]);
        ask(&environment.with("OLLAMA_HOST", &server.uri()), &[], prompt).expect_end("answered");
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn edits_in_a_reply_are_made_and_a_loop_of_two_calls_ends() {
    let block = "notes.txt\n<<<<<<< SEARCH\nThe kettle boils at ninety degrees up here.\n=======\n\
                 The kettle boils at eighty degrees up here.\n>>>>>>> REPLACE\n";
    let server = ChatServer::start(vec![Reply::text(block), Reply::text("Done.")]);
    let environment = environment(&server);
    let told = ask(
        &environment,
        &["--auto-approve"],
        "Change notes.txt to eighty.",
    );
    assert_eq!(told.expect_end("answered").calls(), ["edit_file done"]);
    assert!(environment.read("notes.txt").contains("eighty"));
    let two = (0..12).map(|at| read(["notes.txt", "lost.txt"][at % 2]));
    let server = ChatServer::start(two.collect());
    let environment = environment.with("OLLAMA_HOST", &server.uri());
    let told = ask_for_code(&environment, &[], "When does the kettle boil?", 1);
    let told = told.expect_end("stuck");
    assert_eq!(told.of("ended")[0]["code"], "loop_detected");
    assert_eq!(server.requests().len(), 9);
    let results = results_at_last(&server);
    assert!(
        results[4].contains("You have this result already (step 1)"),
        "{results:#?}"
    );
}
