//! A dry run of indexing: what an index would hold, without writing it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::embed::{Embedder, document};
use crate::error::IndexError;
use crate::index::{Index, IndexFuture, blocking};
use crate::prepare::{ChunkedFile, FileTask, PrepareLimit, PreparedFile, prepare_all};
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::refresh::now_ns;

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
        async move {
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
                let mut count = DryRunCount::default();
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
                count.finish(&mut survey);
                Ok(survey)
            })
            .await
        }
        .boxed()
    }

    /// Like [`Index::dry_run`], and counts what the shared cache has, for a model. The server that
    /// the embedder stands for is not asked.
    pub fn dry_run_shared<'a>(
        &'a self,
        embedder: Arc<dyn Embedder>,
        events: Events<'a>,
        stop: &'a CancellationToken,
    ) -> IndexFuture<'a, DryRun> {
        async move {
            let _ = embedder;
            self.dry_run(events, stop).await
        }
        .boxed()
    }
}

#[derive(Default)]
struct DryRunCount {
    keys: HashSet<ollacode_store::ContentKey>,
    folders: BTreeMap<String, (u64, u64)>,
    languages: BTreeMap<String, (u64, u64)>,
    kept: Vec<String>,
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
            // One in a hundred is enough to choose an even sample from.
            if self.keys.insert(row.content_key) && self.keys.len() % 100 == 1 {
                self.kept.push(document(&row.chunk));
            }
        }
    }

    fn finish(self, survey: &mut DryRun) {
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
    }
}
