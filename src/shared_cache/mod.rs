//! The shared cache of vectors, as a place that a setting names: a folder, or a bucket of S3, Google or
//! Azure.
//!
//! What is in it, and what may be taken from it, the indexer knows. This module opens the place: it checks
//! the setting and the credentials, sends the requests, and keeps to `--offline`.

mod credentials;
mod folder;
mod http;
mod location;
mod open;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use ollacode_indexer::SharedSecret;

pub use credentials::CloudVariables;
pub use location::{CacheLocation, Cloud};
pub use open::{OpenPlace, open};

/// The settings of the shared cache.
#[derive(Clone, Debug, Default)]
pub struct SharedCacheSettings {
    /// `None`: there is no shared cache.
    pub location: Option<CacheLocation>,
    /// Whether vectors that were computed here are written.
    pub writes: bool,
    /// Whether some of the vectors that are read are computed here, too, and compared.
    pub checks: bool,
    /// Makes the names of texts worthless to who does not have it.
    pub secret: Option<SharedSecret>,
}

/// Why a place cannot be opened. Credentials are never part of a message.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder does not exist.
    #[error(
        "the shared cache {0} does not exist; mount its disk, or create the folder if it is to be new"
    )]
    NoFolder(PathBuf),
    /// Something else has the name of the folder.
    #[error("the shared cache {0} is not a folder")]
    NotAFolder(PathBuf),
    /// The disk of the folder does not answer.
    #[error(
        "the shared cache {0} does not answer; check its disk and the network: `ls {0}` probably hangs, \
         too"
    )]
    Hangs(PathBuf),
    /// It is not this machine, and only this machine may be called.
    #[error(
        "the shared cache {0} is not this machine, and `--offline` (`OLLACODE_OFFLINE`) is set; it is \
         not used"
    )]
    Offline(CacheLocation),
    /// The environment has no credentials.
    #[error("no credentials for the shared cache {location}: {help}")]
    NoCredentials {
        location: CacheLocation,
        help: String,
    },
    /// The endpoint that the environment names is not an address.
    #[error("`{variable}` is not an address such as `https://s3.example.org`")]
    BadEndpoint { variable: String },
    /// The endpoint would get vectors without encryption.
    #[error(
        "`{variable}` begins with `http://`, so anyone in between could read and change the vectors; use \
         `https://`, or allow it with `{allow}=true` in a network that you trust"
    )]
    NotEncrypted {
        variable: String,
        allow: &'static str,
    },
    /// The environment configures something that cannot be.
    #[error("the shared cache {location} cannot be opened: {problem}")]
    Setup {
        location: CacheLocation,
        problem: String,
    },
}
