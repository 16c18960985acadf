//! Arguments of `review`.

use clap::Args;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
use crate::engine::jobs::review::ReviewOrder;

/// Examples of `ollacode review`.
pub(super) const REVIEW_HELP: &str = "\
Examples:
  ollacode review             what is not committed
  ollacode review --staged    what the next commit would have
  ollacode review main..      the commits of this branch";

/// Arguments of `ollacode review`.
#[derive(Args, Clone, Debug)]
pub struct ReviewArguments {
    /// Range of git; by default the changes that are not committed
    #[arg(value_name = "RANGE")]
    pub range: Option<String>,

    /// Only what is staged
    #[arg(long, conflicts_with = "range")]
    pub staged: bool,

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

impl ReviewArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        self.job.engine(&self.model, &self.confinement, false)
    }

    pub(crate) fn order(&self) -> ReviewOrder {
        ReviewOrder {
            range: self.range.clone(),
            staged: self.staged,
        }
    }
}
