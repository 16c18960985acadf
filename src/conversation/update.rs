//! Updates of a conversation, and the results of user actions.

use anyhow::Error;

use super::NumberedEvent;
use crate::engine::CompactReport;
use crate::engine::event::TurnEnd;
use crate::permission::Mode;
use crate::session::SessionId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmitResult {
    Started,
    Queued,
    Refused,
}

#[derive(Debug)]
pub enum Update {
    /// A session was opened for the question: see [`super::Conversation::take_opened`].
    Opened,
    Event(NumberedEvent),
    Ended(FinishedTurn),
}

/// How a turn ended, and what follows.
#[derive(Debug)]
pub struct FinishedTurn {
    pub how: EndReason,
    /// A plan that can be carried out now.
    pub plan: Option<PlanOffer>,
    /// Whether the next queued question is already running.
    pub is_followed: bool,
}

#[derive(Debug)]
pub enum EndReason {
    Turn(TurnEnd),
    /// Compaction ended, or failed for this reason.
    Compacted(Result<CompactReport, String>),
    /// The user's command ended, or could not be run for this reason.
    Ran(Result<(), String>),
    /// Stopped before it started.
    NotBegun,
    /// Failed to start.
    Failed(Error),
    /// Ended by a panic.
    Lost,
}

/// A plan that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOffer {
    pub session: SessionId,
    pub turn: u32,
    /// The mode in which it would be carried out.
    pub mode: Mode,
    /// Whether it can be carried out as a task in steps.
    pub has_steps: bool,
}

/// How a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanWay {
    /// In one turn.
    AtOnce,
    /// As a task, each step of which is seen and approved.
    InSteps,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StopResult {
    /// A turn was stopped; its end follows.
    pub is_turn: bool,
    pub is_indexing: bool,
    /// Number of dropped questions.
    pub dropped: usize,
}
