//! Bringing the index up to date with the files: what changed, then its chunks, then the store.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ollacode_store::{ChunkRow, FileRecord, RecordedFile, State, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::chunk::CHUNKER_VERSION;
use crate::error::IndexError;
use crate::prepare::{CutFile, Prepared, Task, prepare_all};
use crate::progress::{Events, IndexEvent, Report};
use crate::walk::Walked;

/// Name under which the state keeps the version of the chunker that cut everything.
const CHUNKER: &str = "chunker";

/// Chunks in one commit of a bulk load; enough that commits cost little, few enough for memory.
const ROWS_PER_COMMIT: usize = 8_000;

/// Prepared files on their way to the writer.
const QUEUE: usize = 64;

/// So many new chunks at once are brought into the full-text index in the same run.
const BULK: usize = 500;

/// How a refresh is to go about it.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Read and cut every file again, whatever its time and hash say.
    pub force: bool,
    /// What to do while another process writes.
    pub wait: Wait,
    /// Ends the refresh early; what is committed stays.
    pub stop: CancellationToken,
}

impl Default for Refresh {
    fn default() -> Refresh {
        Refresh {
            force: false,
            wait: Wait::UpTo(Duration::from_secs(60)),
            stop: CancellationToken::new(),
        }
    }
}

/// What to do while another process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Give up after a time with [`IndexError::Busy`].
    UpTo(Duration),
    /// Give up at once.
    No,
}

/// What differs between the files and the index.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Files to read.
    pub tasks: Vec<Task>,
    /// Paths that are in the index and should not be.
    pub removed: Vec<String>,
    /// Files that need no look.
    pub unchanged: usize,
    /// All files that the index knew.
    pub known: usize,
}

impl Difference {
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.removed.is_empty()
    }
}

/// Which part of the workspace was looked at.
pub(crate) enum Scope<'a> {
    /// All of it.
    Everything,
    /// These paths, and what is below them.
    Paths(&'a [String]),
}

impl Scope<'_> {
    fn covers(&self, path: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Paths(paths) => paths.iter().any(|covered| {
                path.strip_prefix(covered.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }),
        }
    }
}

/// Compares what the walk saw with what the index knows, by size and time.
pub(crate) fn difference(
    walked: &Walked,
    known: Vec<FileRecord>,
    scope: &Scope<'_>,
    reread: Reread,
) -> Difference {
    let mut difference = Difference {
        known: known.len(),
        ..Difference::default()
    };
    let mut known: HashMap<String, FileRecord> = known
        .into_iter()
        .map(|record| (record.path.clone(), record))
        .collect();
    for entry in &walked.entries {
        let record = known.remove(&entry.path);
        let same = record.as_ref().is_some_and(|record| {
            record.size == entry.size && record.modified_ns == entry.modified_ns
        });
        if same && reread == Reread::Changed {
            difference.unchanged += 1;
            continue;
        }
        let known = record.filter(|_| reread == Reread::Changed);
        difference.tasks.push(Task {
            entry: entry.clone(),
            known,
        });
    }
    difference.removed = known
        .into_keys()
        .filter(|path| scope.covers(path))
        .collect();
    difference.removed.sort_unstable();
    difference
}

/// Which files are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// Those whose size or time differs.
    Changed,
    /// All of them: forced, or the chunker is another one.
    All,
}

/// Says which files have to be read again because of how they were cut.
pub(crate) fn reread(state: &State, force: bool) -> Result<Reread, IndexError> {
    let version = state.meta(CHUNKER)?;
    let other = version.is_some_and(|version| version != CHUNKER_VERSION.to_string());
    Ok(if force || other {
        Reread::All
    } else {
        Reread::Changed
    })
}

/// Refuses to take an empty listing for a wish to empty the index.
pub(crate) fn guard_against_loss(
    root: &Path,
    walked: &Walked,
    difference: &Difference,
) -> Result<(), IndexError> {
    if let Err(source) = std::fs::read_dir(root) {
        return Err(IndexError::Workspace {
            path: root.to_owned(),
            source,
        });
    }
    if walked.entries.is_empty() && difference.known > 0 {
        return Err(IndexError::NothingFound {
            path: root.to_owned(),
            known: difference.known,
        });
    }
    Ok(())
}

/// Writes differences to the store. The caller holds the writer's lock.
pub(crate) struct Writer<'a> {
    pub root: &'a Path,
    pub store: &'a Store,
    pub state: State,
    pub events: Events<'a>,
    pub stop: &'a CancellationToken,
}

impl Writer<'_> {
    /// Brings the store from what it knows to what the walk saw.
    pub(crate) async fn apply(
        &mut self,
        walked: &Walked,
        difference: Difference,
    ) -> Result<Report, IndexError> {
        let mut report = Report::of_walk(walked);
        report.unchanged = difference.unchanged;
        report.removed = difference.removed.len();
        let total = difference.tasks.len();
        // Into an empty table rows are added without a look at what is there.
        let empty = self.store.chunk_count().await? == 0;
        let mut batch = Batch {
            removed: difference.removed,
            ..Batch::default()
        };
        let (mut prepared, preparing) = self.start(difference.tasks);
        let (mut done, mut written) = (0, 0);
        while let Some(prepared) = prepared.recv().await {
            done += 1;
            batch.take(prepared, &mut report);
            if done % 16 == 0 || done == total {
                (self.events)(IndexEvent::Cutting { done, total });
            }
            if batch.rows.len() >= ROWS_PER_COMMIT {
                written += batch.rows.len();
                self.commit(std::mem::take(&mut batch), empty).await?;
            }
        }
        written += batch.rows.len();
        self.commit(batch, empty).await?;
        // A thread that died must not pass for one that is done.
        preparing.await?;
        if self.stop.is_cancelled() {
            return Err(IndexError::Stopped);
        }
        self.state.set_meta(CHUNKER, &CHUNKER_VERSION.to_string())?;
        if written >= BULK || empty && written > 0 {
            (self.events)(IndexEvent::IndexingText);
            self.store.index_text().await?;
            self.state.set_chunks_version(self.store.version().await?)?;
        }
        (self.events)(IndexEvent::LexicalReady);
        report.languages = self.state.languages()?;
        Ok(report)
    }

    /// Prepares files on threads of their own.
    fn start(&self, tasks: Vec<Task>) -> (mpsc::Receiver<Prepared>, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (root, stop) = (self.root.to_owned(), self.stop.clone());
        let preparing = tokio::task::spawn_blocking(move || {
            prepare_all(&root, &tasks, now_ns(), &stop, |prepared| {
                sender.blocking_send(prepared).is_ok()
            });
        });
        (receiver, preparing)
    }

    /// Chunks first, bookkeeping last: a crash between them is noticed by the version.
    async fn commit(&mut self, batch: Batch, empty: bool) -> Result<(), IndexError> {
        if empty && batch.removed.is_empty() {
            if !batch.rows.is_empty() {
                self.store.append(&batch.rows).await?;
            }
        } else if !batch.paths.is_empty() || !batch.removed.is_empty() {
            let mut paths = batch.paths;
            paths.extend(batch.removed.iter().cloned());
            self.store.replace(&paths, &batch.rows).await?;
        }
        let version = Some(self.store.version().await?);
        if !batch.removed.is_empty() {
            self.state.remove_files(&batch.removed, version)?;
        }
        if !batch.files.is_empty() {
            self.state.record_files(&batch.files, version)?;
        }
        if !batch.same.is_empty() {
            self.state.touch_files(&batch.same)?;
        }
        Ok(())
    }
}

/// What goes into the next commit.
#[derive(Default)]
struct Batch {
    rows: Vec<ChunkRow>,
    paths: Vec<String>,
    files: Vec<RecordedFile>,
    same: Vec<FileRecord>,
    removed: Vec<String>,
}

impl Batch {
    fn take(&mut self, prepared: Prepared, report: &mut Report) {
        match prepared {
            Prepared::Same(record) => {
                report.unchanged += 1;
                self.same.push(record);
            }
            Prepared::Gone { path, skip } => {
                *report.skipped.entry(skip).or_default() += 1;
                self.removed.push(path);
            }
            Prepared::Cut(file) => self.take_cut(*file, report),
        }
    }

    fn take_cut(&mut self, file: CutFile, report: &mut Report) {
        match file.skip {
            Some(skip) => *report.skipped.entry(skip).or_default() += 1,
            None => report.changed += 1,
        }
        let path = file.record.file.path.clone();
        if let Some(failure) = file.failure {
            report.unparsed.push((path.clone(), failure));
        }
        report.not_utf8 += usize::from(file.not_utf8);
        report.secrets.extend(file.secrets);
        self.paths.push(path);
        self.files.push(file.record);
        self.rows.extend(file.rows);
    }
}

pub(crate) fn now_ns() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}
