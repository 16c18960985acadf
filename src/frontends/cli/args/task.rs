//! Arguments of `task`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::task::TaskOrder;

/// Examples of `ollacode task`.
pub(super) const TASK_HELP: &str = "\
Examples:
  ollacode task 'add error handling to all API endpoints'
  ollacode task --auto-edit --auto-steps 'add a --json flag'   without questions while all goes well
  ollacode task                                            go on with the task of the last session
  ollacode task stop                                       end it";

/// Arguments of `ollacode task`.
#[derive(Args, Clone, Debug)]
pub struct TaskArguments {
    /// What is to be done; without it the task of the last session goes on, and `stop` ends it
    #[arg(value_name = "GOAL")]
    pub goal: Option<String>,

    /// Go from step to step without asking while checks pass
    #[arg(long)]
    pub auto_steps: bool,

    /// Continue the last session of this folder
    #[arg(long = "continue", conflicts_with = "resume")]
    pub go_on: bool,

    /// Session, model and permissions
    #[command(flatten)]
    pub job: JobArguments,
}

impl TaskArguments {
    pub(crate) fn order(&self) -> TaskOrder {
        TaskOrder {
            goal: self.goal.clone(),
            auto_steps: self.auto_steps,
            ..TaskOrder::default()
        }
    }
}
