//! Making the bookkeeping agree with the tables after a crash between two commits, or after
//! damage was healed.
//!
//! The tables commit first and the bookkeeping notes their versions last, so a version that
//! differs from the noted one tells of a writer that did not get that far.

use std::collections::{HashMap, HashSet};

use ollacode_store::{ContentKey, State, Store};

use crate::error::IndexError;

/// Checks the noted versions, and reconciles what differs. The caller holds the writer's lock.
pub(crate) async fn agree(store: &Store, state: &mut State) -> Result<(), IndexError> {
    if state.chunks_version()? != Some(store.version().await?) {
        reconcile_chunks(store, state).await?;
    }
    let tables = store.vector_fingerprints().await?;
    if state
        .fingerprints()?
        .iter()
        .any(|fingerprint| !tables.contains(fingerprint))
    {
        reconcile_vectors(store, state).await?;
    }
    for fingerprint in tables {
        let version = store.vectors_version(&fingerprint).await?;
        if state.meta(&version_name(&fingerprint))? != version.map(|version| version.to_string()) {
            reconcile_vectors(store, state).await?;
        }
    }
    Ok(())
}

/// Notes the versions of all tables.
pub(crate) async fn note_versions(store: &Store, state: &mut State) -> Result<(), IndexError> {
    state.set_chunks_version(store.version().await?)?;
    for fingerprint in store.vector_fingerprints().await? {
        if let Some(version) = store.vectors_version(&fingerprint).await? {
            state.set_meta(&version_name(&fingerprint), &version.to_string())?;
        }
    }
    Ok(())
}

fn version_name(fingerprint: &str) -> String {
    format!("vectors_version_{fingerprint}")
}

/// Files whose chunks differ from what was recorded are read again at the next look.
pub(crate) async fn reconcile_chunks(store: &Store, state: &mut State) -> Result<(), IndexError> {
    let mut stored: HashMap<String, Vec<_>> = HashMap::new();
    for (path, key) in store.path_keys().await? {
        stored.entry(path).or_default().push(key);
    }
    let mut differing = Vec::new();
    for (path, mut keys) in state.file_keys()? {
        let mut there = stored.remove(&path).unwrap_or_default();
        there.sort_unstable();
        keys.sort_unstable();
        if there != keys {
            differing.push(path);
        }
    }
    // Chunks of files that were never recorded would answer for ever.
    let unknown: Vec<String> = stored.into_keys().collect();
    if !unknown.is_empty() {
        store.replace(&unknown, &[]).await?;
    }
    state.distrust_files(&differing)?;
    state.set_chunks_version(store.version().await?)?;
    Ok(())
}

/// Keys are recorded as having vectors exactly if they have some; all parts of a text are
/// committed together.
pub(crate) async fn reconcile_vectors(store: &Store, state: &mut State) -> Result<(), IndexError> {
    let tables = store.vector_fingerprints().await?;
    for fingerprint in state.fingerprints()? {
        if !tables.contains(&fingerprint) {
            state.remove_fingerprint(&fingerprint)?;
        }
    }
    for fingerprint in tables {
        let stored = store.vector_keys(&fingerprint).await?;
        let recorded: HashSet<ContentKey> = state.vector_keys(&fingerprint)?.into_iter().collect();
        let lost: Vec<ContentKey> = recorded.difference(&stored).copied().collect();
        let found: Vec<ContentKey> = stored.difference(&recorded).copied().collect();
        state.remove_vectors(&fingerprint, &lost)?;
        state.record_vectors(&fingerprint, &found)?;
    }
    note_versions(store, state).await
}
