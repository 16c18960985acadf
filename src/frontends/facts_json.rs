//! The facts of a turn as JSON.

use serde::Serialize;

use crate::engine::event::{CheckFact, CommandRun, Doubt, FileCount, TurnFacts, UntouchedStep};

/// What a turn did.
#[derive(Debug, PartialEq, Serialize)]
pub struct JsonTurnFacts<'a> {
    files: Vec<JsonFile<'a>>,
    /// Those that ran after the last change.
    commands: Vec<JsonCommand<'a>>,
    untouched: Vec<JsonStep<'a>>,
    doubts: Vec<JsonDoubt<'a>>,
    /// What the program checked; left out if that is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<JsonCheck<'a>>,
}

/// A changed file; `null` for lines that are not known.
#[derive(Debug, PartialEq, Serialize)]
struct JsonFile<'a> {
    path: &'a str,
    added: Option<usize>,
    removed: Option<usize>,
}

#[derive(Debug, PartialEq, Serialize)]
struct JsonCommand<'a> {
    command: &'a str,
    ended: &'a str,
}

/// A step of the plan that names files which nobody touched.
#[derive(Debug, PartialEq, Serialize)]
struct JsonStep<'a> {
    step: u32,
    text: &'a str,
    paths: &'a [String],
}

/// A claim of the answer that is not borne out.
#[derive(Debug, PartialEq, Serialize)]
struct JsonDoubt<'a> {
    doubt: &'static str,
    claim: &'a str,
}

/// A check of the program.
#[derive(Debug, PartialEq, Serialize)]
struct JsonCheck<'a> {
    check: &'static str,
    command: &'a str,
    result: &'static str,
    said: &'a str,
}

impl<'a> From<&'a TurnFacts> for JsonTurnFacts<'a> {
    fn from(facts: &'a TurnFacts) -> JsonTurnFacts<'a> {
        JsonTurnFacts {
            files: facts.files.iter().map(JsonFile::from).collect(),
            commands: facts.commands.iter().map(JsonCommand::from).collect(),
            untouched: facts.untouched.iter().map(JsonStep::from).collect(),
            doubts: facts.doubts.iter().map(JsonDoubt::from).collect(),
            checks: facts.checks.iter().map(JsonCheck::from).collect(),
        }
    }
}

impl<'a> From<&'a FileCount> for JsonFile<'a> {
    fn from(file: &'a FileCount) -> JsonFile<'a> {
        JsonFile {
            path: &file.path,
            added: file.lines.map(|(added, _)| added),
            removed: file.lines.map(|(_, removed)| removed),
        }
    }
}

impl<'a> From<&'a CommandRun> for JsonCommand<'a> {
    fn from(run: &'a CommandRun) -> JsonCommand<'a> {
        JsonCommand {
            command: &run.command,
            ended: &run.ended,
        }
    }
}

impl<'a> From<&'a UntouchedStep> for JsonStep<'a> {
    fn from(step: &'a UntouchedStep) -> JsonStep<'a> {
        JsonStep {
            step: step.number,
            text: &step.text,
            paths: &step.paths,
        }
    }
}

impl<'a> From<&'a Doubt> for JsonDoubt<'a> {
    fn from(doubt: &'a Doubt) -> JsonDoubt<'a> {
        JsonDoubt {
            doubt: match doubt {
                Doubt::NoTestRun { .. } => "no_test_run",
                Doubt::TestFailed { .. } => "test_failed",
                Doubt::StepsUntouched { .. } => "steps_untouched",
            },
            claim: doubt.claim(),
        }
    }
}

impl<'a> From<&'a CheckFact> for JsonCheck<'a> {
    fn from(fact: &'a CheckFact) -> JsonCheck<'a> {
        JsonCheck {
            check: fact.kind.name(),
            command: &fact.command,
            result: fact.result.name(),
            said: &fact.words,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::events_json::JsonEvent;
    use super::*;
    use crate::check::CheckKind;
    use crate::engine::event::{CheckResult, Event};

    #[track_caller]
    fn check(event: &Event, expected: serde_json::Value) {
        let line = serde_json::to_value(JsonEvent::from(event)).expect("a value");
        assert_eq!(line, expected);
    }

    #[test]
    fn the_facts_of_a_turn_have_their_shape() {
        let facts = TurnFacts {
            files: vec![FileCount {
                path: "a.rs".to_owned(),
                lines: Some((3, 1)),
                is_new: false,
                is_removed: false,
            }],
            commands: vec![CommandRun {
                command: "cargo test".to_owned(),
                ended: "exit code 1".to_owned(),
                is_success: false,
                is_test: true,
                ends_as_tests: true,
            }],
            untouched: vec![UntouchedStep {
                number: 2,
                text: "Update b.md".to_owned(),
                paths: vec!["b.md".to_owned()],
            }],
            doubts: vec![Doubt::NoTestRun {
                claim: "All tests pass.".to_owned(),
            }],
            checks: vec![CheckFact {
                kind: CheckKind::AllTests,
                command: "make test".to_owned(),
                result: CheckResult::Failed,
                words: "failed (exit code 2): a".to_owned(),
            }],
        };
        check(
            &Event::TurnFacts(facts),
            json!({"event": "turn_facts",
                "files": [{"path": "a.rs", "added": 3, "removed": 1}],
                "commands": [{"command": "cargo test", "ended": "exit code 1"}],
                "untouched": [{"step": 2, "text": "Update b.md", "paths": ["b.md"]}],
                "doubts": [{"doubt": "no_test_run", "claim": "All tests pass."}],
                "checks": [{"check": "tests", "command": "make test", "result": "failed",
                    "said": "failed (exit code 2): a"}]}),
        );
    }

    #[test]
    fn a_second_question_and_places_that_were_not_seen_have_their_shape() {
        check(
            &Event::AskedAgain { why: "a".into() },
            json!({"event": "asked_again", "reason": "a"}),
        );
        check(
            &Event::Citations {
                wrong: Vec::new(),
                not_seen: vec!["a.rs:3".to_owned()],
            },
            json!({"event": "citations", "wrong": [], "not_looked_at": ["a.rs:3"]}),
        );
    }
}
