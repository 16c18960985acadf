//! Why a shared cache could not be used, in words and as a caller can act on it.

use std::error::Error;
use std::io;
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

/// Says what an answer of a store means for the user.
pub(crate) fn explain(place: &str, source: object_store::Error) -> SharedError {
    use object_store::Error as Answer;
    /// What stores say when the time of a request differs too much from theirs.
    const CLOCK: [&str; 2] = ["RequestTimeTooSkewed", "RequestExpired"];
    const NO_BUCKET: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "BucketNotFound"];
    /// What a refused listing says: `object_store` knows refusals of single files only.
    const REFUSED: [&str; 4] = [
        "401 Unauthorized",
        "403 Forbidden",
        "AccessDenied",
        "InvalidAccessKeyId",
    ];
    let place = place.to_owned();
    let text = causes(&source);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&CLOCK) {
        return SharedError::Clock { place, source };
    }
    if says(&NO_BUCKET) {
        return SharedError::Missing { place, source };
    }
    match source {
        Answer::PermissionDenied { .. } | Answer::Unauthenticated { .. } => {
            SharedError::Denied { place, source }
        }
        _ if says(&REFUSED) || is_refused_file(&source) => SharedError::Denied { place, source },
        Answer::NotFound { .. } => SharedError::Missing { place, source },
        _ => SharedError::Unavailable { place, source },
    }
}

/// An error and its causes, as a clause of one line.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // Some layers repeat the text of what they wrap.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text.replace(['\n', '\r'], " ")
}

/// Whether the file system refused access to a file or folder.
fn is_refused_file(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
        ) {
            return true;
        }
        cause = error.source();
    }
    false
}
