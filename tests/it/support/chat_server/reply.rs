//! What the scripted server says, and how it goes wrong.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::Exchange;
use super::models::ServedModel;

/// Longer than any test waits.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// Characters of text on a line.
const ON_A_LINE: usize = 12;

/// A reply of the script.
#[derive(Clone)]
pub struct Reply {
    content: Content,
    delay: Duration,
    repeated: bool,
}

#[derive(Clone)]
enum Content {
    Said(Box<Said>),
    Pieces(Vec<Vec<u8>>),
    Status(u16, Value),
    /// Tokens of the request, and those of the window.
    Overflow(u64, u64),
    /// These pieces, then the last one again and again, after such a time each.
    Endless(Vec<Vec<u8>>, Duration),
    /// A whole answer, headers included.
    Raw(Vec<u8>),
    /// Headers without an end.
    Headers,
    /// Headers, and then nothing.
    Silence,
    Computed(Arc<dyn Fn(&Value) -> Reply + Send + Sync>),
}

#[derive(Clone, Default)]
struct Said {
    thinking: String,
    text: String,
    calls: Vec<(String, Value)>,
    calls_last: bool,
    without_ids: bool,
    /// A chunk with a blank comes before the calls.
    blank_first: bool,
    /// Tokens of the request and of the reply.
    usage: Option<(u64, u64)>,
    reason: Option<&'static str>,
    end: End,
}

#[derive(Clone, Default)]
enum End {
    #[default]
    Whole,
    Cut,
    Dropped,
    Hanging,
    Error(String),
}

impl Reply {
    fn of(content: Content) -> Reply {
        Reply {
            content,
            delay: Duration::ZERO,
            repeated: false,
        }
    }

    /// Says something.
    pub fn text(text: &str) -> Reply {
        Reply::of(Content::Said(Box::new(Said {
            text: text.to_owned(),
            ..Said::default()
        })))
    }

    /// Says nothing but an error, inside a stream that began well.
    pub fn error_line(message: &str) -> Reply {
        Reply::text("").then_error(message)
    }

    /// Refuses, with a status and a message.
    pub fn status(code: u16, message: &str) -> Reply {
        Reply::of(Content::Status(code, json!({ "error": message })))
    }

    /// Begins, and ends without saying that it is done.
    pub fn cut() -> Reply {
        Reply::text("The beginning").then_cut()
    }

    /// Sends these bytes as the stream, each piece on its own.
    pub fn pieces(pieces: Vec<Vec<u8>>) -> Reply {
        Reply::of(Content::Pieces(pieces))
    }

    /// Answers with a status, more headers and a body that need not be of Ollama at all.
    pub fn raw(status: &str, headers: &[&str], body: &str) -> Reply {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        Reply::of(Content::Raw(answer.into_bytes()))
    }

    /// Never says anything.
    pub fn hang() -> Reply {
        Reply::text("").first_byte_after(FOR_EVER)
    }

    /// Refuses, since the request is longer than the window; in the words of the server's generation.
    pub fn overflow(needed: u64, window: u64) -> Reply {
        Reply::of(Content::Overflow(needed, window))
    }

    /// Sends these pieces, the last one until the client goes, and waits before each.
    pub fn endless(pieces: &[&str], pause: Duration) -> Reply {
        let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec());
        Reply::of(Content::Endless(pieces.collect(), pause))
    }

    /// Sends headers until the client goes.
    pub fn endless_headers() -> Reply {
        Reply::of(Content::Headers)
    }

    /// Sends headers, and then nothing.
    pub fn silence() -> Reply {
        Reply::of(Content::Silence)
    }

    /// Decides what to say when it is asked.
    pub fn with(compute: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Reply {
        Reply::of(Content::Computed(Arc::new(compute)))
    }

    /// Calls a tool. Arguments that are a string are sent as one.
    pub fn call(self, name: &str, arguments: Value) -> Reply {
        self.said(|said| said.calls.push((name.to_owned(), arguments)))
    }

    /// Sends all calls with the last line, not each on its own.
    pub fn calls_on_done_line(self) -> Reply {
        self.said(|said| said.calls_last = true)
    }

    /// Sends calls without ids, as old servers do.
    pub fn without_ids(self) -> Reply {
        self.said(|said| said.without_ids = true)
    }

    /// Thinks first.
    pub fn thinking(self, thinking: &str) -> Reply {
        self.said(|said| said.thinking = thinking.to_owned())
    }

    /// Counts so many tokens of the request and of the reply; else they are estimated.
    pub fn usage(self, prompt: u64, reply: u64) -> Reply {
        self.said(|said| said.usage = Some((prompt, reply)))
    }

    /// Ends because the limit of the reply was reached.
    pub fn full(self) -> Reply {
        self.said(|said| said.reason = Some("length"))
    }

    /// Ends with an error.
    pub fn then_error(self, message: &str) -> Reply {
        self.said(|said| said.end = End::Error(message.to_owned()))
    }

    /// Ends without saying that it is done.
    pub fn then_cut(self) -> Reply {
        self.said(|said| said.end = End::Cut)
    }

    /// Ends with the connection.
    pub fn then_drop(self) -> Reply {
        self.said(|said| said.end = End::Dropped)
    }

    /// Goes silent.
    pub fn then_hang(self) -> Reply {
        self.said(|said| said.end = End::Hanging)
    }

    /// Says nothing for so long.
    pub fn first_byte_after(mut self, delay: Duration) -> Reply {
        self.delay = delay;
        self
    }

    /// Is the reply to everything from now on.
    pub fn repeated(mut self) -> Reply {
        self.repeated = true;
        self
    }

    #[track_caller]
    fn said(mut self, change: impl FnOnce(&mut Said)) -> Reply {
        match &mut self.content {
            Content::Said(said) => change(said),
            _ => panic!("only a reply in words can be changed so"),
        }
        self
    }

    /// The reply as the server of a model hands it on.
    pub(super) fn on(mut self, model: &ServedModel, request: &Value) -> Reply {
        match &mut self.content {
            Content::Overflow(needed, window) => {
                let body = model.generation.overflow(*needed, *window);
                self.content = Content::Status(400, body);
            }
            Content::Said(said) if model.swallows => said.swallow(request),
            _ => {}
        }
        self
    }

    pub(super) fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// The reply that was decided for a request.
    pub(super) fn computed(self, request: &Value) -> Reply {
        match self.content {
            Content::Computed(compute) => compute(request).computed(request),
            _ => self,
        }
    }

    /// Sends it; `false` if the client went away before it was complete.
    pub(super) fn play(
        &self,
        request: &Value,
        number: &mut impl FnMut() -> usize,
        exchange: &mut Exchange<'_>,
    ) -> bool {
        if !exchange.wait(self.delay) {
            return false;
        }
        let (pieces, end) = match &self.content {
            Content::Status(code, body) => {
                exchange.answer(*code, body);
                return true;
            }
            Content::Endless(pieces, pause) => {
                let last = pieces.last().cloned().unwrap_or_default();
                let mut all = pieces.iter().cloned().chain(std::iter::repeat(last));
                return all.all(|piece| exchange.wait(*pause) && exchange.piece(&piece));
            }
            Content::Headers => return exchange.endless_headers(),
            Content::Raw(answer) => return exchange.raw(answer),
            Content::Silence => return exchange.head() && exchange.wait(FOR_EVER),
            Content::Overflow(..) => panic!("the model's server says it"),
            Content::Pieces(pieces) => (pieces.clone(), &End::Whole),
            Content::Said(said) => (said.lines(request, number), &said.end),
            Content::Computed(_) => panic!("it is decided before it is played"),
        };
        if !pieces.iter().all(|piece| exchange.piece(piece)) {
            return false;
        }
        match end {
            End::Hanging => exchange.wait(FOR_EVER),
            End::Dropped => {
                exchange.drop_connection();
                true
            }
            End::Whole | End::Cut | End::Error(_) => {
                exchange.end();
                true
            }
        }
    }
}

impl Said {
    /// Keeps the calls of tools that were not offered, as the parser for templates does, and puts a
    /// blank before the others.
    fn swallow(&mut self, request: &Value) {
        let offered = request["tools"].as_array().cloned().unwrap_or_default();
        if offered.is_empty() || self.calls.is_empty() {
            return;
        }
        let is_offered = |name: &str| offered.iter().any(|tool| tool["function"]["name"] == name);
        self.usage = self.usage.or(Some(self.estimated(request)));
        self.calls.retain(|(name, _)| is_offered(name));
        self.blank_first = true;
    }

    /// The lines of the stream.
    fn lines(&self, request: &Value, number: &mut impl FnMut() -> usize) -> Vec<Vec<u8>> {
        let line = |message: Value| {
            json!({
                "model": request["model"], "created_at": "2026-11-21T05:00:00.1Z",
                "message": message, "done": false,
            })
        };
        let mut calls: Vec<Value> = Vec::new();
        for (name, arguments) in &self.calls {
            let mut call = json!({"function": {
                "index": calls.len(), "name": name, "arguments": arguments,
            }});
            if !self.without_ids {
                call["id"] = json!(format!("call_{:08}", number()));
            }
            calls.push(call);
        }
        let mut lines = Vec::new();
        for piece in pieces(&self.thinking) {
            lines.push(line(
                json!({"role": "assistant", "content": "", "thinking": piece}),
            ));
        }
        for piece in pieces(&self.text) {
            lines.push(line(json!({"role": "assistant", "content": piece})));
        }
        if self.blank_first {
            lines.push(line(json!({"role": "assistant", "content": " "})));
        }
        if !self.calls_last {
            for call in calls.drain(..) {
                lines.push(line(
                    json!({"role": "assistant", "content": "", "tool_calls": [call]}),
                ));
            }
        }
        match &self.end {
            End::Whole => {
                lines.push(self.last_line(line(json!({"role": "assistant"})), calls, request))
            }
            End::Error(message) => lines.push(json!({ "error": message })),
            End::Cut | End::Dropped | End::Hanging => {}
        }
        lines
            .into_iter()
            .map(|line| format!("{line}\n").into_bytes())
            .collect()
    }

    fn last_line(&self, mut line: Value, calls: Vec<Value>, request: &Value) -> Value {
        let (prompt, reply) = self.usage.unwrap_or_else(|| self.estimated(request));
        line["done"] = json!(true);
        line["done_reason"] = json!(self.reason.unwrap_or("stop"));
        line["message"]["content"] = json!("");
        if !calls.is_empty() {
            line["message"]["tool_calls"] = json!(calls);
        }
        for (field, count) in [
            ("prompt_eval_count", prompt),
            ("eval_count", reply),
            ("eval_duration", reply * 20_000_000),
            ("prompt_eval_duration", prompt * 1_000_000),
        ] {
            // Go leaves out a number that is 0.
            if count > 0 {
                line[field] = json!(count);
            }
        }
        line
    }

    /// Four characters a token, tools included.
    fn estimated(&self, request: &Value) -> (u64, u64) {
        let tokens = |text: &str| (text.chars().count() / 4) as u64;
        let prompt =
            tokens(&request["messages"].to_string()) + tokens(&request["tools"].to_string());
        let said = tokens(&self.thinking) + tokens(&self.text) + 20 * self.calls.len() as u64;
        (prompt, said.max(1))
    }
}

/// A text as it comes over a stream.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(ON_A_LINE)
        .map(|piece| piece.iter().collect())
        .collect()
}
