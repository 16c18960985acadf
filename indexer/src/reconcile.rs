//! The bookkeeping in the hands of a writer, and how it is made to agree with the tables after a
//! crash between two commits, or after damage was healed.
//!
//! The tables commit first and the bookkeeping notes their versions last, so a version that
//! differs from the noted one tells of a writer that did not get that far.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use ollacode_store::{ContentKey, State, Store};
use tokio::sync::Mutex;

use crate::error::IndexError;
use crate::index::blocking;

/// The open bookkeeping; every use of it runs on a thread that may block.
pub(crate) struct Bookkeeping {
    state: Arc<Mutex<State>>,
}

impl Bookkeeping {
    /// Opens it for writing. The caller holds the writer's lock.
    pub(crate) async fn open(folder: &Path) -> Result<Bookkeeping, IndexError> {
        let folder = folder.to_owned();
        blocking(move || {
            let state = Arc::new(Mutex::new(State::open(&folder)?));
            Ok(Bookkeeping { state })
        })
        .await
    }

    /// Reads or writes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> ollacode_store::Result<T> + Send + 'static,
    ) -> Result<T, IndexError> {
        let state = Arc::clone(&self.state);
        blocking(move || Ok(work(&mut state.blocking_lock())?)).await
    }

    /// Closes it, which may write, too.
    pub(crate) async fn close(self) -> Result<(), IndexError> {
        blocking(move || {
            drop(self);
            Ok(())
        })
        .await
    }
}

/// Checks the noted versions, and reconciles what differs. The caller holds the writer's lock.
pub(crate) async fn agree(store: &Store, books: &Bookkeeping) -> Result<(), IndexError> {
    let (chunks_version, fingerprints) = books
        .run(|state| Ok((state.chunks_version()?, state.fingerprints()?)))
        .await?;
    if chunks_version != Some(store.version().await?) {
        reconcile_chunks(store, books).await?;
    }
    let tables = store.vector_fingerprints().await?;
    if fingerprints
        .iter()
        .any(|fingerprint| !tables.contains(fingerprint))
    {
        reconcile_vectors(store, books).await?;
    }
    for fingerprint in tables {
        let version = store.vectors_version(&fingerprint).await?;
        let name = version_name(&fingerprint);
        let noted = books.run(move |state| state.meta(&name)).await?;
        if noted != version.map(|version| version.to_string()) {
            reconcile_vectors(store, books).await?;
        }
    }
    Ok(())
}

/// Notes the versions of all tables.
pub(crate) async fn note_versions(store: &Store, books: &Bookkeeping) -> Result<(), IndexError> {
    let chunks_version = store.version().await?;
    let mut versions = Vec::new();
    for fingerprint in store.vector_fingerprints().await? {
        if let Some(version) = store.vectors_version(&fingerprint).await? {
            versions.push((version_name(&fingerprint), version.to_string()));
        }
    }
    books
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

/// Files whose chunks differ from what was recorded are read again at the next look.
pub(crate) async fn reconcile_chunks(store: &Store, books: &Bookkeeping) -> Result<(), IndexError> {
    let stored = store.path_keys().await?;
    let Compared { differing, unknown } = books
        .run(move |state| Ok(compare(stored, state.file_keys()?)))
        .await?;
    // Chunks of files that were never recorded would answer for ever.
    if !unknown.is_empty() {
        store.replace(&unknown, &[]).await?;
    }
    let version = store.version().await?;
    books
        .run(move |state| {
            state.distrust_files(&differing)?;
            state.set_chunks_version(version)
        })
        .await
}

/// The paths for which table and bookkeeping do not agree.
struct Compared {
    /// Recorded, but with other chunks.
    differing: Vec<String>,
    /// Not recorded.
    unknown: Vec<String>,
}

fn compare(
    stored: Vec<(String, ContentKey)>,
    recorded: Vec<(String, Vec<ContentKey>)>,
) -> Compared {
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
    Compared {
        differing,
        unknown: by_path.into_keys().collect(),
    }
}

/// Keys are recorded as having vectors exactly if they have some; all parts of a text are
/// committed together.
pub(crate) async fn reconcile_vectors(
    store: &Store,
    books: &Bookkeeping,
) -> Result<(), IndexError> {
    let tables = store.vector_fingerprints().await?;
    let existing = tables.clone();
    books
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
        books
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
    note_versions(store, books).await
}
