//! What the catalog knows of files before they are listed.

use ollacode_store::{Catalog, FileRecord};

use crate::error::IndexError;
use crate::index::{Index, blocking};
use crate::progress::Events;
use crate::refresh::LockWait;
use crate::rules::CHUNK_RULES;

/// The content of the catalog, read before the files are listed.
///
/// In the other order, a file that another process has just added would look like a removed one.
pub(crate) struct KnownFiles {
    /// The records of the files that are compared.
    pub files: Vec<FileRecord>,
    /// The generation; under another one, the rest is stale.
    pub generation: String,
    /// The version of the table of chunks that the records belong to.
    pub chunks_version: Option<u64>,
}

impl KnownFiles {
    /// Reads what is known of some paths and of what is below them, or of all files.
    pub(crate) fn read(
        state: &Catalog,
        part: Option<&[String]>,
    ) -> ollacode_store::Result<KnownFiles> {
        // The generation first: an invalidation while the rest is read must be noticed.
        let generation = state.generation()?;
        Ok(KnownFiles {
            generation,
            chunks_version: state.chunks_version()?,
            files: match part {
                Some(paths) => state.files_at(paths)?,
                None => state.files()?,
            },
        })
    }

    /// Whether all compared files were chunked by the present rules.
    pub(crate) fn is_cut_as_now(&self) -> bool {
        self.files.iter().all(|file| file.rules == CHUNK_RULES)
    }
}

impl Index {
    /// Reads the catalog while holding the lock, so that no other process changes it.
    ///
    /// The lock is released before files are listed; see [`KnownFiles`].
    pub(crate) async fn known(
        &self,
        part: Option<Vec<String>>,
        wait: LockWait,
        events: Events<'_>,
    ) -> Result<KnownFiles, IndexError> {
        let _lock = self.lock(wait).await?;
        match self.read_known_at(part.clone()).await {
            Ok(known) if !known.generation.is_empty() => return Ok(known),
            // There is none yet, or it is damaged or old: opening it for writing repairs that.
            Ok(_) | Err(IndexError::Store(_)) => {}
            Err(error) => return Err(error),
        }
        let (_, catalog) = self.open_for_writing(events).await?;
        let known = catalog
            .run(move |state| KnownFiles::read(state, part.as_deref()))
            .await?;
        catalog.close().await?;
        Ok(known)
    }

    /// Reads what the catalog knows of all files.
    pub(crate) async fn read_known(&self) -> Result<KnownFiles, IndexError> {
        self.read_known_at(None).await
    }

    async fn read_known_at(&self, part: Option<Vec<String>>) -> Result<KnownFiles, IndexError> {
        let folder = self.folder().to_owned();
        blocking(move || {
            let state = Catalog::open_read_only(&folder)?;
            Ok(KnownFiles::read(&state, part.as_deref())?)
        })
        .await
    }
}
