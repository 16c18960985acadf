//! `/review`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewOrder {
    /// The changes to review; by default those that are not committed.
    pub range: Option<String>,
    /// Only what is staged.
    pub staged: bool,
}

impl ReviewOrder {
    /// As it is typed behind `/review`.
    pub fn words(&self) -> String {
        if self.staged {
            return "staged".to_owned();
        }
        self.range.clone().unwrap_or_default()
    }

    /// Reads what was typed behind `/review`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<ReviewOrder, &'static str> {
        let staged = matches!(argument, "staged" | "--staged");
        let range = (!staged && !argument.is_empty()).then(|| argument.to_owned());
        Ok(ReviewOrder { range, staged })
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &ReviewOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
