//! The embedding pipeline: it follows the lexical index, and never embeds the same text twice.
//!
//! Three stages with bounded queues between them, so that the server always has
//! a request: texts are read and looked up in the cache; as many requests are under
//! way as the embedder wants, and complete in any order; vectors are committed in
//! batches, by key, the lock held for one at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use ollacode_store::{
    CacheKey, Catalog, ChunkRow, ContentKey, EmbeddingCache, FillMoment, MissingKey, Store,
    VectorRow,
};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::embed::{EmbedError, Embedder, Role, parts};
use crate::embed_batch::{BatchTimes, VectorBatch};
use crate::embed_order::{EmbedOrder, KeyPage, UnreadTexts};
use crate::embed_requests::{EmbedJob, EmbedOutcome, LocalCache, VectorSource, ask, with_cache};
use crate::embed_shared::{Caches, SharedRun};
use crate::error::IndexError;
use crate::index::{
    COMPLETE_DIGEST, COMPLETE_FINGERPRINT, COMPLETE_MODEL, COMPLETE_WEIGHTS, Index, IndexFuture,
    blocking,
};
use crate::progress::{Events, IndexEvent};
use crate::reconcile::{SharedCatalog, record_versions};
use crate::refresh::LockWait;

/// Texts in one request: a server works on them one by one, so more save nothing.
const TEXTS_PER_REQUEST: usize = 32;
/// Requests that wait for the server.
const QUEUE: usize = 4;
/// Vectors of deleted chunks are removed when there are this many,
const ORPHANS: usize = 1_000;
/// or one for this many that are needed: near-copies of edited chunks crowd out other hits.
const ORPHAN_SHARE: u64 = 20;
/// How long a batch of vectors waits for another writer.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The most passes; chunks that are added later are left to the next run.
const PASSES: usize = 5;

/// The report of the embedding pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbedReport {
    /// Texts that the server embedded.
    pub embedded: u64,
    /// Texts whose vectors came from the cache.
    pub from_cache: u64,
    /// Texts whose vectors came from the shared cache, at least in part.
    pub from_shared: u64,
    /// Texts that could not be embedded; [`Index::failures`] lists them.
    pub failed: u64,
}

impl EmbedReport {
    fn add(&mut self, other: EmbedReport) {
        self.embedded += other.embedded;
        self.from_cache += other.from_cache;
        self.from_shared += other.from_shared;
        self.failed += other.failed;
    }

    /// Texts that have their vectors, or that could not be embedded.
    pub(crate) fn done(&self) -> u64 {
        self.embedded + self.from_cache + self.from_shared + self.failed
    }

    /// The count of texts whose vectors come from a source.
    pub(crate) fn counter(&mut self, source: VectorSource) -> &mut u64 {
        match source {
            VectorSource::Local => &mut self.from_cache,
            VectorSource::Shared => &mut self.from_shared,
            VectorSource::Server => &mut self.embedded,
        }
    }
}

impl Index {
    /// Embeds every chunk that has no vector yet, or records why it has none.
    ///
    /// Commits batch by batch, so that stopping loses at most the last few seconds of work, which
    /// the cache keeps. Texts that failed in earlier runs are tried again, but only once by an
    /// index and its clones.
    ///
    /// # Errors
    /// [`IndexError::Filling`] while another process embeds, [`IndexError::Embedding`] if the model
    /// cannot be used.
    pub fn embed<'a>(
        &'a self,
        embedder: &'a dyn Embedder,
        cache: Option<EmbeddingCache>,
        events: Events<'a>,
        stop: &'a CancellationToken,
    ) -> IndexFuture<'a, EmbedReport> {
        async move {
            let _filling = self.filling().await?;
            let shared = self.shared.as_ref();
            let caches = Caches {
                local: cache.map(|cache| Arc::new(Mutex::new(cache))),
                shared: shared.map(|shared| SharedRun::new(shared, embedder.model())),
            };
            let report = self.passes(embedder, &caches, events, stop).await;
            caches.finish(report.is_ok(), events).await;
            report
        }
        .boxed()
    }

    async fn passes(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport::default();
        let mut again = self.failed_before(embedder).await?;
        for _ in 0..PASSES {
            let again = std::mem::take(&mut again);
            let passed = self.pass(embedder, caches, again, events, stop).await;
            // What is wrong must not stay because the run was stopped.
            let removed = self.remove_condemned(embedder, caches, events).await;
            report.add(passed?);
            self.retried.store(true, Ordering::Relaxed);
            removed?;
            if self.finish_vectors(embedder, events).await? == PassEnd::Complete {
                break;
            }
        }
        Ok(report)
    }

    /// The texts that earlier runs could not embed, unless this one has tried them already.
    ///
    /// The server may be another one by now; but a watcher must not try again and again.
    async fn failed_before(&self, embedder: &dyn Embedder) -> Result<Vec<MissingKey>, IndexError> {
        if self.retried.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let (folder, fingerprint) = (self.folder().to_owned(), embedder.model().fingerprint());
        blocking(move || Ok(Catalog::open_read_only(&folder)?.failed_keys(&fingerprint)?)).await
    }

    /// Goes through all keys without vectors once, and through some that failed before.
    async fn pass(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        again: Vec<MissingKey>,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<EmbedReport, IndexError> {
        let fingerprint = embedder.model().fingerprint();
        let folder = self.folder().to_owned();
        let order = blocking(move || {
            let state = Catalog::open_read_only(&folder)?;
            Ok(EmbedOrder::new(state.missing_texts(&fingerprint)?))
        })
        .await?;
        let total = (order.len() + again.len()) as u64;
        if total == 0 {
            return Ok(EmbedReport::default());
        }
        events(IndexEvent::Embedding { done: 0, total });
        let (to_server, requests) = mpsc::channel(QUEUE);
        let (to_writer, outcomes) = mpsc::channel(QUEUE * TEXTS_PER_REQUEST);
        let queues = (to_server, to_writer.clone());
        let unread = UnreadTexts::new(order, again);
        let reading = self.read_missing(embedder, caches, unread, queues, stop);
        let times = BatchTimes::default();
        let asking = ask(embedder, requests, to_writer, stop);
        let writing = self.write_vectors(embedder, caches, outcomes, events, total, times);
        let (reading, asking, report) = tokio::join!(reading, asking, writing);
        let report = report?;
        reading?;
        asking?;
        if stop.is_cancelled() {
            return Err(IndexError::Stopped);
        }
        Ok(report)
    }

    /// First stage: keys without vectors, their texts, and what the caches know of them.
    async fn read_missing(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        mut unread: UnreadTexts,
        (to_server, to_writer): (mpsc::Sender<Vec<EmbedJob>>, mpsc::Sender<EmbedOutcome>),
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        let store = self.store().await?;
        let mut request = Vec::new();
        let mut texts = 0;
        while !stop.is_cancelled() {
            let Some(mut lot) = next_lot(&store, embedder, caches, &mut unread).await? else {
                break;
            };
            tokio::select! {
                filled = caches.fill_shared(embedder, &mut lot) => filled?,
                () = stop.cancelled() => break,
            }
            for job in lot {
                if job.is_done() {
                    let done = EmbedOutcome::Vectors {
                        key: job.missing.key,
                        vectors: job.vectors.into_iter().flatten().collect(),
                        source: job.source,
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
            // The receiver is closed only when the server failed, which is reported there.
            let _ = to_server.send(request).await;
        }
        Ok(())
    }

    /// Last stage: commits vectors to the store, then to the catalog.
    async fn write_vectors(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        mut outcomes: mpsc::Receiver<EmbedOutcome>,
        events: Events<'_>,
        total: u64,
        times: BatchTimes,
    ) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport::default();
        let mut batch = VectorBatch::default();
        loop {
            match timeout(batch.patience(times), outcomes.recv()).await {
                Ok(None) => break,
                Ok(Some(outcome)) => {
                    batch.take(outcome, &mut report);
                    let done = report.done();
                    events(IndexEvent::Embedding {
                        done,
                        total: total.max(done),
                    });
                }
                // What there is has waited long enough.
                Err(_) => {}
            }
            if batch.is_to_be_put(times) {
                batch.put(caches).await?;
            }
            if batch.is_to_be_committed(times) {
                self.commit_vectors(embedder, caches, std::mem::take(&mut batch), events)
                    .await?;
            }
        }
        self.commit_vectors(embedder, caches, batch, events).await?;
        Ok(report)
    }

    async fn commit_vectors(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        mut batch: VectorBatch,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        // The cache needs no lock, so nothing that was computed waits for another process.
        batch.put(caches).await?;
        if batch.is_empty() {
            return Ok(());
        }
        let model = embedder.model();
        let fingerprint = model.fingerprint();
        let VectorBatch {
            keys,
            rows,
            failures,
            ..
        } = batch;
        let _lock = self.lock(LockWait::UpTo(LONGEST_WAIT)).await?;
        let (store, catalog) = self.open_for_writing(events).await?;
        // Another process may have embedded the same texts meanwhile.
        let (name, wanted) = (fingerprint.clone(), keys.clone());
        let missing = catalog
            .run(move |state| state.without_vectors(&name, &wanted))
            .await?;
        let mut rows: Vec<VectorRow> = rows
            .into_iter()
            .filter(|row| missing.contains(&row.key))
            .collect();
        // Whichever answer came first.
        rows.sort_unstable_by_key(|row| (row.key, row.part));
        store
            .add_vectors(&fingerprint, model.dimension, &rows)
            .await?;
        let name = fingerprint.clone();
        catalog
            .run(move |state| {
                state.record_vectors(&name, &keys)?;
                state.record_failures(&name, &failures)
            })
            .await?;
        record_versions(&store, &catalog).await?;
        let moment = FillMoment::Filling;
        if store
            .tend_vectors(&fingerprint, moment, SystemTime::now())
            .await?
        {
            record_versions(&store, &catalog).await?;
        }
        catalog.close().await
    }

    /// Once all vectors of a model exist, builds their index and removes those of older models.
    ///
    /// Chunks that were written meanwhile may have no vectors yet; then nothing is removed.
    async fn finish_vectors(
        &self,
        embedder: &dyn Embedder,
        events: Events<'_>,
    ) -> Result<PassEnd, IndexError> {
        let fingerprint = embedder.model().fingerprint();
        let _lock = self.lock(LockWait::UpTo(LONGEST_WAIT)).await?;
        let (store, catalog) = self.open_for_writing(events).await?;
        let name = fingerprint.clone();
        if catalog.run(move |state| state.missing_count(&name)).await? > 0 {
            catalog.close().await?;
            return Ok(PassEnd::MoreToDo);
        }
        let name = fingerprint.clone();
        let counts = catalog.run(move |state| state.counts(&name)).await?;
        // A model that fails for most texts does not replace the one before it.
        if counts.failed > counts.embedded {
            catalog.close().await?;
            return Err(EmbedError::Unavailable(format!(
                "{} could not embed {} of {} chunks; `ollacode index --failures` lists why",
                embedder.model().name,
                counts.failed,
                counts.failed + counts.embedded
            ))
            .into());
        }
        // From now on a save needs not look through all texts for those without vectors.
        let name = fingerprint.clone();
        catalog.run(move |state| state.settle(&name)).await?;
        remove_orphans(&store, &catalog, &fingerprint).await?;
        let moment = FillMoment::Filled;
        store
            .tend_vectors(&fingerprint, moment, SystemTime::now())
            .await?;
        self.maintain(&store, &catalog).await?;
        for other in store.vector_fingerprints().await? {
            if other != fingerprint {
                let name = other.clone();
                // The record first: a crash between the two leaves an unused table only.
                catalog
                    .run(move |state| state.remove_fingerprint(&name))
                    .await?;
                store.drop_vectors(&other).await?;
            }
        }
        let model = embedder.model().clone();
        catalog
            .run(move |state| {
                state.set_meta(COMPLETE_FINGERPRINT, &fingerprint)?;
                state.set_meta(COMPLETE_DIGEST, &model.digest)?;
                state.set_meta(
                    COMPLETE_WEIGHTS,
                    model.weights.as_deref().unwrap_or_default(),
                )?;
                state.set_meta(COMPLETE_MODEL, &model.name)
            })
            .await?;
        catalog.close().await?;
        Ok(PassEnd::Complete)
    }
}

/// Removes the vectors that belong to no chunk any more, if there are enough of them.
async fn remove_orphans(
    store: &Store,
    catalog: &SharedCatalog,
    fingerprint: &str,
) -> Result<(), IndexError> {
    let name = fingerprint.to_owned();
    let (orphans, live) = catalog
        .run(move |state| {
            let orphans = state.orphan_vector_keys(&name, usize::MAX >> 1)?;
            Ok((orphans, state.counts(&name)?.embedded))
        })
        .await?;
    let share = orphans.len() as u64 * ORPHAN_SHARE;
    if orphans.len() < ORPHANS && share <= live.max(ORPHAN_SHARE) {
        return Ok(());
    }
    store.delete_vectors(fingerprint, &orphans).await?;
    let name = fingerprint.to_owned();
    catalog
        .run(move |state| state.remove_vectors(&name, &orphans))
        .await
}

/// The state at the end of a pass.
#[derive(PartialEq, Eq)]
enum PassEnd {
    /// Every chunk has its vector or a recorded failure.
    Complete,
    /// Chunks were added during the pass.
    MoreToDo,
}

/// The next texts that are looked up together; `None` at the end.
async fn next_lot(
    store: &Store,
    embedder: &dyn Embedder,
    caches: &Caches,
    unread: &mut UnreadTexts,
) -> Result<Option<Vec<EmbedJob>>, IndexError> {
    let mut lot = Vec::new();
    loop {
        let page = unread.next_page();
        if page.keys.is_empty() {
            return Ok((!lot.is_empty()).then_some(lot));
        }
        lot.extend(jobs(store, embedder, &caches.local, page).await?);
        if lot.len() >= caches.texts_per_lot() {
            return Ok(Some(lot));
        }
    }
}

/// Makes the texts of a page of keys, with the vectors that the cache has.
async fn jobs(
    store: &Store,
    embedder: &dyn Embedder,
    cache: &LocalCache,
    page: KeyPage,
) -> Result<Vec<EmbedJob>, IndexError> {
    let keys: Vec<ContentKey> = page.keys.iter().map(|missing| missing.key).collect();
    let mut rows: HashMap<ContentKey, ChunkRow> = HashMap::new();
    for row in store.chunks_by_keys(&keys).await? {
        rows.entry(row.content_key).or_insert(row);
    }
    let model = embedder.model();
    let mut jobs = Vec::with_capacity(page.keys.len());
    for missing in page.keys {
        // A chunk that was replaced since the page was read needs no vector.
        let Some(row) = rows.get(&missing.key) else {
            continue;
        };
        let wrap = |text: &str| embedder.wrap(text, Role::Document);
        let texts = parts(&row.chunk, model.window, wrap);
        let vectors = vec![None; texts.len()];
        jobs.push(EmbedJob {
            missing,
            again: page.again,
            start_line: row.chunk.start_line,
            texts,
            vectors,
            source: VectorSource::Local,
        });
    }
    if let Some(cache) = cache {
        let keys: Vec<CacheKey> = jobs
            .iter()
            .flat_map(|job| job.texts.iter().map(|text| (job.missing.key, text)))
            .map(|(content, text)| model.cache_key(content, text))
            .collect();
        let known = with_cache(cache, move |cache| cache.get_many(&keys)).await?;
        for job in &mut jobs {
            for (text, vector) in job.texts.iter().zip(&mut job.vectors) {
                let key = model.cache_key(job.missing.key, text);
                *vector = known.get(&key).cloned();
            }
        }
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests;
