//! The words that the model and the engine share: messages, calls and their results.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// How the model is to behave; exactly one, at the beginning.
    System { text: String },
    /// What the user said, or the engine in the user's place.
    User {
        /// The text, with what the engine put beside it.
        text: String,
        /// Pictures that go with it; the journal keeps none.
        images: Vec<Image>,
    },
    /// What the model said.
    Assistant {
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
        tool: String,
        /// The result, or the error as the model is told.
        text: String,
    },
}

impl Message {
    /// A message of the user without pictures.
    pub fn user(text: impl Into<String>) -> Message {
        Message::User {
            text: text.into(),
            images: Vec::new(),
        }
    }
}

/// A picture. Copies share its data.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// The picture as a file's bytes, base64 as the server takes it.
    base64: Arc<str>,
}

impl Image {
    /// Takes the bytes of a picture's file, such as a PNG or JPEG. They are not looked at: a
    /// server refuses what it cannot read.
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
    /// Says only how long it is: the data would fill logs, and is the user's.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Image")
            .field("length", &self.base64.len())
            .finish_non_exhaustive()
    }
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

/// How a tool went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolOutcome {
    /// It did what was asked.
    Done,
    /// It could not, and the model was told why.
    Failed,
    /// The user, or a rule, said no.
    Denied,
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
