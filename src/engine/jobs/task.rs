//! `/task`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskOrder {
    /// What is to be done; `None`: go on with the task that is not finished.
    pub goal: Option<String>,
    /// Go from step to step without asking while checks pass.
    pub auto_steps: bool,
}

impl TaskOrder {
    /// As it is typed behind `/task`.
    pub fn words(&self) -> String {
        self.goal.clone().unwrap_or_default()
    }

    /// Reads what was typed behind `/task`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<TaskOrder, &'static str> {
        let goal = (!argument.is_empty()).then(|| argument.to_owned());
        Ok(TaskOrder {
            goal,
            auto_steps: false,
        })
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &TaskOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
