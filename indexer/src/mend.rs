//! Mending a damaged index: a search answers first, without what cannot be read; then only what is
//! damaged is restored, and everything else stays as it is.
//!
//! A suspicion is a file in the folder of the index, so that another process mends what this one
//! could not: a command that ends, or one that only looks.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use ollacode_store::{
    Catalog, DamagedFile, Inspection, Recovery, SearchPart, Snapshot, Store, StoreError,
    TableIndex, prune_set_aside, write_private_file,
};
use tokio::task::JoinHandle;

use crate::difference::RefreshScope;
use crate::error::IndexError;
use crate::index::{Index, IndexFuture, blocking};
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::reconcile::{reconcile_chunks, reconcile_vectors, record_versions};
use crate::refresh::{LockWait, RefreshOptions};
use crate::without::UnreadParts;

/// Names the parts that could not be read, one a line.
const SUSPICION: &str = "damage.suspected";
/// How long a search that cannot answer waits for another writer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long mending waits for another writer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often mending starts again with an older version or a new catalog.
const ROUNDS: usize = 5;
/// Bytes whose checksums are noted along with other work.
const NOTED_BYTES: u64 = 64 << 20;

/// What is being mended in the background of this process.
#[derive(Default)]
pub(crate) struct Mending {
    task: Option<JoinHandle<Result<Vec<String>, IndexError>>>,
    /// The version of the chunks of which nothing was found to be damaged.
    in_vain: Option<u64>,
    /// Whether files were left without a checksum, for lack of time.
    has_unnoted: bool,
}

/// The result of looking at every file of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexCheck {
    /// It is intact, and this version of the program made it.
    Current,
    /// Another version of the program made it, or it is not finished.
    Outdated,
    /// Files are damaged; each in words. The next run mends them.
    Damaged(Vec<String>),
}

/// What was found to be damaged, and is dropped.
#[derive(Default)]
struct Found {
    /// Whether there was anything.
    is_damaged: bool,
    /// Indexes that remain to be built anew.
    indexes: Vec<TableIndex>,
}

impl Index {
    /// Looks at every file of the index, a little at a time; changes nothing but the suspicion.
    pub fn check(&self) -> IndexFuture<'_, IndexCheck> {
        async move {
            let checked = self.look_at_everything().await;
            match &checked {
                Ok(IndexCheck::Damaged(_)) => self.suspect(&[]),
                Err(IndexError::Store(error)) if error.may_be_damage() => {
                    self.suspect(&[SearchPart::Text]);
                }
                _ => {}
            }
            checked
        }
        .boxed()
    }

    async fn look_at_everything(&self) -> Result<IndexCheck, IndexError> {
        let folder = self.folder().to_owned();
        blocking(move || Ok(Catalog::open_read_only(&folder)?.check()?)).await?;
        let store = self.store().await?;
        let damaged = store.find_damage(Inspection::Contents, &[]).await?;
        if !damaged.is_empty() {
            let words = damaged.iter().map(DamagedFile::to_string);
            return Ok(IndexCheck::Damaged(words.collect()));
        }
        store.probe().await?;
        let known = self.read_known().await?;
        if !known.is_cut_as_now() || known.chunks_version != Some(store.version().await?) {
            return Ok(IndexCheck::Outdated);
        }
        Ok(IndexCheck::Current)
    }

    /// Notes that something could not be read, for the next process that writes.
    pub(crate) fn suspect(&self, parts: &[SearchPart]) {
        let mut all = self.suspected();
        all.extend(parts);
        all.sort_unstable();
        all.dedup();
        let names: Vec<&str> = all.iter().map(|part| part.name()).collect();
        if let Err(error) = write_private_file(&self.folder().join(SUSPICION), &names.join("\n")) {
            tracing::warn!(%error, "a suspicion of damage was not noted");
        }
    }

    fn suspected(&self) -> Vec<SearchPart> {
        let text = fs::read_to_string(self.folder().join(SUSPICION)).unwrap_or_default();
        let is_named = |part: &SearchPart| text.lines().any(|line| line == part.name());
        SearchPart::ALL.into_iter().filter(is_named).collect()
    }

    /// Whether something could not be read, and was not mended yet.
    pub(crate) fn is_suspected(&self) -> bool {
        self.folder().join(SUSPICION).exists()
    }

    fn forget_suspicion(&self) -> io::Result<()> {
        match fs::remove_file(self.folder().join(SUSPICION)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a failed read may be damage that [`Self::recover`] can find.
    pub(crate) fn may_recover(&self, error: &StoreError) -> bool {
        let is_lost = matches!(error, StoreError::NoIndex { .. }) && self.exists();
        is_lost || error.may_be_damage()
    }

    /// Drops what is damaged, so that a search can answer from the rest; indexes are built anew
    /// behind it. Returns whether anything was found, or was repaired on opening.
    pub(crate) async fn recover(&self, events: Events<'_>) -> Result<bool, IndexError> {
        let before = self.recorded_state().await;
        {
            // Opening drops what is missing or cut off, without reading it.
            let _lock = self.lock(LockWait::UpTo(PATIENCE)).await?;
            self.forget_open_stores().await;
            let (_, catalog) = self.open_for_writing(events).await?;
            catalog.close().await?;
        }
        if self.recorded_state().await != before {
            return Ok(true);
        }
        let found = self.drop_damage(LockWait::UpTo(PATIENCE), events).await?;
        if !found.indexes.is_empty() {
            self.suspect(&[]);
            self.mend_behind(None);
        }
        Ok(found.is_damaged)
    }

    /// The generation of the catalog and the version of the chunks that it records.
    async fn recorded_state(&self) -> Option<(String, Option<u64>)> {
        let folder = self.folder().to_owned();
        let read = blocking(move || {
            let catalog = Catalog::open_read_only(&folder)?;
            Ok((catalog.generation()?, catalog.chunks_version()?))
        });
        read.await.ok()
    }

    /// Updates the chunks, and mends what is damaged before that or because of it.
    pub(crate) async fn refresh_mended(
        &self,
        scope: &RefreshScope<'_>,
        how: &RefreshOptions,
        events: Events<'_>,
    ) -> Result<RefreshReport, IndexError> {
        if self.is_suspected() {
            self.mend(how.wait, events).await?;
        }
        let refreshed = self.bring_up_to_date(scope, how, events).await;
        let failed = match &refreshed {
            Err(IndexError::Store(error)) => error.may_be_damage(),
            _ => false,
        };
        if failed {
            self.suspect(&SearchPart::ALL);
        } else if !self.is_suspected() {
            let has_unnoted = std::mem::take(&mut self.mending.lock().has_unnoted);
            if has_unnoted && let Err(error) = self.note_checksums().await {
                tracing::warn!(%error, "checksums of the index were not noted");
            }
            return refreshed;
        }
        match self.mend(how.wait, events).await {
            Ok(true) if failed => self.bring_up_to_date(scope, how, events).await,
            Ok(_) => refreshed,
            Err(error) if failed => Err(error),
            Err(error) => {
                events(IndexEvent::Warning(format!(
                    "the index is damaged and could not be mended: {error}"
                )));
                refreshed
            }
        }
    }

    /// Mends what may have made an operation fail; returns whether anything was damaged, so that the
    /// operation may succeed now.
    pub fn mend_after_failure<'a>(
        &'a self,
        error: &'a StoreError,
        events: Events<'a>,
    ) -> IndexFuture<'a, bool> {
        async move {
            if !error.may_be_damage() {
                return Ok(false);
            }
            self.suspect(&SearchPart::ALL);
            self.mend(LockWait::UpTo(LONGEST_WAIT), events).await
        }
        .boxed()
    }

    /// Finds what is damaged and restores it; returns whether there was anything.
    ///
    /// Rows that are dropped are missing until the next refresh and the next embedding.
    pub(crate) fn mend<'a>(&'a self, wait: LockWait, events: Events<'a>) -> IndexFuture<'a, bool> {
        async move {
            let found = self.drop_damage(wait, events).await?;
            for index in &found.indexes {
                let _lock = self.lock(LockWait::UpTo(LONGEST_WAIT)).await?;
                let (store, catalog) = self.open_for_writing(events).await?;
                if let Some(recovery) = store.rebuild_index(index).await? {
                    events(IndexEvent::Warning(recovery.to_string()));
                }
                record_versions(&store, &catalog).await?;
                catalog.close().await?;
            }
            self.note_checksums().await?;
            self.forget_suspicion().map_err(unmended)?;
            Ok(found.is_damaged)
        }
        .boxed()
    }

    /// Notes the checksums of all new files, by which damage is found later.
    pub fn note_checksums(&self) -> IndexFuture<'_, ()> {
        async move {
            let _lock = self.lock(LockWait::UpTo(LONGEST_WAIT)).await?;
            let (store, catalog) = self.open_for_writing(&|_| {}).await?;
            store.record_checksums(u64::MAX).await?;
            catalog.close().await
        }
        .boxed()
    }

    /// The same for a writer with little time, which does not fail because of it.
    pub(crate) async fn note_some_checksums(&self, store: &Store) {
        match store.record_checksums(NOTED_BYTES).await {
            Ok(is_all) => self.mending.lock().has_unnoted = !is_all,
            Err(error) => tracing::warn!(%error, "checksums of the index were not noted"),
        }
    }

    /// Drops the damaged versions and rows of all tables, and a damaged catalog.
    async fn drop_damage(&self, wait: LockWait, events: Events<'_>) -> Result<Found, IndexError> {
        let suspected = self.suspected();
        let _lock = self.lock(wait).await?;
        self.forget_open_stores().await;
        let mut is_damaged = false;
        for _ in 0..ROUNDS {
            let (store, catalog) = self.open_for_writing(events).await?;
            match catalog.run(|catalog| catalog.check()).await {
                Err(IndexError::Store(error)) if error.is_damaged_catalog() => {
                    catalog.close().await?;
                    self.set_catalog_aside(&error, events).await?;
                    is_damaged = true;
                    continue;
                }
                other => other?,
            }
            let damaged = store.find_damage(Inspection::Contents, &suspected).await?;
            for file in &damaged {
                tracing::warn!(%file, "a file of the index is damaged");
            }
            is_damaged |= !damaged.is_empty();
            let versions = store.drop_damaged_versions(&damaged).await?;
            if !versions.is_empty() {
                catalog.run(|state| state.begin_generation()).await?;
                catalog.close().await?;
                tell(&versions, events);
                self.forget_open_stores().await;
                continue;
            }
            let rows = store.drop_damaged_rows(&damaged).await?;
            tell(&rows, events);
            if !rows.is_empty() {
                reconcile_chunks(&store, &catalog).await?;
                reconcile_vectors(&store, &catalog).await?;
            }
            catalog.close().await?;
            return Ok(Found {
                is_damaged,
                indexes: Store::damaged_indexes(&damaged),
            });
        }
        Err(IndexError::Busy)
    }

    /// Drops the rows whose files are missing or cut off, on opening; reads no file.
    pub(crate) async fn drop_missing(&self, store: &Store) -> Result<Vec<Recovery>, IndexError> {
        let damaged = store.find_damage(Inspection::Lengths, &[]).await?;
        if damaged.iter().any(DamagedFile::is_index) {
            self.suspect(&[]);
        }
        if damaged.is_empty() {
            return Ok(Vec::new());
        }
        Ok(store.drop_damaged_rows(&damaged).await?)
    }

    /// Removes what was set aside long ago; that it could not is no reason not to open an index.
    pub(crate) async fn forget_old_damage(&self) {
        let folder = self.folder().to_owned();
        let pruned = blocking(move || {
            let freed = prune_set_aside(&folder, SystemTime::now());
            freed.map_err(unmended)
        });
        match pruned.await {
            Ok(0) => {}
            Ok(freed) => tracing::info!(freed, "damaged files that were set aside were removed"),
            Err(error) => tracing::warn!(%error, "damaged files were not removed"),
        }
    }

    /// Moves a damaged catalog away; the tables stay, and the catalog is made anew from them.
    pub(crate) async fn set_catalog_aside(
        &self,
        error: &StoreError,
        events: Events<'_>,
    ) -> Result<PathBuf, IndexError> {
        self.forget_open_stores().await;
        let folder = self.folder().to_owned();
        let aside = blocking(move || Ok(Catalog::set_aside(&folder)?)).await?;
        events(IndexEvent::Warning(format!(
            "{error} and is made anew from the tables; it is kept in {}",
            aside.display()
        )));
        Ok(aside)
    }

    /// Mends in the background of this process, unless it does so already, or has for this version
    /// in vain.
    pub(crate) fn mend_behind(&self, version: Option<u64>) {
        let mut mending = self.mending.lock();
        let is_running = mending
            .task
            .as_ref()
            .is_some_and(|task| !task.is_finished());
        if is_running || version.is_some() && version == mending.in_vain {
            return;
        }
        let index = self.clone();
        mending.task = Some(tokio::spawn(async move {
            let mended = index.mend_and_refresh(version).await;
            if let Err(error) = &mended {
                tracing::warn!(%error, "the index could not be mended");
            }
            mended
        }));
    }

    async fn mend_and_refresh(&self, version: Option<u64>) -> Result<Vec<String>, IndexError> {
        let words = parking_lot::Mutex::new(Vec::new());
        let events = |event: IndexEvent| {
            if let IndexEvent::Warning(text) = event {
                tracing::warn!("{text}");
                words.lock().push(text);
            }
        };
        if self.mend(LockWait::UpTo(LONGEST_WAIT), &events).await? {
            let how = RefreshOptions::default();
            self.refresh_as_it_is(&how, &events).await?;
        } else {
            self.mending.lock().in_vain = version;
        }
        Ok(words.into_inner())
    }

    /// Waits for what searches have begun to mend, and tells what was done: for a command that ends
    /// after its answer.
    pub fn finish_mending(&self) -> IndexFuture<'_, Vec<String>> {
        async move {
            let task = self.mending.lock().task.take();
            match task {
                Some(task) => task.await?,
                None => Ok(Vec::new()),
            }
        }
        .boxed()
    }

    /// Begins to mend what a search could not read; returns what to tell of it.
    pub(crate) fn mend_unread(&self, chunks: &Snapshot, unread: &UnreadParts) -> Vec<String> {
        if unread.is_empty() {
            return Vec::new();
        }
        self.suspect(unread.parts());
        self.mend_behind(Some(chunks.version()));
        unread.sentences()
    }

    /// Begins to mend what a search could not write, if it may be damaged.
    pub(crate) fn mend_after(&self, error: &IndexError) {
        if let IndexError::Store(error) = error
            && error.may_be_damage()
        {
            self.suspect(&SearchPart::ALL);
            self.mend_behind(None);
        }
    }
}

fn tell(recoveries: &[Recovery], events: Events<'_>) {
    for recovery in recoveries {
        events(IndexEvent::Warning(recovery.to_string()));
    }
}

fn unmended(source: io::Error) -> IndexError {
    IndexError::Store(StoreError::Io {
        what: "remove what is left of damage".to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
