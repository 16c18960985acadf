//! Messages, tool calls and results, shared by the model layer and the engine.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::text::hits::without_hits;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The system prompt; exactly one, at the beginning.
    System { text: String },
    /// A message of the user, or of the engine in the user role.
    User {
        /// The text, with the context that the engine added.
        text: String,
        /// Attached pictures; the journal has none.
        images: Vec<Image>,
    },
    /// A reply of the model.
    Assistant {
        text: String,
        /// Its thoughts.
        thinking: String,
        /// Its tool calls.
        calls: Vec<ToolCall>,
    },
    /// A tool result.
    Tool {
        /// [`ToolCall::id`] of the call.
        call_id: String,
        tool: String,
        /// The result or the error.
        text: String,
    },
}

impl Message {
    /// A user message without pictures.
    pub fn user(text: impl Into<String>) -> Message {
        Message::User {
            text: text.into(),
            images: Vec::new(),
        }
    }

    /// Leaves one line of the hits of the index in a message of the user, whose turn is over.
    pub fn shorten_hits(&mut self) {
        if let Message::User { text, .. } = self
            && let Some(short) = without_hits(text)
        {
            *text = short;
        }
    }
}

/// A picture. Copies share its data.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// The bytes of the file in base64, as the server takes it.
    base64: Arc<str>,
}

impl Image {
    /// A picture from the bytes of its file, such as PNG or JPEG. They are not checked: the server
    /// refuses what it cannot read.
    pub fn new(bytes: &[u8]) -> Image {
        Image {
            base64: STANDARD.encode(bytes).into(),
        }
    }

    /// The file's bytes as base64, with padding and without line breaks.
    pub fn base64(&self) -> &str {
        &self.base64
    }
}

impl fmt::Debug for Image {
    /// Prints only the length: the data is private and would fill logs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Image")
            .field("length", &self.base64.len())
            .finish_non_exhaustive()
    }
}

/// A tool call of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Ties the result to the call; unique in a session.
    pub id: String,
    /// The tool's name; as the model wrote it until the call is checked.
    pub name: String,
    /// By parameter.
    pub arguments: Map<String, Value>,
}

/// The outcome of a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolOutcome {
    /// It succeeded.
    Done,
    /// It failed; the result says why.
    Failed,
    /// The user or a rule denied it.
    Denied,
}

/// A range of lines that an answer is based on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Relative to the workspace, with `/`.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The symbol defined there, if any.
    pub symbol: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_base64_and_keeps_it_out_of_logs() {
        let image = Image::new(b"\x89PNG\r\n\x1a\n");
        assert_eq!(image.base64(), "iVBORw0KGgo=");
        let message = Message::User {
            text: "look".to_owned(),
            images: vec![image],
        };
        let shown = format!("{message:?}");
        assert!(shown.contains("Image { length: 12, .. }"), "{shown}");
        assert!(!shown.contains("iVBOR"), "{shown}");
    }
}
