//! The errors of the indexer.

use std::path::PathBuf;

use ollacode_store::StoreError;

use crate::embed::EmbedError;

/// An error of an operation on the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workspace cannot be read.
    #[error("cannot read the workspace {path}")]
    Workspace {
        /// The root of the workspace.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// The workspace has no files although some are indexed, which looks like a lost mount.
    #[error("found no files in {path}, although {known} are indexed; the index was not changed")]
    NothingFound {
        /// The root of the workspace.
        path: PathBuf,
        /// The number of files in the index.
        known: usize,
    },
    /// Another process writes to this index.
    #[error("another ollacode process is writing to this index")]
    Busy,
    /// Another process embeds its texts.
    #[error("another ollacode process is embedding this index")]
    Filling,
    /// Another process rebuilt the index or invalidated files, so what was read is stale; a
    /// refresh starts again.
    #[error("another ollacode process has rebuilt this index")]
    StaleGeneration,
    /// The embedding model failed; vectors that were committed are kept.
    #[error("embedding stopped")]
    Embedding(#[from] EmbedError),
    /// A language filter names no known language.
    #[error("`{0}` is not a known language")]
    UnknownLanguage(String),
    /// A path filter is not a valid glob.
    #[error("`{pattern}` is not a valid glob")]
    BadGlob {
        /// The glob, as given.
        pattern: String,
        /// The error of the glob parser.
        source: globset::Error,
    },
    /// An internal task panicked or was cancelled.
    #[error("an internal task failed")]
    Task(#[from] tokio::task::JoinError),
    /// Stopped by the user; what was committed is kept.
    #[error("stopped")]
    Stopped,
}
