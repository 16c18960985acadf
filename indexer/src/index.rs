//! The façade of the crate: one workspace and its index.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_store::{
    Catalog, CatalogStamp, Counts, MaintenancePolicy, OpenMode, OpenOptions, Store, StoreError,
    WriterLock,
};
use tokio::sync::Mutex;

use crate::difference::{RefreshScope, difference, guard_against_loss};
use crate::error::IndexError;
use crate::folder::Folder;
use crate::graph::CachedGraph;
use crate::mend::Mending;
use crate::prepare::Redactor;
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::reconcile::{
    SharedCatalog, reconcile, reconcile_chunks, reconcile_vectors, record_versions,
};
use crate::refresh::{LockWait, RefreshOptions, RefreshWriter};
use crate::shared::SharedCache;
use crate::take_in::RunningRefresh;
use crate::unchanged::unnoted;
use crate::walk::{WalkEntry, WalkLimits, WalkResult, entries_of, walk};

/// What an asynchronous method returns: a future that this crate compiles.
///
/// The body of an `async fn` is compiled in the crate that awaits it, so every edit there would
/// compile the whole of indexing and searching again.
pub(crate) type IndexFuture<'a, T> = BoxFuture<'a, Result<T, IndexError>>;

/// The names under which the catalog stores the model whose vectors were complete last.
pub(crate) const COMPLETE_MODEL: &str = "embedding_model";
pub(crate) const COMPLETE_FINGERPRINT: &str = "embedding_fingerprint";
pub(crate) const COMPLETE_DIGEST: &str = "embedding_digest";
pub(crate) const COMPLETE_WEIGHTS: &str = "embedding_weights";

/// The name under which the catalog stores the path of the workspace.
pub(crate) const WORKSPACE: &str = "workspace";
/// The name under which the catalog stores where the disk of the workspace was mounted.
pub(crate) const WORKSPACE_MOUNT: &str = "workspace_mount";

/// How long a process that has finished embedding may take to release the lock.
const MOMENT: Duration = Duration::from_secs(1);

/// How often a refresh starts again because another process began a new generation.
const ROUNDS: usize = 5;

/// A workspace and its index; clones share the open store.
#[derive(Clone)]
pub struct Index {
    root: PathBuf,
    folder: PathBuf,
    limits: WalkLimits,
    /// With the generation of the catalog at the time when it was opened.
    pub(crate) reader: Arc<Mutex<Option<(String, Store)>>>,
    /// The same for the writer.
    writer: Arc<Mutex<Option<(String, Store)>>>,
    /// Whether texts that failed in earlier runs were tried again.
    pub(crate) retried: Arc<AtomicBool>,
    /// The counts of the last search: adding up tens of thousands of rows takes longer than one.
    pub(crate) counted: Arc<parking_lot::Mutex<Option<CachedCounts>>>,
    pub(crate) graph: Arc<Mutex<Option<CachedGraph>>>,
    pub(crate) mending: Arc<parking_lot::Mutex<Mending>>,
    /// Refreshes of all files that run in this process.
    pub(crate) refreshing: Arc<AtomicUsize>,
    /// Whether this process has written chunks that no watcher has told of yet.
    pub(crate) untold: Arc<AtomicBool>,
    redactor: Option<Redactor>,
    pub(crate) shared: Option<SharedCache>,
}

/// Counts, with what tells whether they are still valid.
#[derive(Clone, Debug)]
pub(crate) struct CachedCounts {
    pub stamp: CatalogStamp,
    pub fingerprint: String,
    pub counts: Counts,
}

impl Index {
    /// An index of a workspace in a folder; nothing is opened yet.
    pub fn new(root: impl Into<PathBuf>, folder: impl Into<PathBuf>, limits: WalkLimits) -> Index {
        Index {
            root: root.into(),
            folder: folder.into(),
            limits,
            reader: Arc::default(),
            writer: Arc::default(),
            retried: Arc::default(),
            counted: Arc::default(),
            graph: Arc::default(),
            mending: Arc::default(),
            refreshing: Arc::default(),
            untold: Arc::default(),
            redactor: None,
            shared: None,
        }
    }

    /// Adds a redaction that is applied to texts of files before they are chunked.
    #[must_use]
    pub fn redacting(self, redactor: Redactor) -> Index {
        Index {
            redactor: Some(redactor),
            ..self
        }
    }

    pub(crate) fn redactor(&self) -> Option<Redactor> {
        self.redactor.clone()
    }

    /// Whether a folder holds an index.
    pub fn exists_in(folder: &Path) -> bool {
        folder.join("state.db").is_file()
    }

    /// The root of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the index.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The limits on the files that are indexed.
    pub fn limits(&self) -> &WalkLimits {
        &self.limits
    }

    /// Whether this workspace was indexed before.
    pub fn exists(&self) -> bool {
        Index::exists_in(&self.folder)
    }

    /// Updates the chunks from the files; vectors are left to [`Index::embed`]. What is damaged is
    /// mended first.
    pub fn refresh<'a>(
        &'a self,
        how: &'a RefreshOptions,
        events: Events<'a>,
    ) -> IndexFuture<'a, RefreshReport> {
        async move {
            let _running = RunningRefresh::begin(&self.refreshing);
            self.refresh_mended(&RefreshScope::Everything, how, events)
                .await
        }
        .boxed()
    }

    /// The same for a search: what is damaged is not mended first.
    pub(crate) fn refresh_as_it_is<'a>(
        &'a self,
        how: &'a RefreshOptions,
        events: Events<'a>,
    ) -> IndexFuture<'a, RefreshReport> {
        async move {
            let _running = RunningRefresh::begin(&self.refreshing);
            self.bring_up_to_date(&RefreshScope::Everything, how, events)
                .await
        }
        .boxed()
    }

    /// Updates the chunks of some paths, and of what is below them.
    pub fn refresh_paths<'a>(
        &'a self,
        paths: &'a [String],
        how: &'a RefreshOptions,
        events: Events<'a>,
    ) -> IndexFuture<'a, RefreshReport> {
        async move {
            self.refresh_mended(&RefreshScope::Paths(paths), how, events)
                .await
        }
        .boxed()
    }

    pub(crate) async fn bring_up_to_date(
        &self,
        scope: &RefreshScope<'_>,
        how: &RefreshOptions,
        events: Events<'_>,
    ) -> Result<RefreshReport, IndexError> {
        for _ in 0..ROUNDS {
            match self.compare_and_write(scope, how, events).await {
                // Committed work stays, and need not be repeated.
                Err(IndexError::StaleGeneration) => {}
                other => return other,
            }
        }
        Err(IndexError::Busy)
    }

    async fn compare_and_write(
        &self,
        scope: &RefreshScope<'_>,
        how: &RefreshOptions,
        events: Events<'_>,
    ) -> Result<RefreshReport, IndexError> {
        let known = self.known(scope.part(), how.wait, events).await?;
        let walked = match scope {
            RefreshScope::Everything => self.walk().await?,
            RefreshScope::Paths(paths) => self.walk_paths(paths).await?,
        };
        // A workspace that does not exist must not empty its index.
        self.open_root()?;
        events(IndexEvent::Walked {
            files: walked.entries.len(),
        });
        let mut found = difference(&walked, known.files, scope, how.reread());
        // A first build writes the files in the order of their paths.
        if found.known > 0 {
            found.sort(&HashSet::new());
        }
        if matches!(scope, RefreshScope::Everything) {
            guard_against_loss(&self.root, &walked, &found)?;
            let unchanged = self.report_unchanged(&known.generation, &walked, &found);
            if let Some(report) = unchanged.await?.filter(|_| !how.stop.is_cancelled()) {
                events(IndexEvent::LexicalReady);
                return Ok(report);
            }
        } else if found.is_empty() {
            // An event of a file that is ignored, or indexed already, writes nothing.
            return Ok(RefreshReport {
                unchanged: found.unchanged,
                ..RefreshReport::of_walk(&walked)
            });
        }
        let writer = RefreshWriter::new(self, how, events, known.generation);
        writer.apply(&walked, found).await
    }

    /// The paths among those given that are files to be indexed.
    pub(crate) async fn entries(&self, paths: &[String]) -> Result<Vec<WalkEntry>, IndexError> {
        Ok(self.walk_paths(paths).await?.entries)
    }

    /// The handle under which every file of the workspace is read.
    pub(crate) fn open_root(&self) -> Result<Folder, IndexError> {
        Folder::open(&self.root).map_err(|source| IndexError::Workspace {
            path: self.root.clone(),
            source,
        })
    }

    pub(crate) async fn walk_paths(&self, paths: &[String]) -> Result<WalkResult, IndexError> {
        let (root, limits, wanted) = (self.root.clone(), self.limits.clone(), paths.to_vec());
        blocking(move || Ok(entries_of(&root, &wanted, &limits))).await
    }

    pub(crate) async fn walk(&self) -> Result<WalkResult, IndexError> {
        let (root, limits) = (self.root.clone(), self.limits.clone());
        blocking(move || Ok(walk(&root, &limits))).await
    }

    /// Removes the recorded failures, so that their texts are embedded again.
    pub fn forget_failures(&self) -> IndexFuture<'_, ()> {
        async move {
            let _lock = self.lock(LockWait::UpTo(Duration::from_secs(60))).await?;
            let folder = self.folder.clone();
            blocking(move || Ok(Catalog::open(&folder)?.clear_failures()?)).await
        }
        .boxed()
    }

    /// Deletes the index. The cache of vectors, shared by all workspaces, stays.
    pub fn remove(&self) -> IndexFuture<'_, bool> {
        async move {
            if !self.folder.exists() {
                return Ok(false);
            }
            let _lock = self.lock(LockWait::UpTo(Duration::from_secs(5))).await?;
            self.forget_open_stores().await;
            let folder = self.folder.clone();
            blocking(move || {
                fs::remove_dir_all(&folder).map_err(|error| removal_failed(&folder, error))
            })
            .await?;
            Ok(true)
        }
        .boxed()
    }

    pub(crate) async fn lock(&self, wait: LockWait) -> Result<WriterLock, IndexError> {
        let folder = self.folder.clone();
        let lock = blocking(move || {
            Ok(match wait {
                LockWait::No => WriterLock::try_acquire(&folder)?,
                LockWait::UpTo(timeout) => WriterLock::acquire(&folder, timeout)?,
            })
        })
        .await;
        match lock {
            Err(IndexError::Store(StoreError::Busy { .. })) => Err(IndexError::Busy),
            other => other,
        }
    }

    /// The store, opened for reading.
    pub(crate) async fn store(&self) -> Result<Store, IndexError> {
        Ok(self.generation_and_store().await?.1)
    }

    /// The generation of the catalog, and its store.
    pub(crate) async fn generation_and_store(&self) -> Result<(String, Store), IndexError> {
        let generation = self.generation().await?;
        let store = self.store_of(&generation).await?;
        Ok((generation, store))
    }

    /// The store that belongs to a generation of the catalog: another one may have other tables.
    pub(crate) async fn store_of(&self, generation: &str) -> Result<Store, IndexError> {
        let mut reader = self.reader.lock().await;
        if let Some((known, store)) = reader.as_ref()
            && known == generation
        {
            return Ok(store.clone());
        }
        let store = Store::open(&self.folder, OpenOptions::new(OpenMode::Read)).await?;
        *reader = Some((generation.to_owned(), store.clone()));
        Ok(store)
    }

    /// The current generation of the catalog.
    pub(crate) async fn generation(&self) -> Result<String, IndexError> {
        let folder = self.folder.clone();
        blocking(move || Ok(Catalog::open_read_only(&folder)?.generation()?)).await
    }

    /// The right to embed, which one process has at a time.
    ///
    /// Waits a moment for a process that has just finished.
    pub(crate) async fn filling(&self) -> Result<WriterLock, IndexError> {
        let folder = self.folder.clone();
        match blocking(move || Ok(WriterLock::acquire_filling(&folder, MOMENT)?)).await {
            Err(IndexError::Store(StoreError::Busy { .. })) => Err(IndexError::Filling),
            other => other,
        }
    }

    /// Opens store and catalog for the holder of the lock, repaired and reconciled.
    pub(crate) async fn open_for_writing(
        &self,
        events: Events<'_>,
    ) -> Result<(Store, SharedCatalog), IndexError> {
        match self.try_open_for_writing(events).await {
            Err(IndexError::Store(error)) if error.is_damaged_catalog() => {
                self.set_catalog_aside(&error, events).await?;
                self.try_open_for_writing(events).await
            }
            other => other,
        }
    }

    async fn try_open_for_writing(
        &self,
        events: Events<'_>,
    ) -> Result<(Store, SharedCatalog), IndexError> {
        let catalog = SharedCatalog::open(&self.folder).await?;
        let root = self.root.to_str().map(str::to_owned);
        let generation = catalog
            .run(move |state| {
                if let Some(root) = root {
                    for (name, value) in unnoted(state, root)? {
                        state.set_meta(name, &value)?;
                    }
                }
                state.generation()
            })
            .await?;
        let mut writer = self.writer.lock().await;
        let store = match writer.as_ref() {
            Some((known, store)) if *known == generation => store.clone(),
            // Another generation may have other tables.
            _ => {
                *self.reader.lock().await = None;
                let store = self.open_tables(&catalog, events).await?;
                let generation = catalog.run(|state| state.generation()).await?;
                *writer = Some((generation, store.clone()));
                store
            }
        };
        reconcile(&store, &catalog).await?;
        Ok((store, catalog))
    }

    async fn open_tables(
        &self,
        catalog: &SharedCatalog,
        events: Events<'_>,
    ) -> Result<Store, IndexError> {
        let store = Store::open(&self.folder, OpenOptions::new(OpenMode::Write)).await?;
        let mut recoveries = store.recoveries().to_vec();
        recoveries.extend(self.drop_missing(&store).await?);
        for recovery in &recoveries {
            events(IndexEvent::Warning(recovery.to_string()));
        }
        if !recoveries.is_empty() {
            // Numbers of versions and of rows are used again, for others.
            catalog.run(|state| state.begin_generation()).await?;
            reconcile_chunks(&store, catalog).await?;
            reconcile_vectors(&store, catalog).await?;
        }
        self.forget_old_damage().await;
        Ok(store)
    }

    pub(crate) async fn maintain(
        &self,
        store: &Store,
        catalog: &SharedCatalog,
    ) -> Result<(), IndexError> {
        store
            .maintain(&MaintenancePolicy::default(), SystemTime::now())
            .await?;
        record_versions(store, catalog).await?;
        self.note_some_checksums(store).await;
        Ok(())
    }

    pub(crate) async fn forget_open_stores(&self) {
        *self.reader.lock().await = None;
        *self.writer.lock().await = None;
    }
}

/// What is to be noted of where the workspace is, beside what is noted already.
pub(crate) fn unnoted_place(
    root: String,
    mount: Option<&Path>,
    (noted, noted_mount): (Option<String>, Option<String>),
) -> Vec<(&'static str, String)> {
    let mut unnoted = Vec::new();
    let is_noted = noted.as_ref() == Some(&root);
    // The folder may be on a disk of its own since; one that is not there now stays noted.
    let is_news = |mount: &&Path| match noted_mount.as_deref().map(Path::new) {
        Some(noted) if is_noted => *mount != noted && mount.starts_with(noted),
        _ => true,
    };
    let mount = mount.filter(is_news).and_then(Path::to_str);
    unnoted.extend(mount.map(|mount| (WORKSPACE_MOUNT, mount.to_owned())));
    if !is_noted {
        unnoted.push((WORKSPACE, root));
    }
    unnoted
}

fn removal_failed(path: &Path, source: io::Error) -> IndexError {
    IndexError::Store(StoreError::Io {
        what: format!("move or remove `{}`", path.display()),
        source,
    })
}

/// Runs blocking work off the asynchronous threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    tokio::task::spawn_blocking(work).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_of_its_own_is_noted_and_stays_noted() {
        let unnoted = |mount: &str, root: Option<&str>, noted: Option<&str>| {
            let noted = (root.map(str::to_owned), noted.map(str::to_owned));
            let unnoted = unnoted_place("/data/a".to_owned(), Some(Path::new(mount)), noted);
            unnoted
                .into_iter()
                .map(|(_, value)| value)
                .collect::<Vec<_>>()
        };
        assert_eq!(unnoted("/", None, None), ["/", "/data/a"]);
        let root = Some("/data/a");
        assert_eq!(unnoted("/", root, None), ["/"]);
        assert_eq!(unnoted("/", root, Some("/")), [""; 0]);
        // The folder was moved to a disk.
        assert_eq!(unnoted("/data", root, Some("/")), ["/data"]);
        // The disk is not there now.
        assert_eq!(unnoted("/", root, Some("/data")), [""; 0]);
        assert_eq!(unnoted("/", Some("/b"), Some("/data")), ["/", "/data/a"]);
    }
}
