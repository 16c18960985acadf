//! A chat model on an Ollama server: one streamed request per reply.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::BoxStream;
use serde_json::json;

use super::chat_line::ChatLine;
use super::chat_wire::ChatBody;
use super::client::OllamaClient;
use super::context_window::{LoadedMemory, effective_window};
use super::request_profile::RequestProfile;
use crate::model::http::{HttpClient, ResponseLines, ServerError};
use crate::model::memory::ModelMemory;
use crate::model::probe::{ProbeReport, try_tools};
use crate::model::reply::{
    ReplyPart, ReplySource, RequestContext, deltas, model_error, refuses_thinking,
};
use crate::model::{ChatModel, ChatRequest, Delta, EditForm, ModelError, ModelProfile, ToolSpec};

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
    memory: ModelMemory,
}

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
        let server = client.address().to_string();
        OllamaChat {
            memory: ModelMemory::new(&profile.name, &digest).of_server(&server),
            server,
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

    /// Adds the stored report of the model, and stores what is learned about it.
    #[must_use]
    pub fn remembering(mut self, file: PathBuf) -> OllamaChat {
        match self.memory.keep_in(file) {
            Some(report) => self.believing(&report),
            None => self,
        }
    }

    /// Applies the report of a probe, which knows better than the template.
    #[must_use]
    pub fn believing(mut self, report: &ProbeReport) -> OllamaChat {
        self.planned.weak = report.recommend_core;
        self.planned.tools &= report.native;
        self
    }

    /// What is known about the model, and is kept.
    pub fn memory(&self) -> &ModelMemory {
        &self.memory
    }

    /// Tries the model with one tool, with the core tools and with all of them: at most three
    /// requests, of which the first may load the model.
    ///
    /// # Errors
    ///
    /// If the server fails; a model that fails is a report.
    pub async fn probe(
        &self,
        core: &[ToolSpec],
        all: &[ToolSpec],
    ) -> Result<ProbeReport, ModelError> {
        let tried = try_tools(self, core, all).await?;
        Ok(tried.report(self.measure().await.window))
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
            let mut lines = self.send(LOAD).await.map_err(failure)?;
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
    pub(super) async fn measure(&self) -> LoadedMemory {
        let asked = self.planned.window;
        if self.forwarded {
            return LoadedMemory {
                window: asked,
                on_card: None,
            };
        }
        let loaded = effective_window(&self.client, &self.planned.name, &self.digest, asked).await;
        self.is_measured.store(true, Ordering::Relaxed);
        self.narrowed(loaded.window);
        loaded
    }

    /// Records a window that is smaller than requested.
    fn narrowed(&self, window: u32) {
        if (1..self.planned.window).contains(&window) {
            self.measured.get_or_init(|| ModelProfile {
                window,
                ..self.planned.clone()
            });
        }
    }

    /// Sends a request; returns when the answer has started.
    async fn send(&self, request: ChatRequest<'_>) -> Result<ResponseLines, ServerError> {
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
        deltas(self, request)
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn tokens_per_estimate(&self) -> Option<f32> {
        self.memory.tokens_per_estimate()
    }

    fn learnt(&self, tokens_per_estimate: f32) {
        self.memory.learnt(tokens_per_estimate);
    }

    fn edit_form(&self) -> EditForm {
        self.memory.edit_form()
    }

    fn edited(&self, form: EditForm, has_worked: bool) {
        self.memory.edited(form, has_worked);
    }
}

impl ReplySource for OllamaChat {
    type Answer = ResponseLines;

    fn http(&self) -> &HttpClient {
        self.client.http()
    }

    async fn open(&self, request: ChatRequest<'_>) -> Result<ResponseLines, ServerError> {
        self.send(request).await
    }

    async fn next_part(lines: &mut ResponseLines) -> Result<ReplyPart, ServerError> {
        // A stream without its last line is broken, however well it went.
        let line: ChatLine = lines.next().await?.ok_or(ServerError::Incomplete)?;
        Ok(line.into_part(lines.length()))
    }

    fn advanced(lines: &mut ResponseLines) {
        lines.advanced();
    }

    async fn completed(&self) {
        if !self.is_measured.load(Ordering::Relaxed) {
            // The model is loaded now, so this costs a look at a list.
            self.measure().await;
        }
    }

    fn narrow(&self, window: u32) {
        self.narrowed(window);
    }
}

fn failure(error: ServerError) -> ModelError {
    model_error(error, RequestContext::default())
}
