//! What the scripted server answers, and how it goes wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::chat_server::http::Exchange;

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// An answer of the script.
#[derive(Clone)]
pub struct Answer {
    content: Content,
    end: End,
}

#[derive(Clone)]
enum Content {
    /// A stream, piece by piece.
    Stream(Vec<Vec<u8>>),
    Value(u16, Value),
    Page(String),
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Dropped,
    Hanging,
}

impl Answer {
    fn of(content: Content) -> Answer {
        Answer {
            content,
            end: End::Whole,
        }
    }

    /// Streams these events, and the end of the stream.
    pub fn events(events: &[Value]) -> Answer {
        let mut bytes = Vec::new();
        for event in events {
            bytes.extend_from_slice(format!("data: {event}\n\n").as_bytes());
        }
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        Answer::pieces(vec![bytes])
    }

    /// Streams these bytes, each piece on its own.
    pub fn pieces(pieces: Vec<Vec<u8>>) -> Answer {
        Answer::of(Content::Stream(pieces))
    }

    /// Streams a text.
    pub fn text(text: &str) -> Answer {
        Answer::events(&[
            delta(json!({"role": "assistant", "content": ""})),
            delta(json!({"content": text})),
            end("stop"),
            usage(20, 4),
        ])
    }

    /// Streams a call of a tool.
    pub fn call(name: &str, arguments: &Value) -> Answer {
        let call = json!({
            "index": 0, "id": "call_1", "type": "function",
            "function": {"name": name, "arguments": arguments.to_string()},
        });
        Answer::events(&[
            delta(json!({"tool_calls": [call]})),
            end("tool_calls"),
            usage(20, 4),
        ])
    }

    /// Answers with one value.
    pub fn whole(value: Value) -> Answer {
        Answer::of(Content::Value(200, value))
    }

    /// Answers with a page of HTML.
    pub fn page(page: &str) -> Answer {
        Answer::of(Content::Page(page.to_owned()))
    }

    /// Refuses.
    pub fn status(status: u16, message: &str) -> Answer {
        let error = json!({"error": {"code": status, "message": message}});
        Answer::refusal(status, error)
    }

    /// Refuses with a value of its own.
    pub fn refusal(status: u16, value: Value) -> Answer {
        Answer::of(Content::Value(status, value))
    }

    /// Ends with the connection.
    pub fn then_drop(self) -> Answer {
        Answer {
            end: End::Dropped,
            ..self
        }
    }

    /// Goes silent.
    pub fn then_hang(self) -> Answer {
        Answer {
            end: End::Hanging,
            ..self
        }
    }

    pub(super) fn play(&self, exchange: &mut Exchange<'_>) {
        let pieces = match &self.content {
            Content::Value(status, value) => return exchange.answer(*status, value),
            Content::Page(page) => {
                let length = page.len();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8";
                let rest = format!("content-length: {length}\r\nconnection: close\r\n\r\n{page}");
                exchange.raw(format!("{head}\r\n{rest}").as_bytes());
                return;
            }
            Content::Stream(pieces) => pieces,
        };
        if !pieces.iter().all(|piece| exchange.piece(piece)) {
            return;
        }
        match self.end {
            End::Whole => exchange.end(),
            End::Dropped => exchange.drop_connection(),
            End::Hanging => {
                exchange.wait(FOR_EVER);
            }
        }
    }
}

/// A chunk with a delta.
pub fn delta(delta: Value) -> Value {
    json!({"object": "chat.completion.chunk", "choices": [
        {"index": 0, "delta": delta, "finish_reason": null},
    ]})
}

/// A chunk that ends the reply, for a reason.
pub fn end(reason: &str) -> Value {
    json!({"object": "chat.completion.chunk", "choices": [
        {"index": 0, "delta": {}, "finish_reason": reason},
    ]})
}

/// A chunk with the tokens of the request and of the reply.
pub fn usage(prompt: u64, reply: u64) -> Value {
    json!({"object": "chat.completion.chunk", "choices": [], "usage": {
        "prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply,
    }})
}
