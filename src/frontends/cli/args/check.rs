//! Arguments of `check`.

use clap::Args;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
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

    /// Session and permissions
    #[command(flatten)]
    pub job: JobArguments,

    /// How commands are confined
    #[command(flatten)]
    pub confinement: ConfinementArguments,
}

impl CheckArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        // It asks no model.
        let model = ModelArguments::default();
        self.job.engine(&model, &self.confinement, false)
    }

    pub(crate) fn order(&self) -> CheckOrder {
        CheckOrder { all: self.all }
    }
}
