//! The models that ollacode uses.
//!
//! [`ChatModel`] is the engine's view of a model; [`ollama`] and [`openai`] implement it over
//! [`http`], and share how a reply is received. [`server`] is what the program above the protocols
//! sees of either. [`probe_edits`] and [`ProbeReport`] say what a model can do; [`ModelMemory`] keeps
//! it. [`repair`] finds and fixes tool calls that weak models get wrong.

mod absent;
pub mod budget;
mod edit_form;
mod embedding;
pub mod fleet;
pub mod http;
mod memory;
mod model_size;
pub mod ollama;
pub mod openai;
mod probe;
mod probe_edits;
pub mod repair;
mod reply;
mod request_parts;
pub mod server;
mod thought_tags;
mod tool_spec;

use futures::stream::BoxStream;
use serde_json::Value;

use crate::failure::{Failure, FailureCode};
use crate::message::{Message, ToolCall};

pub use absent::AbsentModel;
pub use edit_form::{ENOUGH_CALLS, EditCount, EditCounts, EditExperience, EditForm};
pub use memory::ModelMemory;
pub use probe::ProbeReport;
pub use probe_edits::probe_edits;
pub use thought_tags::{ANSWER_TAGS, THOUGHT_TAGS, ThoughtTags};
pub use tool_spec::{Parameter, ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};

/// A chat model.
pub trait ChatModel: Send + Sync {
    /// Its profile.
    fn profile(&self) -> &ModelProfile;

    /// Requests the next message. Dropping the stream stops the model.
    ///
    /// The stream ends with one [`Delta::Done`] or one error, and nothing after.
    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>>;

    /// The address of its server, as every user of that server writes it; empty if it has none.
    fn server(&self) -> &str {
        ""
    }

    /// Server tokens per estimated token, if known from earlier sessions.
    fn tokens_per_estimate(&self) -> Option<f32> {
        None
    }

    /// Stores the value for [`ChatModel::tokens_per_estimate`].
    fn learnt(&self, _tokens_per_estimate: f32) {}

    /// The form in which it edits files best, as far as that is known.
    fn edit_form(&self) -> EditForm {
        EditForm::default()
    }

    /// Counts an edit for [`ChatModel::edit_form`].
    fn edited(&self, _form: EditForm, _has_worked: bool) {}

    /// What the user should know about it, in one line, to be said once a session.
    fn warning(&self) -> Option<&str> {
        None
    }
}

/// A request to a model.
#[derive(Clone, Copy, Debug)]
pub struct ChatRequest<'a> {
    /// The conversation so far.
    pub messages: &'a [Message],
    /// The tools offered; empty for none, and for models that use the text protocol.
    pub tools: &'a [ToolSpec],
    /// A JSON schema for the reply.
    pub format: Option<&'a Value>,
    /// Whether thinking is off, if the model allows that.
    pub without_thoughts: bool,
    /// Most tokens of the reply.
    pub reply_tokens: Option<u32>,
}

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The next piece of its thoughts.
    Thinking(String),
    /// The next piece of the answer.
    Text(String),
    Call(ToolCall),
    /// A call that is not valid, as far as it can be read; other calls of the reply may be.
    BrokenCall {
        call: ToolCall,
        /// What is wrong with it.
        why: String,
    },
    /// The reply is complete.
    Done(Usage),
}

/// The tokens of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens of the request, tools included, if the server said.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the reply, thoughts included, if the server said.
    pub reply_tokens: Option<u32>,
    /// Tokens per second, while replying.
    pub tokens_per_second: Option<f32>,
    /// Seconds for reading the part of the request that was not cached, if the server said.
    pub prompt_seconds: Option<f32>,
    /// Seconds until the model was ready, loading included, if the server said.
    pub load_seconds: Option<f32>,
    pub stop: StopReason,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopReason {
    /// The model was done.
    #[default]
    Stop,
    /// The window, or the limit of the reply, was full.
    Length,
}

/// Properties of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProfile {
    /// Its name on the server.
    pub name: String,
    /// The actual context window of requests, in tokens.
    pub window: u32,
    /// Whether it has native tool calls; otherwise the system prompt describes the tools.
    pub tools: bool,
    /// Whether it has vision, according to the server.
    pub vision: bool,
    /// Whether it likely writes calls as text, so that few tools are better.
    pub weak: bool,
    /// Whether its replies start inside thoughts that the server does not separate from text.
    pub thinks_in_text: bool,
    /// The host where it runs, if that is not this machine.
    pub remote: Option<String>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The conversation does not fit the window.
    #[error("the request has {} tokens, more than the window of {}", count(.needed), count(.window))]
    TooLong {
        /// Tokens of the request, if the server said.
        needed: Option<u32>,
        /// The window, if the server said.
        window: Option<u32>,
    },
    /// The server could not read the call that the model wrote.
    #[error("the model's tool call could not be read: {0}")]
    BrokenCall(String),
    /// The stream ended before the reply was complete.
    #[error("the reply ended before it was complete")]
    Incomplete,
    /// The model's process crashed during a reply; the next request may work.
    #[error("{0}")]
    Crashed(Failure),
    /// The reply did not end, and was stopped.
    #[error("the model's reply did not end: {0}")]
    Endless(String),
    /// The model has no tools after all.
    #[error("the model does not support tools")]
    NoTools,
    /// Anything else.
    #[error("{0}")]
    Failed(Failure),
}

impl ModelError {
    /// What the turn ends with where nothing else helps.
    pub fn failure(&self) -> Failure {
        let code = match self {
            ModelError::Crashed(failure) | ModelError::Failed(failure) => return failure.clone(),
            ModelError::TooLong { .. } => FailureCode::ContextTooLong,
            ModelError::BrokenCall(_) => FailureCode::ReplyUnusable,
            ModelError::Incomplete => FailureCode::AnswerIncomplete,
            ModelError::Endless(_) => FailureCode::ReplyEndless,
            ModelError::NoTools => FailureCode::ModelUnsuitable,
        };
        Failure::new(code, self.to_string())
    }
}

fn count(number: &Option<u32>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}
