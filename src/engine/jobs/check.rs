//! `/check`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOrder {
    /// Check everything, not only what fits the changes.
    pub all: bool,
}

impl CheckOrder {
    /// As it is typed behind `/check`.
    pub fn words(&self) -> String {
        if self.all { "all" } else { "" }.to_owned()
    }

    /// Reads what was typed behind `/check`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<CheckOrder, &'static str> {
        match argument {
            "" => Ok(CheckOrder { all: false }),
            "all" => Ok(CheckOrder { all: true }),
            _ => Err("usage: /check [all]"),
        }
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &CheckOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
