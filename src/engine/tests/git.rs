//! Questions about what git knows.

use std::fs;
use std::time::Duration;

use super::lab::{Lab, text};
use super::*;
use crate::sandbox::{CommandAccess, Exit, RunLimits};
use crate::text::tokens::estimate_text;

/// Runs a command in the workspace of a lab.
async fn shell(lab: &Lab, command: &str) {
    let limits = RunLimits {
        timeout: Duration::from_secs(30),
        output: 10_000,
    };
    let sandbox = &lab.engine.context.sandbox;
    let access = CommandAccess::default();
    let ran = sandbox.run(command, &access, &limits, &lab.stop).await;
    let ran = ran.expect("it runs");
    assert_eq!(ran.exit, Exit::Code(0), "{ran:?}");
}

/// Makes a repository of the workspace, with one commit.
pub(super) async fn repository(lab: &Lab) {
    shell(lab, "git init -q -b main . && git add -A").await;
    commit(lab, "The first one").await;
}

async fn commit(lab: &Lab, message: &str) {
    let author = "-c user.name=Somebody -c user.email=somebody@example.com";
    let commit = format!("git add -A && git {author} commit -q -m '{message}'");
    shell(lab, &commit).await;
}

fn answers(number: usize) -> Lab {
    Lab::new((0..number).map(|_| text("So.")).collect())
}

#[tokio::test]
async fn a_question_about_changes_brings_exactly_these() {
    let mut lab = answers(4);
    repository(&lab).await;
    fs::write(lab.root.join("main.rs"), "fn main() {\n    run();\n}\n").expect("a file");
    commit(&lab, "Run instead of greeting").await;
    shell(&lab, "git checkout -q -b feature").await;
    fs::write(lab.root.join("main.rs"), "fn main() {\n    walk();\n}\n").expect("a file");
    fs::write(lab.root.join("new.rs"), "fn walk() {}\n").expect("a file");
    lab.ask("What did the last commit do?").await;
    let (_, events) = lab.ask("Review my changes.").await;
    lab.ask("what did I change since HEAD~1").await;
    lab.ask("did you run the tests?").await;
    let asked = lab.asked();
    let last = asked[0].user();
    for part in [
        "## Shown by git\n\nThe last commit: 1 file, +1 −1\n",
        "Run instead of greeting",
        "+    run();",
    ] {
        assert!(last.contains(part), "{part} in {last}");
    }
    assert!(
        !last.contains("walk()") && !last.contains("## Found"),
        "{last}"
    );
    let mine = asked[1].user();
    assert!(
        mine.contains("main.rs  +1 −1\nnew.rs  not tracked\n"),
        "{mine}"
    );
    assert!(mine.contains("-    run();\n+    walk();"), "{mine}");
    assert!(mine.ends_with("## Request\n\nReview my changes."), "{mine}");
    let is_shown = |event: &Event| match event {
        Event::Retrieved { sources } => sources[0].path == "main.rs",
        _ => false,
    };
    assert!(events.iter().any(is_shown), "{events:?}");
    let since = asked[2].user();
    assert!(since.contains("Changes since `HEAD~1`"), "{since}");
    assert!(since.contains("Run instead of greeting"), "{since}");
    assert!(
        since.contains("-    println!(\"hello\");\n+    walk();"),
        "{since}"
    );
    // When the turn is over, a line stays.
    let Message::User { text, .. } = &asked[2].messages[1] else {
        panic!("{:#?}", asked[2].messages);
    };
    assert!(
        text.contains("no longer shown: The last commit: 1 file"),
        "{text}"
    );
    assert!(!text.contains("+    run();"), "{text}");
    assert_eq!(asked[3].user(), "did you run the tests?");
}

#[tokio::test]
async fn that_there_is_nothing_is_a_line() {
    let mut lab = answers(4);
    lab.ask("Review my changes.").await;
    repository(&lab).await;
    lab.ask("Review my changes.").await;
    lab.ask("What changed since v9.0?").await;
    lab.ask("Are the staged changes fine?").await;
    let asked = lab.asked();
    for (asked, line) in asked.iter().zip([
        "(Git: this folder is not a git repository.)",
        "(Git: there are no uncommitted changes.)",
        "(Git: there is no revision `v9.0`.)",
        "(Git: nothing is staged.)",
    ]) {
        let said = asked.user();
        assert!(
            said.starts_with(&format!("{line}\n\n## Request\n\n")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn nothing_of_the_repository_is_started_and_no_secret_is_shown() {
    let mut lab = answers(1);
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    fs::write(lab.root.join(".env"), "PASSWORD=first-kettle-word\n").expect("a file");
    fs::write(lab.root.join(".gitattributes"), "*.rs filter=x diff=x\n").expect("a file");
    repository(&lab).await;
    let started = "touch started; cat";
    for name in [
        "filter.x.clean",
        "filter.x.smudge",
        "diff.x.textconv",
        "diff.x.command",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
    ] {
        shell(&lab, &format!("git config {name} '{started}'")).await;
    }
    shell(&lab, "git config filter.x.required true").await;
    let main = format!("fn main() {{\n    log_in(\"{token}\");\n}}\n");
    fs::write(lab.root.join("main.rs"), main).expect("a file");
    fs::write(lab.root.join(".env"), "PASSWORD=other-kettle-word\n").expect("a file");
    lab.ask("Review my changes.").await;
    let asked = lab.asked();
    let said = asked[0].user();
    assert!(said.contains("+    log_in("), "{said}");
    assert!(said.contains("[redacted: changes of .env]"), "{said}");
    for secret in [token.as_str(), "first-kettle-word", "other-kettle-word"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(!lab.root.join("started").exists());
}

#[tokio::test]
async fn changes_since_a_day_are_shown_and_names_as_they_are() {
    let mut lab = answers(1);
    repository(&lab).await;
    fs::write(lab.root.join("größe.rs"), "fn size() {}\n").expect("a file");
    lab.ask("What changed since yesterday?").await;
    let asked = lab.asked();
    let said = asked[0].user();
    for part in [
        "Changes since yesterday, committed or not",
        "The first one",
        "größe.rs  not tracked",
        "+fn main() {",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn a_history_that_is_cut_off_is_not_taken_for_the_last_commit() {
    let mut lab = answers(1);
    repository(&lab).await;
    let head = fs::read_to_string(lab.root.join(".git/refs/heads/main")).expect("a commit");
    fs::write(lab.root.join(".git/shallow"), head).expect("a file");
    lab.ask("What did the last commit do?").await;
    let asked = lab.asked();
    let said = asked[0].user();
    let line = "(Git: this clone has no older commits to compare with";
    assert!(said.starts_with(line), "{said}");
}

#[tokio::test]
async fn of_large_changes_the_files_and_a_part_of_each_are_shown() {
    let mut lab = Lab::with(vec![text("So.")], 8_192, EngineOptions::default());
    repository(&lab).await;
    let large: String = (0..3_000)
        .map(|number| format!("let value_{number} = compute({number});\n"))
        .collect();
    fs::write(lab.root.join("a.rs"), large).expect("a file");
    fs::write(lab.root.join("main.rs"), "fn main() {}\n").expect("a file");
    shell(&lab, "git add -A").await;
    lab.ask("Is the diff ok?").await;
    let asked = lab.asked();
    let said = asked[0].user();
    assert!(said.contains("a.rs  +3000 −0\nmain.rs  +1 −3\n"), "{said}");
    assert!(said.contains("more lines of this file"), "{said}");
    assert!(said.contains("+fn main() {}"), "{said}");
    assert!(estimate_text(said) < 2_400, "{}", estimate_text(said));
}
