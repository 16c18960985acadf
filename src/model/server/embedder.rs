//! The indexer's embedder over an embedding model of a server of any kind.

use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

use crate::model::ollama::OllamaEmbedder;
use crate::model::openai::OpenAiEmbedder;

/// An embedding model on a server.
pub enum ServerEmbedder {
    Ollama(OllamaEmbedder),
    OpenAi {
        embedder: OpenAiEmbedder,
        /// Its address.
        server: String,
    },
}

impl ServerEmbedder {
    /// The same model with the digest under which its weights are already known. Only Ollama says
    /// which weights a model has.
    #[must_use]
    pub fn known_by(self, digest: String) -> ServerEmbedder {
        match self {
            ServerEmbedder::Ollama(embedder) => ServerEmbedder::Ollama(embedder.known_by(digest)),
            other => other,
        }
    }

    fn embedder(&self) -> &dyn Embedder {
        match self {
            ServerEmbedder::Ollama(embedder) => embedder,
            ServerEmbedder::OpenAi { embedder, .. } => embedder,
        }
    }
}

impl Embedder for ServerEmbedder {
    fn model(&self) -> &EmbeddingModel {
        self.embedder().model()
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        self.embedder().wrap(text, role)
    }

    fn server(&self) -> &str {
        match self {
            ServerEmbedder::Ollama(embedder) => embedder.server(),
            ServerEmbedder::OpenAi { server, .. } => server,
        }
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        self.embedder().embed(texts)
    }
}
