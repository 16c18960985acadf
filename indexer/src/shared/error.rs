//! Why a shared cache could not be used, in words and as a caller can act on it.

use std::path::PathBuf;
use std::time::Duration;

use ollacode_store::StoreError;

/// Why an operation on the shared cache failed.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// The store refused the credentials or the operation: 401 or 403.
    #[error("`{place}` refuses access; check the credentials and what they may do there")]
    Denied {
        /// Where the cache is.
        place: String,
        /// The answer of the store.
        source: object_store::Error,
    },
    /// The store refused a signature because the clocks differ too much.
    #[error(
        "`{place}` refuses requests because the clock of this machine is wrong; set the time and try again"
    )]
    Clock {
        /// Where the cache is.
        place: String,
        /// The answer of the store.
        source: object_store::Error,
    },
    /// There is no such bucket, container or folder.
    #[error("`{place}` does not exist; create the bucket or folder, or correct the address")]
    Missing {
        /// Where the cache is.
        place: String,
        /// The answer of the store.
        source: object_store::Error,
    },
    /// The store did not answer in time.
    #[error("`{place}` did not answer within {} s", .limit.as_secs_f32())]
    TimedOut {
        /// Where the cache is.
        place: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The store answered with another error, such as 503, or cannot be reached.
    #[error("`{place}` cannot be used at the moment")]
    Unavailable {
        /// Where the cache is.
        place: String,
        /// The answer of the store.
        source: object_store::Error,
    },
    /// The operation writes, and this machine only reads.
    #[error("`{place}` is only read by this machine; allow writing in the settings first")]
    ReadOnly {
        /// Where the cache is.
        place: String,
    },
    /// A file to export to or import from cannot be used.
    #[error("`{}` {why}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence.
        why: String,
        /// The error of the file system, if it was one.
        source: Option<std::io::Error>,
    },
    /// What this machine remembers of the packs cannot be read or written.
    #[error("the list of known packs in the data folder cannot be used")]
    Known(#[from] StoreError),
    /// An internal task panicked or was cancelled.
    #[error("an internal task failed")]
    Task(#[from] tokio::task::JoinError),
}
