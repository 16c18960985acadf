//! Arguments of `design`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{ConfinementArguments, EngineArguments, JobArguments, ModelArguments};
use crate::engine::jobs::design::DesignOrder;

/// Examples of `ollacode design`.
pub(super) const DESIGN_HELP: &str = "\
Examples:
  ollacode design --auto-edit                       write docs/ARCHITECTURE.md, or renew it
  ollacode design --out docs/parts.md --part src    describe one part, in another file
  ollacode design --goal 'export orders as CSV'     draft a design, with steps for `task`

Parts whose files, definitions and uses are as before keep their description. Your own text around \
the marked blocks stays. Without a model the document is made of facts alone. A draft for a goal goes \
to stdout, or to the file of --out; `ollacode task` then carries out its steps.";

/// Arguments of `ollacode design`.
#[derive(Args, Clone, Debug)]
pub struct DesignArguments {
    /// File to write, in the workspace; by default `docs/ARCHITECTURE.md`
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub out: Option<String>,

    /// Describe only this part again: a folder, or a file in it
    #[arg(long, value_name = "PATH", value_parser = NonEmptyStringValueParser::new())]
    pub part: Option<String>,

    /// Draft a design for this, instead of describing what is there
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    #[arg(conflicts_with = "part")]
    pub goal: Option<String>,

    /// Session and permissions
    #[command(flatten)]
    pub job: JobArguments,

    /// The model
    #[command(flatten)]
    pub model: ModelArguments,

    /// Do not build an index in the background
    #[arg(long)]
    pub no_rag: bool,
}

impl DesignArguments {
    /// What the engine is told.
    pub(crate) fn engine(&self) -> EngineArguments {
        // It runs no command.
        let confinement = ConfinementArguments::default();
        self.job.engine(&self.model, &confinement, !self.no_rag)
    }

    pub(crate) fn order(&self) -> DesignOrder {
        DesignOrder {
            out: self.out.clone(),
            part: self.part.clone(),
            goal: self.goal.clone(),
        }
    }
}
