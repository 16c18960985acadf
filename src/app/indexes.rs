//! Lists the data of all workspaces, and deletes it for workspaces that no longer exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Index, IndexError, disk_bytes};

use super::App;

/// The file in a `confined` folder that contains the path of the workspace.
pub(super) const WORKSPACE: &str = "workspace";
/// Maximum bytes of that path.
const MOST_PATH: u64 = 8192;

/// The data of a workspace.
#[derive(Clone, Debug)]
pub struct StoredIndex {
    /// The name of its folders.
    pub id: String,
    /// Path of the workspace; `None` if it is unknown, as in an index of an older version.
    pub root: Option<PathBuf>,
    /// Files in its index; `None` if there is no readable index.
    pub files: Option<u64>,
    /// Size of the data in bytes.
    pub bytes: u64,
    /// When the index was last written.
    pub written: Option<SystemTime>,
}

impl StoredIndex {
    /// Whether the workspace is known not to exist.
    pub fn is_gone(&self) -> bool {
        let is_missing = |root: &PathBuf| match fs::symlink_metadata(root) {
            Ok(metadata) => !metadata.is_dir(),
            Err(error) => matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
        };
        self.root.as_ref().is_some_and(is_missing)
    }
}

impl App {
    /// Every workspace with an index or a `confined` folder, sorted by path.
    pub async fn stored_indexes(&self) -> io::Result<Vec<StoredIndex>> {
        let mut ids = BTreeSet::new();
        for folder in self.kept_folders("") {
            ids.extend(folder_names(&folder)?);
        }
        let mut kept = Vec::new();
        for id in ids {
            kept.push(self.kept_of(id).await);
        }
        kept.sort_by(|one: &StoredIndex, other: &StoredIndex| {
            (&one.root, &one.id).cmp(&(&other.root, &other.id))
        });
        Ok(kept)
    }

    async fn kept_of(&self, id: String) -> StoredIndex {
        let [index, confined] = self.kept_folders(&id);
        // An unreadable index is listed without its contents.
        let about = Index::about(&index).await.ok();
        let noted = || {
            let bytes = ollacode_indexer::read_file(&confined.join(WORKSPACE), MOST_PATH).ok()?;
            Some(PathBuf::from(String::from_utf8(bytes).ok()?))
        };
        StoredIndex {
            id,
            root: about
                .as_ref()
                .and_then(|about| about.root.clone())
                .or_else(noted),
            files: about.as_ref().map(|about| about.files),
            bytes: [&index, &confined]
                .map(|folder| disk_bytes(folder).unwrap_or(0))
                .iter()
                .sum(),
            written: about.and_then(|about| about.written),
        }
    }

    /// Deletes the index and the `confined` folder of a workspace.
    pub async fn forget(&self, kept: &StoredIndex) -> Result<(), IndexError> {
        let [index, confined] = self.kept_folders(&kept.id);
        Index::new(&index, &index, WalkLimits::default())
            .remove()
            .await?;
        match fs::remove_dir_all(&confined) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(IndexError::Workspace {
                path: confined,
                source,
            }),
            _ => Ok(()),
        }
    }

    fn kept_folders(&self, id: &str) -> [PathBuf; 2] {
        ["indexes", "confined"].map(|name| self.settings.data_folder.join(name).join(id))
    }
}

/// The names of the folders in a folder, which may not exist.
fn folder_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}
