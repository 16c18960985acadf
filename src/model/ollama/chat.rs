//! A chat model on an Ollama server: one streamed request per reply.

use std::collections::{HashSet, VecDeque};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::{Map, json};

use super::blanks::BlankDetector;
use super::chat_line::{ChatLine, LineCall};
use super::chat_wire::{ChatBody, LONGEST_REPLY};
use super::classify_error::{RequestContext, model_error, refuses_thinking};
use super::client::OllamaClient;
use super::context_window::{LoadedMemory, effective_window};
use super::request_profile::RequestProfile;
use crate::message::{Message, ToolCall};
use crate::model::http::{ResponseLines, ServerError, endless_response};
use crate::model::repair::new_call_id;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile, ProbeReport};

/// A chat model. Its settings never change, since Ollama would reload the model.
#[derive(Debug)]
pub struct OllamaChat {
    client: OllamaClient,
    /// The address of its server.
    server: String,
    digest: String,
    request_profile: RequestProfile,
    /// Whether the server only forwards requests, so that nothing is loaded there.
    forwarded: bool,
    planned: ModelProfile,
    /// The profile with the window of the server, if that was smaller.
    measured: OnceLock<ModelProfile>,
    /// Whether the server was asked for it.
    is_measured: AtomicBool,
    refuses_thinking: AtomicBool,
}

/// Most bytes per token, on average of a whole reply; white space has the longest tokens.
const LONGEST_TOKEN: usize = 64;

/// Extra lines allowed in a reply beyond one per token, and as many empty ones.
const SPARE_LINES: usize = 1_000;

/// A request without messages: it only loads the model.
const LOAD: ChatRequest<'static> = ChatRequest {
    messages: &[],
    tools: &[],
    format: None,
    without_thoughts: false,
    reply_tokens: None,
};

impl OllamaChat {
    /// Makes the model; sends nothing.
    pub(super) fn new(
        client: OllamaClient,
        digest: String,
        request_profile: RequestProfile,
        profile: ModelProfile,
        forwarded: bool,
    ) -> OllamaChat {
        OllamaChat {
            server: client.address().to_string(),
            client,
            digest,
            request_profile,
            forwarded,
            planned: profile,
            measured: OnceLock::new(),
            is_measured: AtomicBool::new(false),
            refuses_thinking: AtomicBool::new(false),
        }
    }

    /// Applies the report of a probe, which knows better than the template.
    #[must_use]
    pub fn believing(mut self, report: &ProbeReport) -> OllamaChat {
        self.planned.weak = report.recommend_core;
        self.planned.tools &= report.native;
        self
    }

    /// Why tools are described in text, though the server accepts some for the model.
    pub fn why_in_words(&self) -> Option<&'static str> {
        let why = "its template writes tools in a form that no model was trained on";
        self.request_profile.garbles_tools.then_some(why)
    }

    /// What identifies the exact weights and settings; empty if the server does not say.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Loads the model and asks for its actual window, which [`ChatModel::profile`] has from then
    /// on.
    ///
    /// It takes seconds to minutes if the model is not in memory.
    ///
    /// # Errors
    ///
    /// As for a reply; a model that does not fit the machine is [`ModelError::Failed`].
    pub async fn load(&self) -> Result<LoadedMemory, ModelError> {
        if !self.forwarded {
            let mut lines = self.open(LOAD).await.map_err(failure)?;
            loop {
                match lines.next::<ChatLine>().await.map_err(failure)? {
                    Some(line) if line.done => break,
                    Some(_) => {}
                    None => return Err(ModelError::Incomplete),
                }
            }
        }
        Ok(self.measure().await)
    }

    /// Takes the model out of the server's memory, to make room for another one.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or refuses; the model then stays for as long as the server
    /// keeps models.
    pub async fn unload(&self) -> Result<(), ServerError> {
        if self.forwarded {
            return Ok(());
        }
        let name = &self.planned.name;
        let body = json!({"model": name, "messages": [], "keep_alive": 0});
        let mut lines = self.client.http().stream("api/chat", &body, name).await?;
        while let Some(line) = lines.next::<ChatLine>().await? {
            if line.done {
                break;
            }
        }
        Ok(())
    }

    /// Asks for the window of the loaded model.
    pub(crate) async fn measure(&self) -> LoadedMemory {
        let asked = self.planned.window;
        if self.forwarded {
            return LoadedMemory {
                window: asked,
                on_card: None,
            };
        }
        let loaded = effective_window(&self.client, &self.planned.name, &self.digest, asked).await;
        self.is_measured.store(true, Ordering::Relaxed);
        self.narrow(loaded.window);
        loaded
    }

    /// Records a window that is smaller than requested.
    fn narrow(&self, window: u32) {
        if (1..self.planned.window).contains(&window) {
            self.measured.get_or_init(|| ModelProfile {
                window,
                ..self.planned.clone()
            });
        }
    }

    /// Sends a request; returns when the answer has started.
    async fn open(&self, request: ChatRequest<'_>) -> Result<ResponseLines, ServerError> {
        let name = &self.planned.name;
        let mut body = ChatBody::new(name, self.request_profile, request);
        if self.refuses_thinking.load(Ordering::Relaxed) {
            body.think = None;
        }
        match self.client.http().stream("api/chat", &body, name).await {
            Err(error) if body.think.is_some() && refuses_thinking(&error) => {
                self.refuses_thinking.store(true, Ordering::Relaxed);
                body.think = None;
                self.client.http().stream("api/chat", &body, name).await
            }
            answer => answer,
        }
    }
}

impl ChatModel for OllamaChat {
    fn profile(&self) -> &ModelProfile {
        self.measured.get().unwrap_or(&self.planned)
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        let reply = ReplyStream::new(self, request);
        let next = |mut reply: ReplyStream<'a>| async move {
            let piece = reply.next().await?;
            Some((piece, reply))
        };
        stream::unfold(reply, next).fuse().boxed()
    }

    fn server(&self) -> &str {
        &self.server
    }
}

fn failure(error: ServerError) -> ModelError {
    model_error(error, RequestContext::default())
}

/// A reply being received. Dropping it closes the connection, which stops the model.
struct ReplyStream<'a> {
    model: &'a OllamaChat,
    request: ChatRequest<'a>,
    lines: Option<ResponseLines>,
    /// Read, but not returned yet.
    waiting: VecDeque<Result<Delta, ModelError>>,
    /// Ids of the calls so far.
    used_ids: HashSet<String>,
    /// Bytes and lines that may still come: a server, or a proxy, may ignore the limit of the
    /// reply.
    spare: (usize, usize),
    blanks: BlankDetector,
    handed_out: bool,
    began_again: bool,
    ended: bool,
}

impl<'a> ReplyStream<'a> {
    fn new(model: &'a OllamaChat, request: ChatRequest<'a>) -> ReplyStream<'a> {
        let calls = request.messages.iter().filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        });
        let tokens = request.reply_tokens.unwrap_or(LONGEST_REPLY) as usize;
        ReplyStream {
            spare: (
                LONGEST_TOKEN * tokens.max(SPARE_LINES),
                2 * tokens + SPARE_LINES,
            ),
            model,
            request,
            lines: None,
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
                    self.lines = None;
                }
                return Some(piece);
            }
            match self.read().await {
                Ok(()) => {
                    let is_done = matches!(self.waiting.back(), Some(Ok(Delta::Done(_))));
                    if is_done && !self.model.is_measured.load(Ordering::Relaxed) {
                        // The model is loaded now, so this costs a look at a list.
                        self.model.measure().await;
                    }
                }
                Err(error) if self.may_begin_again(&error) => {
                    tracing::debug!(%error, "asking the server again");
                    self.began_again = true;
                    self.lines = None;
                    self.model.client.http().rest().await;
                }
                Err(error) => {
                    let asked = RequestContext {
                        tools: !self.request.tools.is_empty(),
                        began: self.lines.is_some(),
                    };
                    let error = model_error(error, asked);
                    if let ModelError::TooLong {
                        window: Some(window),
                        ..
                    } = error
                    {
                        self.model.narrow(window);
                    }
                    self.waiting.push_back(Err(error));
                }
            }
        }
        None
    }

    /// Reads a line; sends the request first if needed.
    async fn read(&mut self) -> Result<(), ServerError> {
        if self.lines.is_none() {
            self.lines = Some(self.model.open(self.request).await?);
            self.blanks = BlankDetector::new(Instant::now());
        }
        let Some(lines) = &mut self.lines else {
            return Err(ServerError::Incomplete);
        };
        // A stream without its last line is broken, however well it went.
        let line: ChatLine = lines.next().await?.ok_or(ServerError::Incomplete)?;
        let said = line.said(lines.length());
        if said > 0 {
            lines.advanced();
        }
        let (bytes, count) = self.spare;
        if said > bytes {
            return Err(endless_response("it is longer than its token limit allows"));
        }
        if count == 0 {
            return Err(endless_response(
                "it has more chunks than its token limit allows",
            ));
        }
        self.spare = (bytes - said, count - 1);
        if !line.calls.is_empty() {
            self.blanks = BlankDetector::new(Instant::now());
        }
        let patience = self.model.client.http().patience();
        for piece in [&line.thinking, &line.content] {
            if let Some(why) = self.blanks.push(piece, Instant::now(), patience) {
                return Err(endless_response(&why));
            }
        }
        self.take(line);
        Ok(())
    }

    /// Whether to retry: once if the connection broke before anything was received; a failed
    /// connection was retried already.
    fn may_begin_again(&self, error: &ServerError) -> bool {
        let is_broken = matches!(
            error,
            ServerError::ConnectionLost { .. } | ServerError::Incomplete
        );
        is_broken && self.lines.is_some() && !self.handed_out && !self.began_again
    }

    fn take(&mut self, line: ChatLine) {
        let usage = line.done.then(|| line.usage());
        if !line.thinking.is_empty() {
            self.waiting.push_back(Ok(Delta::Thinking(line.thinking)));
        }
        if !line.content.is_empty() {
            self.waiting.push_back(Ok(Delta::Text(line.content)));
        }
        // Some servers send calls on lines of their own, and some with the last line.
        for call in line.calls {
            let call = self.call(call);
            self.waiting.push_back(Ok(call));
        }
        if let Some(usage) = usage {
            self.waiting.push_back(Ok(Delta::Done(usage)));
        }
    }

    /// Converts a call; one that is not valid does not affect the others of the reply.
    fn call(&mut self, call: LineCall) -> Delta {
        let LineCall {
            id,
            name,
            arguments,
        } = call;
        // Old servers send no ids, and models have been seen to use one twice.
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
