//! What an answer claims, and what the program says of it.

use super::*;

const CHECK: &str = "grep -q eighty notes.txt\n";

#[test]
fn what_a_turn_did_is_said_by_the_program() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        run("sh check.sh"),
        Reply::text("It boils at eighty now, and all tests pass."),
    ]);
    let environment = environment(&server);
    environment.write("check.sh", CHECK);
    let told = ask(&environment, &["--auto-approve"], "Make it eighty.");
    let told = told.expect_end("answered");
    let facts = told.of("turn_facts");
    assert_eq!(facts.len(), 1, "{told:#?}");
    assert_eq!(
        *facts[0],
        json!({
            "event": "turn_facts",
            "files": [{"path": "notes.txt", "added": 1, "removed": 1}],
            "commands": [{"command": "sh check.sh", "ended": "exit code 0"}],
            "untouched": [],
            "doubts": [],
        })
    );
    assert!(told.of("asked_again").is_empty(), "{told:#?}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_claim_without_proof_is_asked_about_and_then_marked() {
    let claim = || Reply::text("All tests pass.");
    let script = || vec![edit("notes.txt", "ninety", "eighty"), claim(), claim()];
    let server = ChatServer::start(script());
    let environment = environment(&server);
    let told = ask(&environment, &["--auto-approve"], "Make it eighty.");
    let told = told.expect_end("answered");
    let again = told.of("asked_again");
    assert_eq!(again.len(), 1, "{told:#?}");
    let doubts = &told.of("turn_facts")[0]["doubts"];
    assert_eq!(
        *doubts,
        json!([{"doubt": "no_test_run", "claim": "All tests pass."}])
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let note = last_text(&requests[2]);
    assert!(note.contains("no test ran after your last edit"), "{note}");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn stdout_has_the_answer_that_stands() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("All tests pass."),
        Reply::text("It is eighty now. I have not run the tests."),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "--auto-edit", "-p", "Make it eighty."]);
    let output = output.expect_success();
    assert_eq!(
        output.stdout,
        "It is eighty now. I have not run the tests.\n"
    );
    for said in [
        "the answer speaks of tests, but none ran",
        "changed: notes.txt +1 −1; /undo takes it back",
        "no command ran after the last change",
    ] {
        assert!(output.stderr.contains(said), "{said}: {output:#?}");
    }
    assert!(!output.stderr.contains("not proven"), "{output:#?}");
}

#[test]
fn stdout_has_the_earlier_answer_if_no_other_follows() {
    let empty = || Reply::text("");
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("All tests pass."),
        empty(),
        empty(),
        empty(),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "--auto-edit", "-p", "Make it eighty."]);
    let output = output.expect_success();
    assert_eq!(output.stdout, "All tests pass.\n");
    let said = "the earlier answer stands";
    assert!(output.stderr.contains(said), "{output:#?}");
}

#[test]
fn two_replies_without_a_call_between_them_are_two_paragraphs() {
    let server = ChatServer::start(vec![
        Reply::text("Let me read the notes first."),
        Reply::text("It boils at ninety degrees."),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "-p", "When does it boil?"]);
    assert_eq!(
        output.expect_success().stdout,
        "Let me read the notes first.\n\nIt boils at ninety degrees.\n"
    );
}

#[test]
fn a_file_of_more_than_a_page_is_edited_rather_than_written_anew() {
    let long: String = (1..=60).map(|n| format!("value_{n} = {n}\n")).collect();
    let changed = long.replace("value_7 = 7\n", "value_7 = 70\n");
    let whole = json!({"path": "long.py", "content": changed});
    let server = ChatServer::start(vec![
        read("long.py"),
        Reply::text("").call("write_file", whole),
        edit("long.py", "value_7 = 7\n", "value_7 = 70\n"),
        Reply::text("It is seventy now."),
    ]);
    let environment = environment(&server);
    environment.write("long.py", &long);
    let told = ask(&environment, &["--auto-approve"], "Make value_7 seventy.");
    let told = told.expect_end("answered");
    assert_eq!(
        told.calls(),
        ["read_file done", "write_file failed", "edit_file done"]
    );
    let results = results_at_last(&server);
    let call = r#"edit_file {"path":"long.py","search":"value_7 = 7","replace":"value_7 = 70"}"#;
    assert!(results[1].contains(call), "{}", results[1]);
    assert_eq!(environment.read("long.py"), changed);
}
