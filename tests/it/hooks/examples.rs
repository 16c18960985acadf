//! The examples of `docs/hooks.md`, as they stand there.

use super::*;
use crate::support::terminal::Terminal;

/// What stands in for the real formatter, which is not part of every system.
const RUSTFMT: &str = "\
#!/bin/sh
[ \"$1 $2\" = '--edition 2024' ] || exit 9
exec sed -i 's/^    /\\t/' \"$3\"
";
const FORMATTED: &str = "fn main() {\n\tprintln!(\"goodbye\");\n}\n";

fn with_formatter(server: &ChatServer) -> Environment {
    let environment = environment(server);
    settings(&environment, &example("A formatter", "toml"));
    program(&environment, "rustfmt", RUSTFMT);
    environment
}

#[test]
fn a_formatter_runs_after_edits_and_the_next_edit_works() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        edit("\tprintln!(\"goodbye\");", "\tprintln!(\"good night\");"),
        Reply::text("It says good night now."),
    ]);
    let environment = with_formatter(&server);
    let events = ask(&environment, &["--auto-edit"]);
    assert_eq!(calls(&events), ["edit_file done", "edit_file done"]);
    assert_eq!(
        environment.read("src/main.rs"),
        FORMATTED.replace("goodbye", "good night")
    );
    let results = results(&server);
    assert!(
        results[0].contains("[src/main.rs was changed by a hook, and now reads:\n"),
        "{results:?}"
    );
    assert!(
        results[0].contains("\n2→\tprintln!(\"goodbye\");\n"),
        "{results:?}"
    );
    assert!(!results[1].contains("by a hook"), "{results:?}");
    let shown = of(&events, "tool_finished")[0]["detail"]
        .as_str()
        .unwrap_or_default();
    assert!(shown.contains("+\tprintln!(\"goodbye\");"), "{shown}");
    assert!(!shown.contains("+    println!"), "{shown}");
    assert_eq!(
        ran(&environment),
        vec!["after_edit: rustfmt --edition 2024 src/main.rs: done"; 2]
    );
    let log = environment.run(&["log"]).expect_success().stdout;
    assert!(
        log.contains("hook after_edit: rustfmt --edition 2024 src/main.rs  exit code 0"),
        "{log}"
    );
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn what_a_formatter_did_is_undone_with_the_edit() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        Reply::text("It says goodbye now."),
    ]);
    let environment = with_formatter(&server);
    let terminal = Terminal::start(&environment, &["chat", "--no-rag", "--auto-edit"]);
    let prompt = "auto-edit>";
    terminal.expect("/help lists the");
    terminal.expect_end(prompt);
    terminal.enter("Say goodbye, please.");
    terminal.expect("It says goodbye now.");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("src/main.rs"), FORMATTED);
    terminal.enter("/hooks");
    terminal.expect("rustfmt --edition 2024 {path}");
    terminal.expect_last(prompt);
    terminal.enter("/undo");
    terminal.expect("undone, turn 1");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("src/main.rs"), SOURCE);
}

#[test]
fn forced_pushes_are_refused_whatever_the_mode() {
    for flags in [&["--auto-approve"][..], &["--auto-edit"], &[]] {
        let server = ChatServer::start(vec![
            run("git push --force origin main"),
            run("cd . && git push -f"),
            run("echo git push"),
            Reply::text("I may not force it."),
        ]);
        let environment = environment(&server);
        settings(&environment, &example("Refusing forced pushes", "toml"));
        let script = example("Refusing forced pushes", "sh");
        program(&environment, "no-forced-pushes", &script);
        let events = ask(&environment, flags);
        assert_eq!(
            calls(&events),
            [
                "run_command denied",
                "run_command denied",
                "run_command done"
            ],
            "{flags:?}"
        );
        for result in &results(&server)[..2] {
            assert!(
                result.starts_with("Denied: the hook `no-forced-pushes` objects: "),
                "{result}"
            );
            assert!(result.contains("push to a new branch instead"), "{result}");
        }
        assert_eq!(
            ran(&environment),
            [
                "before_tool: no-forced-pushes: failed",
                "before_tool: no-forced-pushes: failed",
                "before_tool: no-forced-pushes: done"
            ]
        );
    }
}

#[test]
fn every_call_is_logged_where_a_rule_lets_hooks_write() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        run("exit 3"),
        Reply::text("It says goodbye now."),
    ]);
    let environment = environment(&server);
    settings(&environment, &example("A log", "toml"));
    let folder = environment.outside().join("home/ollacode-logs");
    fs::create_dir_all(&folder).expect("a folder");
    let events = ask(&environment, &["--auto-approve"]);
    assert_eq!(notices(&events), Vec::<&str>::new());
    let log = fs::read_to_string(folder.join("tools.jsonl")).expect("a log");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(
        (&lines[0]["tool"], &lines[0]["outcome"]),
        (&json!("edit_file"), &json!("done"))
    );
    assert_eq!(lines[0]["paths"], json!(["src/main.rs"]));
    assert_eq!(lines[1]["arguments"], json!({"command": "exit 3"}));
    assert_eq!(lines[1]["mode"], "auto-approve");
    // Nothing of the workspace was changed by it.
    assert!(!results(&server).concat().contains("by a hook"));
}
