//! The client: the requests of Ollama's native API that need no conversation.

use super::wire::{
    EmbedAnswer, EmbedOptions, EmbedRequest, LoadedModel, LocalModel, ModelInfo, ProcessesAnswer,
    ShowRequest, TagsAnswer, VersionAnswer, same_model,
};
use crate::model::http::{
    Address, ApiKey, ClientLimits, HttpClient, NetworkScope, ServerError, ServerKind,
};

/// How long a model stays in memory after a request: reloading it costs seconds.
pub(super) const KEEP_ALIVE: &str = "30m";

/// Most bytes of an answer besides its vectors.
const MAX_REST: usize = 64 << 10;

/// Most bytes of a vector in an answer: more numbers than any model gives, with all their digits.
const MAX_VECTOR: usize = 256 << 10;

/// Talks to one Ollama server. Clones share their connections.
#[derive(Clone, Debug)]
pub struct OllamaClient {
    http: HttpClient,
}

impl From<HttpClient> for OllamaClient {
    fn from(http: HttpClient) -> OllamaClient {
        OllamaClient {
            http: http.of_kind(ServerKind::Ollama),
        }
    }
}

impl OllamaClient {
    /// Makes a client; sends nothing.
    ///
    /// # Errors
    ///
    /// As for [`HttpClient::new`].
    pub fn new(
        address: Address,
        key: Option<ApiKey>,
        reach: NetworkScope,
        limits: ClientLimits,
    ) -> Result<OllamaClient, ServerError> {
        HttpClient::new(address, key, reach, limits).map(OllamaClient::from)
    }

    /// Sends its requests.
    pub(super) fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Gives the server's address.
    pub fn address(&self) -> &Address {
        self.http.address()
    }

    /// Tells which addresses may be called.
    pub fn reach(&self) -> NetworkScope {
        self.http.reach()
    }

    /// Asks for the server's version.
    pub async fn version(&self) -> Result<String, ServerError> {
        let answer: VersionAnswer = self.http.look_up("api/version").await?;
        Ok(answer.version)
    }

    /// Lists the models that the server has.
    pub async fn tags(&self) -> Result<Vec<LocalModel>, ServerError> {
        let answer: TagsAnswer = self.http.look_up("api/tags").await?;
        Ok(answer.models)
    }

    /// Finds one model among those that the server has, with or without `:latest`.
    pub async fn local_model(&self, model: &str) -> Result<LocalModel, ServerError> {
        let models = self.tags().await?;
        let found = models
            .into_iter()
            .find(|local| same_model(&local.name, model));
        found.ok_or_else(|| ServerError::ModelMissing {
            server: ServerKind::Ollama,
            model: model.to_owned(),
        })
    }

    /// Asks what a model is and can do.
    pub async fn show(&self, model: &str) -> Result<ModelInfo, ServerError> {
        self.http
            .look_up_model("api/show", &ShowRequest { model }, model)
            .await
    }

    /// Lists the models that are in memory.
    pub async fn ps(&self) -> Result<Vec<LoadedModel>, ServerError> {
        let answer: ProcessesAnswer = self.http.look_up("api/ps").await?;
        Ok(answer.models)
    }

    /// Embeds texts. A text over the window is an error, never cut.
    pub async fn embed(
        &self,
        model: &str,
        texts: &[String],
        options: EmbedOptions,
    ) -> Result<EmbedAnswer, ServerError> {
        let body = EmbedRequest {
            model,
            input: texts,
            truncate: false,
            keep_alive: KEEP_ALIVE,
            options,
        };
        let most = MAX_REST + texts.len() * MAX_VECTOR;
        self.http.ask("api/embed", &body, model, most).await
    }
}
