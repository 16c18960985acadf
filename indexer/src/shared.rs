//! The cache of vectors that several machines share, in a folder or in a bucket.
//!
//! Vectors lie in packs: files that are named by their content, and never changed. So writers need
//! no lock and readers no protocol, and every store that can list, read and write files will do.
//! In reading order:
//!
//! - [`SharedCache`]: the façade, opened on any `object_store`;
//! - `pack`: the bytes of a pack, checked before a vector is believed;
//! - `secret`: keys and names that tell nothing to who lacks a secret;
//! - `requests`: what is asked of the store, within limits;
//! - `directory`: which key is in which pack, remembered by this machine;
//! - `read`, `write`, `spot_check`: what the embedding pipeline takes, adds and doubts;
//! - `upkeep`, `archive`, `probe`: statistics and merging, one file for export, tests for `doctor`.
//!
//! A pack holds up to 4,096 vectors as 16-bit numbers, in the order of their keys. The order in which
//! texts are embedded is nearly the same on all machines, so what one run needs was written together:
//! packs are not split by key, which would scatter the vectors of one repository over all of them.

mod archive;
mod directory;
mod error;
mod pack;
mod probe;
pub(crate) mod read;
mod report;
mod requests;
mod secret;
pub(crate) mod spot_check;
mod upkeep;
mod write;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::ObjectStore;
use object_store::path::Path;
use ollacode_store::CacheKey;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::embed::EmbeddingModel;
use directory::Memory;
use read::{ModelCache, ModelState};
use requests::Requests;
use secret::model_folder;

pub use error::SharedError;
pub use report::{
    BadPack, CompactReport, ExportReport, ImportReport, SharedProbe, SharedReport,
    SharedStatistics, Standing,
};
pub use requests::SharedLimits;
pub use secret::SharedSecret;

/// The folder of this form of packs.
const VERSION: &str = "v1";

/// What an operation on the shared cache returns.
pub type SharedFuture<'a, T> = BoxFuture<'a, Result<T, SharedError>>;

/// How a shared cache is used.
#[derive(Clone, Debug)]
pub struct SharedOptions {
    /// Whether this machine adds what it embeds, and may merge packs.
    pub may_write: bool,
    /// Whether the embedding server is asked for 1 of 200 vectors that come from the shared cache,
    /// and at least one of each pack, to compare. A pack that this machine has checked is not
    /// checked again. Without it, a second clone asks the server for nothing.
    pub spot_checks: bool,
    /// Makes keys and names useless to who lacks it. Vectors are not encrypted.
    pub secret: Option<SharedSecret>,
    /// Who writes, as `user@host`: stands in packs, so that bad ones can be traced.
    pub writer: String,
    /// Where the cache is, for messages: `s3://bucket/vectors`.
    pub place: String,
    /// The data folder, in which this machine remembers the packs that it has seen.
    pub data_folder: PathBuf,
}

/// A cache of vectors that several machines share. Clones share what was read and their counts.
///
/// Pass it to [`crate::Index::sharing`], so that [`crate::Index::embed`] asks it after the local cache
/// and before the embedding server. It is never waited for long: if it does not answer, it is left
/// out for a minute, and [`SharedCache::report`] says why.
#[derive(Clone)]
pub struct SharedCache {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) requests: Requests,
    pub(crate) prefix: Path,
    pub(crate) options: SharedOptions,
    /// Until when the store is left out.
    pub(crate) resting_until: Mutex<Option<Instant>>,
    /// Until when nothing is written, though it is read.
    pub(crate) read_only_until: Mutex<Option<Instant>>,
    memory: OnceCell<Memory>,
    models: Mutex<HashMap<String, Arc<ModelState>>>,
}

impl Inner {
    /// What this machine remembers of packs.
    pub(crate) async fn memory(&self) -> Result<Memory, SharedError> {
        let open = || Memory::open(&self.options.data_folder);
        Ok(self.memory.get_or_try_init(open).await?.clone())
    }

    /// The folder that has a folder for each model.
    pub(crate) fn models_folder(&self) -> Path {
        self.prefix.clone().join(VERSION)
    }

    fn must_write(&self) -> Result<(), SharedError> {
        if self.options.may_write {
            return Ok(());
        }
        Err(SharedError::ReadOnly {
            place: self.options.place.clone(),
        })
    }
}

impl fmt::Debug for SharedCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedCache({})", self.inner.options.place)
    }
}

impl SharedCache {
    /// A cache below a prefix of a store; nothing is asked yet.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path, options: SharedOptions) -> SharedCache {
        SharedCache::with_limits(store, prefix, options, SharedLimits::default())
    }

    /// The same with other limits in time, for tests.
    pub fn with_limits(
        store: Arc<dyn ObjectStore>,
        prefix: Path,
        options: SharedOptions,
        limits: SharedLimits,
    ) -> SharedCache {
        let requests = Requests {
            store,
            place: options.place.clone(),
            limits,
            report: Mutex::default(),
        };
        SharedCache {
            inner: Arc::new(Inner {
                requests,
                prefix,
                options,
                resting_until: Mutex::default(),
                read_only_until: Mutex::default(),
                memory: OnceCell::new(),
                models: Mutex::default(),
            }),
        }
    }

    /// The cache of one model.
    pub(crate) fn model(&self, model: &EmbeddingModel) -> ModelCache {
        let name = model_folder(self.inner.options.secret.as_ref(), model);
        let mut models = self.inner.models.lock();
        let state = models.entry(name.clone()).or_insert_with(|| {
            let folder = self.inner.models_folder().join(name);
            Arc::new(ModelState::new(&self.inner, folder, model.dimension))
        });
        ModelCache {
            inner: Arc::clone(&self.inner),
            state: Arc::clone(state),
        }
    }

    /// Whether vectors from it are compared with those of the embedding server.
    pub(crate) fn spot_checks(&self) -> bool {
        self.inner.options.spot_checks
    }

    /// Where the cache is, for messages.
    pub fn place(&self) -> &str {
        &self.inner.options.place
    }

    /// What was read and written since the cache was opened, and how it stands.
    pub fn report(&self) -> SharedReport {
        self.inner.requests.report.lock().clone()
    }

    /// The vectors that the cache has for some keys of a model, off the embedding pipeline.
    ///
    /// Fewer, or none, if it cannot be used at the moment: [`SharedCache::report`] says why.
    pub fn get<'a>(
        &'a self,
        model: &'a EmbeddingModel,
        keys: &'a [CacheKey],
    ) -> BoxFuture<'a, HashMap<CacheKey, Vec<f32>>> {
        async move {
            let found = self.model(model).get(keys).await.into_iter();
            found.map(|(key, found)| (key, found.vector)).collect()
        }
        .boxed()
    }

    /// Adds unit vectors of a model, off the embedding pipeline: they are sent in packs, by and by,
    /// with `may_write` only. Needs a Tokio runtime.
    pub fn put(&self, model: &EmbeddingModel, vectors: &[(CacheKey, Vec<f32>)]) {
        self.model(model).put(vectors);
    }

    /// Sends what [`SharedCache::put`] has kept back, for at most some time.
    /// [`SharedReport::unwritten`] counts what could not be sent.
    pub fn finish<'a>(&'a self, model: &'a EmbeddingModel, limit: Duration) -> BoxFuture<'a, ()> {
        async move { self.model(model).finish(limit).await }.boxed()
    }

    /// Packs, vectors, bytes and writers of all models. Reads the head of each pack.
    pub fn statistics(&self) -> SharedFuture<'_, SharedStatistics> {
        self.inner.count().boxed()
    }

    /// Merges small packs. New packs are written before old ones are removed, so that a reader finds
    /// every vector at any time; a reader that misses a pack lists again.
    ///
    /// # Errors
    /// [`SharedError::ReadOnly`] without `may_write`; otherwise what the store refused.
    pub fn compact(&self) -> SharedFuture<'_, CompactReport> {
        self.inner.merge_small().boxed()
    }

    /// Writes all sound packs to one new file, for a machine without access.
    ///
    /// # Errors
    /// [`SharedError::File`] if the file exists already or cannot be written.
    pub fn export<'a>(&'a self, file: &'a FilePath) -> SharedFuture<'a, ExportReport> {
        self.inner.write_archive(file).boxed()
    }

    /// Adds the packs of a file that [`SharedCache::export`] wrote. Each is checked first; unsound
    /// ones are left out and named.
    ///
    /// # Errors
    /// [`SharedError::ReadOnly`] without `may_write`; [`SharedError::File`] if it is no such file.
    pub fn import<'a>(&'a self, file: &'a FilePath) -> SharedFuture<'a, ImportReport> {
        self.inner.read_archive(file).boxed()
    }

    /// For `doctor`: lists and, with `may_write`, writes a small file twice to see whether the store
    /// refuses the second, reads it, compares the clocks, and removes it.
    pub fn probe(&self) -> SharedFuture<'_, SharedProbe> {
        self.inner.ask_for_doctor().boxed()
    }
}

#[cfg(test)]
mod tests;
