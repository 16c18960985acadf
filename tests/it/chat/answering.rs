//! Questions without problems: about the repository, about a bug, in a session.

use super::*;
use crate::support::samples::PARSER;

const FLAWED: &str = "def add(a, b):\r\n    return a - b\r\n";
const CHECK: &str = "grep -q 'return a + b' add.py || { echo 'add is wrong' >&2; exit 1; }\n";

#[test]
fn an_answer_stands_on_what_was_found_and_a_wrong_citation_is_named() {
    let server = ChatServer::start(vec![Reply::text(
        "It is in src/parser.rs:1-900, read by `read_header`.",
    )]);
    let environment = environment(&server);
    environment.write("src/parser.rs", PARSER);
    environment.index();
    let told = ask(&environment, &[], "Where does read_header read a packet?");
    let told = told.expect_end("answered");

    let retrieved = told.of("retrieved");
    assert_eq!(retrieved.len(), 1, "{told:#?}");
    let sources = retrieved[0]["sources"].as_array().expect("sources");
    let found = sources.iter().find(|it| it["path"] == "src/parser.rs");
    let found = found.unwrap_or_else(|| panic!("it was not found: {told:#?}"));
    let cited = format!(
        "src/parser.rs:{}-{}",
        found["start_line"], found["end_line"]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let question = last_text(&requests[0]);
    assert!(question.contains(&cited), "`{cited}` is not in {question}");
    assert!(question.contains("pub fn read_header"), "{question}");
    assert!(question.ends_with("Where does read_header read a packet?"));

    let wrong = told.of("citations");
    assert_eq!(wrong.len(), 1, "{told:#?}");
    let lines = PARSER.lines().count();
    assert_eq!(
        wrong[0]["wrong"],
        json!([{"citation": "src/parser.rs:1-900", "reason": format!("the file has {lines} lines")}])
    );
}

#[test]
fn a_follow_up_is_about_what_was_asked_before() {
    let server = ChatServer::start(vec![
        Reply::text("`read_header` is in src/parser.rs."),
        Reply::text("In src/main.rs:2."),
        Reply::text("Nothing yet."),
    ]);
    let environment = environment(&server);
    environment.write("src/parser.rs", PARSER);
    environment.write("src/main.rs", "fn main() {\n    read_header(&[]);\n}\n");
    environment.index();
    ask(&environment, &[], "Where is read_header defined?").expect_end("answered");
    let told = ask(&environment, &["--continue"], "and where is that called?");
    assert_eq!(told.expect_end("answered").of("retrieved").len(), 1);
    let told = ask(&environment, &["--continue"], "what did you change?");
    assert!(told.expect_end("answered").of("retrieved").is_empty());

    let requests = server.requests();
    let uses = last_text(&requests[1]);
    assert!(uses.contains("Uses of `read_header`"), "{uses}");
    assert!(uses.contains("2: read_header(&[]);"), "{uses}");
    // The hits of the first question are one line now, as in every later request.
    let first = messages(&requests[1])[1].clone();
    let text = first["content"].as_str().expect("a text");
    assert!(text.contains("no longer shown: src/parser.rs:"), "{text}");
    assert!(!text.contains("pub fn read_header"), "{text}");
    assert_eq!(messages(&requests[2])[1], first);
    assert_eq!(last_text(&requests[2]), "what did you change?");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_question_about_changes_brings_them_from_git() {
    let server = ChatServer::start(vec![Reply::text("It is colder now.")]);
    let environment = environment(&server);
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-q", "-m", "The kettle"]);
    environment.write("notes.txt", NOTES.replace("ninety", "eighty"));
    let told = ask(&environment, &[], "What did I change since main?").expect_end("answered");
    let sources = &told.of("retrieved")[0]["sources"];
    assert_eq!(sources[0]["path"], "notes.txt", "{told:#?}");
    let requests = server.requests();
    let question = last_text(&requests[0]);
    assert!(
        question.contains("Changes since `main`, committed or not: 1 file, +1 −1"),
        "{question}"
    );
    assert!(
        question
            .contains("-The kettle boils at ninety degrees up here.\n+The kettle boils at eighty"),
        "{question}"
    );
}

#[test]
fn stdout_has_the_answer_and_nothing_else() {
    let server = ChatServer::start(vec![
        Reply::text("I look it up.").call("read_file", json!({"path": "notes.txt"})),
        Reply::text("At ninety degrees: notes.txt:1 and notes.txt:7."),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "-p", "When does the kettle boil?"]);
    let output = output.expect_success();
    assert_eq!(
        output.stdout,
        "At ninety degrees: notes.txt:1 and notes.txt:7.\n"
    );
    for said in [
        "I look it up.",
        "read_file notes.txt",
        "wrong citation notes.txt:7",
    ] {
        assert!(output.stderr.contains(said), "{said}: {output:#?}");
    }
    assert!(!output.stderr.contains("wrong citation notes.txt:1"));
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_bug_is_fixed_in_one_request() {
    let server = ChatServer::start(vec![
        read("add.py"),
        edit("add.py", "    return a - b", "    return a * b"),
        run("sh check.sh"),
        edit("add.py", "    return a * b", "    return a + b"),
        run("sh check.sh"),
        Reply::text("`add` adds now; add.py:2 was wrong."),
    ]);
    let environment = environment(&server);
    environment.write("add.py", FLAWED);
    environment.write("check.sh", CHECK);
    let told = ask(
        &environment,
        &["--auto-approve"],
        "Fix add; sh check.sh tells.",
    );
    let told = told.expect_end("answered");
    assert_eq!(
        told.calls(),
        [
            "read_file done",
            "edit_file done",
            "run_command done",
            "edit_file done",
            "run_command done"
        ]
    );
    assert_eq!(environment.read("add.py"), FLAWED.replace('-', "+"));
    assert!(told.of("citations").is_empty(), "{told:#?}");
    let results = results_at_last(&server);
    assert!(results[0].contains("return a - b"), "{results:#?}");
    assert!(results[2].starts_with("exit code 1"), "{results:#?}");
    assert!(results[2].contains("add is wrong"), "{results:#?}");
    assert!(results[4].starts_with("exit code 0"), "{results:#?}");
    assert_eq!(server.requests().len(), 6);
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_plan_changes_nothing() {
    let arguments = json!({"path": "new.txt", "content": "new\n"});
    let server = ChatServer::start(vec![
        Reply::text("").call("write_file", arguments),
        Reply::text("1. Write new.txt.\n2. Read it."),
    ]);
    let environment = environment(&server);
    let told = ask(&environment, &["--plan"], "Write a new file.").expect_end("planned");
    assert_eq!(told.calls(), ["write_file denied"]);
    assert!(!environment.workspace().join("new.txt").exists());
    let results = results_at_last(&server);
    assert!(results[0].contains("plan mode"), "{results:#?}");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_session_goes_on_and_can_be_exported() {
    let server = ChatServer::start(vec![
        read("notes.txt"),
        Reply::text("At ninety degrees."),
        Reply::text("Because of the height."),
    ]);
    let environment = environment(&server);
    let first = ask(&environment, &[], "When does the kettle boil?");
    let then = ask(
        &environment,
        &["--continue"],
        "And why is that so, up there?",
    );
    assert_eq!(first.events[0]["session"], then.events[0]["session"]);
    server.assert_each_extends_the_last(&[]);
    let requests = server.requests();
    let (before, after) = (messages(&requests[1]), messages(&requests[2]));
    assert_eq!(before[0], after[0], "the system prompt");
    assert_eq!(after[before.len()]["content"], "At ninety degrees.");
    assert_eq!(after.len(), before.len() + 2);

    let listed = environment.run(&["sessions", "--json"]).expect_success();
    let listed = listed.json();
    let sessions = listed["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 1, "{listed:#}");
    assert_eq!(sessions[0]["id"], first.events[0]["session"]);
    assert_eq!(sessions[0]["turns"], 2);
    assert_eq!(sessions[0]["title"], "When does the kettle boil?");
    assert_eq!(sessions[0]["model"], CHAT_MODEL);
    let id = sessions[0]["id"].as_str().expect("an id");
    let exported = environment
        .run(&["sessions", "export", id])
        .expect_success();
    for said in [
        "When does the kettle boil?",
        "At ninety degrees.",
        "And why is that so, up there?",
        "Because of the height.",
    ] {
        assert!(exported.stdout.contains(said), "{said}: {exported:#?}");
    }
}

#[test]
fn another_question_without_continue_is_another_session() {
    let server = ChatServer::start(vec![Reply::text("One."), Reply::text("Two.")]);
    let environment = environment(&server);
    let first = ask(&environment, &[], "What is the first of all numbers?");
    let second = ask(&environment, &[], "What is the second of all numbers?");
    assert_ne!(first.events[0]["session"], second.events[0]["session"]);
    let requests = server.requests();
    assert_eq!(messages(&requests[1]).len(), 2);
    assert!(!requests[1].to_string().contains("One."));
}
