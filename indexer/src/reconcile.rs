//! The catalog as a writer uses it, and how it is reconciled with the chunk table and the vector
//! tables after a crash between two commits, or after a repair.
//!
//! The tables commit first and the catalog records their versions last, so a version that
//! differs from the recorded one shows that a writer was interrupted.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use ollacode_store::{Catalog, ContentKey, FileRecord, RecordedFile, Store};
use tokio::sync::Mutex;

use crate::error::IndexError;
use crate::index::blocking;

/// The open catalog; every use of it runs on tokio's blocking thread pool.
pub(crate) struct SharedCatalog {
    catalog: Arc<Mutex<Catalog>>,
}

impl SharedCatalog {
    /// Opens the catalog for writing. The caller holds the writer's lock.
    pub(crate) async fn open(folder: &Path) -> Result<SharedCatalog, IndexError> {
        let folder = folder.to_owned();
        blocking(move || {
            let catalog = Arc::new(Mutex::new(Catalog::open(&folder)?));
            Ok(SharedCatalog { catalog })
        })
        .await
    }

    /// Opens an existing catalog for reading, for the reads of one search. Another process may put a new
    /// file in its place meanwhile, which only another opening shows.
    pub(crate) async fn open_read_only(folder: &Path) -> Result<SharedCatalog, IndexError> {
        let folder = folder.to_owned();
        blocking(move || {
            let catalog = Arc::new(Mutex::new(Catalog::open_read_only(&folder)?));
            Ok(SharedCatalog { catalog })
        })
        .await
    }

    /// Runs a read or a write on tokio's blocking thread pool.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Catalog) -> ollacode_store::Result<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let catalog = Arc::clone(&self.catalog);
        blocking(move || Ok(work(&mut catalog.blocking_lock())?)).await
    }

    /// Closes the catalog on a blocking thread, because closing it may write to disk.
    pub(crate) async fn close(self) -> Result<(), IndexError> {
        blocking(move || {
            drop(self);
            Ok(())
        })
        .await
    }
}

/// What the catalog was not written for, as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unreconciled {
    pub chunks: bool,
    pub vectors: bool,
}

impl Unreconciled {
    /// Compares the recorded versions with those of the tables.
    pub(crate) async fn of(
        store: &Store,
        catalog: &SharedCatalog,
    ) -> Result<Unreconciled, IndexError> {
        let (chunks_version, recorded) = catalog
            .run(|catalog| Ok((catalog.chunks_version()?, catalog.fingerprints()?)))
            .await?;
        let stored = store.vector_fingerprints().await?;
        let mut differing = Unreconciled {
            chunks: chunks_version != Some(store.version().await?),
            vectors: recorded.iter().any(|it| !stored.contains(it)),
        };
        for fingerprint in stored {
            let version = store.vectors_version(&fingerprint).await?;
            let key = version_key(&fingerprint);
            let recorded = catalog.run(move |catalog| catalog.meta(&key)).await?;
            differing.vectors |= recorded != version.map(|version| version.to_string());
        }
        Ok(differing)
    }
}

/// Checks the recorded versions, and reconciles what differs. The caller holds the writer's lock.
pub(crate) async fn reconcile(store: &Store, catalog: &SharedCatalog) -> Result<(), IndexError> {
    let differing = Unreconciled::of(store, catalog).await?;
    if differing.chunks {
        reconcile_chunks(store, catalog).await?;
    }
    if differing.vectors {
        reconcile_vectors(store, catalog).await?;
    }
    Ok(())
}

/// Records the versions of all tables.
pub(crate) async fn record_versions(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let chunks_version = store.version().await?;
    let mut versions = Vec::new();
    for fingerprint in store.vector_fingerprints().await? {
        if let Some(version) = store.vectors_version(&fingerprint).await? {
            versions.push((version_key(&fingerprint), version.to_string()));
        }
    }
    catalog
        .run(move |catalog| catalog.set_versions(chunks_version, &versions))
        .await
}

fn version_key(fingerprint: &str) -> String {
    format!("vectors_version_{fingerprint}")
}

/// Invalidates files whose chunks differ from what was recorded, so that they are read again, and
/// deletes the chunks of files that were never recorded. A catalog without files takes over those of
/// the chunks.
pub(crate) async fn reconcile_chunks(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let stored = store.path_keys().await?;
    let CatalogComparison {
        differing,
        unrecorded,
    } = catalog
        .run(move |catalog| {
            let recorded = catalog.file_keys()?;
            if recorded.is_empty() {
                catalog.record_files(&adopted(stored), None)?;
                return Ok(CatalogComparison::default());
            }
            Ok(compare(stored, recorded))
        })
        .await?;
    // Nothing else would delete these chunks, so they would stay in results.
    if !unrecorded.is_empty() {
        store.replace(&unrecorded, &[]).await?;
    }
    let version = store.version().await?;
    catalog
        .run(move |catalog| {
            catalog.invalidate_files(&differing)?;
            catalog.set_chunks_version(version)
        })
        .await
}

/// The paths for which table and catalog disagree.
#[derive(Default)]
struct CatalogComparison {
    /// Paths that are recorded with other chunks.
    differing: Vec<String>,
    /// Paths with chunks that are not recorded.
    unrecorded: Vec<String>,
}

/// The files of all chunks, for a catalog that was lost or damaged. Each is read again by the next
/// refresh, which finds the chunks in place if it is unchanged.
fn adopted(stored: Vec<(String, ContentKey)>) -> Vec<RecordedFile> {
    let mut by_path: HashMap<String, Vec<ContentKey>> = HashMap::new();
    for (path, key) in stored {
        by_path.entry(path).or_default().push(key);
    }
    let files = by_path.into_iter().map(|(path, keys)| RecordedFile {
        file: FileRecord {
            path,
            // No file has this time and this hash.
            modified_ns: -1,
            language: "text".to_owned(),
            chunks: u32::try_from(keys.len()).unwrap_or(u32::MAX),
            ..FileRecord::default()
        },
        keys,
    });
    files.collect()
}

fn compare(
    stored: Vec<(String, ContentKey)>,
    recorded: Vec<(String, Vec<ContentKey>)>,
) -> CatalogComparison {
    let mut by_path: HashMap<String, Vec<ContentKey>> = HashMap::new();
    for (path, key) in stored {
        by_path.entry(path).or_default().push(key);
    }
    let mut differing = Vec::new();
    for (path, mut keys) in recorded {
        let mut stored_keys = by_path.remove(&path).unwrap_or_default();
        stored_keys.sort_unstable();
        keys.sort_unstable();
        if stored_keys != keys {
            differing.push(path);
        }
    }
    CatalogComparison {
        differing,
        unrecorded: by_path.into_keys().collect(),
    }
}

/// Updates the catalog's list of keys that have vectors to match the table. A key in the table has
/// all its vectors, because the parts of a text are committed together.
pub(crate) async fn reconcile_vectors(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let stored_fingerprints = store.vector_fingerprints().await?;
    let existing = stored_fingerprints.clone();
    catalog
        .run(move |catalog| {
            for fingerprint in catalog.fingerprints()? {
                if !existing.contains(&fingerprint) {
                    catalog.remove_fingerprint(&fingerprint)?;
                }
            }
            Ok(())
        })
        .await?;
    for fingerprint in stored_fingerprints {
        let stored = store.vector_keys(&fingerprint).await?;
        catalog
            .run(move |catalog| {
                let recorded: HashSet<ContentKey> =
                    catalog.vector_keys(&fingerprint)?.into_iter().collect();
                let without_vectors: Vec<ContentKey> =
                    recorded.difference(&stored).copied().collect();
                let unrecorded: Vec<ContentKey> = stored.difference(&recorded).copied().collect();
                catalog.remove_vectors(&fingerprint, &without_vectors)?;
                catalog.record_vectors(&fingerprint, &unrecorded)
            })
            .await?;
    }
    record_versions(store, catalog).await
}
