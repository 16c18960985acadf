//! What a turn did, in sentences that all front ends share. They are made from what was recorded,
//! not from the model's words.

use super::messages::{count, counted};
use crate::engine::event::{CheckFact, CheckResult, CommandRun, Doubt, FileCount, TurnFacts};
use crate::visible::visible_name;

/// Maximum files that are named.
const MOST_FILES: usize = 8;
/// Maximum commands that are named, the last ones.
const MOST_COMMANDS: usize = 4;

/// A line about a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactLine {
    /// Whether it is about something that the user should look at.
    pub is_warning: bool,
    pub text: String,
}

/// The lines about a turn: files, commands, checks, steps that were left out, claims without proof.
pub fn fact_lines(facts: &TurnFacts) -> Vec<FactLine> {
    let mut lines = Vec::new();
    let mut push = |is_warning: bool, text: String| lines.push(FactLine { is_warning, text });
    if !facts.files.is_empty() {
        push(false, changed(&facts.files));
        // What the program ran is named below.
        let has_checked = facts
            .checks
            .iter()
            .any(|check| check.result != CheckResult::NotRun);
        if !facts.commands.is_empty() || !has_checked {
            push(false, ran(&facts.commands));
        }
    }
    for check in &facts.checks {
        let is_warning = check.result == CheckResult::Failed;
        push(is_warning, checked(check));
    }
    for step in &facts.untouched {
        let paths: Vec<String> = step.paths.iter().map(|path| visible_name(path)).collect();
        let number = step.number;
        push(
            true,
            format!(
                "not touched: step {number} of the plan ({})",
                paths.join(", ")
            ),
        );
    }
    for doubt in &facts.doubts {
        push(true, unproven(doubt, !facts.files.is_empty()));
    }
    lines
}

/// Places in the answer that the model has not looked at.
pub fn not_seen_words(places: &[String]) -> String {
    let places: Vec<String> = places.iter().map(|place| visible_name(place)).collect();
    format!("not looked at: {}", places.join(", "))
}

/// `changed: a.rs +3 −1, b.rs +20 −0 (new); /undo takes it back`
fn changed(files: &[FileCount]) -> String {
    let mut named: Vec<String> = files.iter().take(MOST_FILES).map(file_words).collect();
    let more = files.len() - named.len();
    if more > 0 {
        named.push(counted(more as u64, "more file"));
    }
    format!("changed: {}; /undo takes it back", named.join(", "))
}

fn file_words(file: &FileCount) -> String {
    let lines = file.lines.map(|(added, removed)| {
        let [added, removed] = [added, removed].map(|lines| count(lines as u64));
        format!(" +{added} −{removed}")
    });
    let kind = match file {
        FileCount { is_new: true, .. } => " (new)",
        FileCount {
            is_removed: true, ..
        } => " (removed)",
        FileCount { lines: None, .. } => " (not shown)",
        _ => "",
    };
    let path = visible_name(&file.path);
    format!("{path}{}{kind}", lines.unwrap_or_default())
}

/// `then ran: cargo test (exit code 0)`
fn ran(commands: &[CommandRun]) -> String {
    if commands.is_empty() {
        return "no command ran after the last change".to_owned();
    }
    let left_out = commands.len().saturating_sub(MOST_COMMANDS);
    let words = |run: &CommandRun| {
        let [command, ended] = [&run.command, &run.ended].map(|text| visible_name(text));
        format!("{command} ({ended})")
    };
    let named: Vec<String> = commands[left_out..].iter().map(words).collect();
    let before = match left_out {
        0 => String::new(),
        more => format!("{}, ", counted(more as u64, "other command")),
    };
    format!("then ran: {before}{}", named.join(", "))
}

/// `checked: cargo test passed (3 passed)`
fn checked(check: &CheckFact) -> String {
    let [command, words] = [&check.command, &check.words].map(|text| visible_name(text));
    let verb = match check.result {
        CheckResult::NotRun => "not checked",
        CheckResult::Passed | CheckResult::Failed | CheckResult::FailedBefore => "checked",
    };
    format!("{verb}: {command} {words}")
}

fn unproven(doubt: &Doubt, has_changed: bool) -> String {
    let why = match doubt {
        Doubt::NoTestRun { .. } if has_changed => "no test ran after the last change".to_owned(),
        Doubt::NoTestRun { .. } => "no test ran".to_owned(),
        Doubt::TestFailed { command, ended, .. } => {
            format!(
                "{} ended with {}",
                visible_name(command),
                visible_name(ended)
            )
        }
        Doubt::StepsUntouched { steps, .. } => {
            let numbers: Vec<String> = steps.iter().map(u32::to_string).collect();
            let noun = if steps.len() == 1 { "step" } else { "steps" };
            format!("nothing was done for {noun} {}", numbers.join(", "))
        }
    };
    format!("not proven: “{}”: {why}", visible_name(doubt.claim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckKind;
    use crate::engine::event::UntouchedStep;

    fn file(path: &str, lines: Option<(usize, usize)>) -> FileCount {
        FileCount {
            path: path.to_owned(),
            lines,
            is_new: false,
            is_removed: false,
        }
    }

    fn run(command: &str, ended: &str) -> CommandRun {
        CommandRun {
            command: command.to_owned(),
            ended: ended.to_owned(),
            is_success: ended == "exit code 0",
            is_test: true,
            ends_as_tests: true,
        }
    }

    fn told(facts: &TurnFacts) -> Vec<String> {
        let sign = |line: FactLine| {
            let sign = if line.is_warning { "! " } else { "" };
            format!("{sign}{}", line.text)
        };
        fact_lines(facts).into_iter().map(sign).collect()
    }

    #[test]
    fn files_and_commands_are_told_as_they_are() {
        let made = FileCount {
            is_new: true,
            ..file("b\n.rs", Some((20, 0)))
        };
        let facts = TurnFacts {
            files: vec![file("a.rs", Some((3, 1))), made, file("x.bin", None)],
            commands: vec![run("cargo test", "exit code 1")],
            ..TurnFacts::default()
        };
        assert_eq!(
            told(&facts),
            [
                "changed: a.rs +3 −1, b\\n.rs +20 −0 (new), x.bin (not shown); /undo takes it back",
                "then ran: cargo test (exit code 1)",
            ]
        );
        let facts = TurnFacts {
            files: (0..10).map(|n| file(&format!("{n}"), None)).collect(),
            ..TurnFacts::default()
        };
        let lines = told(&facts);
        assert!(lines[0].contains(", 2 more files; /undo"), "{lines:?}");
        assert_eq!(lines[1], "no command ran after the last change");
        assert_eq!(told(&TurnFacts::default()), Vec::<String>::new());
    }

    #[test]
    fn what_the_program_checked_is_told() {
        let check = |command: &str, result, words: &str| CheckFact {
            kind: CheckKind::AllTests,
            command: command.to_owned(),
            result,
            words: words.to_owned(),
        };
        let facts = TurnFacts {
            files: vec![file("a.rs", Some((1, 0)))],
            checks: vec![
                check("cargo fmt --check", CheckResult::Passed, "passed"),
                check(
                    "cargo test",
                    CheckResult::Failed,
                    "failed (exit code 101): a\nb",
                ),
                check("make", CheckResult::NotRun, "did not run: you declined it"),
            ],
            ..TurnFacts::default()
        };
        assert_eq!(
            told(&facts)[1..],
            [
                "checked: cargo fmt --check passed",
                "! checked: cargo test failed (exit code 101): a\\nb",
                "not checked: make did not run: you declined it",
            ]
        );
    }

    #[test]
    fn what_is_left_and_what_is_not_proven_are_warnings() {
        let claim = || "All tests pass.".to_owned();
        let facts = TurnFacts {
            files: vec![file("a.rs", Some((1, 0)))],
            untouched: vec![UntouchedStep {
                number: 2,
                text: "Update docs/a.md".to_owned(),
                paths: vec!["docs/a.md".to_owned()],
            }],
            doubts: vec![
                Doubt::NoTestRun { claim: claim() },
                Doubt::TestFailed {
                    claim: claim(),
                    command: "make check".to_owned(),
                    ended: "exit code 2".to_owned(),
                },
                Doubt::StepsUntouched {
                    claim: "Done.".to_owned(),
                    steps: vec![2],
                },
            ],
            ..TurnFacts::default()
        };
        assert_eq!(
            told(&facts)[2..],
            [
                "! not touched: step 2 of the plan (docs/a.md)",
                "! not proven: “All tests pass.”: no test ran after the last change",
                "! not proven: “All tests pass.”: make check ended with exit code 2",
                "! not proven: “Done.”: nothing was done for step 2",
            ]
        );
        assert_eq!(
            not_seen_words(&["a.rs:3".to_owned(), "b.rs:1-2".to_owned()]),
            "not looked at: a.rs:3, b.rs:1-2"
        );
    }
}
