//! What is denied or hidden: calls without approval, paths outside, secrets.

use std::os::unix::fs::symlink;

use super::*;
use crate::support::Draw;

const MIXED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// The content of files that the model must not see.
const CANARY: &str = "yellow-canary-in-the-mine";

#[test]
fn without_a_terminal_an_edit_is_denied() {
    let server = ChatServer::start(vec![
        read("notes.txt"),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("I may not edit it."),
    ]);
    let environment = environment(&server);
    let told = ask(&environment, &[], "Make it eighty degrees.").expect_end("answered");
    assert_eq!(told.calls(), ["read_file done", "edit_file denied"]);
    assert_eq!(environment.read("notes.txt"), NOTES);
    let results = results_at_last(&server);
    assert!(results[1].starts_with("Denied: "), "{results:#?}");
    assert!(results[1].contains("nobody can be asked"), "{results:#?}");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn nothing_outside_is_read_or_written() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let outside = environment.outside().join("outside.txt");
    fs::write(&outside, format!("{CANARY}\n")).expect("a file");
    symlink(&outside, environment.workspace().join("link.txt")).expect("a link");
    symlink(
        environment.outside(),
        environment.workspace().join("folder"),
    )
    .expect("a link");
    let absolute = outside.to_str().expect("a path in UTF-8");
    let ways = [
        "../outside.txt",
        "src/../../outside.txt",
        absolute,
        "link.txt",
        "folder/outside.txt",
    ];
    let mut script: Vec<Reply> = ways.iter().map(|path| read(path)).collect();
    for path in ways {
        let arguments = json!({"path": path, "content": "overwritten\n"});
        script.push(Reply::text("").call("write_file", arguments));
    }
    script.push(Reply::text("I cannot see it."));
    server.then(script);

    let told = ask(
        &environment,
        &["--auto-approve"],
        "What does the other file say?",
    );
    let told = told.expect_end("answered");
    let calls = told.calls();
    assert_eq!(calls[..5], ["read_file failed"; 5], "{told:#?}");
    assert_eq!(calls[5..], ["write_file failed"; 5], "{told:#?}");
    for result in results_at_last(&server) {
        assert!(result.starts_with("Error: "), "{result}");
    }
    let still = fs::read_to_string(&outside).expect("the file outside");
    assert_eq!(still, format!("{CANARY}\n"));
    assert_nowhere(&server, &environment, CANARY);
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_file_of_secrets_needs_leave_whatever_the_mode() {
    for flags in [
        &[] as &[&str],
        &["--auto-edit"],
        &["--auto-approve"],
        &["--plan"],
    ] {
        let server = ChatServer::start(vec![read(".env"), Reply::text("I may not read it.")]);
        let environment = environment(&server);
        environment.write(".env", format!("GREETING={CANARY}\n"));
        environment.index();
        let told = ask(&environment, flags, "Which GREETING does the app have?");
        let told = told.expect_end("answered");
        assert_eq!(told.calls(), ["read_file denied"], "{flags:?}");
        assert!(results_at_last(&server)[0].starts_with("Denied: "));
        assert_nowhere(&server, &environment, CANARY);
    }
}

#[test]
fn a_token_in_the_code_is_seen_by_nobody() {
    let token = format!("ghp_{}", Draw::seeded(7).text(MIXED, 36));
    let server = ChatServer::start(vec![
        read("src/client.py"),
        Reply::text("").call("grep_search", json!({"pattern": "fetch_orders|ghp_"})),
        run("cat src/client.py"),
        Reply::text("src/client.py:4 fetches them."),
    ]);
    let environment = environment(&server);
    environment.write(
        "src/client.py",
        format!(
            "TOKEN = \"{token}\"\n\n\ndef fetch_orders():\n    return get(\"/orders\", TOKEN)\n"
        ),
    );
    environment.index();
    let question = "Where does fetch_orders get the orders?";
    let told = ask(&environment, &["--auto-approve"], question).expect_end("answered");
    assert_eq!(
        told.calls(),
        ["read_file done", "grep_search done", "run_command done"]
    );
    for result in results_at_last(&server) {
        assert!(result.contains("fetch_orders"), "{result}");
    }
    assert_nowhere(&server, &environment, &token);
    let shown = format!("{told:?}");
    assert!(!shown.contains(&token), "{shown}");
}
