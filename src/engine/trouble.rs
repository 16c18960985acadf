//! Unusable replies, and what the model and the user are told about them.

use super::event::{Failure, FailureCode, TurnEnd};
use crate::visible::neutral;

/// Why a reply is unusable.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Neither text nor calls.
    Empty,
    /// A call that is not valid; the text of the reply, and why.
    Unreadable { said: String, why: String },
    /// The stream ended early; the text up to there.
    BrokenOff { said: String },
    /// The reply was cut off at its limit.
    CutOff,
}

impl Trouble {
    /// Whether repeating the request can help.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Trouble::CutOff)
    }

    pub(super) fn in_words(&self) -> &'static str {
        match self {
            Trouble::Empty => "the model's reply was empty",
            Trouble::Unreadable { .. } => "the model's tool call could not be read",
            Trouble::BrokenOff { .. } => "the model's reply ended too early",
            Trouble::CutOff => "the model's reply was cut off at its length limit",
        }
    }

    pub(super) fn remark(&self) -> String {
        match self {
            Trouble::Empty | Trouble::BrokenOff { .. } => {
                "Your last reply had no answer and no valid tool call. Call a tool now, or answer \
                 the user."
                    .to_owned()
            }
            Trouble::Unreadable { why, .. } => format!(
                "The tool call in your last reply is not valid: {}. Write the whole call again \
                 and nothing else, or answer the user.",
                neutral(why)
            ),
            Trouble::CutOff => "Your last reply was too long and was cut off, so nothing in it \
                                was run. Write less in one reply. Write a long file in several \
                                calls: the first part with `write_file`, the rest with \
                                `edit_file`. Think less."
                .to_owned(),
        }
    }

    pub(super) fn end(self) -> TurnEnd {
        let what = self.in_words();
        let several_times = |code| Failure::new(code, format!("{what} several times"));
        match self {
            Trouble::Unreadable { why, .. } => {
                let message = format!("{what}: {why}");
                TurnEnd::Stuck(Failure::new(FailureCode::ReplyUnusable, message))
            }
            Trouble::BrokenOff { .. } => TurnEnd::Failed(
                several_times(FailureCode::AnswerIncomplete)
                    .with_hint("the server's log may say why"),
            ),
            Trouble::Empty => TurnEnd::Stuck(several_times(FailureCode::ReplyUnusable)),
            Trouble::CutOff => TurnEnd::Stuck(several_times(FailureCode::ReplyTooLong)),
        }
    }
}
