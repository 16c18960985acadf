//! Keeping the index fresh behind a conversation, and vectors behind the index.
//!
//! A reply goes before vectors: while one is generated, nothing is embedded, and a request that
//! is under way is given up and asked again afterwards.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{
    EmbedError, EmbedReport, Embedded, Embedder, EmbeddingModel, Events, IndexError, IndexEvent,
    Refresh, Role,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::engine::ChatActivity;

/// After a failure it is tried again so much later.
const AGAIN: Duration = Duration::from_secs(60);

/// What has become of the vectors that follow an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorNews<'a> {
    /// They are not wanted.
    Unwanted,
    /// Every text has one, or is listed as failed.
    Complete,
    /// They cannot be made now, and why; it is tried again in a minute.
    Waiting(&'a str),
}

/// How the index stands, for a status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Files are compared with the index.
    Looking,
    /// Everything is in it.
    Fresh,
    /// So many texts have no vector yet; they are found by their words.
    Behind(u64),
    /// Search works, though worse than it could, or not up to date; why.
    Trouble(String),
}

/// A task that keeps the index fresh.
pub struct Background {
    /// How the index stands.
    pub standing: watch::Receiver<Standing>,
    /// Ends soon after it was told to stop.
    pub task: JoinHandle<()>,
}

impl App {
    /// Keeps the index fresh in the background until `stop`.
    ///
    /// A folder that should be asked about first, such as `/`, is left alone until it has an
    /// index. Needs a runtime.
    pub fn keep_fresh(&self, activity: ChatActivity, stop: CancellationToken) -> Background {
        let (sender, standing) = watch::channel(Standing::Looking);
        let app = self.clone();
        app.first_index.send_replace(app.may_build_first());
        let task = tokio::spawn(async move {
            let keeper = Keeper {
                app,
                activity,
                standing: sender,
                stop,
            };
            keeper.run().await;
        });
        Background { standing, task }
    }

    /// Indexes the folder in the background if it never was; a search waits for that. Vectors are
    /// left to [`App::keep_fresh`]. Needs a runtime.
    pub fn build_first_index(&self, stop: CancellationToken) {
        if !self.may_build_first() {
            return;
        }
        self.first_index.send_replace(true);
        let app = self.clone();
        tokio::spawn(async move {
            let how = Refresh {
                stop,
                ..Refresh::default()
            };
            if let Err(error) = app.index.refresh(&how, &|_| {}).await {
                tracing::warn!(%error, "the folder could not be indexed");
            }
            app.first_index.send_replace(false);
        });
    }

    /// Whether there is no index yet, and nobody has to be asked before one is made.
    fn may_build_first(&self) -> bool {
        !self.index.exists() && !self.needs_confirmation()
    }

    /// Embeds what has no vector, with the cache that all workspaces share.
    pub async fn embed(
        &self,
        embedder: &dyn Embedder,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let cache = self.cache()?;
        if let Some(aside) = cache.set_aside() {
            let message = format!(
                "the cache of vectors was damaged; it is now in {}",
                aside.display()
            );
            events(IndexEvent::Warning(message));
        }
        self.index.embed(embedder, Some(cache), events, stop).await
    }

    /// Embeds after each change that `changed` tells of, and never ends but with an error of the
    /// index. Without Ollama it tries again now and then.
    ///
    /// `activity`: whose replies go before it.
    pub async fn follow_with_vectors(
        &self,
        changed: &Notify,
        activity: Option<&ChatActivity>,
        events: Events<'_>,
        tell: &(dyn Fn(VectorNews<'_>) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        loop {
            changed.notified().await;
            while let Some(why) = self.embed_once(activity, events, tell, stop).await? {
                tell(VectorNews::Waiting(&why));
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Embeds once, or says why that is to be tried again.
    async fn embed_once(
        &self,
        activity: Option<&ChatActivity>,
        events: Events<'_>,
        tell: &(dyn Fn(VectorNews<'_>) + Send + Sync),
        stop: &CancellationToken,
    ) -> Result<Option<String>, IndexError> {
        let embedder = match self.embedder().await {
            Ok(Some(embedder)) => embedder,
            Ok(None) => {
                tell(VectorNews::Unwanted);
                return Ok(None);
            }
            Err(error) => return Ok(Some(error.with_hint())),
        };
        let embedded = match activity {
            None => self.embed(&embedder, events, stop).await,
            Some(activity) => {
                let polite = Polite {
                    embedder: &embedder,
                    activity,
                };
                self.embed(&polite, events, stop).await
            }
        };
        match embedded {
            Ok(_) => {
                tell(VectorNews::Complete);
                Ok(None)
            }
            // Whoever watches ends this, too.
            Err(IndexError::Stopped) => std::future::pending().await,
            Err(error @ (IndexError::Busy | IndexError::Filling)) => Ok(Some(error.to_string())),
            Err(IndexError::Embedding(error)) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }
}

/// What the task works with.
struct Keeper {
    app: App,
    activity: ChatActivity,
    standing: watch::Sender<Standing>,
    stop: CancellationToken,
}

impl Keeper {
    async fn run(self) {
        if self.app.needs_confirmation() && !self.app.index.exists() {
            let why = "this folder is not indexed; `ollacode index` does it".to_owned();
            self.standing.send_replace(Standing::Trouble(why));
            return;
        }
        while !self.stop.is_cancelled() {
            match self.watch().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "the index is not kept fresh for now");
                    self.standing
                        .send_replace(Standing::Trouble(error.to_string()));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Watches until it is told to stop, or something fails that passes.
    async fn watch(&self) -> Result<(), IndexError> {
        let events = |event: IndexEvent| self.take(event);
        let how = Refresh {
            stop: self.stop.clone(),
            ..Refresh::default()
        };
        let refreshed = self.app.index.refresh(&how, &events).await;
        self.app.first_index.send_replace(false);
        match refreshed {
            // Whoever writes to it takes the changes in.
            Ok(_) | Err(IndexError::Busy) => {}
            Err(IndexError::Stopped) => return Ok(()),
            Err(error) => return Err(error),
        }
        let changed = Notify::new();
        changed.notify_one();
        let tell = |news: VectorNews<'_>| {
            self.standing.send_replace(match news {
                VectorNews::Unwanted | VectorNews::Complete => Standing::Fresh,
                VectorNews::Waiting(why) => Standing::Trouble(format!("no vectors for now: {why}")),
            });
        };
        let followed = self.app.follow_with_vectors(
            &changed,
            Some(&self.activity),
            &events,
            &tell,
            &self.stop,
        );
        tokio::select! {
            watched = self.app.index.watch(&events, &changed, &self.stop) => watched,
            followed = followed => followed,
        }
    }

    fn take(&self, event: IndexEvent) {
        let standing = match event {
            IndexEvent::Embedding { done, total } => Standing::Behind(total.saturating_sub(done)),
            IndexEvent::Warning(message) => {
                tracing::warn!("{message}");
                return;
            }
            _ => return,
        };
        self.standing.send_replace(standing);
    }
}

/// An embedder that lets replies go before it.
struct Polite<'a> {
    embedder: &'a dyn Embedder,
    activity: &'a ChatActivity,
}

impl Embedder for Polite<'_> {
    fn model(&self) -> &EmbeddingModel {
        self.embedder.model()
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        self.embedder.wrap(text, role)
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        async move {
            loop {
                self.activity.idle().await;
                tokio::select! {
                    answer = self.embedder.embed(texts) => return answer,
                    // Dropping the request is what makes the server stop.
                    () = self.activity.busy() => {}
                }
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// An embedder whose answer comes when it is allowed, and which counts what is asked of it.
    struct Slow {
        model: EmbeddingModel,
        asked: AtomicUsize,
        allowed: Notify,
    }

    impl Embedder for Slow {
        fn model(&self) -> &EmbeddingModel {
            &self.model
        }

        fn wrap(&self, text: &str, _: Role) -> String {
            text.to_owned()
        }

        fn embed<'a>(&'a self, _: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
            async move {
                self.asked.fetch_add(1, Ordering::SeqCst);
                self.allowed.notified().await;
                Ok(Embedded {
                    vectors: vec![vec![1.0]],
                    tokens: None,
                })
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn nothing_is_embedded_while_a_reply_is_made() {
        let slow = Slow {
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
        };
        let activity = ChatActivity::default();
        let polite = Polite {
            embedder: &slow,
            activity: &activity,
        };
        let texts = ["a".to_owned()];
        let mut embedding = polite.embed(&texts);
        let asked = || slow.asked.load(Ordering::SeqCst);
        let reply = activity.replying();
        assert!(futures::poll!(&mut embedding).is_pending());
        assert_eq!(asked(), 0, "a reply goes first");
        drop(reply);
        assert!(futures::poll!(&mut embedding).is_pending());
        assert_eq!(asked(), 1);
        let reply = activity.replying();
        assert!(futures::poll!(&mut embedding).is_pending());
        slow.allowed.notify_one();
        assert!(
            futures::poll!(&mut embedding).is_pending(),
            "the request was given up, so its answer is nobody's"
        );
        drop(reply);
        let embedded = embedding.await.expect("vectors");
        assert_eq!((asked(), embedded.vectors.len()), (2, 1));
    }
}
