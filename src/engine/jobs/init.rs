//! `/init`.

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitOrder {
    /// Write into `AGENTS.md`.
    pub agents: bool,
    /// Run each command, and write only those that work.
    pub check: bool,
}

impl InitOrder {
    /// As it is typed behind `/init`.
    pub fn words(&self) -> String {
        let words = [("check", self.check), ("agents", self.agents)];
        let given = words.iter().filter(|(_, is_given)| *is_given);
        given
            .map(|(word, _)| *word)
            .collect::<Vec<&str>>()
            .join(" ")
    }

    /// Reads what was typed behind `/init`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<InitOrder, &'static str> {
        let mut order = InitOrder::default();
        for word in argument.split_whitespace() {
            match word.trim_start_matches('-') {
                "check" => order.check = true,
                "agents" => order.agents = true,
                _ => return Err("usage: /init [check] [agents]"),
            }
        }
        Ok(order)
    }
}

pub(super) async fn run(_: &mut JobRun<'_, '_>, _: &InitOrder) -> Result<(), TurnEnd> {
    Err(failed("this is not available yet"))
}
