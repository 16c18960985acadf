//! Arguments of `commit`.

use clap::Args;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
use crate::engine::jobs::commit::CommitOrder;

/// Examples of `ollacode commit`.
pub(super) const COMMIT_HELP: &str = "\
Examples:
  ollacode commit                              what the last session of this folder changed
  ollacode commit say that the delay doubles   with a hint for the message
  ollacode commit --resume k3x9 --auto-edit    of another session, without asking

What others changed, what you have staged in part, and what was not committed before the session \
changed it is asked about, or left out.";

/// Arguments of `ollacode commit`.
#[derive(Args, Clone, Debug)]
pub struct CommitArguments {
    /// What the message should say; several words need no quotes
    #[arg(value_name = "HINT")]
    pub hint: Vec<String>,

    /// Session and permissions
    #[command(flatten)]
    pub job: JobArguments,

    /// The model
    #[command(flatten)]
    pub model: ModelArguments,

    /// How commands are confined
    #[command(flatten)]
    pub confinement: ConfinementArguments,
}

impl CommitArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        self.job.engine(&self.model, &self.confinement, false)
    }

    pub(crate) fn order(&self) -> CommitOrder {
        CommitOrder {
            hint: self.hint.join(" "),
        }
    }
}
