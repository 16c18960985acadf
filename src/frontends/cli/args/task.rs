//! Arguments of `task`.

use clap::Args;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
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

    /// Session and permissions
    #[command(flatten)]
    pub job: JobArguments,

    /// The model
    #[command(flatten)]
    pub model: ModelArguments,

    /// Tools for the model: `core` for weak models, `all`, or `auto` to choose by model
    #[arg(long, value_name = "WHICH", value_parser = ["auto", "core", "all"])]
    pub tools: Option<String>,

    /// Maximum number of model replies per step
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u32>,

    /// Do not search the index for each step
    #[arg(long)]
    pub no_rag: bool,

    /// How commands are confined
    #[command(flatten)]
    pub confinement: ConfinementArguments,
}

impl TaskArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        let engine = self
            .job
            .engine(&self.model, &self.confinement, !self.no_rag);
        EngineArguments {
            tools: self.tools.clone(),
            max_steps: self.max_steps,
            ..engine
        }
    }

    pub(crate) fn order(&self) -> TaskOrder {
        TaskOrder {
            goal: self.goal.clone(),
            auto_steps: self.auto_steps,
            ..TaskOrder::default()
        }
    }
}
