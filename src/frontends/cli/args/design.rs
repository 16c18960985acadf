//! Arguments of `design`.

use clap::Args;

use super::JobArguments;
use crate::engine::jobs::design::DesignOrder;

/// Examples of `ollacode design`.
pub(super) const DESIGN_HELP: &str = "\
Example:
  ollacode design --out docs/ARCHITECTURE.md";

/// Arguments of `ollacode design`.
#[derive(Args, Clone, Debug)]
pub struct DesignArguments {
    /// File to write; by default `docs/ARCHITECTURE.md`
    #[arg(long, value_name = "FILE")]
    pub out: Option<String>,

    /// Only this part of the project
    #[arg(long, value_name = "PATH")]
    pub part: Option<String>,

    /// Draft a design for this, instead of describing what is there
    #[arg(long, value_name = "TEXT")]
    pub goal: Option<String>,

    /// Session, model and permissions
    #[command(flatten)]
    pub job: JobArguments,
}

impl DesignArguments {
    pub(crate) fn order(&self) -> DesignOrder {
        DesignOrder {
            out: self.out.clone(),
            part: self.part.clone(),
            goal: self.goal.clone(),
        }
    }
}
