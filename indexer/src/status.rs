//! The status of an index, without reading the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use futures::FutureExt;
use ollacode_store::{Counts, Failure, LanguageCount, State, disk_bytes};

use crate::index::{
    COMPLETE_DIGEST, COMPLETE_FINGERPRINT, COMPLETE_MODEL, COMPLETE_WEIGHTS, Index, Pending,
    WORKSPACE, blocking,
};

/// The status of an index, without reading the workspace.
#[derive(Clone, Debug)]
pub struct Status {
    /// Numbers of files and chunks, and of chunks with vectors of the model asked about.
    pub counts: Counts,
    /// Files and chunks by language, the most chunks first.
    pub languages: Vec<LanguageCount>,
    /// Size on disk, in bytes.
    pub bytes: u64,
}

/// A summary of an index folder.
#[derive(Clone, Debug)]
pub struct About {
    /// The root of its workspace; `None` if an older version of the program wrote it last.
    pub root: Option<PathBuf>,
    /// Number of files with chunks.
    pub files: u64,
    /// When it was last written.
    pub written: Option<SystemTime>,
}

impl Index {
    /// Summarizes a folder that holds an index.
    pub fn about(folder: &Path) -> Pending<'_, About> {
        async move {
            let folder = folder.to_owned();
            blocking(move || {
                let state = State::open_read_only(&folder)?;
                let written = ["state.db", "state.db-wal"]
                    .into_iter()
                    .filter_map(|name| fs::metadata(folder.join(name)).ok()?.modified().ok());
                Ok(About {
                    root: state.meta(WORKSPACE)?.map(PathBuf::from),
                    files: state.counts("")?.files,
                    written: written.max(),
                })
            })
            .await
        }
        .boxed()
    }

    /// Counts what is indexed, with the vectors of one model.
    pub fn status<'a>(&'a self, fingerprint: &'a str) -> Pending<'a, Status> {
        async move {
            let (folder, fingerprint) = (self.folder().to_owned(), fingerprint.to_owned());
            blocking(move || {
                let state = State::open_read_only(&folder)?;
                let bytes = disk_bytes(&folder).unwrap_or(0);
                let counts = state.counts(&fingerprint)?;
                Ok(Status {
                    counts,
                    languages: state.languages()?,
                    bytes,
                })
            })
            .await
        }
        .boxed()
    }

    /// Whether any chunk has a vector of any model.
    pub fn has_vectors(&self) -> Pending<'_, bool> {
        async move {
            let folder = self.folder().to_owned();
            blocking(move || Ok(State::open_read_only(&folder)?.has_vectors()?)).await
        }
        .boxed()
    }

    /// Name and fingerprint of the model whose vectors were complete last.
    pub fn complete_model(&self) -> Pending<'_, Option<(String, String)>> {
        async move {
            let folder = self.folder().to_owned();
            blocking(move || {
                let state = State::open_read_only(&folder)?;
                Ok(state
                    .meta(COMPLETE_MODEL)?
                    .zip(state.meta(COMPLETE_FINGERPRINT)?))
            })
            .await
        }
        .boxed()
    }

    /// The digest of the model whose vectors were complete last, if it has the given weights.
    pub fn digest_for<'a>(&'a self, weights: &'a str) -> Pending<'a, Option<String>> {
        async move {
            let (folder, weights) = (self.folder().to_owned(), weights.to_owned());
            blocking(move || {
                let state = State::open_read_only(&folder)?;
                let is_same = state.meta(COMPLETE_WEIGHTS)?.as_ref() == Some(&weights);
                let digest = state.meta(COMPLETE_DIGEST)?;
                Ok(digest.filter(|_| is_same))
            })
            .await
        }
        .boxed()
    }

    /// Texts that could not be embedded with the model that was last tried, by path and line.
    pub fn failures(&self) -> Pending<'_, Vec<Failure>> {
        async move {
            let folder = self.folder().to_owned();
            blocking(move || Ok(State::open_read_only(&folder)?.failures()?)).await
        }
        .boxed()
    }
}
