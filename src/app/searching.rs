//! The embedding model for queries, connected to at the first search.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::Embedder;
use tokio::sync::Mutex;

use super::{App, SearchModelError};
use crate::config::EmbedModel;
use crate::retrieval::EmbedderSource;

/// How long searches do not retry a server that did not answer.
const FAILED_FOR: Duration = Duration::from_secs(30);

/// Connects once, and again when the index has vectors of another model.
pub(super) struct SearchModels(pub App);

/// The state of the search model, shared by the clones of an [`App`].
pub(super) type Connection = Arc<Mutex<Option<LastConnection>>>;

/// The result of the last connection.
pub(super) struct LastConnection {
    /// Name and fingerprint of the model whose vectors were complete at that time.
    complete: Option<(String, String)>,
    outcome: Result<Arc<dyn Embedder>, String>,
    at: Instant,
}

impl SearchModels {
    async fn find(&self) -> Result<Option<Arc<dyn Embedder>>, String> {
        let SearchModels(app) = self;
        let index = &app.index;
        if app.settings.embed_model == EmbedModel::None || !index.exists() {
            return Ok(None);
        }
        // Locked while connecting, since concurrent searches need the same model.
        let mut known = app.connection.lock().await;
        let complete = index
            .complete_model()
            .await
            .map_err(|error| error.to_string())?;
        let holds = |known: &&LastConnection| {
            known.complete == complete && (known.outcome.is_ok() || known.at.elapsed() < FAILED_FOR)
        };
        if let Some(known) = known.as_ref().filter(holds) {
            return known.outcome.clone().map(Some);
        }
        let outcome = match app.searching_embedder().await {
            // There are no vectors yet; checking again is cheap.
            Ok(None) => return Ok(None),
            Ok(Some(embedder)) => Ok(embedder),
            Err(SearchModelError::Server(error)) => Err(error.with_hint()),
            Err(SearchModelError::Index(error)) => Err(error.to_string()),
        };
        *known = Some(LastConnection {
            complete,
            outcome: outcome.clone(),
            at: Instant::now(),
        });
        outcome.map(Some)
    }
}

impl EmbedderSource for SearchModels {
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
        self.find().boxed()
    }

    fn first_index(&self) -> BoxFuture<'_, ()> {
        let mut building = self.0.first_index.subscribe();
        async move {
            // The sender lives as long as the application.
            let _ = building.wait_for(|is_built| !is_built).await;
        }
        .boxed()
    }

    fn catch_up(&self) {
        self.0.catch_up();
    }
}
