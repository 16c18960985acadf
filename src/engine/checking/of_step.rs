//! Checks in the steps of a task: what all tries of a step changed is checked, and what it breaks stays
//! its own.

use super::files;
use crate::check::baseline::{KnownRun, KnownRuns};
use crate::check::{CheckReport, CheckStep};
use crate::engine::turn::Turn;

/// The step of a task that a turn works on. What it breaks is no old failure to the next turn.
#[derive(Debug)]
pub(in crate::engine) struct CheckedStep {
    /// What it is about, in the words of the task.
    pub words: String,
    /// The turns that worked on it; what all of them changed is checked.
    pub turns: Vec<u32>,
}

impl Turn<'_> {
    /// The files that are to be checked, each with its content.
    pub(super) fn changed_now(&self) -> Vec<(String, Option<String>)> {
        let changes = self.engine.context.changes.lock();
        match &self.checks.step {
            Some(step) => changes.hashes_of(&step.turns),
            None => changes.turn_hashes(),
        }
    }

    /// Keeps what failed in a run for the next time. `before`: the last run before the turn. What a
    /// step of a task broke stays its own.
    pub(super) fn noted(
        &self,
        step: CheckStep,
        key: &str,
        before: Option<&KnownRun>,
        now: &mut KnownRuns,
    ) -> CheckStep {
        if step.has_run() {
            let failing = match self.checks.step {
                Some(_) => step.old.iter().cloned().collect(),
                None => step.failing(),
            };
            now.note(key, failing, step.took, !step.rewritten.is_empty());
            if let Some(before) = before {
                now.note_fresh(key, before);
            }
        }
        step
    }

    /// From now on these failures are there before a change: the user leaves them as they are.
    pub(in crate::engine) async fn accept_failures(&self, report: &CheckReport) {
        let file = self.engine.checks.setup.file.clone();
        let mut known = files::read_known(file.clone()).await;
        for step in report.steps.iter().filter(|step| step.is_failed()) {
            let rewrites = !step.rewritten.is_empty();
            known.note(&step.command.key(), step.failing(), step.took, rewrites);
        }
        files::write_known(known, file).await;
    }

    /// Whether the last check was of the files as they are now.
    pub(in crate::engine) fn has_checked_all(&self) -> bool {
        self.checks.checked.as_ref() == Some(&self.changed_now())
    }
}
