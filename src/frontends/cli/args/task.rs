//! Arguments of `task`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::task::TaskOrder;

/// Examples of `ollacode task`.
pub(super) const TASK_HELP: &str = "\
Example:
  ollacode task 'add error handling to all API endpoints'";

/// Arguments of `ollacode task`.
#[derive(Args, Clone, Debug)]
pub struct TaskArguments {
    /// What is to be done; without it the unfinished task goes on
    #[arg(value_name = "GOAL")]
    pub goal: Option<String>,

    /// Go from step to step without asking while checks pass
    #[arg(long)]
    pub auto_steps: bool,

    /// Session, model and permissions
    #[command(flatten)]
    pub job: JobArguments,
}

impl TaskArguments {
    pub(crate) fn order(&self) -> TaskOrder {
        TaskOrder {
            goal: self.goal.clone(),
            auto_steps: self.auto_steps,
        }
    }
}
