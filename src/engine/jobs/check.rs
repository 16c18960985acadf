//! `/check`: the checks of the project, without the model.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// Said where the project names no command that checks something.
const NOTHING: &str = "Nothing to check: the project's files name no formatter, linter or tests that \
    fit. `/check all` looks at more than what was changed, and `[check]` in config.toml can name commands.\n";

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOrder {
    /// Check everything, not only what fits the changes.
    pub all: bool,
}

impl CheckOrder {
    /// As it is typed behind `/check`.
    pub fn words(&self) -> String {
        if self.all { "all" } else { "" }.to_owned()
    }

    /// Reads what was typed behind `/check`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<CheckOrder, &'static str> {
        match argument {
            "" => Ok(CheckOrder { all: false }),
            "all" => Ok(CheckOrder { all: true }),
            _ => Err("usage: /check [all]"),
        }
    }
}

/// Runs the checks. The end is a failure if one fails, or none could run.
pub(super) async fn run(job: &mut JobRun<'_, '_>, order: &CheckOrder) -> Result<(), TurnEnd> {
    let report = job.turn.check_for_user(order.all).await?;
    if report.steps.is_empty() {
        job.say(NOTHING).await?;
        return Ok(());
    }
    job.say(&report.to_markdown()).await?;
    if !report.has_run() {
        return Err(failed(format!("nothing was checked: {}", report.summary())));
    }
    match report.passed() {
        true => Ok(()),
        false => Err(failed(format!("a check failed: {}", report.summary()))),
    }
}
