//! Refresh: finds files that changed, chunks them, and writes the chunks to the store.
//!
//! Files are listed, read and chunked without the writer's lock; it is held for one batch at a
//! time, so that other processes can write in between. Their chunks are as good as ours: the last
//! one to write a file wins, and since the recorded time is from before the content was read, the
//! next refresh finds what has changed since.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ollacode_store::{Catalog, ChunkRow, FileRecord, RecordedFile, Store, WriterLock};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::difference::{Difference, Reread};
use crate::error::IndexError;
use crate::index::{Index, blocking};
use crate::prepare::{CUT_VERSION, ChunkedFile, FileTask, PreparedFile, prepare_all};
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

/// The content of the catalog, read before the files are listed.
///
/// In the other order, a file that another process has just added would look like a removed one.
pub(crate) struct KnownFiles {
    /// The records of the files that are compared.
    pub files: Vec<FileRecord>,
    /// Whether no file is recorded, compared or not.
    pub is_empty: bool,
    /// The generation; under another one, the rest is stale.
    pub generation: String,
    cut_version: Option<String>,
    /// The version of the table of chunks that the records belong to.
    pub chunks_version: Option<u64>,
}

impl KnownFiles {
    /// Reads what is known of some paths and of what is below them, or of all files: if none are
    /// given, or if they have to be chunked again.
    pub(crate) fn read(
        state: &Catalog,
        part: Option<&[String]>,
    ) -> ollacode_store::Result<KnownFiles> {
        // The generation first: an invalidation while the rest is read must be noticed.
        let mut known = KnownFiles {
            generation: state.generation()?,
            cut_version: state.cut_version()?,
            chunks_version: state.chunks_version()?,
            is_empty: !state.has_files()?,
            files: Vec::new(),
        };
        known.files = match part {
            Some(paths) if known.is_cut_as_now() => state.files_at(paths)?,
            _ => state.files()?,
        };
        Ok(known)
    }

    /// Whether the stored files were chunked in the present way.
    pub(crate) fn is_cut_as_now(&self) -> bool {
        self.cut_version.as_deref() == Some(CUT_VERSION.as_str())
    }

    /// The files that have to be read again because of how they were chunked.
    pub(crate) fn reread(&self, force: bool) -> Reread {
        if force || !self.is_cut_as_now() {
            Reread::All
        } else {
            Reread::Changed
        }
    }
}

impl Index {
    /// Reads the catalog while holding the lock, so that no other process changes it.
    ///
    /// The lock is released before files are listed; see [`KnownFiles`].
    pub(crate) async fn known(
        &self,
        part: Option<Vec<String>>,
        wait: LockWait,
        events: Events<'_>,
    ) -> Result<KnownFiles, IndexError> {
        let _lock = self.lock(wait).await?;
        match self.read_known_at(part.clone()).await {
            Ok(known) if !known.generation.is_empty() => return Ok(known),
            // There is none yet, or it is damaged or old: opening it for writing repairs that.
            Ok(_) | Err(IndexError::Store(_)) => {}
            Err(error) => return Err(error),
        }
        let (_, catalog) = self.open_for_writing(events).await?;
        let read = move |state: &mut Catalog| KnownFiles::read(state, part.as_deref());
        let known = catalog.run(read).await?;
        catalog.close().await?;
        Ok(known)
    }

    /// Reads what the catalog knows of all files.
    pub(crate) async fn read_known(&self) -> Result<KnownFiles, IndexError> {
        self.read_known_at(None).await
    }

    async fn read_known_at(&self, part: Option<Vec<String>>) -> Result<KnownFiles, IndexError> {
        let folder = self.folder().to_owned();
        blocking(move || {
            let state = Catalog::open_read_only(&folder)?;
            Ok(KnownFiles::read(&state, part.as_deref())?)
        })
        .await
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
    /// Whether that catalog had no file.
    is_first: bool,
    /// Whether some batch found the table empty.
    began_empty: bool,
    /// The version of the table up to which only this writer has written to it.
    ours: Option<u64>,
    /// Chunks of all batches.
    written: usize,
    report: RefreshReport,
}

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
    /// A writer for the differences from the catalog.
    pub(crate) fn new(
        index: &'a Index,
        how: &'a RefreshOptions,
        events: Events<'a>,
        known: &KnownFiles,
    ) -> RefreshWriter<'a> {
        RefreshWriter {
            index,
            events,
            stop: &how.stop,
            wait: how.wait.once_begun(),
            generation: known.generation.clone(),
            is_first: known.is_empty,
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
                self.commit(std::mem::take(&mut batch)).await?;
            }
        }
        // A thread that panicked must not look like one that has finished.
        let ended = preparing.await;
        if ended.is_ok() && !self.stop.is_cancelled() {
            return self.finish(batch).await;
        }
        // A refresh that is stopped must not wait for other processes.
        self.wait = LockWait::No;
        match self.commit(batch).await {
            Ok(()) | Err(IndexError::Busy | IndexError::StaleGeneration) => {}
            Err(error) => return Err(error),
        }
        ended?;
        Err(IndexError::Stopped)
    }

    /// Prepares files on threads of their own.
    fn start(
        &self,
        tasks: Vec<FileTask>,
    ) -> Result<(mpsc::Receiver<(PreparedFile, Ticket)>, JoinHandle<()>), IndexError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (root, stop) = (self.index.open_root()?, self.stop.clone());
        let redactor = self.index.redactor();
        let preparing = tokio::task::spawn_blocking(move || {
            prepare_all(
                &root,
                &tasks,
                redactor.as_ref(),
                now_ns(),
                &stop,
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

    async fn commit(&mut self, batch: WriteBatch) -> Result<(), IndexError> {
        let turn = self.turn().await?;
        self.write(&turn, batch).await?;
        turn.end().await
    }

    /// The last batch, and what comes after all of them, in one turn: most have no other.
    async fn finish(mut self, batch: WriteBatch) -> Result<RefreshReport, IndexError> {
        let turn = self.turn().await?;
        self.write(&turn, batch).await?;
        let WriteLease { store, catalog, .. } = &turn;
        catalog
            .run(|state| state.set_cut_version(&CUT_VERSION))
            .await?;
        let (languages, counts) = catalog
            .run(|state| Ok((state.languages()?, state.counts("")?)))
            .await?;
        if self.is_bulk(counts.chunks) {
            (self.events)(IndexEvent::IndexingText);
            store.index_text().await?;
            let version = store.version().await?;
            catalog
                .run(move |state| state.set_chunks_version(version))
                .await?;
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

    /// Chunks first, catalog last: a crash between them is noticed by the version.
    async fn write(&mut self, turn: &WriteLease, batch: WriteBatch) -> Result<(), IndexError> {
        let store = &turn.store;
        let removed = self.removed(batch.absent, batch.gone).await?;
        let fits = self.may_append(store).await?;
        self.written += batch.rows.len();
        if fits && removed.is_empty() {
            if !batch.rows.is_empty() {
                store.append(&batch.rows).await?;
            }
        } else if !batch.paths.is_empty() || !removed.is_empty() {
            let mut paths = batch.paths;
            paths.extend(removed.iter().cloned());
            store.replace(&paths, &batch.rows).await?;
        }
        let version = store.version().await?;
        self.ours = fits.then_some(version);
        let (files, same, is_first) = (batch.files, batch.same, self.is_first);
        turn.catalog
            .run(move |state| {
                // So that an interrupted first build continues where it was.
                if is_first && state.cut_version()?.is_none() {
                    state.set_cut_version(&CUT_VERSION)?;
                }
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
        absent: Vec<String>,
        gone: Vec<String>,
    ) -> Result<Vec<String>, IndexError> {
        let mut removed = absent;
        if !removed.is_empty() {
            let now = self.index.walk_paths(&removed).await?;
            let back: HashSet<&str> = now.entries.iter().map(|e| e.path.as_str()).collect();
            removed.retain(|path| !back.contains(path.as_str()) && !now.is_unread(path));
        }
        self.report.removed += removed.len();
        removed.extend(gone);
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
struct WriteBatch {
    rows: Vec<ChunkRow>,
    paths: Vec<String>,
    files: Vec<RecordedFile>,
    same: Vec<FileRecord>,
    /// Paths that the catalog has and the walk has not.
    absent: Vec<String>,
    /// Paths that could not be read.
    gone: Vec<String>,
}

impl WriteBatch {
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
mod tests;
