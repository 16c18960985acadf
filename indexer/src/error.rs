//! What can go wrong with an index.

use std::path::PathBuf;

use ollacode_store::StoreError;

use crate::embed::EmbedError;

/// Why an operation on the index failed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workspace cannot be read.
    #[error("cannot read the workspace {path}")]
    Workspace {
        /// Its folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An index of files is there, and now there are none: rather a lost mount than a wish.
    #[error("found no files in {path}, though {known} are indexed; the index was left as it is")]
    NothingFound {
        /// The workspace.
        path: PathBuf,
        /// Files in the index.
        known: usize,
    },
    /// Another process writes to this index.
    #[error("another ollacode process is writing to this index")]
    Busy,
    /// Another process embeds its texts.
    #[error("another ollacode process is embedding this index")]
    Filling,
    /// Another process made the index anew, or took back some of what it said; a refresh begins
    /// again then.
    #[error("another ollacode process has made this index anew")]
    Overtaken,
    /// The embedding model stopped working in the middle.
    #[error("embedding stopped")]
    Embedding(#[from] EmbedError),
    /// A filter matches nothing that could exist.
    #[error("`{0}` is not a language that the index knows")]
    UnknownLanguage(String),
    /// A path filter cannot be read.
    #[error("`{pattern}` is not a valid glob")]
    BadGlob {
        /// As given.
        pattern: String,
        /// Why.
        source: globset::Error,
    },
    /// A task of ours died.
    #[error("an internal task failed")]
    Task(#[from] tokio::task::JoinError),
    /// Stopped by the user; what is done is kept.
    #[error("stopped")]
    Stopped,
}
