//! Closes a turn: whatever its end, the conversation can go on.

use super::clip::first_line;
use super::event::{ToolOutcome, TurnEnd};
use super::turn::Turn;
use crate::message::{Message, ToolCall};

impl Turn<'_> {
    /// Makes the conversation valid after any end: each call gets a result, and a question without
    /// a reply is removed. The engine never writes in the model's name, because the model would
    /// imitate it; the next question says how the turn ended.
    pub(super) fn complete_conversation(&mut self, end: &TurnEnd) {
        let why = match end {
            TurnEnd::Answered | TurnEnd::Planned | TurnEnd::Cut => return,
            TurnEnd::Stopped => "stopped by the user".to_owned(),
            TurnEnd::StepLimit(steps) => format!("stopped at the limit of {steps} steps"),
            TurnEnd::Stuck(why) | TurnEnd::Failed(why) => {
                format!("stopped: {}", first_line(&why.to_string(), 200))
            }
        };
        for call in self.open_calls() {
            // If the journal cannot be written, the end of the turn reports that already.
            drop(self.add_result(&call, &format!("not run: {why}"), ToolOutcome::Failed));
        }
        // After a compaction, the question also holds the summary of earlier turns, so it stays.
        if !self.has_spoken && self.tokens_after_compaction.is_none() {
            if self.session.forget_question() {
                self.session.remarks.clone_from(&self.remarks_in_question);
            }
        } else {
            let remark = format!("The last request was not completed: {why}.");
            self.session.remarks.push(remark);
        }
    }

    /// Calls of the last reply that have no result.
    fn open_calls(&self) -> Vec<ToolCall> {
        let messages = &self.session.messages;
        let last_reply_index = messages
            .iter()
            .rposition(|message| matches!(message, Message::Assistant { .. }));
        let Some((Message::Assistant { calls, .. }, after)) =
            last_reply_index.and_then(|at| messages[at..].split_first())
        else {
            return Vec::new();
        };
        let has_result = |call: &&ToolCall| {
            after.iter().any(
                |message| matches!(message, Message::Tool { call_id, .. } if *call_id == call.id),
            )
        };
        calls
            .iter()
            .filter(|call| !has_result(call))
            .cloned()
            .collect()
    }
}
