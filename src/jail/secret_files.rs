//! Finds the secret files of a workspace by their paths, in one bounded search.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use cap_std::fs::{Dir, DirEntry};

use super::links::leads;
use super::protected::is_secret_path;
use super::system::{FolderStamp, folder_stamp, has_reliable_stamp};
use super::{EntryKind, Jail, kind_of};

/// Folders that are skipped at any depth: they contain what tools made or downloaded.
const PASSED_OVER: &[&str] = &[
    ".git",
    ".hg",
    ".jj",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
    "site-packages",
    "target",
    "venv",
];

/// Most files that are listed.
const MOST_FILES: usize = 10_000;

/// Most folders that are looked into.
const MOST_FOLDERS: usize = 100_000;

/// Most cached sets of other files.
const MOST_LISTINGS: usize = 4;

/// Cached folder listings: a folder with the same stamp has the same names, so only changed folders
/// are listed again.
pub(super) type Listings = HashMap<String, HashMap<PathBuf, ListedFolder>>;

/// The relevant entries of a folder: paths from the root.
#[derive(Debug)]
pub(super) struct ListedFolder {
    /// `None` if it must be listed again the next time.
    stamp: Option<FolderStamp>,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    links: Vec<PathBuf>,
    /// Links and repositories: see [`leads`].
    leading: Vec<PathBuf>,
    /// Whether all of it is known.
    complete: bool,
}

/// The secret files of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretFiles {
    /// Regular files relative to the root, sorted by path. For a link with a secret name, its
    /// target.
    pub paths: Vec<PathBuf>,
    /// Whether every folder was searched: `false` if time or a limit ran out, or one could not be
    /// listed.
    pub complete: bool,
    /// How many new or changed folders were listed.
    pub listed: usize,
}

impl Jail {
    /// Lists the files with secret paths, ignored ones too.
    ///
    /// Folders near the root come first, so that a limit cuts off the deepest ones. Links to
    /// folders are not followed, and `.git`, `node_modules`, `target` and the like are not entered.
    pub fn secret_files(&self, patience: Duration) -> SecretFiles {
        self.secret_files_and(patience, "", |_| false)
    }

    /// The same with other files, chosen by path. `others` is the key of that choice in the cache.
    pub fn secret_files_and(
        &self,
        patience: Duration,
        others: &str,
        also: impl Fn(&str) -> bool,
    ) -> SecretFiles {
        let is_wanted = |path: &str| is_secret_path(path) || also(path);
        let deadline = Instant::now() + patience;
        let mut listings = self.0.listings.lock();
        if listings.len() >= MOST_LISTINGS && !listings.contains_key(others) {
            listings.clear();
        }
        let mut known = listings.remove(others).unwrap_or_default();
        let mut current = HashMap::with_capacity(known.len());
        let mut found = SecretFiles {
            complete: true,
            ..SecretFiles::default()
        };
        let mut paths = BTreeSet::new();
        let mut leading = BTreeSet::new();
        let mut folders = VecDeque::from([PathBuf::new()]);
        while let Some(folder) = folders.pop_front() {
            if current.len() == MOST_FOLDERS
                || paths.len() >= MOST_FILES
                || Instant::now() > deadline
            {
                found.complete = false;
                break;
            }
            let stamp = folder_stamp(&self.0.dir, here(&folder), SystemTime::now());
            let before = known.remove(&folder);
            let same = before.filter(|before| stamp.is_some() && before.stamp == stamp);
            let listed = same.unwrap_or_else(|| {
                found.listed += 1;
                look_into(&self.0.dir, &folder, stamp, &is_wanted)
            });
            found.complete &= listed.complete;
            folders.extend(listed.folders.iter().cloned());
            leading.extend(listed.leading.iter().cloned());
            paths.extend(listed.files.iter().cloned());
            paths.extend(
                listed
                    .links
                    .iter()
                    .filter_map(|link| self.file_behind(link)),
            );
            current.insert(folder, listed);
        }
        self.note_leading(leading, found.complete);
        listings.insert(others.to_owned(), current);
        found.paths = paths.into_iter().take(MOST_FILES).collect();
        found
    }

    /// Whether the workspace is on a local disk, which reports all changes.
    pub fn is_on_local_disk(&self) -> bool {
        has_reliable_stamp(&self.0.dir, Path::new("."))
    }

    /// The target of a link.
    fn file_behind(&self, link: &Path) -> Option<PathBuf> {
        let target = self.0.dir.canonicalize(link).ok()?;
        let metadata = self.0.dir.symlink_metadata(&target);
        metadata
            .is_ok_and(|found| found.is_file())
            .then_some(target)
    }
}

/// A folder as the system takes it.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// Lists a folder with a given earlier stamp.
fn look_into(
    root: &Dir,
    folder: &Path,
    stamp: Option<FolderStamp>,
    is_wanted: &dyn Fn(&str) -> bool,
) -> ListedFolder {
    let mut listed = ListedFolder {
        stamp: stamp.filter(|_| has_reliable_stamp(root, here(folder))),
        folders: Vec::new(),
        files: Vec::new(),
        links: Vec::new(),
        leading: Vec::new(),
        complete: true,
    };
    let Ok(entries) = root.read_dir(here(folder)) else {
        // What has gone since holds nothing.
        listed.complete = root.symlink_metadata(here(folder)).is_err();
        listed.stamp = None;
        return listed;
    };
    for entry in entries {
        let Ok(entry) = entry else {
            listed.complete = false;
            listed.stamp = None;
            continue;
        };
        let path = folder.join(entry.file_name());
        let kind = kind_of_entry(&entry);
        if leads(&path, kind == Some(EntryKind::Link)) {
            listed.leading.push(path.clone());
        }
        match kind {
            Some(EntryKind::Folder) => {
                let name = entry.file_name();
                if !PASSED_OVER.iter().any(|passed| name == *passed) {
                    listed.folders.push(path);
                }
            }
            Some(EntryKind::File) if is_wanted(&path.to_string_lossy()) => {
                listed.files.push(path);
            }
            Some(EntryKind::Link) if is_wanted(&path.to_string_lossy()) => {
                listed.links.push(path);
            }
            _ => {}
        }
    }
    listed
}

/// The kind of an entry, which not every file system reports with the name.
fn kind_of_entry(entry: &DirEntry) -> Option<EntryKind> {
    match entry.file_type().map(kind_of) {
        Ok(EntryKind::Other) | Err(_) => entry
            .metadata()
            .ok()
            .map(|metadata| kind_of(metadata.file_type())),
        Ok(kind) => Some(kind),
    }
}
