//! Filling in vectors: behind the lexical index, never the same text twice.
//!
//! Three stages with bounded queues between them, so that the server always has
//! a request: texts are read and looked up in the cache; up to two requests are
//! under way; vectors are committed in batches, the lock held for one at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use ollacode_store::{
    CacheKey, ChunkRow, ContentKey, EmbeddingCache, Failure, Filter, MissingKey, State, Store,
    VectorRow,
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::ask::{Cache, Job, Outcome, ask, with_cache};
use crate::embed::{Embedder, Role, parts};
use crate::error::IndexError;
use crate::index::{COMPLETE_FINGERPRINT, COMPLETE_MODEL, Index, Pending, blocking};
use crate::progress::{Events, IndexEvent};
use crate::reconcile::note_versions;
use crate::refresh::Wait;

/// Texts in one request: a server works on them one by one, so more save nothing.
const TEXTS_PER_REQUEST: usize = 32;
/// Keys read from the bookkeeping at a time.
const KEYS_PER_PAGE: usize = 512;
/// Requests that wait for the server.
const QUEUE: usize = 4;
/// Vectors are committed when there are so many,
const VECTORS_PER_COMMIT: usize = 1_024;
/// or when the oldest has waited so long: every batch makes search better.
const COMMIT_AFTER: Duration = Duration::from_secs(5);
/// Vectors of chunks that are gone are removed when there are so many,
const ORPHANS: usize = 1_000;
/// or one for so many that are needed: near-copies of edited chunks crowd a search.
const ORPHAN_SHARE: u64 = 20;
/// Passes after which what still comes in is left to the next run.
const PASSES: usize = 5;

/// What filling in vectors did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbedReport {
    /// Texts that the server embedded.
    pub embedded: u64,
    /// Texts whose vectors were in the cache.
    pub from_cache: u64,
    /// Texts that could not be embedded; they are listed.
    pub failed: u64,
}

impl EmbedReport {
    fn add(&mut self, other: EmbedReport) {
        self.embedded += other.embedded;
        self.from_cache += other.from_cache;
        self.failed += other.failed;
    }
}

impl Index {
    /// Embeds every chunk that has no vector yet, or lists why it has none.
    ///
    /// Commits as it goes; stopping loses at most the last few seconds of work,
    /// and not even that, since the cache has it.
    pub fn embed<'a>(
        &'a self,
        embedder: &'a dyn Embedder,
        cache: Option<EmbeddingCache>,
        events: Events<'a>,
        stop: &'a CancellationToken,
    ) -> Pending<'a, EmbedReport> {
        async move {
            let cache: Cache = cache.map(|cache| Arc::new(Mutex::new(cache)));
            let mut report = EmbedReport::default();
            for _ in 0..PASSES {
                report.add(self.pass(embedder, &cache, events, stop).await?);
                if self.finish_vectors(embedder, events).await? == Finish::Complete {
                    break;
                }
            }
            Ok(report)
        }
        .boxed()
    }

    /// Goes through all keys without vectors once.
    async fn pass(
        &self,
        embedder: &dyn Embedder,
        cache: &Cache,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let fingerprint = embedder.model().fingerprint();
        let folder = self.folder().to_owned();
        let total =
            blocking(move || Ok(State::open_read_only(&folder)?.missing_count(&fingerprint)?))
                .await?;
        if total == 0 {
            return Ok(EmbedReport::default());
        }
        events(IndexEvent::Embedding { done: 0, total });
        let (to_server, requests) = mpsc::channel(QUEUE);
        let (to_writer, outcomes) = mpsc::channel(QUEUE * TEXTS_PER_REQUEST);
        let reading = self.read_missing(embedder, cache, to_server, to_writer.clone(), stop);
        let asking = ask(embedder, cache, requests, to_writer, stop);
        let writing = self.write_vectors(embedder, outcomes, events, total);
        let (reading, asking, report) = tokio::join!(reading, asking, writing);
        let report = report?;
        reading?;
        asking?;
        if stop.is_cancelled() {
            return Err(IndexError::Stopped);
        }
        Ok(report)
    }

    /// First stage: keys without vectors, their texts, and what the cache knows of them.
    async fn read_missing(
        &self,
        embedder: &dyn Embedder,
        cache: &Cache,
        to_server: mpsc::Sender<Vec<Job>>,
        to_writer: mpsc::Sender<Outcome>,
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        let store = self.store().await?;
        let fingerprint = embedder.model().fingerprint();
        let mut after = None;
        let mut request = Vec::new();
        let mut texts = 0;
        while !stop.is_cancelled() {
            let (folder, name) = (self.folder().to_owned(), fingerprint.clone());
            let page = blocking(move || {
                Ok(State::open_read_only(&folder)?.missing_keys(&name, KEYS_PER_PAGE, after)?)
            })
            .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key);
            for job in jobs(&store, embedder, cache, page).await? {
                if job.is_done() {
                    let key = job.missing.key;
                    let vectors = job.vectors.into_iter().flatten().collect();
                    let done = Outcome::Vectors {
                        key,
                        vectors,
                        cached: true,
                    };
                    if to_writer.send(done).await.is_err() {
                        return Ok(());
                    }
                    continue;
                }
                texts += job.texts.len();
                request.push(job);
                if texts >= TEXTS_PER_REQUEST {
                    texts = 0;
                    if to_server.send(std::mem::take(&mut request)).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        if !request.is_empty() {
            // The receiver is gone only when the server failed, which is reported there.
            let _ = to_server.send(request).await;
        }
        Ok(())
    }

    /// Last stage: vectors into the store, then into the bookkeeping.
    async fn write_vectors(
        &self,
        embedder: &dyn Embedder,
        mut outcomes: mpsc::Receiver<Outcome>,
        events: Events<'_>,
        total: u64,
    ) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport::default();
        let mut batch = VectorBatch::default();
        let mut oldest = Instant::now();
        while let Some(outcome) = outcomes.recv().await {
            if batch.is_empty() {
                oldest = Instant::now();
            }
            batch.take(outcome, &mut report);
            let done = report.embedded + report.from_cache + report.failed;
            events(IndexEvent::Embedding {
                done,
                total: total.max(done),
            });
            if batch.rows.len() >= VECTORS_PER_COMMIT || oldest.elapsed() >= COMMIT_AFTER {
                self.commit_vectors(embedder, std::mem::take(&mut batch), events)
                    .await?;
            }
        }
        self.commit_vectors(embedder, batch, events).await?;
        Ok(report)
    }

    async fn commit_vectors(
        &self,
        embedder: &dyn Embedder,
        batch: VectorBatch,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        if batch.is_empty() {
            return Ok(());
        }
        let model = embedder.model();
        let fingerprint = model.fingerprint();
        let _lock = self.lock(Wait::UpTo(Duration::from_secs(120))).await?;
        let (store, mut state) = self.open_for_writing(events).await?;
        // Another process may have embedded the same texts meanwhile.
        let keys = state.without_vectors(&fingerprint, &batch.keys)?;
        let rows: Vec<VectorRow> = batch
            .rows
            .into_iter()
            .filter(|row| keys.contains(&row.key))
            .collect();
        store
            .add_vectors(&fingerprint, model.dimension, &rows)
            .await?;
        state.record_vectors(&fingerprint, &batch.keys)?;
        state.record_failures(&fingerprint, &batch.failures)?;
        note_versions(&store, &mut state).await
    }

    /// When all vectors of a model are there: its index, and the end of those before it.
    ///
    /// Chunks that were written meanwhile may lack theirs; then nothing is ended yet.
    async fn finish_vectors(
        &self,
        embedder: &dyn Embedder,
        events: Events<'_>,
    ) -> Result<Finish, IndexError> {
        let fingerprint = embedder.model().fingerprint();
        let _lock = self.lock(Wait::UpTo(Duration::from_secs(120))).await?;
        let (store, mut state) = self.open_for_writing(events).await?;
        if state.missing_count(&fingerprint)? > 0 {
            return Ok(Finish::MoreToDo);
        }
        let orphans = state.orphan_vector_keys(&fingerprint, usize::MAX >> 1)?;
        let live = state.counts(&fingerprint)?.embedded;
        if orphans.len() >= ORPHANS || orphans.len() as u64 * ORPHAN_SHARE > live.max(ORPHAN_SHARE)
        {
            store.delete_vectors(&fingerprint, &orphans).await?;
            state.remove_vectors(&fingerprint, &orphans)?;
        }
        store.index_vectors(&fingerprint).await?;
        self.maintain(&store, &mut state).await?;
        for other in store.vector_fingerprints().await? {
            if other != fingerprint {
                // Forgotten first: a crash between the two leaves a table, not a promise.
                state.remove_fingerprint(&other)?;
                store.drop_vectors(&other).await?;
            }
        }
        state.set_meta(COMPLETE_FINGERPRINT, &fingerprint)?;
        state.set_meta(COMPLETE_MODEL, &embedder.model().name)?;
        Ok(Finish::Complete)
    }
}

/// What the end of a pass found.
#[derive(PartialEq, Eq)]
enum Finish {
    /// Every chunk has its vector, or is listed.
    Complete,
    /// Chunks came in behind the pass.
    MoreToDo,
}

#[derive(Default)]
struct VectorBatch {
    keys: Vec<ContentKey>,
    rows: Vec<VectorRow>,
    failures: Vec<Failure>,
}

impl VectorBatch {
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.failures.is_empty()
    }

    fn take(&mut self, outcome: Outcome, report: &mut EmbedReport) {
        match outcome {
            Outcome::Vectors {
                key,
                vectors,
                cached,
            } => {
                let counter = if cached {
                    &mut report.from_cache
                } else {
                    &mut report.embedded
                };
                *counter += 1;
                self.keys.push(key);
                self.rows
                    .extend((0u16..).zip(vectors).map(|(part, vector)| VectorRow {
                        key,
                        part,
                        vector,
                    }));
            }
            Outcome::Failed(failure) => {
                report.failed += 1;
                self.failures.push(failure);
            }
        }
    }
}

/// Makes the texts of a page of keys, with the vectors that the cache has.
async fn jobs(
    store: &Store,
    embedder: &dyn Embedder,
    cache: &Cache,
    page: Vec<MissingKey>,
) -> Result<Vec<Job>, IndexError> {
    let keys: Vec<ContentKey> = page.iter().map(|missing| missing.key).collect();
    let mut rows: HashMap<ContentKey, ChunkRow> = HashMap::new();
    for row in store.chunks_by_keys(&keys, &Filter::default()).await? {
        rows.entry(row.content_key).or_insert(row);
    }
    let model = embedder.model();
    let mut jobs = Vec::with_capacity(page.len());
    for missing in page {
        // A chunk that was replaced since the page was read needs no vector.
        let Some(row) = rows.get(&missing.key) else {
            continue;
        };
        let wrap = |text: &str| embedder.wrap(text, Role::Document);
        let texts = parts(&row.chunk, model.window, wrap);
        let vectors = vec![None; texts.len()];
        jobs.push(Job {
            missing,
            start_line: row.chunk.start_line,
            texts,
            vectors,
        });
    }
    if let Some(cache) = cache {
        let keys: Vec<CacheKey> = jobs
            .iter()
            .flat_map(|job| &job.texts)
            .map(|text| model.cache_key(text))
            .collect();
        let known = with_cache(cache, move |cache| cache.get_many(&keys)).await?;
        for job in &mut jobs {
            for (text, vector) in job.texts.iter().zip(&mut job.vectors) {
                *vector = known.get(&model.cache_key(text)).cloned();
            }
        }
    }
    Ok(jobs)
}
