//! Updates the index, and then the vectors, in the background of a conversation.
//!
//! Replies have priority: while a server generates one, it embeds nothing; a running request is
//! cancelled, and repeated by another server or afterwards.

use std::time::Duration;

use ollacode_indexer::{EmbedReport, Embedder, Events, IndexError, IndexEvent, RefreshOptions};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::engine::ChatActivity;
use crate::model::fleet::FleetEmbedder;

/// Time until the next attempt after a failure.
const AGAIN: Duration = Duration::from_secs(60);

/// State of the vectors of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorStatus<'a> {
    /// Embeddings are off.
    Unwanted,
    /// Every text has a vector or is listed as failed.
    Complete,
    /// Not possible now, with the reason; retried in a minute.
    Waiting(&'a str),
    /// Another process computes them; so many are left.
    Elsewhere(u64),
}

/// Why vectors have to wait.
enum Hindrance {
    Trouble(String),
    /// Another process computes them; so many are left.
    Elsewhere(u64),
}

/// State of the index, for a status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexStatus {
    /// Files are compared with the index.
    Looking,
    /// Changed files are read, at the beginning.
    Reading { done: usize, total: usize },
    /// The index is up to date.
    Fresh,
    /// Number of texts without a vector; lexical search finds them.
    Behind(u64),
    /// Search works, but not fully or not up to date, with the reason.
    Trouble(String),
}

/// A task that keeps the index up to date.
pub struct Background {
    pub standing: watch::Receiver<IndexStatus>,
    /// Whether every file was compared with the index since the task began.
    pub caught_up: watch::Receiver<bool>,
    /// Ends soon after it is stopped.
    pub task: JoinHandle<()>,
}

impl App {
    /// Keeps the index up to date in the background until `stop`.
    ///
    /// A folder that needs confirmation, such as `/`, is ignored until it has an index. Needs a
    /// runtime.
    pub fn keep_fresh(&self, activity: ChatActivity, stop: CancellationToken) -> Background {
        let (sender, standing) = watch::channel(IndexStatus::Looking);
        let (caught_up_sender, caught_up) = watch::channel(false);
        let app = self.clone();
        app.first_index.send_replace(app.may_build_first());
        let task = tokio::spawn(async move {
            let keeper = IndexWatcher {
                app,
                activity,
                standing: sender,
                caught_up: caught_up_sender,
                stop,
            };
            keeper.run().await;
        });
        Background {
            standing,
            caught_up,
            task,
        }
    }

    /// Indexes the folder in the background if it has no index; the first search waits for it.
    /// [`App::keep_fresh`] computes the vectors. Needs a runtime.
    pub fn build_first_index(&self, stop: CancellationToken) {
        if !self.may_build_first() {
            return;
        }
        self.first_index.send_replace(true);
        let app = self.clone();
        tokio::spawn(async move {
            let how = RefreshOptions {
                stop,
                ..RefreshOptions::default()
            };
            if let Err(error) = app.index.refresh(&how, &|_| {}).await {
                tracing::warn!(%error, "cannot index the folder");
            }
            app.first_index.send_replace(false);
        });
    }

    /// Indexes in the background what a search could not take in, unless that happens already.
    /// Needs a runtime, and ends with it; what is committed stays.
    pub(super) fn catch_up(&self) {
        let index = self.index.clone();
        tokio::spawn(async move {
            if let Err(error) = index.catch_up(&RefreshOptions::default(), &|_| {}).await {
                tracing::warn!(%error, "cannot index the changed files");
            }
        });
    }

    /// Whether there is no index and no confirmation is needed to create one.
    fn may_build_first(&self) -> bool {
        !self.index.exists() && !self.needs_confirmation()
    }

    /// Embeds the texts without a vector, using the caches. Replies of `activity` have
    /// priority. What is damaged is mended.
    pub async fn embed(
        &self,
        embedder: &dyn Embedder,
        activity: &ChatActivity,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let report = match self
            .embed_with_cache(embedder, activity, events, stop)
            .await
        {
            Err(IndexError::Store(error)) => {
                if !self.index.mend_after_failure(&error, events).await? {
                    return Err(error.into());
                }
                self.embed_with_cache(embedder, activity, events, stop)
                    .await?
            }
            other => other?,
        };
        if report.embedded + report.from_cache + report.from_shared > 0
            && let Err(error) = self.index.note_checksums().await
        {
            tracing::warn!(%error, "checksums of the vectors were not noted");
        }
        Ok(report)
    }

    async fn embed_with_cache(
        &self,
        embedder: &dyn Embedder,
        activity: &ChatActivity,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let cache = self.cache()?;
        if let Some(aside) = cache.set_aside() {
            let message = format!(
                "the embedding cache was damaged and has been moved to {}",
                aside.display()
            );
            events(IndexEvent::Warning(message));
        }
        let joining = self.helpers(embedder, activity, events);
        let Some(others) = stop.run_until_cancelled(joining).await else {
            return Err(IndexError::Stopped);
        };
        let members = others
            .members
            .iter()
            .map(|member| &**member as &dyn Embedder);
        let members = std::iter::once(embedder).chain(members).collect();
        let fleet = FleetEmbedder::new(members, others.state.clone(), activity);
        let (index, _) = self.sharing_index(events);
        index.embed(&fleet, Some(cache), events, stop).await
    }

    /// Embeds after each notification of `changed`; ends only with an error of the index. Without
    /// Ollama it retries regularly.
    ///
    /// Replies of `activity` have priority.
    pub async fn follow_with_vectors(
        &self,
        changed: &Notify,
        activity: &ChatActivity,
        events: Events<'_>,
        tell: &(dyn Fn(VectorStatus<'_>) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        loop {
            changed.notified().await;
            while let Some(hindrance) = self.embed_once(activity, events, tell, stop).await? {
                tell(match &hindrance {
                    Hindrance::Trouble(why) => VectorStatus::Waiting(why),
                    Hindrance::Elsewhere(left) => VectorStatus::Elsewhere(*left),
                });
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Embeds once; returns the reason if it has to be retried.
    async fn embed_once(
        &self,
        activity: &ChatActivity,
        events: Events<'_>,
        tell: &(dyn Fn(VectorStatus<'_>) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<Option<Hindrance>, IndexError> {
        let embedder = match self.embedder().await {
            Ok(Some(embedder)) => embedder,
            Ok(None) => {
                tell(VectorStatus::Unwanted);
                return Ok(None);
            }
            Err(error) => return Ok(Some(Hindrance::Trouble(error.with_hint()))),
        };
        match self.embed(embedder.as_ref(), activity, events, stop).await {
            Ok(_) => {
                tell(VectorStatus::Complete);
                Ok(None)
            }
            // The watcher stops, too, and ends this.
            Err(IndexError::Stopped) => std::future::pending().await,
            Err(IndexError::Filling) => {
                let fingerprint = embedder.model().fingerprint();
                let left = self.index.texts_without_vector(&fingerprint).await?;
                Ok(Some(Hindrance::Elsewhere(left)))
            }
            Err(error @ IndexError::Busy) => Ok(Some(Hindrance::Trouble(error.to_string()))),
            Err(IndexError::Embedding(error)) => Ok(Some(Hindrance::Trouble(error.to_string()))),
            Err(error) => Err(error),
        }
    }
}

struct IndexWatcher {
    app: App,
    activity: ChatActivity,
    standing: watch::Sender<IndexStatus>,
    caught_up: watch::Sender<bool>,
    stop: CancellationToken,
}

impl IndexWatcher {
    async fn run(self) {
        if self.app.needs_confirmation() && !self.app.index.exists() {
            let why = "this folder is not indexed; run `ollacode index`".to_owned();
            self.standing.send_replace(IndexStatus::Trouble(why));
            return;
        }
        while !self.stop.is_cancelled() {
            match self.watch().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "cannot keep the index up to date");
                    self.standing
                        .send_replace(IndexStatus::Trouble(error.to_string()));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Watches until it is stopped or fails.
    async fn watch(&self) -> Result<(), IndexError> {
        let events = |event: IndexEvent| self.take(event);
        let how = RefreshOptions {
            stop: self.stop.clone(),
            ..RefreshOptions::default()
        };
        let refreshed = self.app.index.refresh(&how, &events).await;
        self.app.first_index.send_replace(false);
        match refreshed {
            Ok(_) => {
                self.caught_up.send_replace(true);
            }
            // The other process indexes the changes.
            Err(IndexError::Busy) => {}
            Err(IndexError::Stopped) => return Ok(()),
            Err(error) => return Err(error),
        }
        let changed = Notify::new();
        changed.notify_one();
        let tell = |news: VectorStatus<'_>| {
            self.standing.send_replace(match news {
                VectorStatus::Unwanted | VectorStatus::Complete | VectorStatus::Elsewhere(0) => {
                    IndexStatus::Fresh
                }
                VectorStatus::Waiting(why) => {
                    IndexStatus::Trouble(format!("cannot compute vectors: {why}"))
                }
                VectorStatus::Elsewhere(left) => IndexStatus::Behind(left),
            });
        };
        let followed =
            self.app
                .follow_with_vectors(&changed, &self.activity, &events, &tell, &self.stop);
        tokio::select! {
            watched = self.app.index.watch(&events, &changed, &self.stop) => watched,
            followed = followed => followed,
        }
    }

    fn take(&self, event: IndexEvent) {
        let standing = match event {
            // Later the index is up to date but for a few files.
            IndexEvent::Chunking { done, total } if self.is_beginning() => {
                IndexStatus::Reading { done, total }
            }
            IndexEvent::Embedding { done, total } => {
                IndexStatus::Behind(total.saturating_sub(done))
            }
            IndexEvent::Warning(message) => {
                tracing::warn!("{message}");
                return;
            }
            _ => return,
        };
        self.standing.send_replace(standing);
    }

    /// Whether the first comparison of the files goes on.
    fn is_beginning(&self) -> bool {
        let standing = self.standing.borrow();
        matches!(
            *standing,
            IndexStatus::Looking | IndexStatus::Reading { .. }
        )
    }
}
