//! Steps and the program's own checks: what fails is mended or stops the task.

use std::fs;

use super::*;

/// Without questions at all.
const UNASKED: [&str; 2] = ["--auto-approve", "--auto-steps"];
/// Two tests, since one that fails alone runs again.
const TESTS: &str = "\
echo 'TAP version 13'
if grep -q broken a.py; then
  echo 'not ok 1 - mean'; echo 'not ok 2 - total'; echo 1..2; exit 1
fi
echo 'ok 1 - mean'; echo 'ok 2 - total'; echo 1..2
";
const FAILED: &str = "`sh run-tests.sh` failed";

/// A workspace whose tests are a script, which the user's settings name.
fn with_tests(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    for name in ["a", "b"] {
        environment.write(&format!("{name}.py"), format!("{name} = 'old'\n"));
    }
    environment.write("run-tests.sh", TESTS);
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    let settings = "[check]\ntest = \"sh run-tests.sh\"\n";
    fs::write(folder.join("config.toml"), settings).expect("a file");
    environment
}

/// A reply that changes `a.py`.
fn change(search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": "a.py", "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

fn unasked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&UNASKED[..], more].concat()
}

/// Why it ended.
fn reason(events: &[Value]) -> &str {
    let last = events.last().unwrap_or(&Value::Null);
    last["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_step_whose_check_fails_is_mended_and_the_task_goes_on() {
    let mut script = vec![plan(&["a.py", "b.py"])];
    script.extend([change("old", "broken"), Reply::text("a.py is other.")]);
    script.extend([change("broken", "new"), Reply::text("a.py is new.")]);
    script.extend(step("b.py"));
    let server = ChatServer::start(script);
    let environment = with_tests(&server);
    let events = run(&environment, &unasked(&[GOAL]), 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    assert_eq!(environment.read("a.py"), "a = 'new'\n");
    let requests = server.requests();
    let note = last_text(&requests[3]);
    assert!(note.contains(FAILED), "{note}");
    let anchor = "(You are at step 1 of 2: Change a.py. Plan: ▸ 1 · 2)";
    assert!(note.trim_end().ends_with(anchor), "{note}");
    let told = said(&events);
    assert!(
        told.contains("- checked: `sh run-tests.sh` passed"),
        "{told}"
    );
    let last = events.iter().rev().find(|event| event["event"] == "task");
    let tokens = last.and_then(|event| event["steps"][0]["tokens"].as_u64());
    assert!(tokens.is_some_and(|tokens| tokens > 0), "{events:#?}");
    assert!(told.contains("tokens"), "{told}");
}

#[test]
fn a_step_whose_check_stays_failing_stops_the_task_each_time() {
    let mut script = vec![plan(&["a.py", "b.py"])];
    script.extend([change("old", "broken"), Reply::text("a.py is other.")]);
    script.push(Reply::text("I cannot mend it."));
    let server = ChatServer::start(script);
    let environment = with_tests(&server);
    let events = run(&environment, &unasked(&[GOAL]), 1);
    assert_eq!(states(&events), "failed pending", "{events:#?}");
    assert!(reason(&events).contains(FAILED), "{events:#?}");
    assert_eq!(server.requests().len(), 4, "the next step is not begun");

    // What the step broke is no old failure to the next try,
    server.then(vec![
        change("'broken'", "'broken too'"),
        Reply::text("a.py is other."),
        Reply::text("I cannot mend it."),
    ]);
    let events = run(&environment, &UNASKED, 1);
    assert_eq!(states(&events), "failed pending", "{events:#?}");
    assert!(reason(&events).contains(FAILED), "{events:#?}");

    // and words alone do not mend it: what earlier tries changed is checked again.
    let words = || Reply::text("It is right as it is.");
    server.then(vec![words(), words()]);
    let events = run(&environment, &UNASKED, 1);
    assert_eq!(states(&events), "failed pending", "{events:#?}");
    assert!(reason(&events).contains(FAILED), "{events:#?}");

    server.then(vec![
        change("broken too", "new"),
        Reply::text("a.py is new."),
    ]);
    server.then(step("b.py").into());
    let events = run(&environment, &UNASKED, 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    assert_eq!(server.left(), 0);
}
