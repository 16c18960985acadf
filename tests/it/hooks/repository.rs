//! Hooks that a repository brings: canaries that stay silent until somebody trusts them.

use super::*;
use crate::support::terminal::Terminal;

const HOOKS: &str = "\
[[hook]]
on = 'session_start'
command = 'sh tools/hook.sh start'

[[hook]]
on = 'before_tool'
command = 'sh tools/hook.sh before'

[[hook]]
on = 'turn_end'
command = 'sh tools/hook.sh end'
";
const SCRIPT: &str = "echo $1 >> canary.txt\n";

/// A workspace whose repository brings hooks.
fn brought(server: &ChatServer) -> Environment {
    let environment = environment(server);
    environment.write(".ollacode/config.toml", HOOKS);
    environment.write("tools/hook.sh", SCRIPT);
    environment
}

/// A question with one call, and its notices.
fn asked(server: &ChatServer, environment: &Environment) -> Vec<String> {
    server.then(vec![
        Reply::text("").call("read_file", json!({"path": "src/main.rs"})),
        Reply::text("It greets."),
    ]);
    let events = ask(environment, &["--auto-approve"]);
    assert_eq!(calls(&events), ["read_file done"]);
    let said = notices(&events).into_iter();
    said.map(str::to_owned).collect()
}

/// What the canary says; nothing if no hook ran.
fn canary(environment: &Environment) -> String {
    let path = environment.workspace().join("canary.txt");
    fs::read_to_string(path).unwrap_or_default()
}

/// Answers the question whether the hooks are trusted.
#[track_caller]
fn answer(environment: &Environment, key: &str) -> (Option<i32>, String) {
    let terminal = Terminal::start(environment, &["hooks", "trust"]);
    terminal.expect("[y/N]");
    terminal.enter(key);
    terminal.finish()
}

#[test]
fn hooks_of_a_repository_never_run_before_they_are_trusted() {
    let server = ChatServer::start(Vec::new());
    let environment = brought(&server);
    let said = asked(&server, &environment);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("brings 3 hooks in `.ollacode/config.toml`"),
        "{said:?}"
    );
    assert!(said[0].contains("`ollacode hooks trust`"), "{said:?}");
    // It is said once for each content.
    assert_eq!(asked(&server, &environment), Vec::<String>::new());
    environment.write("tools/hook.sh", "echo other >> canary.txt\n");
    assert_eq!(asked(&server, &environment).len(), 1);
    let output = environment.run(&["hooks"]).expect_success();
    assert!(
        output
            .stdout
            .starts_with(".ollacode/config.toml, not trusted\nsession_start  sh tools/")
    );
    let object = environment
        .run(&["hooks", "--json"])
        .expect_success()
        .json();
    assert_eq!(object["repository"]["trusted"], false);
    assert_eq!(object["repository"]["files"], json!(["tools/hook.sh"]));
    assert_eq!(canary(&environment), "");
    assert_eq!(ran(&environment), Vec::<String>::new());
}

#[test]
fn nothing_is_trusted_without_somebody_who_says_so() {
    let server = ChatServer::start(Vec::new());
    let environment = brought(&server);
    let output = environment.run(&["hooks", "trust"]).expect_code(1);
    assert!(output.stderr.contains("nothing was trusted"), "{output:#?}");
    let output = environment.run_with_input(&["hooks", "trust"], b"y\n");
    assert!(output.expect_code(1).stderr.contains("nothing was trusted"));
    let (code, screen) = answer(&environment, "n");
    assert_eq!(code, Some(1), "{screen}");
    asked(&server, &environment);
    assert_eq!(canary(&environment), "");
}

#[test]
fn trusted_hooks_run_until_they_change() {
    let server = ChatServer::start(Vec::new());
    let environment = brought(&server);
    let (code, screen) = answer(&environment, "y");
    assert_eq!(code, Some(0), "{screen}");
    for part in [
        "before_tool  sh tools/hook.sh before",
        "`tools/hook.sh` (1 line)",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert_eq!(asked(&server, &environment), Vec::<String>::new());
    assert_eq!(canary(&environment), "start\nbefore\nend\n");
    // What else stands in the file makes no difference.
    let more = format!("[[deny]]\nread = 'private/**'\n\n{HOOKS}");
    environment.write(".ollacode/config.toml", more);
    asked(&server, &environment);
    assert_eq!(canary(&environment), "start\nbefore\nend\n".repeat(2));
    for (path, text) in [
        ("tools/hook.sh", "echo evil >> canary.txt\n".to_owned()),
        (
            ".ollacode/config.toml",
            HOOKS.replace("hook.sh end", "hook.sh evil"),
        ),
    ] {
        environment.write(path, text);
        assert_eq!(asked(&server, &environment).len(), 1, "{path}");
        assert_eq!(canary(&environment), "start\nbefore\nend\n".repeat(2));
        environment.write("tools/hook.sh", SCRIPT);
    }
    // As it was, it is trusted still, until that is taken back.
    environment.write(".ollacode/config.toml", HOOKS);
    asked(&server, &environment);
    assert_eq!(canary(&environment), "start\nbefore\nend\n".repeat(3));
    let output = environment
        .run(&["hooks", "trust", "--forget"])
        .expect_success();
    assert!(
        output.stderr.contains("not trusted any more"),
        "{output:#?}"
    );
    asked(&server, &environment);
    assert_eq!(canary(&environment), "start\nbefore\nend\n".repeat(3));
}

#[test]
fn a_model_cannot_change_a_trusted_guard_and_get_past_it() {
    let server = ChatServer::start(vec![
        run("echo 'exit 0' > tools/guard.sh"),
        run("echo ran > ran.txt"),
        Reply::text("I may not."),
    ]);
    let environment = environment(&server);
    environment.write(
        ".ollacode/config.toml",
        "[[hook]]\non = 'before_tool'\ncommand = 'sh tools/guard.sh'\n",
    );
    let guard = "grep -q ran.txt && { echo 'not this file' >&2; exit 2; }; exit 0\n";
    environment.write("tools/guard.sh", guard);
    assert_eq!(answer(&environment, "y").0, Some(0));
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(calls(&events), ["run_command done", "run_command denied"]);
    let last = results(&server).pop().unwrap_or_default();
    assert!(last.contains("not what was trusted any more"), "{last}");
    assert!(!environment.workspace().join("ran.txt").exists());
}
