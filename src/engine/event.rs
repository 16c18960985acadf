//! What the engine tells a front end while it works: a closed list, in the order in which it happens.

use std::time::Duration;

use crate::message::Source;
use crate::model::Usage;
use crate::permission::ApprovalRequest;

pub use crate::failure::{Failure, FailureCode};
pub use crate::message::ToolOutcome;

/// Names something that the user is asked; unique in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Something happened in a turn.
///
/// A turn ends with exactly one [`Event::TurnEnded`], its last event; every
/// [`Event::ToolStarted`] has one [`Event::ToolFinished`] before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The index was searched for the question.
    Retrieved {
        /// What the model was given, best first.
        sources: Vec<Source>,
    },
    /// The next piece of the model's thoughts.
    Thinking(String),
    /// The next piece of its answer. Text of a call that is written as text is not shown.
    Text(String),
    /// The text of this reply so far was no answer but thoughts, which its end has told.
    TextWasThought,
    /// A request has been answered.
    Replied {
        usage: Usage,
        /// Tokens in use now, estimated where the server did not say.
        used: u32,
        window: u32,
    },
    /// The user is asked whether a call may run; the turn waits for the answer.
    ApprovalAsked {
        /// By which it is answered.
        id: AskId,
        request: Box<ApprovalRequest>,
    },
    /// The model asks the user something; the turn waits for the answer.
    QuestionAsked {
        /// By which it is answered.
        id: AskId,
        question: String,
        /// Answers that the model offers.
        options: Vec<String>,
    },
    /// A tool begins; what was asked for it has been allowed, or needs no leave.
    ToolStarted {
        /// [`crate::message::ToolCall::id`].
        id: String,
        tool: String,
        /// Its arguments in a line for people: `src/main.rs:1-200`, `cargo test`.
        what: String,
    },
    /// A tool is done.
    ToolFinished {
        /// The same as of [`Event::ToolStarted`].
        id: String,
        outcome: ToolOutcome,
        /// In a line for people: `200 lines`, `3 matches`, `exit code 1`.
        summary: String,
        /// What it changed or printed, for those who want to see it; empty as a rule.
        detail: String,
        /// How long it took.
        took: Duration,
    },
    /// Something that the user should know, though the turn goes on.
    Notice(String),
    /// What was said before is shorter now.
    Compacted { before: u32, after: u32 },
    /// Citations of the answer that do not hold: path and lines as written, and why.
    Citations {
        /// As written, with the reason.
        wrong: Vec<(String, String)>,
    },
    /// The turn is over.
    TurnEnded(TurnEnd),
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    Answered,
    /// The model answered, but its answer reached the limit of a reply before its end.
    Cut,
    /// Plan mode: the plan is ready to be worked on.
    Planned,
    /// The user stopped it.
    Stopped,
    /// The limit of steps was reached.
    StepLimit(usize),
    /// The model repeats itself, or gives nothing that can be used.
    Stuck(Failure),
    /// It failed.
    Failed(Failure),
}
