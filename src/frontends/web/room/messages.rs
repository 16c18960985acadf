//! What handlers ask of a room, and what they get.

use std::sync::Arc;

use anyhow::Error;
use tokio::sync::oneshot;

use crate::conversation::workspaces::OpenWorkspace;
use crate::conversation::{CommandReply, OpenedSession, PlanWay, StopResult};
use crate::engine::{Attachment, TokenReport};
use crate::message::Image;
use crate::permission::{Confinement, Mode};
use crate::session::SessionId;
use crate::session::changes::{FileDiff, Undone};

/// Where the reply goes.
pub type Reply<T> = oneshot::Sender<T>;

pub enum RoomMessage {
    Ask(AskedQuestion, Reply<AskResult>),
    Stop(Reply<StopResult>),
    /// Drops the queued question of a client; `false` if there is none.
    Unqueue(String, Reply<bool>),
    Answer(GivenAnswer, Reply<AnswerResult>),
    /// A line that begins with `/`.
    Command {
        line: String,
        /// Whether what it starts may only read.
        read_only: bool,
        reply: Reply<Result<CommandOutcome, CommandFailure>>,
    },
    /// Chooses the mode of the next question by its name.
    Mode(String, Reply<Result<CommandReply, Error>>),
    /// Carries out the plan that was offered last; `false` if it is out of date.
    CarryOut(PlanWay, Reply<Result<bool, Error>>),
    /// Puts a file back; `None` while a turn runs.
    Revert(String, Reply<Result<Option<Undone>, Error>>),
    Changes(Reply<Result<Vec<FileDiff>, Error>>),
    Snapshot(Reply<RoomSnapshot>),
}

/// A question with everything that goes with it.
#[derive(Debug, Default)]
pub struct AskedQuestion {
    pub text: String,
    pub attachments: Vec<Attachment>,
    pub images: Vec<Image>,
    /// Names of the pictures, to be shown.
    pub image_names: Vec<String>,
    /// Whether only what reads may run.
    pub read_only: bool,
    /// Whether the index is not searched.
    pub without_search: bool,
    /// The id that the client gave the message.
    pub client: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskResult {
    Started,
    Queued,
    /// The queue is full.
    Refused,
}

/// An answer to a request for approval, or to a question of the model.
#[derive(Clone, Debug, Default)]
pub struct GivenAnswer {
    pub id: u64,
    pub decision: Option<String>,
    pub reason: Option<String>,
    pub command: Option<String>,
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerResult {
    Accepted,
    /// It was answered before, or nobody waits for the answer any more.
    Closed,
    /// It is no answer to this question.
    Invalid(&'static str),
}

/// The result of a command.
pub struct CommandOutcome {
    pub reply: CommandReply,
    /// The session that was opened for it.
    pub opened: Option<OpenedSession>,
    /// Where it ran.
    pub workspace: Arc<OpenWorkspace>,
}

pub enum CommandFailure {
    /// It does not begin with `/` and a word.
    NotACommand,
    /// There is no such command; a sentence that names similar ones.
    Unknown(String),
    Failed(Error),
}

/// The state of a room.
pub struct RoomSnapshot {
    pub session: Option<SessionId>,
    pub title: String,
    pub workspace: Arc<OpenWorkspace>,
    pub model: String,
    pub mode: Mode,
    pub work_mode: Mode,
    pub confinement: Confinement,
    pub is_busy: bool,
    /// Texts of the queued questions.
    pub queued: Vec<String>,
    pub tokens: Option<RoomTokens>,
    /// The number of the last event.
    pub last: u64,
    /// Numbers up to this one are not kept any more.
    pub dropped: u64,
    /// Questions of the session that the log does not hold.
    pub history: u32,
}

/// Use of the context window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomTokens {
    pub used: u32,
    pub window: u32,
}

impl From<TokenReport> for RoomTokens {
    fn from(report: TokenReport) -> RoomTokens {
        RoomTokens {
            used: report.used,
            window: report.window,
        }
    }
}
