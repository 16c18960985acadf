//! Which files of a workspace are secrets by their paths, found by one bounded look at its folders.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use cap_std::fs::{Dir, DirEntry};

use super::links::leads;
use super::protected::is_secret_path;
use super::system::{FolderStamp, folder_stamp, has_reliable_stamp};
use super::{EntryKind, Jail, kind_of};

/// Folders that are not entered, at any depth: they hold what tools made or fetched.
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

/// Most sets of other files whose folders are remembered.
const MOST_LISTINGS: usize = 4;

/// What is known of folders since the last look: a folder whose stamp is the same holds the same
/// names. A look costs a call for each folder then, and a listing only for those that changed.
pub(super) type Listings = HashMap<String, HashMap<PathBuf, Listed>>;

/// What a folder holds, as far as it matters here: paths from the root.
#[derive(Debug)]
pub(super) struct Listed {
    /// `None` if it has to be listed again the next time.
    stamp: Option<FolderStamp>,
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    links: Vec<PathBuf>,
    /// What leads elsewhere: see [`leads`].
    leading: Vec<PathBuf>,
    /// Whether all of it is known.
    complete: bool,
}

/// The files of secrets in a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretFiles {
    /// Regular files, relative to the root, in the order of their paths. Of a link that is named
    /// like a secret, the file that it leads to.
    pub paths: Vec<PathBuf>,
    /// Whether every folder was looked into: `false` if time or a limit ran out, or if one could
    /// not be listed.
    pub complete: bool,
    /// How many folders were listed, since they are new or have changed since the last look.
    pub listed: usize,
}

impl Jail {
    /// Lists the files whose paths say that they hold secrets, also those that ignore files name.
    ///
    /// Folders near the root come first, so that what a limit cuts off is what lies deepest. Links
    /// to folders are not followed, and `.git`, `node_modules`, `target` and the like not entered.
    pub fn secret_files(&self, patience: Duration) -> SecretFiles {
        self.secret_files_and(patience, "", |_| false)
    }

    /// The same with other files, by their paths below the root. `others` says which: for the same
    /// word they are always the same.
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

    /// Whether the workspace is on a disk of this machine, which tells of all changes.
    pub fn is_on_local_disk(&self) -> bool {
        has_reliable_stamp(&self.0.dir, Path::new("."))
    }

    /// The file to which a link leads.
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

/// Lists a folder, of which this is the stamp from before.
fn look_into(
    root: &Dir,
    folder: &Path,
    stamp: Option<FolderStamp>,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Listed {
    let mut listed = Listed {
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

/// What an entry is; not every file system tells it with the name.
fn kind_of_entry(entry: &DirEntry) -> Option<EntryKind> {
    match entry.file_type().map(kind_of) {
        Ok(EntryKind::Other) | Err(_) => entry
            .metadata()
            .ok()
            .map(|metadata| kind_of(metadata.file_type())),
        Ok(kind) => Some(kind),
    }
}
