//! Vectors on their way from the model to the disk, and how long they wait there.
//!
//! Neither wait depends on what comes next: that may be an hour away, as while a chat has priority.

use std::time::{Duration, Instant};

use ollacode_store::{CacheKey, ContentKey, EmbedFailure, VectorRow};

use crate::embed_pipeline::EmbedReport;
use crate::embed_requests::EmbedOutcome;
use crate::embed_shared::Caches;
use crate::error::IndexError;

/// Vectors are cached when there are this many, if not before.
const VECTORS_PER_PUT: usize = 64;
/// Vectors are committed when there are this many, if not before.
const VECTORS_PER_COMMIT: usize = 2_048;

/// The longest times that vectors wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchTimes {
    /// For the cache: what is killed loses no more.
    pub(crate) put_after: Duration,
    /// For the store: every batch makes search better, and every commit costs a file and a version.
    pub(crate) commit_after: Duration,
}

impl Default for BatchTimes {
    fn default() -> BatchTimes {
        BatchTimes {
            put_after: Duration::from_secs(1),
            commit_after: Duration::from_secs(15),
        }
    }
}

/// Vectors that are not committed yet.
#[derive(Default)]
pub(crate) struct VectorBatch {
    pub(crate) keys: Vec<ContentKey>,
    pub(crate) rows: Vec<VectorRow>,
    pub(crate) failures: Vec<EmbedFailure>,
    /// For the cache.
    fresh: Vec<(CacheKey, Vec<f32>)>,
    /// When the first of these came.
    fresh_since: Option<Instant>,
    /// When the first of what is for the store came.
    since: Option<Instant>,
}

impl VectorBatch {
    /// Whether there is nothing for the store.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.failures.is_empty()
    }

    /// How long to wait for more; for ever if there is nothing.
    pub(crate) fn patience(&self, times: BatchTimes) -> Duration {
        let left = |since: Option<Instant>, most: Duration| {
            since.map(|since| most.saturating_sub(since.elapsed()))
        };
        let put = left(self.fresh_since, times.put_after);
        let commit = left(self.since, times.commit_after);
        put.into_iter().chain(commit).min().unwrap_or(Duration::MAX)
    }

    /// Whether it is time to put what is new into the cache.
    pub(crate) fn is_to_be_put(&self, times: BatchTimes) -> bool {
        self.fresh.len() >= VECTORS_PER_PUT || is_over(self.fresh_since, times.put_after)
    }

    /// Whether it is time to commit.
    pub(crate) fn is_to_be_committed(&self, times: BatchTimes) -> bool {
        self.rows.len() >= VECTORS_PER_COMMIT || is_over(self.since, times.commit_after)
    }

    pub(crate) fn take(&mut self, outcome: EmbedOutcome, report: &mut EmbedReport) {
        let now = Instant::now();
        match outcome {
            EmbedOutcome::Vectors {
                key,
                vectors,
                source,
            } => {
                *report.counter(source) += 1;
                self.since.get_or_insert(now);
                self.keys.push(key);
                self.rows
                    .extend((0u16..).zip(vectors).map(|(part, vector)| VectorRow {
                        key,
                        part,
                        vector,
                    }));
            }
            EmbedOutcome::Fresh(vectors) => {
                if !vectors.is_empty() {
                    self.fresh_since.get_or_insert(now);
                }
                self.fresh.extend(vectors);
            }
            EmbedOutcome::Failed { failure, .. } => {
                report.failed += 1;
                self.since.get_or_insert(now);
                self.failures.push(failure);
            }
        }
    }

    /// Puts what is new into the caches.
    pub(crate) async fn put(&mut self, caches: &Caches) -> Result<(), IndexError> {
        self.fresh_since = None;
        caches.put(std::mem::take(&mut self.fresh)).await
    }
}

/// Whether something has waited for a time.
fn is_over(since: Option<Instant>, most: Duration) -> bool {
    since.is_some_and(|since| since.elapsed() >= most)
}
