//! The shared cache in the embedding pipeline: after the local cache, before the embedding server.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ollacode_store::{CacheKey, ContentKey, FillMoment};
use parking_lot::Mutex;

use crate::embed::{Embedder, EmbeddingModel};
use crate::embed_requests::{EmbedJob, LocalCache, VectorSource, with_cache};
use crate::error::IndexError;
use crate::index::Index;
use crate::progress::{Events, IndexEvent};
use crate::reconcile::record_versions;
use crate::refresh::LockWait;
use crate::shared::read::{FoundVector, ModelCache};
use crate::shared::spot_check::SpotChecks;
use crate::shared::{SharedCache, SharedReport, Standing};

/// How long the last packs may take, after a whole run and after one that was stopped.
const LAST_PACKS: Duration = Duration::from_secs(60);
const LAST_PACKS_STOPPED: Duration = Duration::from_secs(5);
/// How long the removal of vectors that turned out to be wrong waits for another writer.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Where vectors are looked up before the server is asked, and put after it has answered.
pub(crate) struct Caches {
    pub(crate) local: LocalCache,
    pub(crate) shared: Option<SharedRun>,
}

/// The shared cache in one run of the pipeline.
pub(crate) struct SharedRun {
    cache: ModelCache,
    whole: SharedCache,
    /// `None` if vectors are believed that look like vectors.
    checks: Option<Mutex<SpotChecks>>,
    /// What was told when the run began.
    told: SharedReport,
}

impl Caches {
    /// How many texts are read and looked up before the first of them goes to the server.
    pub(crate) fn texts_per_lot(&self) -> usize {
        let shared = self.shared.as_ref();
        shared.map_or(1, |run| run.cache.inner.requests.limits.texts)
    }

    /// Gives jobs the vectors that the shared cache has, and the local cache, too.
    pub(crate) async fn fill_shared(
        &self,
        embedder: &dyn Embedder,
        jobs: &mut [EmbedJob],
    ) -> Result<(), IndexError> {
        let Some(shared) = &self.shared else {
            return Ok(());
        };
        let model = embedder.model();
        let keys: Vec<CacheKey> = texts(jobs, model)
            .filter(|text| !text.is_known)
            .map(|text| text.key)
            .collect();
        let mut found = shared.cache.get(&keys).await;
        shared.check(embedder, jobs, &mut found).await;
        if let Some(local) = &self.local
            && !found.is_empty()
        {
            let new: Vec<(CacheKey, Vec<f32>)> = found
                .iter()
                .map(|(key, found)| (*key, found.vector.clone()))
                .collect();
            with_cache(local, move |cache| cache.put_many(&new)).await?;
        }
        shared.offer(jobs, model).await;
        for job in jobs {
            fill(job, model, &found);
        }
        Ok(())
    }

    /// Puts vectors that the server made into both caches.
    pub(crate) async fn put(&self, fresh: Vec<(CacheKey, Vec<f32>)>) -> Result<(), IndexError> {
        if let Some(shared) = &self.shared {
            shared.cache.put(&fresh);
        }
        match &self.local {
            Some(local) if !fresh.is_empty() => {
                with_cache(local, move |cache| cache.put_many(&fresh)).await
            }
            _ => Ok(()),
        }
    }
}

/// A text of a job.
struct JobText<'a> {
    content: ContentKey,
    key: CacheKey,
    text: &'a str,
    is_known: bool,
}

fn texts<'a>(
    jobs: &'a [EmbedJob],
    model: &'a EmbeddingModel,
) -> impl Iterator<Item = JobText<'a>> + 'a {
    jobs.iter().flat_map(move |job| {
        let content = job.missing.key;
        job.texts
            .iter()
            .zip(&job.vectors)
            .map(move |(text, vector)| JobText {
                content,
                key: model.cache_key(content, text),
                text,
                is_known: vector.is_some(),
            })
    })
}

/// Gives a job those of its vectors that were found.
fn fill(job: &mut EmbedJob, model: &EmbeddingModel, found: &HashMap<CacheKey, FoundVector>) {
    for (text, vector) in job.texts.iter().zip(&mut job.vectors) {
        if vector.is_some() {
            continue;
        }
        if let Some(found) = found.get(&model.cache_key(job.missing.key, text)) {
            *vector = Some(found.vector.clone());
            job.source = VectorSource::Shared;
        }
    }
}

impl SharedRun {
    pub(crate) fn new(shared: &SharedCache, model: &EmbeddingModel) -> SharedRun {
        SharedRun {
            cache: shared.model(model),
            whole: shared.clone(),
            checks: shared.spot_checks().then(Mutex::default),
            told: shared.report(),
        }
    }

    /// Compares some of the vectors that were found with those of the server, and takes out those of
    /// packs that are wrong.
    async fn check(
        &self,
        embedder: &dyn Embedder,
        jobs: &[EmbedJob],
        found: &mut HashMap<CacheKey, FoundVector>,
    ) {
        let Some(checks) = &self.checks else {
            return;
        };
        let packs: HashSet<Arc<str>> = found
            .values()
            .map(|found| Arc::clone(&found.pack))
            .collect();
        let unchecked = self.cache.unchecked(&packs).await;
        let (mut sample, mut wanted) = (Vec::new(), Vec::new());
        for text in texts(jobs, embedder.model()) {
            let Some(found) = found.get(&text.key) else {
                continue;
            };
            if !unchecked.contains(&found.pack) {
                continue;
            }
            if checks.lock().is_chosen(&found.pack, text.key) {
                sample.push(text.text.to_owned());
                wanted.push((Arc::clone(&found.pack), found.vector.clone()));
            }
        }
        for (texts, wanted) in sample.chunks(8).zip(wanted.chunks(8)) {
            let answer = embedder.embed(texts).await;
            let wrong = checks.lock().judge(wanted, answer);
            for pack in wrong {
                self.cache.condemn(&pack).await;
                found.retain(|_, found| found.pack != pack);
            }
        }
        let mut checks = checks.lock();
        for text in texts(jobs, embedder.model()) {
            if let Some(found) = found.get(&text.key)
                && unchecked.contains(&found.pack)
            {
                checks.note_taken(&found.pack, text.content, text.key);
            }
        }
        let count = checks.take_count();
        self.cache.inner.requests.report.lock().spot_checked += count;
    }

    /// What went wrong in this run, in sentences without a full stop. That the whole store is left out
    /// stands in the report.
    fn news(&self) -> Vec<String> {
        let (report, told) = (self.whole.report(), &self.told);
        let bad = report.bad.iter().filter(|bad| !told.bad.contains(bad));
        let mut news: Vec<String> = bad.map(ToString::to_string).collect();
        if report.beyond > 0 && report.beyond != told.beyond {
            let beyond = report.beyond;
            news.push(format!(
                "{beyond} of its packs were not looked into, since there are many or it is slow; \
                 `ollacode cache compact` merges small ones"
            ));
        }
        let unwritten = report.unwritten - told.unwritten;
        if unwritten > 0
            && !matches!(report.standing, Standing::LeftOut(_))
            && let Some(why) = report.why_unwritten
        {
            news.push(format!("{unwritten} vectors could not be written: {why}"));
        }
        news
    }

    /// Adds what only this machine has: sharing may have begun after it was embedded.
    async fn offer(&self, jobs: &[EmbedJob], model: &EmbeddingModel) {
        if !self.cache.inner.options.may_write {
            return;
        }
        let known: Vec<(CacheKey, &Vec<f32>)> = jobs
            .iter()
            .flat_map(|job| {
                let key = move |text: &String| model.cache_key(job.missing.key, text);
                let texts = job.texts.iter().map(key);
                texts.zip(&job.vectors)
            })
            .filter_map(|(key, vector)| Some((key, vector.as_ref()?)))
            .collect();
        let keys: Vec<CacheKey> = known.iter().map(|(key, _)| *key).collect();
        let lacking = self.cache.lacking(&keys).await;
        let new: Vec<(CacheKey, Vec<f32>)> = known
            .into_iter()
            .filter(|(key, _)| lacking.contains(key))
            .map(|(key, vector)| (key, vector.clone()))
            .collect();
        self.cache.put(&new);
    }
}

impl Index {
    /// Adds a cache of vectors that several machines share, for [`Index::embed`] and
    /// [`Index::dry_run_shared`].
    #[must_use]
    pub fn sharing(mut self, shared: SharedCache) -> Index {
        self.shared = Some(shared);
        self
    }

    /// Removes the vectors that came from packs which turned out to be wrong, so that they are
    /// embedded.
    pub(crate) async fn remove_condemned(
        &self,
        embedder: &dyn Embedder,
        caches: &Caches,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        let checks = caches.shared.as_ref().and_then(|run| run.checks.as_ref());
        let taken = checks.map(|checks| checks.lock().take_condemned());
        let (contents, keys): (Vec<ContentKey>, Vec<CacheKey>) =
            taken.unwrap_or_default().into_iter().unzip();
        if keys.is_empty() {
            return Ok(());
        }
        if let Some(local) = &caches.local {
            with_cache(local, move |cache| cache.remove_many(&keys)).await?;
        }
        let fingerprint = embedder.model().fingerprint();
        let _lock = self.lock(LockWait::UpTo(LONGEST_WAIT)).await?;
        let (store, catalog) = self.open_for_writing(events).await?;
        store.delete_vectors(&fingerprint, &contents).await?;
        let name = fingerprint.clone();
        catalog
            .run(move |state| state.remove_vectors(&name, &contents))
            .await?;
        let moment = FillMoment::Filling;
        store
            .tend_vectors(&fingerprint, moment, SystemTime::now())
            .await?;
        record_versions(&store, &catalog).await?;
        catalog.close().await
    }
}

impl Caches {
    /// Sends the last packs, and tells of packs that are not used.
    pub(crate) async fn finish(&self, is_whole: bool, events: Events<'_>) {
        let Some(shared) = &self.shared else {
            return;
        };
        shared
            .cache
            .finish(match is_whole {
                true => LAST_PACKS,
                false => LAST_PACKS_STOPPED,
            })
            .await;
        if let Some(checks) = &shared.checks {
            let sound = checks.lock().take_sound();
            shared.cache.note_sound(&sound).await;
        }
        for warning in shared.news() {
            let place = shared.whole.place();
            events(IndexEvent::Warning(format!(
                "shared cache `{place}`: {warning}"
            )));
        }
    }
}
