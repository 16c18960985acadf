//! What can go wrong in the store, as a caller can act on it.

use std::any::Any;
use std::error::Error;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures::FutureExt;

/// What a database is called whose name is not known.
const DATABASE: &str = "a database of the store";

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

    /// Whether this is damage of the catalog, which is made anew from the tables.
    pub fn is_damaged_catalog(&self) -> bool {
        matches!(self, StoreError::Corrupt { what, .. }
            if what == DATABASE || what == crate::catalog::NAME)
    }

    /// Whether a read failed for a reason that may be damage. Only a look at the files can tell:
    /// see [`crate::Store::find_damage`].
    pub fn may_be_damage(&self) -> bool {
        match self {
            StoreError::Corrupt { .. } => true,
            StoreError::Lance(error) => !is_transient(error),
            StoreError::Sqlite(error) => is_of_content(error),
            StoreError::NoIndex { .. }
            | StoreError::DiskFull { .. }
            | StoreError::Busy { .. }
            | StoreError::Invalid(_)
            | StoreError::Io { .. } => false,
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
                StoreError::corrupt(DATABASE, error)
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

/// Whether an error of opening a table says that its newest version is damaged.
///
/// Only known forms: missing permissions, missing file handles and the like say nothing about the
/// data.
pub(crate) fn is_damage(error: &lancedb::Error) -> bool {
    /// What LanceDB says of a message that it cannot decode.
    const FORMS: [&str; 4] = [
        "failed to decode Protobuf message",
        "Invalid format:",
        "file size is too small",
        "does not have sufficient data",
    ];
    !is_transient(error)
        && any_cause(error, |cause| {
            let is_corrupt = matches!(
                cause.downcast_ref::<lance::Error>(),
                Some(lance::Error::CorruptFile { .. })
            );
            let text = cause.to_string();
            is_corrupt || FORMS.iter().any(|form| text.contains(form))
        })
}

/// Whether an error of SQLite is about what is in the database: a table that is missing because the
/// file was emptied, or a value of another type.
fn is_of_content(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::SqlInputError { .. }
    ) || error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown)
}

/// Whether an error or one of its causes is of the system or of another writer, not of the data.
fn is_transient(error: &(dyn Error + 'static)) -> bool {
    disk_is_full(error)
        || any_cause(error, |cause| {
            let is_of_system = cause.downcast_ref::<io::Error>().is_some_and(|error| {
                let is_of_data = matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::Other
                );
                error.raw_os_error().is_some() && !is_of_data
            });
            // Some layers keep only the text of the cause.
            let is_of_system =
                is_of_system || code_in(&cause.to_string()).is_some_and(is_of_system_code);
            let is_of_lance = cause.downcast_ref::<lance::Error>().is_some_and(|error| {
                matches!(
                    error,
                    lance::Error::RetryableCommitConflict { .. }
                        | lance::Error::CommitConflict { .. }
                        | lance::Error::TooMuchWriteContention { .. }
                        | lance::Error::Timeout { .. }
                )
            });
            is_of_system || is_of_lance
        })
}

/// The code in the text of an error of the system: `Permission denied (os error 13)`.
fn code_in(text: &str) -> Option<i32> {
    let (_, behind) = text.split_once("(os error ")?;
    behind.split_once(')')?.0.parse().ok()
}

/// Whether the code is of another error than a missing file or a range that the file does not have.
fn is_of_system_code(code: i32) -> bool {
    const ENOENT: i32 = 2;
    const EINVAL: i32 = 22;
    ![ENOENT, EINVAL].contains(&code)
}

/// Runs an operation of LanceDB, which panics on some damaged data; returns the words of the panic.
pub async fn without_panic<T>(
    operation: impl Future<Output = T>,
) -> std::result::Result<T, String> {
    let caught = AssertUnwindSafe(operation).catch_unwind().await;
    caught.map_err(|panic| words_of_panic(panic.as_ref()))
}

fn words_of_panic(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the reader panicked").to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(error: impl Error + Send + Sync + 'static) -> StoreError {
        lance::Error::io_source(Box::new(error)).into()
    }

    #[test]
    fn what_the_system_says_is_no_damage() {
        const CODES: [i32; 7] = [4, 5, 12, 13, 23, 24, 28];
        for code in CODES {
            let error = wrapped(io::Error::from_raw_os_error(code));
            assert!(!error.may_be_damage(), "{error:?}");
            // As text only, as some layers have it.
            let text = io::Error::from_raw_os_error(code).to_string();
            let error: StoreError = lance::Error::io(text).into();
            assert!(!error.may_be_damage(), "{error:?}");
            assert!(!is_damage(&lancedb::Error::Lance {
                source: lance::Error::io_source(Box::new(io::Error::from_raw_os_error(code))),
            }));
        }
        let timeout: StoreError = lance::Error::timeout("Invalid format: slow").into();
        assert!(!timeout.may_be_damage());
        let path = Path::new("/x");
        let full = StoreError::io("write", path, io::Error::from_raw_os_error(28));
        assert!(matches!(full, StoreError::DiskFull { .. }));
        assert!(!full.may_be_damage());
    }

    #[test]
    fn only_known_forms_of_a_version_that_does_not_open_are_damage() {
        let damaged = |error: lance::Error| is_damage(&lancedb::Error::from(error));
        assert!(damaged(lance::Error::corrupt_file_named("x", "no magic")));
        assert!(damaged(lance::Error::invalid_input(
            "Invalid format: manifest length does not match"
        )));
        assert!(damaged(lance::Error::io(
            "failed to decode Protobuf message: invalid tag value: 0"
        )));
        assert!(!damaged(lance::Error::io("no memory")));
        assert!(!damaged(lance::Error::invalid_input("no such column")));
        assert!(!damaged(lance::Error::not_supported("a newer version")));
    }

    #[test]
    fn a_read_that_fails_otherwise_is_looked_into() {
        assert!(wrapped(io::Error::from_raw_os_error(2)).may_be_damage());
        assert!(wrapped(io::Error::from(io::ErrorKind::UnexpectedEof)).may_be_damage());
        assert!(StoreError::corrupt("x", "y").may_be_damage());
        assert!(!StoreError::corrupt("x", "y").is_damaged_catalog());
        assert!(StoreError::corrupt(crate::catalog::NAME, "y").is_damaged_catalog());
        let missing = rusqlite::Connection::open_in_memory()
            .and_then(|database| database.prepare("SELECT a FROM b").map(drop))
            .expect_err("no such table");
        assert!(StoreError::from(missing).may_be_damage());
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        assert_eq!(without_panic(async { 7 }).await, Ok(7));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let caught = without_panic(async { panic!("at {}", 7) }).await;
        std::panic::set_hook(hook);
        let caught: std::result::Result<(), String> = caught;
        assert_eq!(caught, Err("at 7".to_owned()));
    }
}
