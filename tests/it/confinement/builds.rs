//! Files that the user's builds run: one rule at every depth, and a question where one is refused.

use super::{ChatServer, Reply, environment, is_full, results, run};
use crate::support::terminal::Terminal;

#[test]
fn build_files_are_closed_at_every_depth_but_where_tools_fill_folders() {
    if !is_full("build_files_are_closed_at_every_depth_but_where_tools_fill_folders") {
        return;
    }
    let refused = "for f in package.json sub/package.json a/b/c/build.rs crates/x/build.rs x/setup.py \
        y/Package.json g/build.gradle.kts; do mkdir -p $(dirname $f); echo x > $f && echo through $f; done";
    let moved = "mkdir -p dist/p; echo x > dist/p/package.json; mv dist/p sub/p; mv dist other; \
        for f in sub/p/package.json other/p/package.json; do [ -e $f ] && echo through $f; done";
    let open = "for f in dist/package.json node_modules/x/package.json target/x/build.rs .next/package.json \
        tests/fixtures/a/package.json build/x/setup.py sub/Cargo.toml sub/Makefile sub/pyproject.toml; do \
        mkdir -p $(dirname $f); echo x > $f || echo not $f; done";
    let server = ChatServer::start(vec![
        run(refused),
        run(moved),
        run(open),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    let said = results(&environment, &[], &server);
    assert!(!said[0].contains("through"), "{}", said[0]);
    let why =
        "not allowed to write sub/package.json: it can contain scripts that package managers run";
    assert!(said[0].contains(why), "{}", said[0]);
    assert!(!said[1].contains("through"), "{}", said[1]);
    assert!(!said[2].contains("not "), "{}", said[2]);
}

#[test]
fn a_command_that_may_not_write_a_file_asks_and_runs_again() {
    if !is_full("a_command_that_may_not_write_a_file_asks_and_runs_again") {
        return;
    }
    let server = ChatServer::start(vec![
        run("sh version.sh sub"),
        run("sh version.sh other"),
        run("sh hook.sh"),
        Reply::text("It is done."),
    ]);
    let environment = environment(&server);
    environment.write("sub/package.json", "1\n");
    environment.write("other/package.json", "1\n");
    environment.write("version.sh", "echo 2 > $1/package.json\n");
    environment.write(
        "hook.sh",
        "mkdir -p sub/.vscode && echo x > sub/.vscode/tasks.json && echo evil > .envrc\n",
    );
    let terminal = Terminal::start(&environment, &["chat", "--auto-edit"]);
    terminal.expect("/help lists the commands");
    terminal.expect_end(">");
    terminal.enter("Do it.");
    let asked = terminal.expect("ran, but was not allowed to write a protected file");
    assert!(asked.contains("? run a command"), "{asked}");
    terminal.expect("[n] no");
    terminal.answer("y");
    // The next one is asked about anew.
    terminal.expect("other/package.json");
    terminal.expect("[n] no");
    terminal.answer("n");
    terminal.expect("read by editors");
    terminal.expect("[n] no");
    terminal.answer("y");
    // What was not asked about is closed all the same.
    terminal.expect(".envrc");
    terminal.answer("n");
    terminal.expect("It is done.");
    terminal.leave();
    assert_eq!(environment.read("sub/package.json"), "2\n");
    assert_eq!(environment.read("other/package.json"), "1\n");
    assert_eq!(environment.read("sub/.vscode/tasks.json"), "x\n");
    assert!(!environment.workspace().join(".envrc").exists());
}
