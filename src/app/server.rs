//! The server of models: what kind it is, and the models that chat and search use.

use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::{Embedder, IndexError};

use super::App;
use crate::config::{EmbedModel, Settings};
use crate::model::http::{ClientLimits, KindChoice, ServerError, ServerKind};
use crate::model::server::{MissingModel, Server, ServerChat, ServerConfig};

/// Maximum time of a search for connecting to the server.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Why there is no search model.
#[derive(Debug, thiserror::Error)]
pub enum SearchModelError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl App {
    /// The server of the settings. One of which the kind is not known is asked, once in a run.
    pub async fn server(&self) -> Result<Server, ServerError> {
        let Settings { server, reach, .. } = &self.settings;
        let limits = ClientLimits::default().within(self.settings.first_word);
        if let Some(kind) = self.server_kind.get() {
            let known = ServerConfig {
                kind: KindChoice::Kind(*kind),
                ..server.clone()
            };
            return known.connect(*reach, limits).await;
        }
        let connected = server.connect(*reach, limits).await?;
        // Another task may have found out the same.
        let _ = self.server_kind.set(connected.kind());
        Ok(connected)
    }

    /// The kind of the server, as far as it is known.
    pub fn server_kind(&self) -> ServerKind {
        match self.settings.server.kind {
            KindChoice::Kind(kind) => kind,
            KindChoice::Auto => self.server_kind.get().copied().unwrap_or_default(),
        }
    }

    /// The embedding model of the settings; `None` for lexical search only.
    pub async fn embedder(&self) -> Result<Option<Arc<dyn Embedder>>, ServerError> {
        match &self.settings.embed_model {
            EmbedModel::None => Ok(None),
            EmbedModel::Named(name) => self.connect_embedder(name).await.map(Some),
        }
    }

    /// A model that was pulled again with the same weights is the same model.
    async fn connect_embedder(&self, name: &str) -> Result<Arc<dyn Embedder>, ServerError> {
        let embedder = self.embedding_server().await?.embedder(name).await?;
        let Some(weights) = embedder.model().weights.clone() else {
            return Ok(Arc::new(embedder));
        };
        // Without an index there is no earlier digest.
        let known = self.index.digest_for(&weights).await;
        let embedder = match known.ok().flatten() {
            Some(digest) => embedder.known_by(digest),
            None => embedder,
        };
        Ok(Arc::new(embedder))
    }

    /// The name of the search model, if the index has vectors but none of its current version.
    /// Search is lexical then.
    pub async fn model_without_vectors(&self) -> Option<String> {
        let embedder = self.searching_embedder().await.ok().flatten()?;
        let fingerprint = embedder.model().fingerprint();
        let status = self.index.status(&fingerprint).await.ok()?;
        (status.counts.embedded == 0).then(|| embedder.model().name.clone())
    }

    /// The model to search with: the previous one, while vectors of the configured one are being
    /// computed and the server still has the previous one.
    ///
    /// Times out after three seconds.
    pub async fn searching_embedder(&self) -> Result<Option<Arc<dyn Embedder>>, SearchModelError> {
        let connected = tokio::time::timeout(CONNECT_LIMIT, self.connect_for_search()).await;
        connected.unwrap_or_else(|_| {
            let server = self.first_to_embed().map(|server| &server.config);
            let server = server.unwrap_or(&self.settings.server);
            Err(ServerError::TimedOut {
                server: self.server_kind(),
                host: server.address.to_string(),
                limit: CONNECT_LIMIT,
            }
            .into())
        })
    }

    async fn connect_for_search(&self) -> Result<Option<Arc<dyn Embedder>>, SearchModelError> {
        if self.settings.embed_model == EmbedModel::None || !self.index.has_vectors().await? {
            return Ok(None);
        }
        let complete = self.index.complete_model().await?;
        let wanted = match (self.embedder().await, &complete) {
            // Until the new model is available, the previous one is used.
            (
                Err(
                    ServerError::ModelMissing { .. }
                    | ServerError::NotForEmbedding { .. }
                    | ServerError::NoEmbeddings { .. },
                ),
                Some((name, _)),
            ) if self.settings.embed_model != EmbedModel::Named(name.clone()) => {
                return Ok(Some(self.connect_embedder(name).await?));
            }
            (wanted, _) => wanted?,
        };
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let Some((name, fingerprint)) = complete else {
            return Ok(Some(wanted));
        };
        if wanted.model().fingerprint() == fingerprint {
            return Ok(Some(wanted));
        }
        let before = self.connect_embedder(&name).await.ok();
        let before = before.filter(|model| model.model().fingerprint() == fingerprint);
        Ok(Some(before.unwrap_or(wanted)))
    }

    /// The chat model: by default the one of the settings, or the only one that the server has.
    pub async fn chat_model(&self, name: Option<&str>) -> Result<ServerChat, ServerError> {
        let wanted = name.unwrap_or(&self.settings.model);
        let server = self.server_for(wanted).await?;
        let only = match name {
            None if !self.settings.is_model_chosen => server.only_model().await?,
            _ => None,
        };
        if let Some(only) = &only {
            // It is the same for all tasks, as long as the server serves the same.
            let _ = self.only_model.set(only.clone());
        }
        let name = name.or(only.as_deref()).unwrap_or(&self.settings.model);
        let window = self.settings.max_context_tokens;
        let model = server.chat(name, window).await?;
        Ok(model.remembering(self.probes_file()))
    }

    /// The name of the chat model that sessions have by default, as far as it is known.
    pub fn model_name(&self) -> &str {
        self.only_model.get().unwrap_or(&self.settings.model)
    }

    /// A model as its server describes it, without the results of a probe.
    pub async fn untried_chat_model(&self, name: &str) -> Result<ServerChat, ServerError> {
        let window = self.settings.max_context_tokens;
        self.server().await?.chat(name, window).await
    }

    /// What to do about a model that the server does not have.
    ///
    /// # Errors
    ///
    /// If the server cannot be called any more.
    pub async fn missing_model(&self, model: String) -> Result<MissingModel, ServerError> {
        Ok(self.server().await?.missing(model).await)
    }
}
