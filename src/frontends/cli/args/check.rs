//! Arguments of `check`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::check::CheckOrder;

/// Examples of `ollacode check`.
pub(super) const CHECK_HELP: &str = "\
Example:
  ollacode check --all";

/// Arguments of `ollacode check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArguments {
    /// Check everything, not only what fits the changes
    #[arg(long)]
    pub all: bool,

    /// Session, model and permissions
    #[command(flatten)]
    pub job: JobArguments,
}

impl CheckArguments {
    pub(crate) fn order(&self) -> CheckOrder {
        CheckOrder { all: self.all }
    }
}
