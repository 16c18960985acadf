//! Arguments of `check`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::check::CheckOrder;

/// Examples of `ollacode check`.
pub(super) const CHECK_HELP: &str = "\
Examples:
  ollacode check         what fits the files that differ from the last commit
  ollacode check --all   everything

Commands come from the project's own files; `[check]` in config.toml names others. Exit code 1: a \
check failed.";

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
