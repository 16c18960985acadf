//! What is new in a conversation, and what became of what the user did.

use anyhow::Error;

use super::Numbered;
use crate::engine::CompactReport;
use crate::engine::event::TurnEnd;
use crate::permission::Mode;
use crate::session::SessionId;

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Started,
    Queued,
    Refused,
}

/// Something new in a conversation.
#[derive(Debug)]
pub enum Update {
    /// A session was opened for the question: see [`super::Conversation::take_opened`].
    Opened,
    /// Something happened in the turn.
    Event(Numbered),
    /// The turn is over.
    Ended(Ended),
}

/// How a turn ended, and what follows.
#[derive(Debug)]
pub struct Ended {
    pub how: How,
    /// A plan that can be carried out now.
    pub plan: Option<PlanOffer>,
    /// Whether the turn of the next question runs already.
    pub is_followed: bool,
}

/// How a turn ended.
#[derive(Debug)]
pub enum How {
    /// As its last event says.
    Turn(TurnEnd),
    /// The conversation was made shorter, or why not.
    Compacted(Result<CompactReport, String>),
    /// It was stopped before it began.
    NotBegun,
    /// It could not begin.
    Failed(Error),
    /// It broke off by a fault of the program.
    Lost,
}

/// A plan that a turn ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOffer {
    pub session: SessionId,
    pub turn: u32,
    /// The mode in which it would be carried out.
    pub mode: Mode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// A turn; its end follows.
    pub is_turn: bool,
    pub is_indexing: bool,
    /// Questions that waited, and are dropped.
    pub dropped: usize,
}
