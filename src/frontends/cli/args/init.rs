//! Arguments of `init`.

use clap::Args;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
use crate::engine::jobs::init::InitOrder;

/// Examples of `ollacode init`.
pub(super) const INIT_HELP: &str = "\
Examples:
  ollacode init                   write OLLACODE.md, or renew its marked parts
  ollacode init --check           try each command first, confined
  ollacode init --agents          write into AGENTS.md

Without a model the file is made of facts alone. Exit code 1: nothing was written, since nobody \
could approve it; what would be written is on stdout.";

/// Arguments of `ollacode init`.
#[derive(Args, Clone, Debug)]
pub struct InitArguments {
    /// Run each command, and write only those that work
    #[arg(long)]
    pub check: bool,

    /// Write into `AGENTS.md` instead of `OLLACODE.md`
    #[arg(long)]
    pub agents: bool,

    /// Session and permissions
    #[command(flatten)]
    pub job: JobArguments,

    /// The model
    #[command(flatten)]
    pub model: ModelArguments,

    /// Do not build an index in the background
    #[arg(long)]
    pub no_rag: bool,

    /// How commands are confined
    #[command(flatten)]
    pub confinement: ConfinementArguments,
}

impl InitArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        self.job
            .engine(&self.model, &self.confinement, !self.no_rag)
    }

    pub(crate) fn order(&self) -> InitOrder {
        InitOrder {
            agents: self.agents,
            check: self.check,
        }
    }
}
