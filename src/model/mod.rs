//! The models that ollacode talks to, and how.
//!
//! [`ChatModel`] is what the engine knows of a model; [`ollama`] implements it. [`repair`] reads
//! what weak models write instead of a proper tool call.

pub mod budget;
pub mod ollama;
pub mod repair;
mod thought_tags;

use futures::stream::BoxStream;
use serde_json::Value;

use crate::message::{Message, ToolCall};

pub use thought_tags::{ANSWER_TAGS, THOUGHT_TAGS, ThoughtTags};

/// A model to talk with.
pub trait ChatModel: Send + Sync {
    /// What is known of it.
    fn profile(&self) -> &ModelProfile;

    /// Asks for the next message. Dropping the stream stops the model.
    ///
    /// The stream ends with one [`Delta::Done`] or one error, and nothing after.
    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>>;

    /// Tokens of the server in one of our estimate, if that is known from before.
    fn tokens_per_estimate(&self) -> Option<f32> {
        None
    }

    /// Takes note of what [`ChatModel::tokens_per_estimate`] is to say from now on.
    fn learnt(&self, _tokens_per_estimate: f32) {}
}

/// What a model is asked.
#[derive(Clone, Copy, Debug)]
pub struct ChatRequest<'a> {
    /// The conversation so far.
    pub messages: &'a [Message],
    /// What it may call; empty for none, and for models that only know the text protocol.
    pub tools: &'a [ToolSpec],
    /// A JSON schema that the reply must have.
    pub format: Option<&'a Value>,
    /// Whether it must not think first, as far as it can be told so.
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
    /// A call that cannot be made, as far as it can be read; the others of the reply can.
    BrokenCall {
        call: ToolCall,
        /// What is wrong with it.
        why: String,
    },
    /// The reply is complete.
    Done(Usage),
}

/// What a reply cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens of the request, tools included, if the server said.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the reply, thoughts included, if the server said.
    pub reply_tokens: Option<u32>,
    /// Tokens in a second, while replying.
    pub tokens_per_second: Option<f32>,
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

/// What is known of a model before it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProfile {
    /// As the server names it.
    pub name: String,
    /// The window that requests really have, in tokens.
    pub window: u32,
    /// Whether it takes tools natively; else it is told of them in the system prompt.
    pub tools: bool,
    /// Whether it sees pictures, as far as the server says.
    pub vision: bool,
    /// Whether leaked calls are likely, so that few tools are better.
    pub weak: bool,
    /// Whether its replies begin within its thoughts, which its server does not tell from text.
    pub thinks_in_text: bool,
    /// Where it really runs, if that is not this machine.
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
    /// What runs the model broke down while it replied; it may well run the next time.
    #[error("{0}")]
    Crashed(String),
    /// The reply did not end, and was stopped.
    #[error("the model's reply did not end: {0}")]
    Endless(String),
    /// The model takes no tools after all.
    #[error("the model does not support tools")]
    NoTools,
    /// Anything else; the text says what helps.
    #[error("{0}")]
    Failed(String),
}

fn count(number: &Option<u32>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
}

/// A tool, as models are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// The name that calls have.
    pub name: &'static str,
    /// Other names that models know it by.
    pub aliases: &'static [&'static str],
    /// What it does, in a sentence or two.
    pub description: &'static str,
    /// In the order in which they are shown.
    pub parameters: &'static [Parameter],
}

/// A parameter of a tool. Flat and scalar, since weak models get nothing else right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    /// Other names that models know it by.
    pub aliases: &'static [&'static str],
    /// The type of its value.
    pub kind: ParameterKind,
    pub description: &'static str,
    /// Whether a call without it is an error.
    pub required: bool,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    Text,
    Integer,
    Boolean,
    /// A list of texts.
    Texts,
}
