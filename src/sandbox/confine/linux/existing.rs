//! Finds existing protected paths in a folder. They are mounted read-only, so that they can be
//! neither written nor removed nor renamed.
//!
//! Only the top level, and top-level folders with a dot, are searched: nearly all of them are
//! there. The supervisor judges every name at every depth.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::GitAccess;
use super::super::write_policy::{PathNames, WritePolicy};

/// Most links followed in a chain.
const DEEPEST_LINKS: usize = 8;

/// A folder, and the protected paths in it.
#[derive(Debug)]
pub struct Existing {
    /// The folder, absolute.
    pub root: PathBuf,
    /// Paths below it, none of them through a link.
    pub protected: Vec<String>,
    /// Protected links, absolute: a link cannot be a mount point.
    pub links: Vec<PathBuf>,
}

impl Existing {
    /// Finds the paths that a policy protects or rules close.
    pub fn find(root: &Path, policy: &WritePolicy, unwritable: &[PathBuf]) -> Existing {
        let mut found = Existing {
            root: root.to_owned(),
            protected: Vec::new(),
            links: Vec::new(),
        };
        let refuses = |path: &str| {
            let path = Path::new(path);
            let has = |depth: usize, name: &str| {
                let folder = path.components().take(depth).collect::<PathBuf>();
                root.join(folder).join(name).exists()
            };
            policy.refuses(&PathNames::new(path), has).is_some()
        };
        for name in names(root) {
            // A folder of git that may be written is closed in parts.
            let is_open_git = policy.git != GitAccess::ReadOnly && root.join(&name).is_dir();
            if refuses(&name) && !(name == ".git" && is_open_git) {
                found.add(&name, 0);
            } else if name.starts_with('.') || matches!(name.as_str(), "gradle" | "worktrees") {
                let inside = names(&root.join(&name)).into_iter();
                let inside = inside.map(|inner| format!("{name}/{inner}"));
                for path in inside.filter(|path| refuses(path)) {
                    found.add(&path, 0);
                }
            }
        }
        let denied = unwritable.iter().filter_map(|path| below(path, root));
        for path in denied {
            found.add(&path, 0);
        }
        found.protected.sort();
        found.protected.dedup();
        found
    }

    /// Adds a path, or its target if there is a link in it.
    fn add(&mut self, path: &str, links: usize) {
        let mut at = self.root.clone();
        for (end, name) in ends(path) {
            at.push(name);
            let Ok(metadata) = fs::symlink_metadata(&at) else {
                return;
            };
            if metadata.is_symlink() {
                self.links.push(at.clone());
                let real = at.canonicalize().ok();
                let below = real.and_then(|real| below(&real, &self.root));
                if let Some(below) = below.filter(|_| links < DEEPEST_LINKS) {
                    self.add(&format!("{below}{}", &path[end..]), links + 1);
                }
                return;
            }
        }
        self.protected.push(path.to_owned());
    }
}

/// Names in a folder that are valid text.
fn names(folder: &Path) -> Vec<String> {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir());
    let entries = is_folder.then(|| fs::read_dir(folder).ok()).flatten();
    let entries = entries.into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// The names of a path, each with its end.
fn ends(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    path.split('/')
        .map(move |name| {
            let at = end + name.len();
            end = at + 1;
            (at, name)
        })
        .filter(|(_, name)| !name.is_empty())
}

/// A path relative to a folder, if it is below it and valid text.
fn below(path: &Path, folder: &Path) -> Option<String> {
    let rest = path.strip_prefix(folder).ok()?.to_str()?;
    (!rest.is_empty()).then(|| rest.to_owned())
}
