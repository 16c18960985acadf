//! `/design`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesignOrder {
    /// The file to write; by default `docs/ARCHITECTURE.md`.
    pub out: Option<String>,
    /// Only this part.
    pub part: Option<String>,
    /// Draft a design for this instead of describing what is there.
    pub goal: Option<String>,
}

impl DesignOrder {
    /// As it is typed behind `/design`.
    pub fn words(&self) -> String {
        self.goal.clone().unwrap_or_default()
    }

    /// Reads what was typed behind `/design`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<DesignOrder, &'static str> {
        let goal = (!argument.is_empty()).then(|| argument.to_owned());
        Ok(DesignOrder {
            goal,
            ..DesignOrder::default()
        })
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &DesignOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
