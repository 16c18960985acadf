//! Servers with OpenAI's `/v1`: llama.cpp's, LM Studio, vLLM and others.
//!
//! [`detect`] finds out what kind of server answers. [`OpenAiClient`] asks for its models and their
//! windows, [`OpenAiChat`] is a chat model, and [`OpenAiEmbedder`] embeds texts for the indexer.
//! Settings are passed in: nothing here reads the environment.

use std::path::PathBuf;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

use super::http::{HttpClient, NetworkScope, ServerError};
use super::probe::{ProbeReport, try_tools};
use super::{ChatModel, ChatRequest, Delta, ModelError, ModelMemory, ModelProfile, ToolSpec};

pub use super::http::{KindChoice, ServerKind};

/// Finds out what kind of server answers, by asking for what only one kind has.
///
/// # Errors
///
/// If nothing answers, or the server refuses everything.
pub async fn detect(http: &HttpClient) -> Result<ServerKind, ServerError> {
    Err(not_implemented(http.server()))
}

fn not_implemented(server: ServerKind) -> ServerError {
    ServerError::BadAnswer {
        server,
        what: "not implemented".to_owned(),
    }
}

/// A model of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedModel {
    /// Its name, as requests must have it.
    pub name: String,
    /// The actual context window of requests, in tokens; `None` if the server does not say.
    pub window: Option<u32>,
    /// The longest window that it was trained for, in tokens.
    pub trained_window: Option<u32>,
    /// Whether it has vision.
    pub vision: bool,
    /// Whether it has native tool calls; `None` if the server does not say.
    pub tools: Option<bool>,
    /// Whether it is in memory.
    pub is_loaded: bool,
    /// Its size in bytes; 0 if the server does not say.
    pub size: u64,
}

/// Talks to one server. Clones share their connections.
#[derive(Clone, Debug)]
pub struct OpenAiClient {
    http: HttpClient,
}

impl OpenAiClient {
    /// Makes a client for a server of a kind; sends nothing.
    pub fn new(http: HttpClient, kind: ServerKind) -> OpenAiClient {
        OpenAiClient {
            http: http.of_kind(kind),
        }
    }

    /// Sends its requests.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The kind of the server.
    pub fn kind(&self) -> ServerKind {
        self.http.server()
    }

    /// Lists the models that the server has.
    pub async fn models(&self) -> Result<Vec<ServedModel>, ServerError> {
        Err(not_implemented(self.kind()))
    }

    /// Finds one model among those that the server has.
    pub async fn model(&self, _name: &str) -> Result<ServedModel, ServerError> {
        Err(not_implemented(self.kind()))
    }

    /// Asks for the actual context window of a model, in tokens; `None` if the server does not say.
    pub async fn window_of(&self, _model: &str) -> Result<Option<u32>, ServerError> {
        Err(not_implemented(self.kind()))
    }

    /// Asks for the server's name and version, for people.
    pub async fn describe(&self) -> Result<String, ServerError> {
        Err(not_implemented(self.kind()))
    }
}

/// A chat model on such a server.
#[derive(Debug)]
pub struct OpenAiChat {
    profile: ModelProfile,
    memory: ModelMemory,
}

impl OpenAiChat {
    /// Adds the stored report of the model, and stores what is learned about it.
    #[must_use]
    pub fn remembering(mut self, file: PathBuf) -> OpenAiChat {
        if let Some(report) = self.memory.keep_in(file) {
            self.profile.weak = report.recommend_core;
            self.profile.tools &= report.native;
        }
        self
    }

    /// What is known about the model, and is kept.
    pub fn memory(&self) -> &ModelMemory {
        &self.memory
    }

    /// Tries the model with tools.
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
        Ok(tried.report(self.profile.window))
    }

    /// Finds a model and what it can do; loads nothing.
    ///
    /// `wanted` is the window that the user set, in tokens; it only makes the server's window
    /// smaller.
    pub async fn connect(
        client: OpenAiClient,
        _name: &str,
        _wanted: Option<u32>,
        _reach: NetworkScope,
    ) -> Result<OpenAiChat, ServerError> {
        Err(not_implemented(client.kind()))
    }

    /// What the user should know about the model, in one line.
    pub fn warning(&self) -> Option<&str> {
        None
    }
}

impl ChatModel for OpenAiChat {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn reply<'a>(&'a self, _request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        stream::empty().boxed()
    }
}

/// An embedding model on such a server.
pub struct OpenAiEmbedder {
    client: OpenAiClient,
    model: EmbeddingModel,
}

impl OpenAiEmbedder {
    /// Finds a model and its identity, with one request that embeds a word.
    pub async fn connect(client: OpenAiClient, _name: &str) -> Result<OpenAiEmbedder, ServerError> {
        Err(not_implemented(client.kind()))
    }
}

impl Embedder for OpenAiEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _role: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, _texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        let error = not_implemented(self.client.kind());
        async move { Err(EmbedError::Unavailable(error.with_hint())) }.boxed()
    }
}
