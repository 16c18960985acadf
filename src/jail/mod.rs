//! Access to the files of the workspace, and no others.
//!
//! Everything goes through one handle on the root, and the system itself refuses to resolve a path
//! that leaves it; no decision depends on comparing paths as strings. Reading follows links that
//! stay inside. Writing follows none: it opens each folder by a single name, so the path that was
//! judged is the file that changes.

mod error;
mod git_programs;
mod links;
mod outside;
mod path;
mod private;
mod protected;
mod secret_files;
mod secret_values;
mod similar_paths;
mod system;
mod temporary;
mod text;
mod walk;
mod write;

#[cfg(all(test, unix))]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType};
use parking_lot::Mutex;

pub use error::JailError;
pub use links::LinkTarget;
pub use path::WorkspacePath;
pub use private::{Holds, PrivatePath, keys_below};
#[cfg(any(target_os = "macos", test))]
pub(crate) use protected::closed_rows;
pub(crate) use protected::folded;
pub use protected::{
    Protected, ProtectedClass, build_file, classify, classify_name, closed_to_commands, is_filled,
    is_generated, is_masked_path, is_secret, is_secret_path, names_closed_in, protected,
};
pub use secret_files::SecretFiles;
pub use secret_values::{CLOSED, SecretValues};
pub use similar_paths::{NearestPath, PathSimilarity};
pub use text::{Newline, TextFile, TextShape};
pub use write::Expected;

use error::failed;
use private::PrivatePaths;
use walk::{MissingFolders, ResolvedPath};

/// BLAKE3 of a file's bytes.
pub type Hash = [u8; 32];

/// Largest file that is read as text, in bytes.
pub const MOST_TEXT: u64 = 8 << 20;

/// Largest file read as bytes: moved and deleted files are stored for undo.
pub const MOST_BYTES: u64 = 64 << 20;

/// The hash of bytes.
pub fn hash_of(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// The workspace's files. Clones share the handle.
#[derive(Clone)]
pub struct Jail(Arc<JailInner>);

struct JailInner {
    root: PathBuf,
    /// The root as it was given, which a model may use.
    named: PathBuf,
    dir: Dir,
    private: PrivatePaths,
    /// Folders made for new files; they are removed with the last file in them.
    made: Mutex<BTreeSet<String>>,
    /// The values of secret files.
    secrets: Arc<Mutex<secret_values::ValueCache>>,
    /// Folder listings from the search for secret files.
    listings: Mutex<secret_files::Listings>,
    /// Links and repositories that the last listing of the workspace found.
    leading: Mutex<Option<BTreeSet<PathBuf>>>,
    /// The user's git settings files.
    git: GitSettings,
    /// What the user's own settings run.
    programs: Vec<String>,
}

/// Git settings files for every repository.
#[derive(Clone, Debug, Default)]
pub struct GitSettings {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The files: absolute, may not exist.
    pub files: Vec<PathBuf>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File,
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A device, a pipe or a socket.
    Other,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name; invalid UTF-8 is replaced.
    pub name: String,
    pub kind: EntryKind,
    /// Size of a file in bytes, 0 for all else.
    pub size: u64,
}

/// A file as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBytes {
    pub bytes: Arc<Vec<u8>>,
    /// Hash of the bytes.
    pub hash: Hash,
    /// Its mode, nine bits; `None` if the system has none.
    pub mode: Option<u32>,
    /// Its real path, if links led there.
    pub path: WorkspacePath,
}

impl Jail {
    /// Opens a workspace. The root itself may be a link.
    pub fn open(root: &Path) -> Result<Jail, JailError> {
        Jail::open_without(root, &[])
    }

    /// Opens a workspace in which some folders and files are never opened, listed or made.
    pub fn open_without(root: &Path, private: &[PrivatePath]) -> Result<Jail, JailError> {
        let wrong = |cause| failed("open the workspace", &root.to_string_lossy(), cause);
        let canonical = fs::canonicalize(root).map_err(wrong)?;
        let dir = Dir::open_ambient_dir(&canonical, ambient_authority()).map_err(wrong)?;
        Ok(Jail(Arc::new(JailInner {
            private: PrivatePaths::new(private, &canonical)?,
            root: canonical,
            named: root.to_owned(),
            dir,
            made: Mutex::default(),
            secrets: Arc::default(),
            listings: Mutex::default(),
            leading: Mutex::default(),
            git: GitSettings::default(),
            programs: Vec::new(),
        })))
    }

    /// Adds git settings from outside the workspace: they may name files in it.
    #[must_use]
    pub fn with_git_settings(mut self, git: GitSettings) -> Jail {
        // Nobody else has it yet; else the settings of the repositories count all the same.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.git = git;
        }
        self
    }

    /// Adds what the user's settings run of themselves, by names from the root: those in the workspace are
    /// protected.
    #[must_use]
    pub fn with_programs(mut self, programs: Vec<String>) -> Jail {
        // As above.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.programs = programs;
        }
        self
    }

    fn git_settings(&self) -> Vec<PathBuf> {
        self.0.git.files.clone()
    }

    fn home(&self) -> Option<&Path> {
        self.0.git.home.as_deref()
    }

    /// The root, absolute and without links.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The path of a file given from outside, if it is below the root: links in existing folders
    /// are resolved.
    pub fn enter(&self, given: &Path) -> io::Result<Option<WorkspacePath>> {
        let given = std::path::absolute(given)?;
        let mut ancestors: Vec<&Path> = given.ancestors().skip(1).collect();
        ancestors.reverse();
        for ancestor in ancestors {
            let Ok(real) = fs::canonicalize(ancestor) else {
                return Ok(None);
            };
            if let (Ok(inside), Ok(below)) = (
                real.strip_prefix(&self.0.root),
                given.strip_prefix(ancestor),
            ) {
                let path = WorkspacePath::from_real(&inside.join(below));
                return path.map(Some).map_err(io::Error::other);
            }
        }
        Ok(None)
    }

    /// Parses a path: relative to the root, or absolute and below it.
    ///
    /// The path need not exist. `..` is removed by text.
    pub fn path(&self, given: &str) -> Result<WorkspacePath, JailError> {
        WorkspacePath::parse(given, &[&self.0.root, &self.0.named])
    }

    /// The real path with links followed, by which reading is judged.
    pub fn resolve(&self, path: &WorkspacePath) -> Result<WorkspacePath, JailError> {
        let wrong = |cause| failed("follow", path.as_str(), cause);
        let real = self.0.dir.canonicalize(path.as_str()).map_err(wrong)?;
        WorkspacePath::from_real(&real)
    }

    /// The kind of the entry at a path, without following a link; `None` if there is nothing.
    pub fn kind(&self, path: &WorkspacePath) -> Result<Option<EntryKind>, JailError> {
        if !self.0.private.is_empty()
            && let Err(error @ JailError::Private { .. }) =
                self.open_parent(path, MissingFolders::Fails)
        {
            return Err(error);
        }
        match self.0.dir.symlink_metadata(path.as_str()) {
            Ok(metadata) => Ok(Some(kind_of(metadata.file_type()))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(cause) => Err(failed("look at", path.as_str(), cause)),
        }
    }

    /// The entries of a folder by name, without private ones.
    pub fn list(&self, path: &WorkspacePath) -> Result<Vec<FolderEntry>, JailError> {
        let wrong = |cause| failed("list", path.as_str(), cause);
        let folder = match path.is_root() {
            true => self.folder(path)?,
            false => self.folder(&self.resolve(path)?)?,
        };
        let mut found = Vec::new();
        // The handle on the root may be one that only finds names.
        let open = system::open_folder(&folder, ".").map_err(wrong)?;
        for entry in open.entries().map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            // What has gone since is not there.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.is_private(&folder, &name, Some(&metadata)) {
                continue;
            }
            let kind = kind_of(metadata.file_type());
            found.push(FolderEntry {
                name,
                kind,
                size: if kind == EntryKind::File {
                    metadata.len()
                } else {
                    0
                },
            });
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// The private folders and files: absolute, without links.
    pub fn private_paths(&self) -> Vec<PathBuf> {
        self.0.private.paths()
    }

    /// Whether a path below the root is private.
    pub fn leaves_out(&self, path: &str) -> bool {
        self.0.private.covers(&self.root().join(path))
    }

    /// Reads a text of at most [`MOST_TEXT`] bytes; links that stay inside are followed.
    ///
    /// A link must not give a secret another name: its target must be named itself.
    pub fn read(&self, path: &WorkspacePath) -> Result<TextFile, JailError> {
        let file = match self.read_here(path, MOST_TEXT) {
            Err(JailError::Link { .. }) => {
                let real = self.resolve(path)?;
                if is_secret(&real) && !is_secret(path) {
                    return Err(JailError::Link {
                        path: path.to_string(),
                        target: Some(real.to_string()),
                    });
                }
                self.read_here(&real, MOST_TEXT)?
            }
            read => read?,
        };
        TextFile::decode(file)
    }

    /// Reads a file of at most [`MOST_BYTES`] bytes, with any content. Follows no link.
    pub fn read_bytes(&self, path: &WorkspacePath) -> Result<FileBytes, JailError> {
        self.read_here(path, MOST_BYTES)
    }

    /// The same for a file of at most so many bytes.
    pub fn read_at_most(&self, path: &WorkspacePath, most: u64) -> Result<FileBytes, JailError> {
        self.read_here(path, most)
    }

    /// The hash of a file of any size and content; `None` if it does not exist.
    ///
    /// Follows no link.
    pub fn hash(&self, path: &WorkspacePath) -> Result<Option<Hash>, JailError> {
        let opened = self
            .open_parent(path, MissingFolders::Fails)
            .and_then(|place| self.open_regular(&place));
        match opened {
            Ok((file, _)) => hash_file(file, path).map(Some),
            Err(JailError::NotFound(_) | JailError::NotAFolder(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a file without following links.
    fn read_here(&self, path: &WorkspacePath, most: u64) -> Result<FileBytes, JailError> {
        let place = self.open_parent(path, MissingFolders::Fails)?;
        let (file, metadata) = self.open_regular(&place)?;
        let too_large = |bytes| JailError::TooLarge {
            path: path.to_string(),
            bytes,
            most,
        };
        if metadata.len() > most {
            return Err(too_large(metadata.len()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        // It may grow while it is read.
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|cause| failed("read", path.as_str(), cause))?;
        if bytes.len() as u64 > most {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(FileBytes {
            hash: hash_of(&bytes),
            bytes: Arc::new(bytes),
            mode: system::mode(&metadata),
            path: path.clone(),
        })
    }

    /// Opens a regular file. It is checked before, since opening a device or a pipe can have
    /// effects, and again after, since it may have been swapped.
    fn open_regular(
        &self,
        place: &ResolvedPath<'_>,
    ) -> Result<(File, cap_std::fs::Metadata), JailError> {
        let path = place.path.as_str();
        let Some(before) = place.metadata()? else {
            return Err(JailError::NotFound(path.to_owned()));
        };
        self.check_regular(path, &before)?;
        let opened = system::open_file(&place.folder, place.name);
        let file = match opened {
            Ok(file) => file,
            Err(cause) => {
                if let Some(now) = place.metadata()? {
                    self.check_regular(path, &now)?;
                }
                return Err(failed("open", path, cause));
            }
        };
        let wrong = |cause| failed("look at", path, cause);
        let metadata = file.metadata().map_err(wrong)?;
        self.check_regular(path, &metadata)?;
        Ok((file, metadata))
    }
}

impl fmt::Debug for Jail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Jail").field(&self.0.root).finish()
    }
}

fn hash_file(file: File, path: &WorkspacePath) -> Result<Hash, JailError> {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(file)
        .map_err(|cause| failed("read", path.as_str(), cause))?;
    Ok(*hasher.finalize().as_bytes())
}

fn kind_of(file_type: FileType) -> EntryKind {
    if file_type.is_file() {
        EntryKind::File
    } else if file_type.is_dir() {
        EntryKind::Folder
    } else if file_type.is_symlink() {
        EntryKind::Link
    } else {
        EntryKind::Other
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
