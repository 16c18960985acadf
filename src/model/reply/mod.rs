//! A reply while it is received, from any server: the same limits, the same second try, the same
//! ids and the same errors.
//!
//! A server's module is a [`ReplySource`]; [`deltas`] turns it into what the engine hears.

mod blanks;
mod calls;
mod classify_error;

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::time::Instant;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::Map;

use super::http::{HttpClient, ServerError, endless_response};
use super::repair::new_call_id;
use super::{ChatRequest, Delta, ModelError, Usage};
use crate::message::{Message, ToolCall};
use blanks::BlankDetector;

pub(in crate::model) use calls::{GivenCall, add_calls, add_text, number};
pub(in crate::model) use classify_error::{RequestContext, model_error, refuses_thinking};

/// Most tokens of a reply by default.
pub(in crate::model) const LONGEST_REPLY: u32 = 8_192;

/// Most bytes per token, on average of a whole reply; white space has the longest tokens.
const LONGEST_TOKEN: usize = 64;

/// Extra parts allowed in a reply beyond one per token, and as many empty ones.
const SPARE_PARTS: usize = 1_000;

/// What a server says at once.
#[derive(Debug, Default, PartialEq)]
pub(in crate::model) struct ReplyPart {
    pub thinking: String,
    pub text: String,
    pub calls: Vec<GivenCall>,
    /// The next piece of a call that is not complete.
    pub unread: String,
    /// How many bytes are from the model.
    pub length: usize,
    /// Set in the last part.
    pub done: Option<Usage>,
}

/// A server that replies.
pub(in crate::model) trait ReplySource: Send + Sync {
    /// An answer that has started.
    type Answer: Send;

    /// Sends the requests.
    fn http(&self) -> &HttpClient;

    /// Sends a request; returns when the answer has started.
    fn open(
        &self,
        request: ChatRequest<'_>,
    ) -> impl Future<Output = Result<Self::Answer, ServerError>> + Send;

    /// The next part of an answer. The end of a stream without its last part is
    /// [`ServerError::Incomplete`].
    fn next_part(
        answer: &mut Self::Answer,
    ) -> impl Future<Output = Result<ReplyPart, ServerError>> + Send;

    /// Restarts the server's time, since the last part was useful.
    fn advanced(answer: &mut Self::Answer);

    /// The reply is complete: the model is loaded now.
    fn completed(&self) -> impl Future<Output = ()> + Send;

    /// The server said that its window has only so many tokens.
    fn narrow(&self, window: u32);
}

/// Requests a reply from a server. Dropping the stream closes the connection, which stops the
/// model.
pub(in crate::model) fn deltas<'a, S: ReplySource>(
    source: &'a S,
    request: ChatRequest<'a>,
) -> BoxStream<'a, Result<Delta, ModelError>> {
    let reply = ReplyStream::new(source, request);
    let next = |mut reply: ReplyStream<'a, S>| async move {
        let piece = reply.next().await?;
        Some((piece, reply))
    };
    stream::unfold(reply, next).fuse().boxed()
}

/// A reply being received.
struct ReplyStream<'a, S: ReplySource> {
    source: &'a S,
    request: ChatRequest<'a>,
    answer: Option<S::Answer>,
    /// Read, but not returned yet.
    waiting: VecDeque<Result<Delta, ModelError>>,
    /// Ids of the calls so far.
    used_ids: HashSet<String>,
    /// Bytes and parts that may still come: a server, or a proxy, may ignore the limit of the
    /// reply.
    spare: (usize, usize),
    blanks: BlankDetector,
    handed_out: bool,
    began_again: bool,
    ended: bool,
}

impl<'a, S: ReplySource> ReplyStream<'a, S> {
    fn new(source: &'a S, request: ChatRequest<'a>) -> ReplyStream<'a, S> {
        let calls = request.messages.iter().filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        });
        let tokens = request.reply_tokens.unwrap_or(LONGEST_REPLY) as usize;
        ReplyStream {
            spare: (
                LONGEST_TOKEN * tokens.max(SPARE_PARTS),
                2 * tokens + SPARE_PARTS,
            ),
            source,
            request,
            answer: None,
            waiting: VecDeque::new(),
            blanks: BlankDetector::new(Instant::now()),
            used_ids: calls.flatten().map(|call| call.id.clone()).collect(),
            handed_out: false,
            began_again: false,
            ended: false,
        }
    }

    /// The next piece; `None` after the last.
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        while !self.ended {
            if let Some(piece) = self.waiting.pop_front() {
                self.handed_out = true;
                if matches!(piece, Ok(Delta::Done(_)) | Err(_)) {
                    self.ended = true;
                    self.answer = None;
                }
                return Some(piece);
            }
            match self.read().await {
                Ok(()) => {
                    if matches!(self.waiting.back(), Some(Ok(Delta::Done(_)))) {
                        self.source.completed().await;
                    }
                }
                Err(error) if self.may_begin_again(&error) => {
                    tracing::debug!(%error, "asking the server again");
                    self.began_again = true;
                    self.answer = None;
                    self.source.http().rest().await;
                }
                Err(error) => {
                    let asked = RequestContext {
                        tools: !self.request.tools.is_empty(),
                        began: self.answer.is_some(),
                    };
                    let error = model_error(error, asked);
                    if let ModelError::TooLong {
                        window: Some(window),
                        ..
                    } = error
                    {
                        self.source.narrow(window);
                    }
                    self.waiting.push_back(Err(error));
                }
            }
        }
        None
    }

    /// Reads a part; sends the request first if needed.
    async fn read(&mut self) -> Result<(), ServerError> {
        let answer = match &mut self.answer {
            Some(answer) => answer,
            none => {
                let answer = self.source.open(self.request).await?;
                self.blanks = BlankDetector::new(Instant::now());
                none.insert(answer)
            }
        };
        let part = S::next_part(answer).await?;
        if part.length > 0 {
            S::advanced(answer);
        }
        let (bytes, count) = self.spare;
        if part.length > bytes {
            return Err(endless_response("it is longer than its token limit allows"));
        }
        if count == 0 {
            return Err(endless_response(
                "it has more chunks than its token limit allows",
            ));
        }
        self.spare = (bytes - part.length, count - 1);
        if !part.calls.is_empty() {
            self.blanks = BlankDetector::new(Instant::now());
        }
        let patience = self.source.http().patience();
        for piece in [&part.thinking, &part.text, &part.unread] {
            if let Some(why) = self.blanks.push(piece, Instant::now(), patience) {
                return Err(endless_response(&why));
            }
        }
        self.take(part);
        Ok(())
    }

    /// Whether to retry: once if the connection broke before anything was received; a failed
    /// connection was retried already.
    fn may_begin_again(&self, error: &ServerError) -> bool {
        let is_broken = matches!(
            error,
            ServerError::ConnectionLost { .. } | ServerError::Incomplete
        );
        is_broken && self.answer.is_some() && !self.handed_out && !self.began_again
    }

    fn take(&mut self, part: ReplyPart) {
        if !part.thinking.is_empty() {
            self.waiting.push_back(Ok(Delta::Thinking(part.thinking)));
        }
        if !part.text.is_empty() {
            self.waiting.push_back(Ok(Delta::Text(part.text)));
        }
        // Some servers send calls on lines of their own, and some with the last line.
        for call in part.calls {
            let call = self.call(call);
            self.waiting.push_back(Ok(call));
        }
        if let Some(usage) = part.done {
            self.waiting.push_back(Ok(Delta::Done(usage)));
        }
    }

    /// Converts a call; one that is not valid does not affect the others of the reply.
    fn call(&mut self, call: GivenCall) -> Delta {
        let GivenCall {
            id,
            name,
            arguments,
        } = call;
        // Some servers send no ids, and models have been seen to use one twice.
        let id = if id.is_empty() || self.used_ids.contains(&id) {
            new_call_id()
        } else {
            id
        };
        self.used_ids.insert(id.clone());
        let (arguments, why) = match arguments {
            Ok(arguments) => (arguments, None),
            Err(why) => (Map::new(), Some(why)),
        };
        let call = ToolCall {
            id,
            name,
            arguments,
        };
        match why {
            None => Delta::Call(call),
            Some(why) => Delta::BrokenCall { call, why },
        }
    }
}
