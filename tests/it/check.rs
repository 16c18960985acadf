//! Checks after edits, from end to end: a scripted model, and tests that are scripts of the shell.

use std::fs;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::terminal::{PROMPT, Terminal};

/// What is changed: its tests want two.
const SOURCE: &str = "mean = 1\n";
/// Two tests, since one that fails alone runs again.
const TESTS: &str = "\
echo 'TAP version 13'
if grep -q 'mean = 2' src/stats.py; then
  echo 'ok 1 - mean'; echo 'ok 2 - total'; echo 1..2; exit 0
fi
echo 'not ok 1 - mean'; echo '  src/stats.py:1 is wrong'
echo 'not ok 2 - total'; echo 1..2; exit 1
";
const COMMAND: &str = "sh run-tests.sh";

/// A workspace whose tests are a script, which the user's settings name.
fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("src/stats.py", SOURCE);
    environment.write("run-tests.sh", TESTS);
    settings(&environment, "");
    environment
}

/// Writes the user's settings: the command, and more.
fn settings(environment: &Environment, more: &str) {
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    let text = format!("[check]\ntest = \"{COMMAND}\"\n{more}");
    fs::write(folder.join("config.toml"), text).expect("a file");
}

fn edit(search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": "src/stats.py", "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// The events of a question.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["chat", "--json", "--no-rag", "-p", "Make it two."];
    arguments.extend(flags);
    let output = environment.run(&arguments).expect_success();
    output.json_lines()
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let events = events.iter();
    events.filter(|event| event["event"] == kind).collect()
}

/// The calls, in order: `edit_file done`.
fn calls(events: &[Value]) -> Vec<String> {
    let (started, ended) = (of(events, "tool_started"), of(events, "tool_finished"));
    let both = started.into_iter().zip(ended);
    both.map(|(tool, end)| {
        let name = tool["tool"].as_str().unwrap_or_default();
        format!("{name} {}", end["outcome"].as_str().unwrap_or_default())
    })
    .collect()
}

/// What the facts say of the checks.
fn checks(events: &[Value]) -> Value {
    of(events, "turn_facts")[0]["checks"].clone()
}

/// The text of a request's last message.
fn last_text(request: &Value) -> String {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let last = messages.last().and_then(|last| last["content"].as_str());
    last.unwrap_or_default().to_owned()
}

#[test]
fn what_fails_is_fed_back_and_fixed() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
        edit("mean = 3", "mean = 2"),
        Reply::text("It is two now."),
    ]);
    let environment = environment(&server);
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(
        calls(&events),
        [
            "edit_file done",
            "run_command done",
            "edit_file done",
            "run_command done"
        ]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    let note = last_text(&requests[2]);
    for said in [
        "`sh run-tests.sh` failed with exit code 1 (0 passed, 2 failed):\n",
        "- mean (src/stats.py:1)\n",
        "- total\n",
        "src/stats.py:1 is wrong",
    ] {
        assert!(note.contains(said), "{said}: {note}");
    }
    let again = of(&events, "asked_again");
    assert_eq!(again.len(), 1, "{events:#?}");
    let why = again[0]["reason"].as_str().unwrap_or_default();
    assert!(why.contains("(1 of 3)"), "{why}");
    assert_eq!(
        checks(&events),
        json!([{"check": "tests", "command": COMMAND, "result": "passed",
            "said": "passed (2 passed)"}])
    );
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn the_answer_before_a_check_goes_to_stdout() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
        edit("mean = 3", "mean = 2"),
        Reply::text("It is two now."),
    ]);
    let environment = environment(&server);
    let output = environment.run(&["chat", "--no-rag", "--auto-approve", "-p", "Make it two."]);
    let output = output.expect_success();
    assert_eq!(output.stdout, "It is two now.\n");
    let said = "checked: sh run-tests.sh passed (2 passed)";
    assert!(output.stderr.contains(said), "{output:#?}");
}

#[test]
fn the_same_failures_twice_end_it_and_the_facts_say_so() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
        edit("mean = 3", "mean = 4"),
        Reply::text("It is four now."),
    ]);
    let environment = environment(&server);
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(server.requests().len(), 4);
    assert_eq!(of(&events, "asked_again").len(), 1, "{events:#?}");
    assert_eq!(
        checks(&events),
        json!([{"check": "tests", "command": COMMAND, "result": "failed",
            "said": "failed (exit code 1): mean, total"}])
    );
}

#[test]
fn a_check_that_is_off_or_denied_does_not_run() {
    let script = || {
        vec![
            edit("mean = 1", "mean = 3"),
            Reply::text("It is three now."),
        ]
    };
    let server = ChatServer::start(script());
    let environment = environment(&server);
    let mut environment = environment.with("OLLACODE_CHECK", "off");
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(calls(&events), ["edit_file done"]);
    assert_eq!(checks(&events), Value::Null);

    environment.set("OLLACODE_CHECK", "auto");
    environment.write("src/stats.py", SOURCE);
    settings(
        &environment,
        &format!("[[deny]]\ncommand = \"{COMMAND}\"\n"),
    );
    server.then(script());
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(calls(&events), ["edit_file done"]);
    let checks = checks(&events);
    assert_eq!(checks[0]["result"], "not_run", "{checks:#}");
    let said = checks[0]["said"].as_str().unwrap_or_default();
    assert!(said.contains("the rule"), "{said}");
}

#[test]
fn where_nobody_can_be_asked_it_says_that_nothing_was_checked() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
    ]);
    let environment = environment(&server);
    let events = ask(&environment, &["--auto-edit", "--sandbox", "off"]);
    assert_eq!(calls(&events), ["edit_file done"]);
    let checks = checks(&events);
    assert_eq!(
        checks[0]["said"],
        "did not run: it needs approval, and nobody can be asked"
    );
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_test_that_passes_the_second_time_is_flaky() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 2"),
        Reply::text("It is two now."),
    ]);
    let environment = environment(&server);
    environment.write(
        "run-tests.sh",
        "echo 'TAP version 13'\nif [ -f ran.txt ]; then echo 'ok 1 - mean'; echo 1..1; exit 0; fi\n\
         echo yes > ran.txt\necho 'not ok 1 - mean'; echo 1..1; exit 1\n",
    );
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(
        calls(&events),
        ["edit_file done", "run_command done", "run_command done"]
    );
    assert_eq!(server.requests().len(), 2);
    let checks = checks(&events);
    assert_eq!(checks[0]["result"], "passed");
    let said = checks[0]["said"].as_str().unwrap_or_default();
    assert!(
        said.contains("mean failed the first time (flaky)"),
        "{said}"
    );
}

#[test]
fn what_failed_before_is_not_fed_back() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
    ]);
    let environment = environment(&server);
    // `ollacode check` tells of all that fails, and remembers it.
    let output = environment.run(&["check", "--auto-approve"]).expect_code(1);
    assert!(output.stdout.contains("mean, total"), "{output:#?}");
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(
        checks(&events),
        json!([{"check": "tests", "command": COMMAND, "result": "failed_before",
            "said": "failed as before the change: mean, total"}])
    );
}

#[test]
fn a_baseline_is_taken_before_the_first_edit() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
    ]);
    let environment = environment(&server);
    settings(&environment, "baseline = true\n");
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(
        calls(&events),
        ["run_command done", "edit_file done", "run_command done"]
    );
    assert_eq!(checks(&events)[0]["result"], "failed_before");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_weakened_test_is_asked_about_once_and_named() {
    let test = "it('means', () => {\n  expect(mean()).toBe(1);\n});\n";
    let skip = json!({"path": "web/stats.test.js", "search": "it('means'",
        "replace": "it.skip('means'"});
    let server = ChatServer::start(vec![
        Reply::text("").call("edit_file", skip),
        Reply::text("It is out of the way."),
        Reply::text("It is skipped, since the function is gone."),
    ]);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("web/stats.test.js", test);
    let events = ask(&environment, &["--auto-approve"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let named = "`means` (web/stats.test.js) is skipped now";
    let note = last_text(&requests[2]);
    assert!(note.contains(named), "{note}");
    let notices = of(&events, "notice");
    let is_named = |notice: &&&Value| notice.to_string().contains(named);
    assert_eq!(notices.iter().filter(is_named).count(), 1, "{events:#?}");
}

#[test]
fn the_command_line_checks_without_a_model() {
    let environment = Environment::new().with("OLLAMA_HOST", "http://127.0.0.1:9");
    environment.write("src/stats.py", SOURCE);
    environment.write("run-tests.sh", TESTS);
    let nothing = environment.run(&["check", "--auto-approve"]);
    nothing.expect_success().expect_words(&["nothing to check"]);
    environment.write("Makefile", format!("test:\n\t@{COMMAND}\n"));
    let output = environment.run(&["check", "--auto-approve"]).expect_code(1);
    for said in ["✗ all tests: `make test`", "mean (src/stats.py:1)"] {
        assert!(output.stdout.contains(said), "{said}: {output:#?}");
    }
    environment.write("src/stats.py", "mean = 2\n");
    let output = environment.run(&["check", "--all", "--auto-approve"]);
    let output = output.expect_success();
    assert!(
        output.stdout.contains("✓ all tests: `make test` passed"),
        "{output:#?}"
    );
}

#[test]
fn who_asks_for_a_check_gets_the_tests_also_if_the_linter_fails() {
    let environment = Environment::new().with("OLLAMA_HOST", "http://127.0.0.1:9");
    environment.write("src/stats.py", "mean = 2\n");
    environment.write("run-tests.sh", TESTS);
    let makefile = format!("lint:\n\t@! grep -n 'mean = 2' src/stats.py\n\ntest:\n\t@{COMMAND}\n");
    environment.write("Makefile", makefile);
    let output = environment.run(&["check", "--auto-approve"]).expect_code(1);
    for said in [
        "✗ linter: `make lint`",
        "✓ all tests: `make test` passed (2 passed)",
    ] {
        assert!(output.stdout.contains(said), "{said}: {output:#?}");
    }
}

#[test]
fn an_absolute_path_is_the_one_of_a_changed_file() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
        edit("mean = 3", "mean = 2"),
        Reply::text("It is two now."),
    ]);
    let environment = environment(&server);
    // A linter without an earlier run answers for changed files only, whatever it calls them.
    environment.write(
        "lint.sh",
        "grep -q 'mean = 2' src/stats.py && exit 0\necho \"$PWD/src/stats.py:1:1: E1 bad\"\n\
         echo \"$PWD/old.py:1:1: E2 bad\"\nexit 1\n",
    );
    settings(&environment, "lint = \"sh lint.sh\"\n");
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(of(&events, "asked_again").len(), 1, "{events:#?}");
    let note = last_text(&server.requests()[2]);
    assert!(
        note.contains("- src/stats.py: E1 bad (src/stats.py:1)\n"),
        "{note}"
    );
    assert!(
        note.contains("these failed before, and are not meant: old.py: E2 bad"),
        "{note}"
    );
}

#[test]
fn who_declines_is_not_asked_again() {
    let server = ChatServer::start(vec![
        edit("mean = 1", "mean = 3"),
        Reply::text("It is three now."),
        edit("mean = 3", "mean = 4"),
        Reply::text("It is four now."),
    ]);
    let environment = environment(&server);
    let terminal = Terminal::start_sized(&environment, &["chat", "--no-rag"], 50, 120);
    terminal.expect("/help lists the");
    terminal.expect_end(PROMPT);
    terminal.enter("Make it three.");
    terminal.expect("? edit src/stats.py");
    terminal.expect("[n] no");
    terminal.answer("y");
    terminal.expect("? run `sh run-tests.sh` after edits");
    terminal.answer("n");
    terminal.expect("not checked: sh run-tests.sh did not run: you declined it");
    terminal.expect_last(PROMPT);
    terminal.enter("Make it four.");
    terminal.expect("+mean = 4");
    terminal.answer("y");
    terminal.expect("you declined the checks of this session");
    let screen = terminal.expect_last(PROMPT);
    assert!(screen.matches("? run `sh").count() <= 1, "{screen}");
    assert_eq!(terminal.leave().0, Some(0));
}
