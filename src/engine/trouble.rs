//! Replies that are of no use, and what the model and the user are told of them.

use super::event::{Failure, FailureCode, TurnEnd};
use crate::visible::neutral;

/// Why a reply is of no use.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Neither text nor calls.
    Empty,
    /// A call that cannot be read, and what was said of it.
    Unreadable { said: String, why: String },
    /// The stream ended too early, after this.
    BrokenOff { said: String },
    /// The limit of the reply came before the end of a call.
    CutOff,
}

impl Trouble {
    /// Whether the same request may well be answered.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Trouble::CutOff)
    }

    pub(super) fn in_words(&self) -> &'static str {
        match self {
            Trouble::Empty => "the model's reply was empty",
            Trouble::Unreadable { .. } => "the model's tool call could not be read",
            Trouble::BrokenOff { .. } => "the model's reply broke off",
            Trouble::CutOff => "the model's reply was too long for one reply",
        }
    }

    pub(super) fn remark(&self) -> String {
        match self {
            Trouble::Empty | Trouble::BrokenOff { .. } => {
                "Your last reply had neither an answer nor a \
                readable tool call. Call a tool now, or answer the user."
                    .to_owned()
            }
            Trouble::Unreadable { why, .. } => format!(
                "The tool call in your last reply could not be read: {}. Write it again, whole and \
                 alone, or answer the user.",
                neutral(why)
            ),
            Trouble::CutOff => "Your last reply was cut off at its limit before it was complete, \
                so nothing of it was done. Write smaller pieces: a file in several calls, the \
                first part with `write_file`, the rest with `edit_file`; think less."
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
