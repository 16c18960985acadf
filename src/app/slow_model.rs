//! For tests: an embedding model that answers when it is allowed to, and counts what it is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use tokio::sync::Notify;

pub(super) struct Slow {
    model: EmbeddingModel,
    pub asked: AtomicUsize,
    pub allowed: Notify,
}

impl Default for Slow {
    fn default() -> Slow {
        Slow {
            model: EmbeddingModel {
                weights: None,
                name: "slow".to_owned(),
                digest: String::new(),
                dimension: 1,
                window: 512,
                template: String::new(),
            },
            asked: AtomicUsize::new(0),
            allowed: Notify::new(),
        }
    }
}

impl Embedder for Slow {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.allowed.notified().await;
            Ok(Embedded {
                vectors: vec![vec![1.0]; texts.len()],
                tokens: None,
            })
        }
        .boxed()
    }
}
