//! The events that the engine sends to a front end, in the order in which they happen.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::message::Source;
use crate::model::Usage;
use crate::permission::{ApprovalRequest, Preview};
use crate::session::CHECK_ID_PREFIX;

pub use super::proof::turn_facts::{
    CheckFact, CheckResult, CommandRun, Doubt, FileCount, TurnFacts, UntouchedStep,
};
pub use super::task::TaskView;
pub use crate::failure::{Failure, FailureCode};
pub use crate::message::ToolOutcome;

/// Id of a question to the user; unique in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Something happened in a turn.
///
/// A turn ends with exactly one [`Event::TurnEnded`], its last event; every
/// [`Event::ToolStarted`] has one [`Event::ToolFinished`] before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The index was searched for the question, or git showed changes.
    Retrieved {
        /// What was put into the context, best first.
        sources: Vec<Source>,
    },
    /// The next piece of the model's thoughts.
    Thinking(String),
    /// The next piece of its answer. Text of a call that is written as text is not shown.
    Text(String),
    /// The text of this reply so far was thoughts, not an answer: an end tag for thoughts came.
    TextWasThought,
    /// A request has been answered.
    Replied {
        usage: Usage,
        /// Tokens in use now; estimated if the server did not report them.
        used: u32,
        window: u32,
    },
    /// The user is asked whether a call may run; the turn waits for the answer.
    ApprovalAsked {
        /// Id to answer it with.
        id: AskId,
        request: Box<ApprovalRequest>,
    },
    /// The model asks the user something; the turn waits for the answer.
    QuestionAsked {
        /// Id to answer it with.
        id: AskId,
        question: String,
        /// Answers that the model offers.
        options: Vec<String>,
    },
    /// A tool starts: it was approved or needs no approval.
    ToolStarted {
        /// [`crate::message::ToolCall::id`].
        id: String,
        tool: String,
        /// Its arguments in a line: `src/main.rs:1-200`, `cargo test`.
        what: String,
        /// The same for front ends with more room.
        details: Arc<CallDetails>,
    },
    /// A tool is done.
    ToolFinished {
        /// The id of its [`Event::ToolStarted`].
        id: String,
        outcome: ToolOutcome,
        /// In a line: `200 lines`, `3 matches`, `exit code 1`.
        summary: String,
        /// What it changed or printed; usually empty.
        detail: String,
        took: Duration,
    },
    /// A message for the user; the turn continues.
    Notice(String),
    /// The conversation was compacted; tokens before and after.
    Compacted { before: u32, after: u32 },
    /// Citations in the answer that are wrong, or that the model has not looked at.
    Citations {
        /// As written, with the reason.
        wrong: Vec<(String, String)>,
        /// Places that exist, but were never shown to the model; as written.
        not_seen: Vec<String>,
    },
    /// The text of this reply is not the answer yet: the model is asked once more about it, or was
    /// asked in vain, and the text of the earlier answer follows again.
    AskedAgain {
        /// In a line, for the user.
        why: String,
    },
    /// What the turn did, from what was recorded of it; the last event before the end. It is left
    /// out where there is nothing to say.
    TurnFacts(TurnFacts),
    /// The plan of a task in steps as it is now, whole. Its text has been shown already.
    Task(TaskView),
    /// The turn is over.
    TurnEnded(TurnEnd),
}

/// What is known of a call when it starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallDetails {
    /// By parameter, as the model gave them: they may have hidden characters. The values of secret files are
    /// redacted.
    pub arguments: Map<String, Value>,
    /// What it does to files; nothing if it was refused.
    pub preview: Preview,
}

impl CallDetails {
    /// Bytes that are held for it, about.
    pub fn size(&self) -> usize {
        let size =
            |(name, value): (&String, &Value)| name.len() + value.as_str().map_or(16, str::len);
        self.arguments.iter().map(size).sum::<usize>() + self.preview.size()
    }
}

impl Event {
    /// Whether a check of the answer begins with it, or is asked about: the text before it is still
    /// the answer, unless [`Event::AskedAgain`] follows.
    pub fn is_of_check(&self) -> bool {
        match self {
            Event::ToolStarted { id, .. } => id.starts_with(CHECK_ID_PREFIX),
            Event::ApprovalAsked { request, .. } => request.call_id.starts_with(CHECK_ID_PREFIX),
            _ => false,
        }
    }
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    Answered,
    /// The model answered, but the answer was cut off at the limit of a reply.
    Cut,
    /// Plan mode: the plan is ready.
    Planned,
    /// The user stopped it.
    Stopped,
    /// The limit of steps was reached.
    StepLimit(usize),
    /// The model repeats itself or gives no usable reply.
    Stuck(Failure),
    /// It failed.
    Failed(Failure),
}
