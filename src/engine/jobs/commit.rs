//! `/commit`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitOrder {
    /// What the message should say.
    pub hint: String,
}

impl CommitOrder {
    /// As it is typed behind `/commit`.
    pub fn words(&self) -> String {
        self.hint.clone()
    }

    /// Reads what was typed behind `/commit`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<CommitOrder, &'static str> {
        Ok(CommitOrder {
            hint: argument.to_owned(),
        })
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &CommitOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
