//! Unusable replies, and what the model and the user are told about them.

use super::event::{Failure, FailureCode, TurnEnd};
use crate::visible::defang_chat_markers;

/// Why a reply is unusable.
#[derive(Debug)]
pub(super) enum UnusableReply {
    /// Neither text nor calls.
    Empty,
    /// A call that is not valid; the text of the reply, and why.
    Unreadable { said: String, why: String },
    /// The stream ended early; the text up to there.
    BrokenOff { said: String },
    /// The reply was cut off at its limit.
    CutOff,
}

impl UnusableReply {
    /// Whether repeating the request can help.
    pub(super) fn is_transient(&self) -> bool {
        !matches!(self, UnusableReply::CutOff)
    }

    pub(super) fn description(&self) -> &'static str {
        match self {
            UnusableReply::Empty => "the model's reply was empty",
            UnusableReply::Unreadable { .. } => "the model's tool call could not be read",
            UnusableReply::BrokenOff { .. } => "the model's reply ended too early",
            UnusableReply::CutOff => "the model's reply was cut off at its length limit",
        }
    }

    pub(super) fn remark(&self) -> String {
        match self {
            UnusableReply::Empty | UnusableReply::BrokenOff { .. } => {
                "Your last reply had no answer and no valid tool call. Call a tool now, or answer \
                 the user."
                    .to_owned()
            }
            UnusableReply::Unreadable { why, .. } => format!(
                "The tool call in your last reply is not valid: {}. Write the whole call again \
                 and nothing else, or answer the user.",
                defang_chat_markers(why)
            ),
            UnusableReply::CutOff => {
                "Your last reply was too long and was cut off, so nothing in it \
                                was run. Write less in one reply. Write a long file in several \
                                calls: the first part with `write_file`, the rest with \
                                `edit_file`. Think less."
                    .to_owned()
            }
        }
    }

    pub(super) fn end(self) -> TurnEnd {
        let what = self.description();
        let several_times = |code| Failure::new(code, format!("{what} several times"));
        match self {
            UnusableReply::Unreadable { why, .. } => {
                let message = format!("{what}: {why}");
                TurnEnd::Stuck(Failure::new(FailureCode::ReplyUnusable, message))
            }
            UnusableReply::BrokenOff { .. } => TurnEnd::Failed(
                several_times(FailureCode::AnswerIncomplete)
                    .with_hint("the server's log may say why"),
            ),
            UnusableReply::Empty => TurnEnd::Stuck(several_times(FailureCode::ReplyUnusable)),
            UnusableReply::CutOff => TurnEnd::Stuck(several_times(FailureCode::ReplyTooLong)),
        }
    }
}
