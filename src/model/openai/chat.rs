//! A chat model on a server with OpenAI's `/v1`.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use futures::stream::BoxStream;

use super::answer::ChatAnswer;
use super::client::{LoadingPatience, OpenAiClient, ServedModel};
use super::dialect::{Manner, Refusals};
use super::listing::ServerProps;
use super::request::{ChatBody, Style};
use crate::message::Message;
use crate::model::http::{HttpClient, NetworkScope, ServerError, ServerKind};
use crate::model::memory::ModelMemory;
use crate::model::ollama::LoadedMemory;
use crate::model::probe::{ProbeReport, try_tools};
use crate::model::reply::{ReplyPart, ReplySource, deltas};
use crate::model::thought_tags::ends_within_thoughts;
use crate::model::{ChatModel, ChatRequest, Delta, EditForm, ModelError, ModelProfile, ToolSpec};

/// The window that is assumed where neither the server nor the user says it, in tokens: with less,
/// tools and instructions leave no room for code.
pub const ASSUMED_WINDOW: u32 = 8_192;

/// A chat model.
#[derive(Debug)]
pub struct OpenAiChat {
    client: OpenAiClient,
    /// The address of its server.
    server: String,
    manner: Manner,
    planned: ModelProfile,
    /// The profile with the window of the server, once it said so, if it is another one.
    measured: OnceLock<ModelProfile>,
    /// The profile with the window of a request that was refused, if that is shorter.
    narrowed: OnceLock<ModelProfile>,
    /// Whether the server has said it, or was asked for it with the model loaded.
    is_measured: AtomicBool,
    /// What the user set, in tokens.
    wanted: Option<u32>,
    refusals: Refusals,
    warning: Option<String>,
    why_in_words: Option<&'static str>,
    digest: String,
    memory: ModelMemory,
}

impl OpenAiChat {
    /// Finds a model and what it can do; loads nothing. A server that is loading its model is waited
    /// for, as long as the first byte of an answer may take.
    ///
    /// `wanted` is the window that the user set, in tokens; it only makes the server's window
    /// smaller, since a request cannot change it. With [`NetworkScope::LoopbackOnly`] a server
    /// elsewhere is refused.
    ///
    /// # Errors
    ///
    /// If the server does not answer, does not have the model, or has it for vectors only.
    pub async fn connect(
        client: OpenAiClient,
        name: &str,
        wanted: Option<u32>,
        reach: NetworkScope,
    ) -> Result<OpenAiChat, ServerError> {
        let address = client.http().address();
        if reach == NetworkScope::LoopbackOnly && !address.is_loopback() {
            return Err(ServerError::Offline {
                what: format!("{address} is not this machine"),
            });
        }
        let asked = client.when_loaded(|| client.model_and_props(name));
        let (model, props) = asked.await?;
        if model.embeds {
            return Err(ServerError::NotForChat {
                server: client.kind(),
                model: name.to_owned(),
            });
        }
        Ok(OpenAiChat::of(client, model, &props, wanted))
    }

    fn of(
        client: OpenAiClient,
        model: ServedModel,
        props: &ServerProps,
        wanted: Option<u32>,
    ) -> OpenAiChat {
        let kind = client.kind();
        let template = props.template.as_deref();
        let manner = Manner::of(&model, template, kind);
        let address = client.http().address();
        let planned = ModelProfile {
            window: window(model.window, wanted),
            // Where the server does not say, it says so when it is asked.
            tools: model.tools.unwrap_or(true),
            vision: model.vision,
            weak: manner.weak,
            thinks_in_text: props.leaves_thoughts && template.is_some_and(ends_within_thoughts),
            remote: (!address.is_loopback()).then(|| address.to_string()),
            name: model.name,
        };
        let digest = digest(kind, model.parameters, model.size);
        let key = format!("{} {}", kind.setting(), planned.name);
        let server = client.http().address().to_string();
        OpenAiChat {
            warning: warning(kind, &planned.name, model.window, wanted),
            memory: ModelMemory::new(&key, &digest).of_server(&server),
            why_in_words: why_in_words(kind, model.tools),
            server,
            digest,
            manner,
            is_measured: AtomicBool::new(model.window.is_some()),
            measured: OnceLock::new(),
            narrowed: OnceLock::new(),
            refusals: Refusals::default(),
            wanted,
            planned,
            client,
        }
    }

    /// Adds the stored report of the model, and stores what is learned about it.
    #[must_use]
    pub fn remembering(mut self, file: PathBuf) -> OpenAiChat {
        match self.memory.keep_in(file) {
            Some(report) => self.believing(&report),
            None => self,
        }
    }

    /// Applies the report of a probe, which knows better than the server.
    #[must_use]
    pub fn believing(mut self, report: &ProbeReport) -> OpenAiChat {
        self.planned.weak = report.recommend_core;
        self.planned.tools &= report.native;
        self
    }

    /// Why tools are described in text, though the server would take some.
    pub fn why_in_words(&self) -> Option<&'static str> {
        self.why_in_words
    }

    /// What is known about the model, and is kept.
    pub fn memory(&self) -> &ModelMemory {
        &self.memory
    }

    /// What identifies the weights, as far as such a server says: the kind of the server, the number
    /// of parameters and the size.
    pub fn digest(&self) -> &str {
        &self.digest
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
        self.measure().await;
        Ok(tried.report(self.profile().window))
    }

    /// Loads the model, with a reply of one token, and asks for its actual window, which
    /// [`ChatModel::profile`] has from then on.
    ///
    /// # Errors
    ///
    /// As for a reply.
    pub async fn load(&self) -> Result<LoadedMemory, ModelError> {
        let messages = [Message::user("Hi")];
        let request = ChatRequest {
            messages: &messages,
            tools: &[],
            format: None,
            without_thoughts: true,
            reply_tokens: Some(1),
        };
        let mut reply = deltas(self, request);
        while let Some(delta) = reply.next().await {
            delta?;
        }
        Ok(LoadedMemory {
            window: self.profile().window,
            on_card: None,
        })
    }

    /// Asks for the window once more, if the server has not said it: some say it when the model is
    /// loaded.
    async fn measure(&self) {
        if self.is_measured.swap(true, Ordering::Relaxed) {
            return;
        }
        let real = match self.client.window_of(&self.planned.name).await {
            Ok(Some(real)) => real,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "the window is asked for after the next reply");
                return self.is_measured.store(false, Ordering::Relaxed);
            }
        };
        let window = window(Some(real), self.wanted);
        if window != self.planned.window {
            self.measured.get_or_init(|| ModelProfile {
                window,
                ..self.planned.clone()
            });
        }
    }

    /// Sends a request; returns when the answer has started. What the server refuses is done
    /// otherwise, where it can be; a server that is loading its model is waited for.
    async fn send(&self, request: ChatRequest<'_>) -> Result<ChatAnswer, ServerError> {
        let http = self.client.http();
        let first = http.limits().first_byte;
        let mut patience = LoadingPatience::new(first);
        loop {
            let style = Style {
                model: &self.planned.name,
                kind: self.client.kind(),
                manner: self.manner,
                refusals: &self.refusals,
                window: self.profile().window,
            };
            let body = ChatBody::new(style, request);
            match http
                .start("v1/chat/completions", &body, &self.planned.name)
                .await
            {
                Ok(body) => return Ok(ChatAnswer::new(body, first)),
                Err(error) if self.refusals.learn(&error) => {}
                Err(error) if patience.waits(http, &error).await => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl ChatModel for OpenAiChat {
    fn profile(&self) -> &ModelProfile {
        let known = self.narrowed.get().or_else(|| self.measured.get());
        known.unwrap_or(&self.planned)
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

    fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl ReplySource for OpenAiChat {
    type Answer = ChatAnswer;

    fn http(&self) -> &HttpClient {
        self.client.http()
    }

    async fn open(&self, request: ChatRequest<'_>) -> Result<ChatAnswer, ServerError> {
        self.send(request).await
    }

    async fn next_part(answer: &mut ChatAnswer) -> Result<ReplyPart, ServerError> {
        answer.next_part().await
    }

    fn advanced(answer: &mut ChatAnswer) {
        answer.advanced();
    }

    async fn completed(&self) {
        self.measure().await;
    }

    fn narrow(&self, window: u32) {
        if (1..self.profile().window).contains(&window) {
            let profile = self.profile().clone();
            self.narrowed
                .get_or_init(|| ModelProfile { window, ..profile });
        }
    }
}

/// The window to work with, in tokens.
fn window(real: Option<u32>, wanted: Option<u32>) -> u32 {
    match (real, wanted) {
        (Some(real), Some(wanted)) => real.min(wanted),
        (Some(real), None) => real,
        (None, wanted) => wanted.unwrap_or(ASSUMED_WINDOW),
    }
}

/// What the user should know of it.
fn warning(
    kind: ServerKind,
    model: &str,
    real: Option<u32>,
    wanted: Option<u32>,
) -> Option<String> {
    let label = kind.label();
    match (real, wanted) {
        (Some(real), Some(wanted)) if wanted > real => Some(format!(
            "`MAX_CONTEXT_TOKENS` is {wanted}, but {label} serves `{model}` with a window of {real} \
             tokens, which is used: start it with a longer one to change that"
        )),
        (None, None) => Some(format!(
            "{label} does not say how long the window of `{model}` is: {ASSUMED_WINDOW} tokens are \
             assumed; set `MAX_CONTEXT_TOKENS` to what it was started with"
        )),
        _ => None,
    }
}

/// Why tools are described in text, by whether the server says that the model has calls of its own.
fn why_in_words(kind: ServerKind, tools: Option<bool>) -> Option<&'static str> {
    match (tools, kind) {
        (Some(true) | None, _) => None,
        (Some(false), ServerKind::LlamaServer) => {
            Some("its chat template has none, and its server leaves tools out without a word")
        }
        (Some(false), _) => Some("its server says that it was not trained for others"),
    }
}

/// Tells weights apart as far as the server does.
fn digest(kind: ServerKind, parameters: Option<u64>, size: u64) -> String {
    format!("{}-{}-{size}", kind.setting(), parameters.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_window_is_the_longest_possible() {
        for (real, wanted, used, is_said) in [
            (Some(16_384), None, 16_384, false),
            (Some(16_384), Some(8_000), 8_000, false),
            (Some(4_096), Some(32_768), 4_096, true),
            (None, Some(32_768), 32_768, false),
            (None, None, ASSUMED_WINDOW, true),
        ] {
            assert_eq!(window(real, wanted), used, "{real:?} {wanted:?}");
            let said = warning(ServerKind::LmStudio, "m", real, wanted);
            assert_eq!(said.is_some(), is_said, "{said:?}");
            if let Some(said) = said {
                assert!(said.contains("MAX_CONTEXT_TOKENS") && said.contains("LM Studio"));
            }
        }
    }
}
