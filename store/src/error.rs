//! What can go wrong in the store, as a caller can act on it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// The result of an operation of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is indexed in the folder yet.
    #[error("there is no index in `{}`", .folder.display())]
    NoIndex {
        /// The folder of the index.
        folder: PathBuf,
    },
    /// Stored data cannot be read; it has to be moved away and rebuilt.
    #[error("{what} is damaged")]
    Corrupt {
        /// What is damaged, as a noun.
        what: String,
        /// The error of the library that read it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The disk or a quota is full; the last commit is intact.
    #[error("the disk is full; data that was stored before is intact")]
    DiskFull {
        /// The error of the operation that failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process holds the lock.
    #[error("another process is writing{}", holder_words(.holder))]
    Busy {
        /// Its process id, if it left one.
        holder: Option<u32>,
    },
    /// The caller passed something that cannot be stored.
    #[error("{0}")]
    Invalid(String),
    /// Another error of LanceDB.
    #[error("the index could not be read or written")]
    Lance(#[source] Box<lancedb::Error>),
    /// Another error of SQLite.
    #[error("the catalog of the index could not be read or written")]
    Sqlite(#[source] rusqlite::Error),
    /// The file system failed.
    #[error("could not {what}")]
    Io {
        /// The failed operation, as a verb phrase: `read <path>`.
        what: String,
        /// The error of the file system.
        source: io::Error,
    },
}

impl StoreError {
    /// Makes an error of damaged data.
    pub(crate) fn corrupt(
        what: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::Corrupt {
            what: what.into(),
            source: source.into(),
        }
    }

    /// Makes an error of a failed file operation, `verb` being such as `read`.
    pub(crate) fn io(verb: &str, path: &Path, source: io::Error) -> StoreError {
        if disk_is_full(&source) {
            return StoreError::DiskFull {
                source: Box::new(source),
            };
        }
        StoreError::Io {
            what: format!("{verb} `{}`", path.display()),
            source,
        }
    }
}

impl From<lancedb::Error> for StoreError {
    fn from(error: lancedb::Error) -> StoreError {
        if disk_is_full(&error) {
            StoreError::DiskFull {
                source: Box::new(error),
            }
        } else {
            StoreError::Lance(Box::new(error))
        }
    }
}

impl From<lance::Error> for StoreError {
    fn from(error: lance::Error) -> StoreError {
        lancedb::Error::from(error).into()
    }
}

impl From<arrow_schema::ArrowError> for StoreError {
    fn from(error: arrow_schema::ArrowError) -> StoreError {
        lancedb::Error::from(error).into()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull {
                source: Box::new(error),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::corrupt("a database of the store", error)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::Busy { holder: None }
            }
            _ => StoreError::Sqlite(error),
        }
    }
}

/// Whether `see` returns true for an error or one of its causes.
fn any_cause(error: &(dyn Error + 'static), see: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut current = Some(error);
    while let Some(error) = current {
        if see(error) {
            return true;
        }
        current = error.source();
    }
    false
}

/// Whether an error or one of its causes is a full disk or quota.
fn disk_is_full(error: &(dyn Error + 'static)) -> bool {
    any_cause(error, |cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
            // Some layers keep only the text of the cause.
            || cause.to_string().contains("No space left on device")
    })
}

/// Whether an error of opening a table may mean that its newest version is damaged.
///
/// Missing permissions and missing file handles say nothing about the data.
pub(crate) fn is_damage(error: &lancedb::Error) -> bool {
    const TOO_MANY_FILES: [i32; 2] = [23, 24];
    !disk_is_full(error)
        && !any_cause(error, |cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| {
                error.kind() == io::ErrorKind::PermissionDenied
                    || error
                        .raw_os_error()
                        .is_some_and(|code| TOO_MANY_FILES.contains(&code))
            })
        })
}

/// Whether the same operation may succeed when it is repeated on the newest version.
pub(crate) fn is_conflict(error: &lancedb::Error) -> bool {
    matches!(
        error,
        lancedb::Error::Lance {
            source: lance::Error::RetryableCommitConflict { .. }
                | lance::Error::CommitConflict { .. }
                | lance::Error::TooMuchWriteContention { .. }
        }
    )
}

fn holder_words(holder: &Option<u32>) -> String {
    holder
        .map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}
