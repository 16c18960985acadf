//! What a command changes in the workspace belongs to its turn: it is found by comparing before
//! and after, and undone with the turn.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::{ToolContext, ToolError, blocking, render};
use crate::permission::CommandRisk;
use crate::permission::command::risk;
use crate::session::changes::{Baseline, CommandChanges, TooManyFiles};

/// Most files that are named in a result.
const MOST_NAMED: usize = 10;

/// The workspace before a command.
pub(crate) struct BeforeCommand {
    baseline: Baseline,
    touched: BTreeSet<String>,
    looked: Result<(), TooManyFiles>,
    began: SystemTime,
}

impl BeforeCommand {
    /// Looks at the workspace; `None` for a command that is known to only read.
    pub(crate) async fn of(
        command: &str,
        context: &ToolContext,
    ) -> Result<Option<BeforeCommand>, ToolError> {
        if risk(command) == CommandRisk::KnownSafe {
            return Ok(None);
        }
        let jail = context.jail.clone();
        let (mut baseline, touched) = context.changes.lock().lend_baseline();
        blocking(move || {
            let looked = baseline.look(&jail, &touched);
            Some(BeforeCommand {
                baseline,
                touched,
                looked,
                began: SystemTime::now(),
            })
        })
        .await
    }

    /// Takes down what the command changed, and says it: lines for the model and for people, empty
    /// if nothing changed.
    pub(crate) async fn compared(self, context: &ToolContext) -> Result<String, ToolError> {
        let jail = context.jail.clone();
        let BeforeCommand {
            mut baseline,
            touched,
            looked,
            began,
        } = self;
        let (baseline, found) = blocking(move || {
            let found = looked.and_then(|()| baseline.compare(&jail, &touched, began));
            (baseline, found)
        })
        .await?;
        let mut changes = context.changes.lock();
        changes.return_baseline(baseline);
        match found {
            Ok(found) => {
                let text = describe_changes(context, &found);
                changes.note_command(found);
                Ok(text)
            }
            Err(why) => Ok(format!(
                "({why}: /undo cannot revert what commands change)\n"
            )),
        }
    }
}

fn describe_changes(context: &ToolContext, found: &CommandChanges) -> String {
    let changed = found.changes.iter().map(|change| change.path.as_str());
    let changed = path_list(context, changed, 0);
    let not_kept = found.not_kept.iter().map(String::as_str);
    let not_kept = path_list(context, not_kept, found.more);
    let mut text = String::new();
    if !changed.is_empty() {
        text.push_str(&format!("(files changed by the command: {changed})\n"));
    }
    if !not_kept.is_empty() {
        text.push_str(&format!(
            "(changed by the command without a backup, so /undo cannot restore them: {not_kept})\n"
        ));
    }
    text
}

/// Some paths, and how many more there are; none that a rule keeps back.
fn path_list<'a>(
    context: &ToolContext,
    paths: impl Iterator<Item = &'a str>,
    more: usize,
) -> String {
    let paths = paths.filter(|path| !context.rules.hides(path));
    let mut names: Vec<String> = paths.map(render::name).collect();
    let more = more + names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::session::changes::Undone;
    use crate::tools::ToolOutput;
    use crate::tools::tests_support::{Bench, call};

    async fn run(bench: &Bench, command: &str) -> ToolOutput {
        let run = call("run_command", json!({"command": command}));
        bench.call(&run).await.unwrap()
    }

    async fn edit(bench: &Bench, path: &str, search: &str, replace: &str) {
        let arguments = json!({"path": path, "search": search, "replace": replace});
        bench.call(&call("edit_file", arguments)).await.unwrap();
    }

    fn undo(bench: &Bench) -> Undone {
        let context = bench.context();
        context.changes.lock().undo(&context.jail).unwrap()
    }

    fn redo(bench: &Bench) -> Undone {
        let context = bench.context();
        context.changes.lock().redo(&context.jail).unwrap()
    }

    #[tokio::test]
    async fn an_edit_and_the_formatter_after_it_are_undone_together() {
        let bench = Bench::new();
        bench.file("a.txt", "one\ntwo\n");
        edit(&bench, "a.txt", "one", "1").await;
        let output = run(&bench, "sed -i 's/^/  /' a.txt").await;
        assert!(
            output
                .text
                .contains("(files changed by the command: a.txt)"),
            "{}",
            output.text
        );
        let formatted = "  1\n  two\n";
        assert_eq!(bench.content("a.txt").as_deref(), Some(formatted));
        let diff = bench.context().changes.lock().diff();
        assert!(diff.contains("-one\n-two\n+  1\n+  two\n"), "{diff}");
        assert_eq!(undo(&bench).written, ["a.txt"]);
        assert_eq!(bench.content("a.txt").as_deref(), Some("one\ntwo\n"));
        redo(&bench);
        assert_eq!(bench.content("a.txt").as_deref(), Some(formatted));
    }

    #[tokio::test]
    async fn files_that_a_command_makes_moves_and_removes_come_back_and_go() {
        let bench = Bench::new();
        bench.file("src/old.rs", "fn old() {}\n");
        bench.file("src/gone.rs", "fn gone() {}\n");
        bench.file("src/same.rs", "fn same() {}\n");
        let command = "mv src/old.rs src/new.rs; rm src/gone.rs; mkdir x; echo y > x/made; \
                       touch src/same.rs";
        run(&bench, command).await;
        let undone = undo(&bench);
        assert_eq!(undone.removed, ["src/new.rs", "x/made"]);
        assert_eq!(undone.written, ["src/gone.rs", "src/old.rs"]);
        assert_eq!(
            bench.content("src/old.rs").as_deref(),
            Some("fn old() {}\n")
        );
        assert_eq!(
            bench.content("src/gone.rs").as_deref(),
            Some("fn gone() {}\n")
        );
        redo(&bench);
        assert_eq!(bench.content("x/made").as_deref(), Some("y\n"));
        assert_eq!(bench.content("src/gone.rs"), None);
    }

    #[tokio::test]
    async fn what_somebody_else_changes_between_commands_is_not_the_commands() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        bench.file("b.txt", "one\n");
        run(&bench, "echo two >> a.txt").await;
        bench.file("b.txt", "of the user\n");
        bench.file("c.txt", "of the user\n");
        run(&bench, "echo three >> a.txt").await;
        assert_eq!(undo(&bench).written, ["a.txt"]);
        assert_eq!(bench.content("a.txt").as_deref(), Some("one\n"));
        assert_eq!(bench.content("b.txt").as_deref(), Some("of the user\n"));
        assert_eq!(bench.content("c.txt").as_deref(), Some("of the user\n"));
    }

    #[tokio::test]
    async fn what_somebody_else_changes_afterwards_is_not_undone() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        run(&bench, "echo two > a.txt").await;
        bench.file("a.txt", "of the user\n");
        let context = bench.context();
        assert!(context.changes.lock().undo(&context.jail).is_err());
        assert_eq!(bench.content("a.txt").as_deref(), Some("of the user\n"));
    }

    #[tokio::test]
    async fn what_comes_into_sight_was_not_made_by_the_command() {
        let bench = Bench::new();
        bench.file(".gitignore", "hidden.txt\n");
        bench.file("hidden.txt", "of the user\n");
        bench.file("in-sight.txt", "stays\n");
        // The clock of the files must have gone on.
        run(&bench, "sleep 0.05").await;
        let command = "echo in-sight.txt > .gitignore; echo more >> hidden.txt";
        let output = run(&bench, command).await;
        assert!(
            output
                .text
                .contains("without a backup, so /undo cannot restore"),
            "{}",
            output.text
        );
        let undone = undo(&bench);
        assert_eq!((undone.written.len(), undone.removed.len()), (0, 0));
        assert_eq!(undone.not_kept, ["hidden.txt"]);
        assert_eq!(
            bench.content("hidden.txt").as_deref(),
            Some("of the user\nmore\n")
        );
        assert_eq!(bench.content("in-sight.txt").as_deref(), Some("stays\n"));
    }

    #[tokio::test]
    async fn secrets_and_huge_files_are_named_and_left() {
        let bench = Bench::new();
        bench.file(".env", "KEY=hunter2-hunter2\n");
        bench.bytes("huge.bin", &vec![7; 2 << 20]);
        bench.file("a.txt", "one\n");
        let command = "echo X=1 >> .env; echo more >> huge.bin; echo two >> a.txt";
        let output = run(&bench, command).await;
        assert!(
            output.text.contains("cannot restore them: .env, huge.bin)"),
            "{}",
            output.text
        );
        let kept = bench.root().with_file_name("session").join("changes");
        for entry in std::fs::read_dir(kept).unwrap() {
            let text = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains("hunter2"));
        }
        let undone = undo(&bench);
        assert_eq!(undone.not_kept, [".env", "huge.bin"]);
        assert_eq!(undone.written, ["a.txt"]);
        assert!(bench.content(".env").unwrap().contains("X=1"));
    }

    #[tokio::test]
    async fn a_command_that_only_reads_is_not_watched() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        let before = BeforeCommand::of("cat a.txt", bench.context())
            .await
            .unwrap();
        assert!(before.is_none());
        assert!(
            BeforeCommand::of("make", bench.context())
                .await
                .unwrap()
                .is_some()
        );
    }
}
