//! Arguments of `commit`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::commit::CommitOrder;

/// Examples of `ollacode commit`.
pub(super) const COMMIT_HELP: &str = "\
Example:
  ollacode commit 'fix the retry delay'";

/// Arguments of `ollacode commit`.
#[derive(Args, Clone, Debug)]
pub struct CommitArguments {
    /// What the message should say; several words need no quotes
    #[arg(value_name = "HINT")]
    pub hint: Vec<String>,

    /// Session, model and permissions
    #[command(flatten)]
    pub job: JobArguments,
}

impl CommitArguments {
    pub(crate) fn order(&self) -> CommitOrder {
        CommitOrder {
            hint: self.hint.join(" "),
        }
    }
}
