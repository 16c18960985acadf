//! Refresh: finds files that changed, chunks them, and writes the chunks to the store.
//!
//! Files are listed, read and chunked without the writer's lock; it is held for one batch at a
//! time, so that other processes can write in between. Their chunks are as good as ours: the last
//! one to write a file wins, and since the recorded time is from before the content was read, the
//! next refresh finds what has changed since.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ollacode_store::{ChunkRow, FileRecord, RecordedFile, Store, WriterLock};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::difference::{Difference, Reread};
use crate::error::IndexError;
use crate::index::Index;
use crate::overlay::Overlay;
use crate::prepare::{ChunkedFile, FileTask, PrepareLimit, PreparedFile, prepare_all};
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::reconcile::SharedCatalog;
use crate::tickets::Ticket;
use crate::walk::WalkResult;

/// Chunks in one commit of a bulk load: enough that commits cost little, few enough for memory
/// and for processes that wait. In tests, a few files are several commits.
const ROWS_PER_COMMIT: usize = if cfg!(test) { 20 } else { 8_000 };

/// The most prepared files that wait for the writer.
const QUEUE: usize = 64;

/// From this many new chunks on, a run adds them to the full-text index itself.
const BULK: usize = 500;
/// From this many chunks on that are not in the full-text index, a search that leaves the rest to a
/// later one adds them: until then, searches read them one by one.
const MOST_UNINDEXED: usize = 4_000;
/// Chunks below which not even most of an index are indexed at once: a save would take longer.
const FEWEST_OF_MOST: usize = 16;

/// How long a writer waits for another one, unless it is told otherwise.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Options of a refresh.
#[derive(Clone, Debug)]
pub struct RefreshOptions {
    /// Read and chunk every file again, whatever its times and hash.
    pub force: bool,
    /// What to do while another process writes.
    pub wait: LockWait,
    /// Ends the refresh early; committed chunks stay.
    pub stop: CancellationToken,
}

impl Default for RefreshOptions {
    fn default() -> RefreshOptions {
        RefreshOptions {
            force: false,
            wait: LockWait::UpTo(LONGEST_WAIT),
            stop: CancellationToken::new(),
        }
    }
}

/// What to do while another process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Give up after a time with [`IndexError::Busy`]; it applies to each batch.
    UpTo(Duration),
    /// Give up at once. After the first batch, wait between batches, as by default.
    No,
}

impl LockWait {
    fn once_begun(self) -> LockWait {
        match self {
            LockWait::No => LockWait::UpTo(LONGEST_WAIT),
            wait @ LockWait::UpTo(_) => wait,
        }
    }
}

impl RefreshOptions {
    /// The files that have to be read.
    pub(crate) fn reread(&self) -> Reread {
        if self.force {
            Reread::All
        } else {
            Reread::Changed
        }
    }
}

/// Writes differences to the store, batch by batch.
pub(crate) struct RefreshWriter<'a> {
    index: &'a Index,
    events: Events<'a>,
    stop: &'a CancellationToken,
    wait: LockWait,
    /// The generation of the catalog that the files were compared with.
    generation: String,
    /// Whether some batch found the table empty.
    began_empty: bool,
    /// The version of the table up to which only this writer has written to it.
    ours: Option<u64>,
    /// New chunks of all batches.
    written: usize,
    report: RefreshReport,
}

/// Files that are prepared, each with its right to wait.
type PreparedFiles = mpsc::Receiver<(PreparedFile, Ticket)>;

/// The lock for one batch, and the store and catalog that it is written to.
struct WriteLease {
    store: Store,
    catalog: SharedCatalog,
    lock: WriterLock,
}

impl WriteLease {
    async fn end(self) -> Result<(), IndexError> {
        let WriteLease { catalog, lock, .. } = self;
        catalog.close().await?;
        drop(lock);
        Ok(())
    }
}

impl<'a> RefreshWriter<'a> {
    /// A writer for the differences from the catalog, of which this is the generation.
    pub(crate) fn new(
        index: &'a Index,
        how: &'a RefreshOptions,
        events: Events<'a>,
        generation: String,
    ) -> RefreshWriter<'a> {
        RefreshWriter {
            index,
            events,
            stop: &how.stop,
            wait: how.wait.once_begun(),
            generation,
            began_empty: false,
            ours: None,
            written: 0,
            report: RefreshReport::default(),
        }
    }

    /// Updates the store to what the walk saw.
    pub(crate) async fn apply(
        mut self,
        walked: &WalkResult,
        difference: Difference,
    ) -> Result<RefreshReport, IndexError> {
        self.report = RefreshReport::of_walk(walked);
        self.report.unchanged = difference.unchanged;
        let total = difference.tasks.len();
        let mut batch = WriteBatch {
            absent: difference.removed,
            ..WriteBatch::default()
        };
        let (mut prepared, preparing) = self.start(difference.tasks)?;
        let mut done = 0;
        while let Some((prepared, ticket)) = prepared.recv().await {
            done += 1;
            batch.take(prepared, &mut self.report);
            drop(ticket);
            if done % 16 == 0 || done == total {
                (self.events)(IndexEvent::Chunking { done, total });
            }
            if batch.rows.len() >= ROWS_PER_COMMIT {
                self.commit(&mut std::mem::take(&mut batch)).await?;
            }
            // Others may be prepared already, but writing them takes time, too.
            if self.stop.is_cancelled() {
                break;
            }
        }
        // With the tickets of what is in it: the threads wait for them.
        drop(prepared);
        // A thread that panicked must not look like one that has finished.
        let ended = preparing.await;
        if ended.is_ok() && !self.stop.is_cancelled() {
            return self.finish(&mut batch).await;
        }
        // A refresh that is stopped must not wait for other processes.
        self.wait = LockWait::No;
        match self.commit(&mut batch).await {
            Ok(()) | Err(IndexError::Busy | IndexError::StaleGeneration) => {}
            Err(error) => return Err(error),
        }
        ended?;
        Err(IndexError::Stopped)
    }

    /// Writes files that are prepared already: all of the difference, or those that a search took
    /// in. What could not be written stays in the batch.
    pub(crate) async fn write_prepared(
        mut self,
        batch: &mut WriteBatch,
        is_all: bool,
    ) -> Result<(), IndexError> {
        if is_all {
            return self.finish(batch).await.map(drop);
        }
        let turn = self.turn().await?;
        self.write(&turn, batch).await?;
        if turn.store.unindexed_chunks().await? >= MOST_UNINDEXED {
            self.index_text(&turn).await?;
        }
        turn.end().await
    }

    /// Prepares files on threads of their own.
    fn start(&self, tasks: Vec<FileTask>) -> Result<(PreparedFiles, JoinHandle<()>), IndexError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let root = self.index.open_root()?;
        let redactor = self.index.redactor();
        let limit = PrepareLimit {
            stop: self.stop.clone(),
            hurry: None,
        };
        let preparing = tokio::task::spawn_blocking(move || {
            prepare_all(
                &root,
                &tasks,
                redactor.as_ref(),
                now_ns(),
                &limit,
                |prepared, ticket| sender.blocking_send((prepared, ticket)).is_ok(),
            );
        });
        Ok((receiver, preparing))
    }

    /// Waits for the lock, and checks that the catalog that was read before is not stale.
    async fn turn(&self) -> Result<WriteLease, IndexError> {
        let lock = self.index.lock(self.wait).await?;
        let (store, catalog) = self.index.open_for_writing(self.events).await?;
        let generation = catalog.run(|state| state.generation()).await?;
        let turn = WriteLease {
            store,
            catalog,
            lock,
        };
        if generation != self.generation {
            turn.end().await?;
            return Err(IndexError::StaleGeneration);
        }
        Ok(turn)
    }

    async fn commit(&mut self, batch: &mut WriteBatch) -> Result<(), IndexError> {
        let turn = self.turn().await?;
        let before = self.written;
        self.write(&turn, batch).await?;
        // A first build is indexed at its end, which leaves one segment. The others go on for long
        // beside searches, which read unindexed chunks one by one.
        if self.written > before && !self.began_empty && !self.stop.is_cancelled() {
            self.index_text(&turn).await?;
        }
        turn.end().await
    }

    /// Adds what was written to the full-text index.
    async fn index_text(&self, turn: &WriteLease) -> Result<(), IndexError> {
        turn.store.index_text().await?;
        let version = turn.store.version().await?;
        turn.catalog
            .run(move |state| state.set_chunks_version(version))
            .await
    }

    /// The last batch, and what comes after all of them, in one turn: most have no other.
    async fn finish(mut self, batch: &mut WriteBatch) -> Result<RefreshReport, IndexError> {
        let turn = self.turn().await?;
        self.write(&turn, batch).await?;
        let WriteLease { store, catalog, .. } = &turn;
        let (languages, counts) = catalog
            .run(|state| Ok((state.languages()?, state.counts("")?)))
            .await?;
        if self.is_bulk(counts.chunks) {
            (self.events)(IndexEvent::IndexingText);
            self.index_text(&turn).await?;
        }
        (self.events)(IndexEvent::LexicalReady);
        self.index.maintain(store, catalog).await?;
        turn.end().await?;
        self.report.languages = languages;
        self.report.counts = counts;
        Ok(self.report)
    }

    /// Whether so much was written that it is indexed now rather than read by each search.
    ///
    /// Where most of an index is new, what a word tells would be judged by the rest alone.
    fn is_bulk(&self, chunks: u64) -> bool {
        let is_most = self.written >= FEWEST_OF_MOST && 2 * self.written as u64 > chunks;
        self.written >= BULK || self.began_empty && self.written > 0 || is_most
    }

    /// Chunks first, catalog last: a crash between them is noticed by the version. Chunks and paths
    /// stay in the batch.
    async fn write(&mut self, turn: &WriteLease, batch: &mut WriteBatch) -> Result<(), IndexError> {
        let store = &turn.store;
        let removed = self.removed(&batch.absent, &batch.gone).await?;
        let fits = self.may_append(store).await?;
        if fits && removed.is_empty() {
            if !batch.rows.is_empty() {
                store.append(&batch.rows).await?;
                self.written += batch.rows.len();
            }
        } else if !batch.paths.is_empty() || !removed.is_empty() {
            let paths = [batch.paths.as_slice(), removed.as_slice()].concat();
            let replaced = store.replace(&paths, &batch.rows).await?;
            self.written += replaced.inserted;
        }
        if !batch.paths.is_empty() || !removed.is_empty() {
            self.index.untold.store(true, Ordering::Relaxed);
        }
        let version = store.version().await?;
        self.ours = fits.then_some(version);
        let files = std::mem::take(&mut batch.files);
        let same = std::mem::take(&mut batch.same);
        turn.catalog
            .run(move |state| {
                if !removed.is_empty() {
                    state.remove_files(&removed, Some(version))?;
                }
                if !files.is_empty() {
                    state.record_files(&files, Some(version))?;
                }
                if !same.is_empty() {
                    state.touch_files(&same)?;
                }
                Ok(())
            })
            .await
    }

    /// The paths to remove: of those that were absent, the ones that still are.
    ///
    /// A path that exists again is left to the next refresh.
    async fn removed(
        &mut self,
        absent: &[String],
        gone: &[String],
    ) -> Result<Vec<String>, IndexError> {
        let mut removed = absent.to_vec();
        if !removed.is_empty() {
            let now = self.index.walk_paths(&removed).await?;
            let back: HashSet<&str> = now.entries.iter().map(|e| e.path.as_str()).collect();
            removed.retain(|path| !back.contains(path.as_str()) && !now.is_unread(path));
        }
        self.report.removed += removed.len();
        removed.extend_from_slice(gone);
        Ok(removed)
    }

    /// Whether no path of this writer can have rows yet, so that none have to be deleted: the table
    /// is empty, or holds only rows that this writer has added for other paths.
    async fn may_append(&mut self, store: &Store) -> Result<bool, IndexError> {
        if self.ours.is_some() && self.ours == Some(store.version().await?) {
            return Ok(true);
        }
        let is_empty = store.chunk_count().await? == 0;
        self.began_empty |= is_empty;
        Ok(is_empty)
    }
}

/// What goes into the next commit.
#[derive(Default)]
pub(crate) struct WriteBatch {
    rows: Vec<ChunkRow>,
    /// The files of these chunks, and files without any.
    paths: Vec<String>,
    files: Vec<RecordedFile>,
    same: Vec<FileRecord>,
    /// Paths that the catalog has and the walk has not.
    absent: Vec<String>,
    /// Paths that could not be read.
    gone: Vec<String>,
}

impl WriteBatch {
    /// Files that are prepared, and paths that the walk has not found.
    pub(crate) fn of(absent: Vec<String>, prepared: Vec<PreparedFile>) -> WriteBatch {
        let mut batch = WriteBatch {
            absent,
            ..WriteBatch::default()
        };
        let mut report = RefreshReport::default();
        for file in prepared {
            batch.take(file, &mut report);
        }
        batch
    }

    /// The same to be searched in memory, without further paths that were removed.
    pub(crate) fn into_overlay(self, removed: Vec<String>) -> Overlay {
        let gone = self.absent.into_iter().chain(self.gone).chain(removed);
        Overlay::of(gone.chain(self.paths), self.rows)
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        let is_same = self.files.is_empty() && self.same.is_empty();
        is_same && self.paths.is_empty() && self.absent.is_empty() && self.gone.is_empty()
    }

    fn take(&mut self, prepared: PreparedFile, report: &mut RefreshReport) {
        match prepared {
            PreparedFile::Same(record) => {
                report.unchanged += 1;
                self.same.push(record);
            }
            PreparedFile::Gone { path, skip } => {
                report.skip(path.clone(), skip);
                self.gone.push(path);
            }
            PreparedFile::Unread { path, why } => report.unread(path, &why),
            PreparedFile::Chunked(file) => self.take_cut(*file, report),
        }
    }

    fn take_cut(&mut self, file: ChunkedFile, report: &mut RefreshReport) {
        let path = file.record.file.path.clone();
        match file.skip {
            Some(skip) => report.skip(path.clone(), skip),
            None => report.changed += 1,
        }
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

#[cfg(test)]
pub(crate) mod tests;
