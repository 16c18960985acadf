//! The status of an index, without reading the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use futures::FutureExt;
use ollacode_store::{Catalog, Counts, EmbedFailure, LanguageCount, disk_bytes};

use crate::index::{
    COMPLETE_DIGEST, COMPLETE_FINGERPRINT, COMPLETE_MODEL, COMPLETE_WEIGHTS, Index, IndexFuture,
    WORKSPACE, WORKSPACE_MOUNT, blocking,
};

/// The status of an index, without reading the workspace.
#[derive(Clone, Debug)]
pub struct IndexStatistics {
    /// Numbers of files and chunks, and of chunks with vectors of the model asked about.
    pub counts: Counts,
    /// Files and chunks by language, the most chunks first.
    pub languages: Vec<LanguageCount>,
    /// Size on disk, in bytes.
    pub bytes: u64,
}

/// A summary of an index folder.
#[derive(Clone, Debug)]
pub struct IndexInfo {
    /// The root of its workspace; `None` if an older version of the program wrote it last.
    pub root: Option<PathBuf>,
    /// The folder at which the disk of the workspace was mounted; `None` as above, or where the
    /// system does not tell.
    pub mount: Option<PathBuf>,
    /// Number of files with chunks.
    pub files: u64,
    /// When it was last written.
    pub written: Option<SystemTime>,
}

impl Index {
    /// Summarizes a folder that holds an index.
    pub fn about(folder: &Path) -> IndexFuture<'_, IndexInfo> {
        async move {
            let folder = folder.to_owned();
            blocking(move || {
                let state = Catalog::open_read_only(&folder)?;
                let written = ["state.db", "state.db-wal"]
                    .into_iter()
                    .filter_map(|name| fs::metadata(folder.join(name)).ok()?.modified().ok());
                Ok(IndexInfo {
                    root: state.meta(WORKSPACE)?.map(PathBuf::from),
                    mount: state.meta(WORKSPACE_MOUNT)?.map(PathBuf::from),
                    files: state.counts("")?.files,
                    written: written.max(),
                })
            })
            .await
        }
        .boxed()
    }

    /// Counts what is indexed, with the vectors of one model.
    pub fn status<'a>(&'a self, fingerprint: &'a str) -> IndexFuture<'a, IndexStatistics> {
        async move {
            let (folder, fingerprint) = (self.folder().to_owned(), fingerprint.to_owned());
            blocking(move || {
                let state = Catalog::open_read_only(&folder)?;
                let bytes = disk_bytes(&folder).unwrap_or(0);
                let counts = state.counts(&fingerprint)?;
                Ok(IndexStatistics {
                    counts,
                    languages: state.languages()?,
                    bytes,
                })
            })
            .await
        }
        .boxed()
    }

    /// The number of texts that have neither a vector of a model nor failed.
    pub fn texts_without_vector<'a>(&'a self, fingerprint: &'a str) -> IndexFuture<'a, u64> {
        async move {
            let (folder, fingerprint) = (self.folder().to_owned(), fingerprint.to_owned());
            blocking(move || Ok(Catalog::open_read_only(&folder)?.missing_count(&fingerprint)?))
                .await
        }
        .boxed()
    }

    /// Whether any chunk has a vector of any model; not if the catalog is damaged.
    pub fn has_vectors(&self) -> IndexFuture<'_, bool> {
        let noted = self.noted(|state| Ok(Some(state.has_vectors()?)));
        async move { Ok(noted.await?.unwrap_or(false)) }.boxed()
    }

    /// Name and fingerprint of the model whose vectors were complete last; `None` also if the catalog
    /// is damaged, which the next search or refresh mends.
    pub fn complete_model(&self) -> IndexFuture<'_, Option<(String, String)>> {
        self.noted(|state| {
            Ok(state
                .meta(COMPLETE_MODEL)?
                .zip(state.meta(COMPLETE_FINGERPRINT)?))
        })
    }

    /// The digest of the model whose vectors were complete last, if it has the given weights; `None`
    /// also if the catalog is damaged.
    pub fn digest_for<'a>(&'a self, weights: &'a str) -> IndexFuture<'a, Option<String>> {
        let weights = weights.to_owned();
        self.noted(move |state| {
            let is_same = state.meta(COMPLETE_WEIGHTS)?.as_ref() == Some(&weights);
            let digest = state.meta(COMPLETE_DIGEST)?;
            Ok(digest.filter(|_| is_same))
        })
    }

    /// What the catalog has noted. A damaged one has noted nothing: it is made anew, and what asks here
    /// has to answer before that.
    fn noted<'a, T: Send + 'static>(
        &'a self,
        read: impl FnOnce(&Catalog) -> ollacode_store::Result<Option<T>> + Send + 'static,
    ) -> IndexFuture<'a, Option<T>> {
        let folder = self.folder().to_owned();
        blocking(move || {
            let noted = Catalog::open_read_only(&folder).and_then(|state| read(&state));
            match noted {
                Err(error) if error.is_damaged_catalog() => Ok(None),
                noted => Ok(noted?),
            }
        })
        .boxed()
    }

    /// Texts that could not be embedded with the model that was last tried, by path and line.
    pub fn failures(&self) -> IndexFuture<'_, Vec<EmbedFailure>> {
        async move {
            let folder = self.folder().to_owned();
            blocking(move || Ok(Catalog::open_read_only(&folder)?.failures()?)).await
        }
        .boxed()
    }
}

/// The folder at which the disk of an existing folder is mounted; `None` if that cannot be told.
#[cfg(unix)]
pub fn mount_point(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let device = fs::metadata(path).ok()?.dev();
    let is_same = |above: &&Path| fs::metadata(above).is_ok_and(|it| it.dev() == device);
    let top = path.ancestors().take_while(is_same).last()?;
    Some(top.to_owned())
}

/// The folder at which the disk of an existing folder is mounted; `None` if that cannot be told.
#[cfg(not(unix))]
pub fn mount_point(_: &Path) -> Option<PathBuf> {
    None
}
