//! The catalog as a writer uses it, and how it is reconciled with the tables after a crash between
//! two commits, or after a repair.
//!
//! The tables commit first and the catalog records their versions last, so a version that
//! differs from the recorded one shows that a writer was interrupted.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use ollacode_store::{Catalog, ContentKey, Store};
use tokio::sync::Mutex;

use crate::error::IndexError;
use crate::index::blocking;

/// The open catalog; every use of it runs on a thread that may block.
pub(crate) struct SharedCatalog {
    state: Arc<Mutex<Catalog>>,
}

impl SharedCatalog {
    /// Opens the catalog for writing. The caller holds the writer's lock.
    pub(crate) async fn open(folder: &Path) -> Result<SharedCatalog, IndexError> {
        let folder = folder.to_owned();
        blocking(move || {
            let state = Arc::new(Mutex::new(Catalog::open(&folder)?));
            Ok(SharedCatalog { state })
        })
        .await
    }

    /// Runs a read or a write on a thread that may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Catalog) -> ollacode_store::Result<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let state = Arc::clone(&self.state);
        blocking(move || Ok(work(&mut state.blocking_lock())?)).await
    }

    /// Closes the catalog, which may write.
    pub(crate) async fn close(self) -> Result<(), IndexError> {
        blocking(move || {
            drop(self);
            Ok(())
        })
        .await
    }
}

/// Checks the recorded versions, and reconciles what differs. The caller holds the writer's lock.
pub(crate) async fn reconcile(store: &Store, catalog: &SharedCatalog) -> Result<(), IndexError> {
    let (chunks_version, fingerprints) = catalog
        .run(|state| Ok((state.chunks_version()?, state.fingerprints()?)))
        .await?;
    if chunks_version != Some(store.version().await?) {
        reconcile_chunks(store, catalog).await?;
    }
    let tables = store.vector_fingerprints().await?;
    if fingerprints
        .iter()
        .any(|fingerprint| !tables.contains(fingerprint))
    {
        reconcile_vectors(store, catalog).await?;
    }
    for fingerprint in tables {
        let version = store.vectors_version(&fingerprint).await?;
        let name = version_name(&fingerprint);
        let noted = catalog.run(move |state| state.meta(&name)).await?;
        if noted != version.map(|version| version.to_string()) {
            reconcile_vectors(store, catalog).await?;
        }
    }
    Ok(())
}

/// Records the versions of all tables.
pub(crate) async fn note_versions(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let chunks_version = store.version().await?;
    let mut versions = Vec::new();
    for fingerprint in store.vector_fingerprints().await? {
        if let Some(version) = store.vectors_version(&fingerprint).await? {
            versions.push((version_name(&fingerprint), version.to_string()));
        }
    }
    catalog
        .run(move |state| {
            state.set_chunks_version(chunks_version)?;
            for (name, version) in &versions {
                state.set_meta(name, version)?;
            }
            Ok(())
        })
        .await
}

fn version_name(fingerprint: &str) -> String {
    format!("vectors_version_{fingerprint}")
}

/// Invalidates files whose chunks differ from what was recorded, so that they are read again.
pub(crate) async fn reconcile_chunks(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let stored = store.path_keys().await?;
    let CatalogComparison { differing, unknown } = catalog
        .run(move |state| Ok(compare(stored, state.file_keys()?)))
        .await?;
    // Chunks of files that were never recorded would stay in results for ever.
    if !unknown.is_empty() {
        store.replace(&unknown, &[]).await?;
    }
    let version = store.version().await?;
    catalog
        .run(move |state| {
            state.invalidate_files(&differing)?;
            state.set_chunks_version(version)
        })
        .await
}

/// The paths for which table and catalog disagree.
struct CatalogComparison {
    /// Paths that are recorded with other chunks.
    differing: Vec<String>,
    /// Paths with chunks that are not recorded.
    unknown: Vec<String>,
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
        let mut there = by_path.remove(&path).unwrap_or_default();
        there.sort_unstable();
        keys.sort_unstable();
        if there != keys {
            differing.push(path);
        }
    }
    CatalogComparison {
        differing,
        unknown: by_path.into_keys().collect(),
    }
}

/// Makes the recorded keys with vectors equal to those in the table; all parts of a text are
/// committed together.
pub(crate) async fn reconcile_vectors(
    store: &Store,
    catalog: &SharedCatalog,
) -> Result<(), IndexError> {
    let tables = store.vector_fingerprints().await?;
    let existing = tables.clone();
    catalog
        .run(move |state| {
            for fingerprint in state.fingerprints()? {
                if !existing.contains(&fingerprint) {
                    state.remove_fingerprint(&fingerprint)?;
                }
            }
            Ok(())
        })
        .await?;
    for fingerprint in tables {
        let stored = store.vector_keys(&fingerprint).await?;
        catalog
            .run(move |state| {
                let recorded: HashSet<ContentKey> =
                    state.vector_keys(&fingerprint)?.into_iter().collect();
                let lost: Vec<ContentKey> = recorded.difference(&stored).copied().collect();
                let found: Vec<ContentKey> = stored.difference(&recorded).copied().collect();
                state.remove_vectors(&fingerprint, &lost)?;
                state.record_vectors(&fingerprint, &found)
            })
            .await?;
    }
    note_versions(store, catalog).await
}
