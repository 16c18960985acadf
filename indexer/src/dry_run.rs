//! A dry run of indexing: what an index would hold, without writing it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::FutureExt;
use ollacode_store::CacheKey;
use tokio_util::sync::CancellationToken;

use crate::embed::{Embedder, Role, document, parts};
use crate::error::IndexError;
use crate::index::{Index, IndexFuture, blocking};
use crate::prepare::{ChunkedFile, FileTask, PrepareLimit, PreparedFile, prepare_all};
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::refresh::now_ns;
use crate::shared::read::ModelCache;

/// Number of texts that are kept to measure the embedding model.
const SAMPLE: usize = 32;

/// The result of a dry run, which `--dry-run` shows.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// What would be indexed and skipped, with counts and languages.
    pub report: RefreshReport,
    /// Top-level folders with their files and chunks, the most chunks first.
    pub folders: Vec<(String, u64, u64)>,
    /// Number of distinct texts that would be embedded.
    pub texts: u64,
    /// Number of those whose vectors the shared cache has; `None` if it was not asked, or did not
    /// answer: [`crate::SharedCache::report`] says which.
    pub in_shared: Option<u64>,
    /// An even sample of these texts.
    pub sample: Vec<String>,
}

impl Index {
    /// Reads and chunks every file, and stores nothing.
    pub fn dry_run<'a>(
        &'a self,
        events: Events<'a>,
        stop: &'a CancellationToken,
    ) -> IndexFuture<'a, DryRun> {
        async move { Ok(self.chunk_all(None, events, stop).await?.0) }.boxed()
    }

    /// Like [`Index::dry_run`], and counts the texts of which the shared cache has the vectors that a
    /// model makes. The server that the embedder stands for is not asked.
    pub fn dry_run_shared<'a>(
        &'a self,
        embedder: Arc<dyn Embedder>,
        events: Events<'a>,
        stop: &'a CancellationToken,
    ) -> IndexFuture<'a, DryRun> {
        async move {
            let model = embedder.model().clone();
            let (mut survey, keys) = self.chunk_all(Some(embedder), events, stop).await?;
            if let Some(shared) = &self.shared {
                survey.in_shared = shared_texts(&shared.model(&model), &keys).await;
            }
            Ok(survey)
        }
        .boxed()
    }

    /// The dry run, with the key in the cache of each part of each text if there is an embedder.
    async fn chunk_all(
        &self,
        embedder: Option<Arc<dyn Embedder>>,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<(DryRun, Vec<PartKey>), IndexError> {
        let walked = self.walk().await?;
        events(IndexEvent::Walked {
            files: walked.entries.len(),
        });
        let mut survey = DryRun {
            report: RefreshReport::of_walk(&walked),
            ..DryRun::default()
        };
        let (root, stop) = (self.open_root()?, stop.clone());
        let redactor = self.redactor();
        let tasks: Vec<FileTask> = walked.entries.into_iter().map(FileTask::new).collect();
        let limit = PrepareLimit { stop, hurry: None };
        blocking(move || {
            let mut count = DryRunCount {
                embedder,
                ..DryRunCount::default()
            };
            prepare_all(
                &root,
                &tasks,
                redactor.as_ref(),
                now_ns(),
                &limit,
                |prepared, _ticket| {
                    match prepared {
                        PreparedFile::Chunked(file) => count.take(*file, &mut survey),
                        PreparedFile::Gone { path, skip } => survey.report.skip(path, skip),
                        PreparedFile::Unread { path, why } => survey.report.unread(path, &why),
                        // Nothing is known of any file.
                        PreparedFile::Same(_) => {}
                    }
                    true
                },
            );
            if limit.stop.is_cancelled() {
                return Err(IndexError::Stopped);
            }
            let keys = count.finish(&mut survey);
            Ok((survey, keys))
        })
        .await
    }
}

/// The key in the cache of a part of a text, with the number of the text.
type PartKey = (u32, CacheKey);

/// The number of texts of which the shared cache has all parts.
async fn shared_texts(shared: &ModelCache, parts: &[PartKey]) -> Option<u64> {
    let keys: Vec<CacheKey> = parts.iter().map(|(_, key)| *key).collect();
    let present = shared.having(&keys).await?;
    let of_one_text = |left: &PartKey, right: &PartKey| left.0 == right.0;
    let is_present = |text: &&[PartKey]| text.iter().all(|(_, key)| present.contains(key));
    Some(parts.chunk_by(of_one_text).filter(is_present).count() as u64)
}

#[derive(Default)]
struct DryRunCount {
    keys: HashSet<ollacode_store::ContentKey>,
    folders: BTreeMap<String, (u64, u64)>,
    languages: BTreeMap<String, (u64, u64)>,
    kept: Vec<String>,
    /// By which texts are made of chunks, for their keys in the cache.
    embedder: Option<Arc<dyn Embedder>>,
    parts: Vec<PartKey>,
}

impl DryRunCount {
    fn take(&mut self, file: ChunkedFile, survey: &mut DryRun) {
        let record = &file.record.file;
        if let Some(skip) = file.skip {
            return survey.report.skip(record.path.clone(), skip);
        }
        let chunks = u64::from(record.chunks);
        survey.report.changed += 1;
        survey.report.secrets.extend(file.secrets);
        survey
            .report
            .unparsed
            .extend(file.failure.map(|failure| (record.path.clone(), failure)));
        survey.report.not_utf8 += usize::from(file.not_utf8);
        if chunks == 0 {
            return;
        }
        let folder = record.path.split_once('/').map_or(".", |(top, _)| top);
        for (map, name) in [
            (&mut self.folders, folder),
            (&mut self.languages, &record.language),
        ] {
            let entry = map.entry(name.to_owned()).or_default();
            entry.0 += 1;
            entry.1 += chunks;
        }
        for row in &file.rows {
            if !self.keys.insert(row.content_key) {
                continue;
            }
            // One in a hundred is enough to choose an even sample from.
            if self.keys.len() % 100 == 1 {
                self.kept.push(document(&row.chunk));
            }
            let Some(embedder) = &self.embedder else {
                continue;
            };
            let model = embedder.model();
            let wrap = |text: &str| embedder.wrap(text, Role::Document);
            let text = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
            let texts = parts(&row.chunk, model.window, wrap);
            let keys = texts
                .iter()
                .map(|text| model.cache_key(row.content_key, text));
            self.parts.extend(keys.map(|key| (text, key)));
        }
    }

    fn finish(self, survey: &mut DryRun) -> Vec<PartKey> {
        survey.texts = self.keys.len() as u64;
        survey.report.skipped_files.sort_unstable();
        let step = self.kept.len().div_ceil(SAMPLE).max(1);
        survey.sample = self.kept.into_iter().step_by(step).collect();
        survey.folders = self
            .folders
            .into_iter()
            .map(|(name, (files, chunks))| (name, files, chunks))
            .collect();
        survey
            .folders
            .sort_by_key(|(_, _, chunks)| std::cmp::Reverse(*chunks));
        survey.report.languages = self
            .languages
            .into_iter()
            .map(
                |(language, (files, chunks))| ollacode_store::LanguageCount {
                    language,
                    files,
                    chunks,
                },
            )
            .collect();
        survey
            .report
            .languages
            .sort_by_key(|count| std::cmp::Reverse(count.chunks));
        for count in &survey.report.languages {
            survey.report.counts.files += count.files;
            survey.report.counts.chunks += count.chunks;
        }
        self.parts
    }
}
