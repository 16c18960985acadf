//! The embedding model for searches that must end soon: connecting and embedding go on behind them,
//! and what is not there in time is done without.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::App;
use super::searching::SearchModels;
use crate::engine::ChatActivity;
use crate::retrieval::EmbedderSource;

/// Most requests at once. A server that does not answer them gets no more.
const MOST_REQUESTS: usize = 4;

/// How long a request goes on behind the search that it was made for: the time for loading a model,
/// which is then there for the next search.
const LONGEST: Duration = Duration::from_secs(60);

/// The models of a workspace, for searches that wait only so long.
pub(super) struct QuickModels {
    app: App,
    /// Most time of a search for connecting and embedding.
    patience: Duration,
    /// Embedding the index yields to queries.
    activity: ChatActivity,
    requests: Arc<Semaphore>,
}

impl QuickModels {
    pub fn new(app: App, patience: Duration, activity: ChatActivity) -> QuickModels {
        QuickModels {
            app,
            patience,
            activity,
            requests: Arc::new(Semaphore::new(MOST_REQUESTS)),
        }
    }
}

impl EmbedderSource for QuickModels {
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
        let until = Instant::now() + self.patience;
        let models = SearchModels(self.app.clone());
        async move {
            // It ends by itself, and its outcome is remembered for the next search.
            let connecting = tokio::spawn(async move { models.embedder().await });
            let found = match timeout_at(until, connecting).await {
                Ok(Ok(found)) => found?,
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => {
                    let server = self.app.server_kind().label();
                    return Err(format!("{server} has not answered yet"));
                }
            };
            Ok(found.map(|model| {
                Arc::new(QuickEmbedder {
                    model,
                    until,
                    activity: self.activity.clone(),
                    requests: Arc::clone(&self.requests),
                }) as Arc<dyn Embedder>
            }))
        }
        .boxed()
    }

    fn catch_up(&self) {
        self.app.catch_up();
    }
}

/// A model for one search.
struct QuickEmbedder {
    model: Arc<dyn Embedder>,
    until: Instant,
    activity: ChatActivity,
    requests: Arc<Semaphore>,
}

impl Embedder for QuickEmbedder {
    fn model(&self) -> &EmbeddingModel {
        self.model.model()
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        self.model.wrap(text, role)
    }

    fn server(&self) -> &str {
        self.model.server()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        async move {
            let late = || EmbedError::Unavailable("the model has not answered yet".to_owned());
            let requests = Arc::clone(&self.requests);
            let permit = requests.try_acquire_owned().map_err(|_| late())?;
            let (model, texts) = (Arc::clone(&self.model), texts.to_vec());
            let activity = self.activity.clone();
            let asking = tokio::spawn(async move {
                let _permit = permit;
                let _reply = activity.replying(model.server());
                timeout(LONGEST, model.embed(&texts)).await
            });
            match timeout_at(self.until, asking).await {
                Ok(Ok(Ok(answer))) => answer,
                Ok(Err(error)) => Err(EmbedError::Unavailable(error.to_string())),
                Ok(Ok(Err(_))) | Err(_) => Err(late()),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::slow_model::Slow;
    use super::*;

    #[tokio::test]
    async fn a_model_that_does_not_answer_gets_a_few_requests_and_no_more() {
        let slow = Arc::new(Slow::default());
        let requests = Arc::new(Semaphore::new(MOST_REQUESTS));
        let activity = ChatActivity::default();
        let quick = |patience| QuickEmbedder {
            model: Arc::clone(&slow) as Arc<dyn Embedder>,
            until: Instant::now() + patience,
            activity: activity.clone(),
            requests: Arc::clone(&requests),
        };
        let texts = ["a".to_owned()];
        for _ in 0..MOST_REQUESTS + 3 {
            let answer = quick(Duration::from_millis(20)).embed(&texts).await;
            assert!(
                matches!(answer, Err(EmbedError::Unavailable(_))),
                "{answer:?}"
            );
        }
        assert_eq!(slow.asked.load(Ordering::SeqCst), MOST_REQUESTS);
        // Once it answers, there is room again.
        slow.allowed.notify_waiters();
        activity.idle(slow.server()).await;
        let one = quick(Duration::from_secs(30));
        let mut asking = one.embed(&texts);
        assert!(futures::poll!(&mut asking).is_pending());
        activity.busy(slow.server()).await;
        slow.allowed.notify_one();
        assert_eq!(asking.await.expect("vectors").vectors.len(), 1);
    }
}
