//! Which files of a workspace are secrets by their paths, found by one bounded look at its folders.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, DirEntry};

use super::links::leads;
use super::protected::is_secret_path;
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

/// The files of secrets in a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretFiles {
    /// Regular files, relative to the root, in the order of their paths. Of a link that is named
    /// like a secret, the file that it leads to.
    pub paths: Vec<PathBuf>,
    /// Whether every folder was looked into: `false` if time or a limit ran out, or if one could
    /// not be listed.
    pub complete: bool,
}

impl Jail {
    /// Lists the files whose paths say that they hold secrets, also those that ignore files name.
    ///
    /// Folders near the root come first, so that what a limit cuts off is what lies deepest. Links
    /// to folders are not followed, and `.git`, `node_modules`, `target` and the like not entered.
    pub fn secret_files(&self, patience: Duration) -> SecretFiles {
        self.secret_files_and(patience, |_| false)
    }

    /// The same with other files, by their paths below the root.
    pub fn secret_files_and(&self, patience: Duration, also: impl Fn(&str) -> bool) -> SecretFiles {
        let is_wanted = |path: &str| is_secret_path(path) || also(path);
        let deadline = Instant::now() + patience;
        let mut found = BTreeSet::new();
        let mut complete = true;
        let mut leading = BTreeSet::new();
        let mut folders = VecDeque::from([PathBuf::new()]);
        let mut entered = 0;
        while let Some(folder) = folders.pop_front() {
            if entered == MOST_FOLDERS || found.len() >= MOST_FILES || Instant::now() > deadline {
                complete = false;
                break;
            }
            entered += 1;
            let lists = (&mut folders, &mut found, &mut leading);
            complete &= look_into(&self.0.dir, &folder, &is_wanted, lists);
        }
        self.note_leading(leading, complete);
        SecretFiles {
            paths: found.into_iter().take(MOST_FILES).collect(),
            complete,
        }
    }
}

/// Adds the secrets of one folder, the folders in it, and what leads elsewhere; tells whether it could
/// be listed.
fn look_into(
    root: &Dir,
    folder: &Path,
    is_wanted: &dyn Fn(&str) -> bool,
    (folders, found, leading): (
        &mut VecDeque<PathBuf>,
        &mut BTreeSet<PathBuf>,
        &mut BTreeSet<PathBuf>,
    ),
) -> bool {
    let here = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = root.read_dir(here) else {
        // What has gone since holds nothing.
        return root.symlink_metadata(here).is_err();
    };
    let mut complete = true;
    for entry in entries {
        let Ok(entry) = entry else {
            complete = false;
            continue;
        };
        let path = folder.join(entry.file_name());
        let kind = kind_of_entry(&entry);
        if leads(&path, kind == Some(EntryKind::Link)) {
            leading.insert(path.clone());
        }
        match kind {
            Some(EntryKind::Folder) => {
                let name = entry.file_name();
                if !PASSED_OVER.iter().any(|passed| name == *passed) {
                    folders.push_back(path);
                }
            }
            Some(EntryKind::File) if is_wanted(&path.to_string_lossy()) => {
                found.insert(path);
            }
            Some(EntryKind::Link) if is_wanted(&path.to_string_lossy()) => {
                let target = root.canonicalize(&path).ok();
                let is_file =
                    |path: &PathBuf| root.symlink_metadata(path).is_ok_and(|m| m.is_file());
                found.extend(target.filter(is_file));
            }
            _ => {}
        }
    }
    complete
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
