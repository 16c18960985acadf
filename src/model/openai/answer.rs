//! An answer of `/v1/chat/completions`: a stream of events, or one JSON value.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::assembler::ReplyAssembler;
use super::sse::{ResponseEvents, SseEvent};
use crate::model::http::{ResponseBody, ServerError, ServerKind, error_text, not_json, overflow};
use crate::model::reply::ReplyPart;

/// How long the counts may take that come after the end of a reply: some servers never send them,
/// nor the end of the stream.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Most bytes of an answer that comes as a whole: a reply of the longest, as JSON.
const MAX_WHOLE: usize = 4 << 20;

/// An answer that has started.
pub(in crate::model) struct ChatAnswer {
    source: AnswerSource,
    reply: ReplyAssembler,
    /// Whether only [`LAST_WORDS`] is left.
    is_ending: bool,
}

enum AnswerSource {
    Events(Box<ResponseEvents>),
    /// `None` once it was read.
    Whole(Option<Box<ResponseBody>>),
}

impl ChatAnswer {
    /// Reads an answer. `first` is how long its first event may take.
    pub(super) fn new(body: ResponseBody, first: Duration) -> ChatAnswer {
        let source = if body.is_whole() {
            // A server that knows no streams answers so, whatever was asked for.
            AnswerSource::Whole(Some(Box::new(body)))
        } else {
            AnswerSource::Events(Box::new(ResponseEvents::new(body, first)))
        };
        ChatAnswer {
            source,
            reply: ReplyAssembler::default(),
            is_ending: false,
        }
    }

    /// The next part; the last one is done.
    pub(super) async fn next_part(&mut self) -> Result<ReplyPart, ServerError> {
        let events = match &mut self.source {
            AnswerSource::Events(events) => events,
            AnswerSource::Whole(body) => {
                let body = body.take().ok_or(ServerError::Incomplete)?;
                return self.read_whole(*body).await;
            }
        };
        loop {
            let event = match events.next().await {
                Ok(Some(event)) => event,
                // It says nothing more, and what it said is complete.
                Ok(None) | Err(_) if self.reply.has_ended() => return finished(&mut self.reply),
                Ok(None) => return Err(ServerError::Incomplete),
                Err(error) => return Err(error),
            };
            if event.is_end() {
                return finished(&mut self.reply);
            }
            if event.data.trim_ascii().is_empty() {
                continue;
            }
            let part = self
                .reply
                .push(value_of(&event, events.server())?, Instant::now());
            if self.reply.has_ended() && !self.is_ending {
                self.is_ending = true;
                events.end_within(LAST_WORDS);
            }
            return Ok(part);
        }
    }

    /// Restarts the server's time, since the last part was useful.
    pub(super) fn advanced(&mut self) {
        if let AnswerSource::Events(events) = &mut self.source
            && !self.is_ending
        {
            events.advanced();
        }
    }

    async fn read_whole(&mut self, body: ResponseBody) -> Result<ReplyPart, ServerError> {
        let server = body.server();
        let data = body.whole(MAX_WHOLE).await?;
        let event = SseEvent {
            data,
            is_error: false,
        };
        let value = value_of(&event, server)?;
        let has_choice = value["choices"].get(0).is_some();
        if !has_choice {
            let what = "it has no choices".to_owned();
            return Err(ServerError::BadAnswer { server, what });
        }
        let said = self.reply.push(value, Instant::now());
        let last = finished(&mut self.reply)?;
        Ok(ReplyPart {
            calls: last.calls,
            done: last.done,
            ..said
        })
    }
}

/// The last part of a reply whose stream is complete.
fn finished(reply: &mut ReplyAssembler) -> Result<ReplyPart, ServerError> {
    if reply.is_broken_off() {
        return Err(ServerError::Incomplete);
    }
    Ok(reply.finish())
}

/// The value of an event. An error that comes with a status of success is an error.
fn value_of(event: &SseEvent, server: ServerKind) -> Result<Value, ServerError> {
    let data = event.data.trim_ascii();
    let read = serde_json::from_slice::<Value>(data);
    let is_error = event.is_error
        || read.as_ref().is_ok_and(|value| {
            let is_named = value["object"] == "error" || value["type"] == "error";
            is_named || value.get("error").is_some_and(|error| !error.is_null())
        });
    if is_error {
        let text = String::from_utf8_lossy(data);
        return Err(match overflow(&text) {
            Some((needed, window)) => ServerError::TooLong { needed, window },
            None => ServerError::Failed {
                server,
                message: error_text(data),
            },
        });
    }
    let value = read.map_err(|error| not_json(server, data, &error))?;
    if !value.is_object() {
        let what = "one of its events is not a JSON object".to_owned();
        return Err(ServerError::BadAnswer { server, what });
    }
    Ok(value)
}
