//! Which checks run, of those that fit, and as which calls.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::calls::MayCheck;
use super::QUICK;
use crate::check::baseline::{KnownRun, KnownRuns};
use crate::check::{CheckCommand, CheckKind, CheckReport, CheckStep};
use crate::message::ToolCall;

/// A check that did not end so often in a row runs no more by itself. The first time it may just have
/// compiled everything.
const MOST_UNFINISHED: u32 = 2;

/// A command that is to run.
pub(in crate::engine) struct CheckWish {
    pub call: ToolCall,
    /// The call that an approval for the session is about, if it is another one: who allows all tests
    /// is not asked about each selection of them.
    pub whole: Option<ToolCall>,
}

impl CheckWish {
    pub(super) fn of(command: &CheckCommand, call: ToolCall) -> CheckWish {
        let whole = command.part_of.as_deref().map(|line| ToolCall {
            arguments: arguments(line, &command.folder),
            ..call.clone()
        });
        CheckWish { call, whole }
    }
}

pub(super) fn arguments(line: &str, folder: &str) -> Map<String, Value> {
    let mut arguments = Map::new();
    arguments.insert("command".to_owned(), Value::from(line));
    if !folder.is_empty() {
        arguments.insert("cwd".to_owned(), Value::from(folder));
    }
    arguments
}

/// There is an answer to each wish.
pub(super) fn unasked() -> MayCheck {
    Err("it was not asked about".to_owned())
}

/// A call with its limit of time.
pub(super) fn timed(call: &ToolCall, limit: Duration) -> ToolCall {
    let mut call = call.clone();
    let seconds = limit.as_secs().max(1);
    call.arguments
        .insert("timeout".to_owned(), Value::from(seconds));
    call
}

/// Keeps what failed in a run for the next time. `before`: the last run before the turn.
pub(super) fn noted(
    step: CheckStep,
    key: &str,
    before: Option<&KnownRun>,
    now: &mut KnownRuns,
) -> CheckStep {
    if step.has_run() {
        let rewrites = !step.rewritten.is_empty();
        now.note(key, step.failing(), step.took, rewrites);
        if let Some(before) = before {
            now.note_fresh(key, before);
        }
    }
    step
}

/// Whether a check failed without which tests say nothing. A formatter stops nothing.
pub(super) fn has_failed(command: &CheckCommand, report: &CheckReport) -> bool {
    command.kind.is_tests()
        && report.steps.iter().any(|step| {
            let is_quicker = step.command.kind < command.kind;
            step.is_failed() && is_quicker && step.command.kind != CheckKind::Format
        })
}

/// Why a check does not run by itself, from its last run.
pub(super) fn why_left_out(command: &CheckCommand, known: &KnownRuns) -> Option<String> {
    let known = known.of(&command.key())?;
    let seconds = known.took().as_secs();
    if known.unfinished >= MOST_UNFINISHED {
        return Some(format!("it did not end in {seconds} s; `/check` runs it"));
    }
    if known.rewrites && !command.kind.is_tests() {
        return Some("it changes files, and does not only check them; `/check` runs it".to_owned());
    }
    let is_slow = command.kind == CheckKind::AllTests && known.has_ended() && known.took() >= QUICK;
    is_slow.then(|| format!("it took {seconds} s the last time; `/check` runs it"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn command(kind: CheckKind) -> CheckCommand {
        CheckCommand {
            kind,
            folder: "web".to_owned(),
            line: "npm test -- a".to_owned(),
            remedy: None,
            part_of: Some("npm test".to_owned()),
        }
    }

    #[test]
    fn some_of_the_tests_belong_to_all_of_their_folder() {
        let call = ToolCall {
            id: "check_1_1".to_owned(),
            name: "run_command".to_owned(),
            arguments: arguments("npm test -- a", "web"),
        };
        let wish = CheckWish::of(&command(CheckKind::NearTests), call);
        let whole = wish.whole.expect("another call");
        assert_eq!(whole.arguments, arguments("npm test", "web"));
    }

    #[test]
    fn what_does_not_end_or_writes_does_not_run_by_itself() {
        let lint = command(CheckKind::Lint);
        let key = lint.key();
        let mut known = KnownRuns::default();
        let why = |known: &KnownRuns| why_left_out(&lint, known);
        assert_eq!(why(&known), None);
        // The first time, it may have compiled everything.
        known.note_unfinished(&key, Duration::from_secs(120));
        assert_eq!(why(&known), None);
        known.note_unfinished(&key, Duration::from_secs(120));
        assert_eq!(
            why(&known).as_deref(),
            Some("it did not end in 120 s; `/check` runs it")
        );
        // Slow tests are left out, slow linters are not.
        known.note(&key, BTreeSet::new(), Duration::from_secs(61), false);
        assert_eq!(why(&known), None);
        let tests = command(CheckKind::AllTests);
        assert_eq!(
            why_left_out(&tests, &known).as_deref(),
            Some("it took 61 s the last time; `/check` runs it")
        );
        known.note(&key, BTreeSet::new(), Duration::from_secs(1), true);
        assert!(why(&known).is_some_and(|why| why.contains("changes files")));
        assert_eq!(why_left_out(&tests, &known), None);
    }
}
