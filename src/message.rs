//! The words that the model and the engine share: messages, calls and their results.

use serde_json::{Map, Value};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// How the model is to behave; exactly one, at the beginning.
    System {
        /// The text.
        text: String,
    },
    /// What the user said, or the engine in the user's place.
    User {
        /// The text, with what the engine put beside it.
        text: String,
    },
    /// What the model said.
    Assistant {
        /// The answer.
        text: String,
        /// What it thought before.
        thinking: String,
        /// What it wants done.
        calls: Vec<ToolCall>,
    },
    /// What a tool gave.
    Tool {
        /// [`ToolCall::id`] of the call.
        call_id: String,
        /// The tool's name.
        tool: String,
        /// The result, or the error as the model is told.
        text: String,
    },
}

/// A wish of the model to have a tool run.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Ties the result to the call; unique in a session.
    pub id: String,
    /// The tool's name, as the model wrote it until it was checked.
    pub name: String,
    /// By parameter.
    pub arguments: Map<String, Value>,
}

/// A place that something stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// What is defined there, if anything is.
    pub symbol: Option<String>,
}
