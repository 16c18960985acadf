//! What a turn did, as the program knows it from what it recorded itself: the model's words do not
//! count.

use ollacode_secrets::redact;

use super::test_runs::{can_run_tests, ends_as_tests};
use crate::check::{CheckKind, CheckOutcome, CheckStep};
use crate::engine::clip::first_line;
use crate::message::{ToolCall, ToolOutcome};
use crate::permission::Effect;
use crate::session::changes::ChangeRecord;
use crate::visible::escape_hidden;

pub use crate::session::changes::FileCount;

/// The tool that runs commands.
const COMMAND: &str = "run_command";
/// How a command that succeeded ends.
const SUCCESS: &str = "exit code 0";
/// Longest command that is shown, in characters.
const LONGEST_COMMAND: usize = 120;
/// Most calls whose words are kept, to know which files were looked at.
const MOST_NAMED: usize = 1_000;
/// Longest argument that is kept for it, in bytes: contents of files name too much.
const LONGEST_NAMED: usize = 500;

/// Extensions of documents, which no test depends on, and names that only look like them.
const DOCUMENTS: [&str; 4] = ["md", "rst", "txt", "adoc"];
const NO_DOCUMENTS: [&str; 3] = ["cmakelists", "requirements", "constraints"];

/// The facts of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnFacts {
    /// The files that it changed, in order of first change.
    pub files: Vec<FileCount>,
    /// The commands that ran after the last change of a file that is no document, in order.
    pub commands: Vec<CommandRun>,
    /// Steps of the plan that name files which nobody touched.
    pub untouched: Vec<UntouchedStep>,
    /// What the answer claims against these facts, though the model was asked about it.
    pub doubts: Vec<Doubt>,
    /// What the program checked of the files as they are now.
    pub checks: Vec<CheckFact>,
}

impl TurnFacts {
    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
            && self.untouched.is_empty()
            && self.doubts.is_empty()
            && self.checks.is_empty()
    }
}

/// A command that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRun {
    /// Its first line, without secrets.
    pub command: String,
    /// How it ended: `exit code 1`.
    pub ended: String,
    pub is_success: bool,
    /// Whether it can have run tests.
    pub is_test: bool,
    /// Whether how it ended is how tests ended that it names.
    pub ends_as_tests: bool,
}

impl CommandRun {
    /// Whether tests failed in it, as far as that is known.
    pub(super) fn is_failed_test(&self) -> bool {
        self.ends_as_tests && !self.is_success
    }
}

/// A check that the program made of the changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFact {
    pub kind: CheckKind,
    pub command: String,
    pub result: CheckResult,
    /// What came of it, in a clause: `failed (exit code 1): test_mean`.
    pub words: String,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    Passed,
    Failed,
    /// It failed, but only as it did before the change.
    FailedBefore,
    NotRun,
}

impl CheckResult {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            CheckResult::Passed => "passed",
            CheckResult::Failed => "failed",
            CheckResult::FailedBefore => "failed_before",
            CheckResult::NotRun => "not_run",
        }
    }
}

impl From<&CheckStep> for CheckFact {
    fn from(step: &CheckStep) -> CheckFact {
        CheckFact {
            kind: step.command.kind,
            command: step.command.shown(),
            result: match step.outcome {
                CheckOutcome::Passed | CheckOutcome::Flaky(_) => CheckResult::Passed,
                CheckOutcome::OnlyOld => CheckResult::FailedBefore,
                CheckOutcome::Failed => CheckResult::Failed,
                CheckOutcome::NotRun(_) => CheckResult::NotRun,
            },
            words: step.words(),
        }
    }
}

/// A step of a plan that nothing was done about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntouchedStep {
    pub number: u32,
    /// Its beginning.
    pub text: String,
    /// The files that it names.
    pub paths: Vec<String>,
}

/// A claim of an answer that the facts do not bear out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Tests ran or pass, but none ran after the last change.
    NoTestRun {
        /// The sentence.
        claim: String,
    },
    /// Tests pass, but the last run of tests failed.
    TestFailed {
        /// The sentence.
        claim: String,
        command: String,
        /// How it ended.
        ended: String,
    },
    /// All is done, but steps of the plan are untouched.
    StepsUntouched {
        /// The sentence.
        claim: String,
        /// Numbers of the steps.
        steps: Vec<u32>,
    },
}

impl Doubt {
    /// The sentence of the answer.
    pub fn claim(&self) -> &str {
        match self {
            Doubt::NoTestRun { claim }
            | Doubt::TestFailed { claim, .. }
            | Doubt::StepsUntouched { claim, .. } => claim,
        }
    }
}

/// What ran in a turn so far.
#[derive(Debug, Default)]
pub(in crate::engine) struct TurnLog {
    /// Commands after the last change of a file that is no document.
    pub commands: Vec<CommandRun>,
    /// The tests that the program ran as a check after it.
    check: Option<CommandRun>,
    /// Whether a file was changed.
    pub has_changed: bool,
    /// Files that did not exist before the turn.
    made: Vec<String>,
    /// The call of a tool of the user's that runs, and its command.
    own_command: Option<(String, String)>,
    /// The words of the calls that were run.
    pub named: Vec<String>,
}

impl TurnLog {
    /// Notes what a call is about to do: a tool of the user's does not say its command.
    pub(in crate::engine) fn announce(&mut self, call: &ToolCall, effects: &[Effect]) {
        let own = effects.iter().find_map(|effect| match effect {
            Effect::Command {
                text,
                tool: Some(_),
                ..
            } => Some(text.clone()),
            _ => None,
        });
        self.own_command = own.map(|command| (call.id.clone(), command));
    }

    /// Notes a call that has ended. What ran before a change proves nothing about what is there
    /// now, unless it is a change of documents or removes what the turn has made; a command that
    /// changes files itself stays.
    pub(in crate::engine) fn note(
        &mut self,
        call: &ToolCall,
        outcome: ToolOutcome,
        summary: &str,
        changed: &[ChangeRecord],
    ) {
        self.has_changed |= !changed.is_empty();
        if changed.iter().any(|change| self.voids_runs(change)) {
            self.commands.clear();
            self.check = None;
        }
        let made = changed
            .iter()
            .filter(|change| change.before.is_none() && change.after.is_some());
        self.made.extend(made.map(|change| change.path.clone()));
        if outcome != ToolOutcome::Done {
            return;
        }
        if self.named.len() < MOST_NAMED {
            let words = call.arguments.values().filter_map(|value| value.as_str());
            let short = words.filter(|words| words.len() <= LONGEST_NAMED);
            self.named.extend(short.map(str::to_owned));
        }
        let own = self.own_command.take().filter(|(id, _)| *id == call.id);
        let given = || call.arguments.get("command")?.as_str();
        let command = match &own {
            Some((_, command)) => Some(command.as_str()),
            None if call.name == COMMAND => Some(given().unwrap_or_default()),
            None => None,
        };
        if let Some(command) = command.map(str::trim) {
            let shown = first_line(&redact(command).text, LONGEST_COMMAND);
            if can_run_tests(command) {
                self.check = None;
            }
            self.commands.push(CommandRun {
                command: escape_hidden(&shown).into_owned(),
                ended: summary.to_owned(),
                is_success: summary.starts_with(SUCCESS),
                is_test: can_run_tests(command),
                ends_as_tests: ends_as_tests(command),
            });
        }
    }

    /// Notes tests that the program ran as a check.
    pub(in crate::engine) fn note_check(&mut self, command: &str, ended: String, is_success: bool) {
        let shown = first_line(&redact(command).text, LONGEST_COMMAND);
        self.check = Some(CommandRun {
            command: escape_hidden(&shown).into_owned(),
            ended,
            is_success,
            is_test: true,
            ends_as_tests: true,
        });
    }

    /// Forgets the tests of a check.
    pub(in crate::engine) fn forget_check(&mut self) {
        self.check = None;
    }

    /// Whether a run of tests before a change says nothing about what is there after it.
    fn voids_runs(&self, change: &ChangeRecord) -> bool {
        let is_removed = change.before.is_some() && change.after.is_none();
        let is_own = is_removed && self.made.contains(&change.path);
        !is_own && !is_document(&change.path)
    }

    /// The last command that can have run tests.
    pub(super) fn last_test(&self) -> Option<&CommandRun> {
        let own = self.commands.iter().rev().find(|run| run.is_test);
        self.check.as_ref().or(own)
    }
}

/// Whether a file is one to read, by its name.
fn is_document(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        DOCUMENTS.contains(&extension) && !NO_DOCUMENTS.iter().any(|no| stem.starts_with(no))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::permission::CommandRisk;

    fn call(name: &str, arguments: serde_json::Value) -> ToolCall {
        ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        }
    }

    /// A change of a file that was there before, or is there after it.
    fn change(path: &str, was: bool, is: bool) -> ChangeRecord {
        let hash = |exists: bool| exists.then(|| "a hash".to_owned());
        ChangeRecord {
            turn: 1,
            path: path.to_owned(),
            before: hash(was),
            after: hash(is),
            mode: None,
            not_kept: false,
            is_revert: false,
        }
    }

    #[test]
    fn a_tool_of_the_user_ran_its_command() {
        let mut log = TurnLog::default();
        let tests = call("run_tests", json!({"path": "tests/a.py"}));
        let effect = Effect::Command {
            text: "pytest -q tests/a.py".to_owned(),
            risk: CommandRisk::Unknown,
            network: false,
            tool: Some("run_tests".to_owned()),
        };
        log.announce(&tests, &[effect]);
        log.note(&tests, ToolOutcome::Done, "exit code 1", &[]);
        let run = log.last_test().expect("a run of tests");
        assert_eq!(run.command, "pytest -q tests/a.py");
        assert!(!run.is_success && run.is_failed_test());
        // It is that of no other call.
        log.note(&tests, ToolOutcome::Done, "exit code 0", &[]);
        assert_eq!(log.commands.len(), 1);
    }

    #[test]
    fn only_what_ran_after_the_last_change_counts() {
        let mut log = TurnLog::default();
        let run = |command: &str| call(COMMAND, json!({ "command": command }));
        let edit = call("edit_file", json!({"path": "a.py"}));
        let changed = [change("a.py", true, true)];
        log.note(&run("pytest -q"), ToolOutcome::Done, "exit code 0", &[]);
        log.note(&edit, ToolOutcome::Failed, "not found", &[]);
        assert!(log.last_test().is_some());
        log.note(&edit, ToolOutcome::Done, "+1 −1", &changed);
        assert_eq!(log.last_test(), None);
        log.note(&run("pytest -q"), ToolOutcome::Denied, "denied", &[]);
        assert_eq!(log.last_test(), None);
        log.note(&run("ls tests"), ToolOutcome::Done, "exit code 0", &[]);
        log.note(
            &run("pytest -q"),
            ToolOutcome::Done,
            "exit code 1",
            &changed,
        );
        let last = log.last_test().expect("a run");
        assert_eq!(
            (last.command.as_str(), last.is_success),
            ("pytest -q", false)
        );
        assert!(last.is_failed_test());
        assert_eq!(log.commands.len(), 1);
        assert!(log.has_changed && log.named.contains(&"a.py".to_owned()));
    }

    #[test]
    fn only_a_command_that_ends_as_tests_is_a_failed_run_of_them() {
        for (command, is_failed) in [
            ("pytest -q", true),
            ("pytest -q | grep x", false),
            ("python3 main.py --bad", false),
        ] {
            let mut log = TurnLog::default();
            let run = call(COMMAND, json!({ "command": command }));
            log.note(&run, ToolOutcome::Done, "exit code 1", &[]);
            let last = log.last_test().expect("a run");
            assert_eq!(last.is_failed_test(), is_failed, "{command}");
        }
    }

    #[test]
    fn a_run_outlasts_changes_of_documents_and_of_scratch_files() {
        for (changed, is_kept) in [
            (change("README.md", true, true), true),
            (change("docs/notes.txt", false, true), true),
            (change("scratch.py", true, false), true),
            (change("scratch.py", true, true), false),
            (change("old.py", true, false), false),
            (change("requirements.txt", true, true), false),
            (change("a.py", true, true), false),
        ] {
            let mut log = TurnLog::default();
            let write = call("write_file", json!({"path": "scratch.py"}));
            let made = [change("scratch.py", false, true)];
            log.note(&write, ToolOutcome::Done, "created", &made);
            let run = call(COMMAND, json!({"command": "pytest"}));
            log.note(&run, ToolOutcome::Done, "exit code 0", &[]);
            let path = changed.path.clone();
            let edit = call("edit_file", json!({ "path": path }));
            log.note(&edit, ToolOutcome::Done, "done", &[changed]);
            assert_eq!(log.last_test().is_some(), is_kept, "{path}");
        }
    }
}
