//! Finds the workspace.
//!
//! A folder that the user gives is used as it is. Otherwise it is the nearest folder upward that
//! has an index or is the top of a git repository: a repository inside an indexed folder is a
//! workspace of its own. Otherwise it is the current folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::config::{GivenFolder, SettingOrigin};

/// Maximum characters of the folder name in a workspace's id.
const NAME_IN_ID: usize = 40;

/// Hexadecimal digits of the hash in a workspace's id.
const HASH_IN_ID: usize = 16;

/// The folder that ollacode works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Absolute, with links resolved.
    pub root: PathBuf,
    pub found: WorkspaceSource,
}

/// How a workspace was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceSource {
    Given,
    Indexed,
    /// The top of a git repository.
    Git,
    /// The current folder, since nothing else was found.
    Current,
}

/// Why a folder cannot be the workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("the workspace {path} (from {origin}) does not exist")]
    Missing {
        path: PathBuf,
        /// Where it was given.
        origin: SettingOrigin,
    },
    #[error("the workspace {path} (from {origin}) is not a folder")]
    NotAFolder {
        path: PathBuf,
        /// Where it was given.
        origin: SettingOrigin,
    },
    #[error("cannot open the workspace {path}")]
    Unreadable { path: PathBuf, source: io::Error },
}

impl Workspace {
    /// Finds the workspace; `has_index` says whether a folder has an index.
    ///
    /// A repository at the home folder or above it, as for dotfiles, does not count for folders
    /// below it.
    pub fn discover(
        given: Option<&GivenFolder>,
        current_folder: &Path,
        home: Option<&Path>,
        has_index: impl Fn(&Path) -> bool,
    ) -> Result<Workspace, WorkspaceError> {
        if let Some(given) = given {
            return Ok(Workspace {
                root: existing(given)?,
                found: WorkspaceSource::Given,
            });
        }
        let current =
            fs::canonicalize(current_folder).map_err(|source| WorkspaceError::Unreadable {
                path: current_folder.to_owned(),
                source,
            })?;
        let found = current.ancestors().find_map(|folder| {
            let is_own = folder == current || !is_home_or_above(folder, home);
            if has_index(folder) {
                Some((folder, WorkspaceSource::Indexed))
            } else if is_own && is_git_top(folder) {
                Some((folder, WorkspaceSource::Git))
            } else {
                None
            }
        });
        let (root, found) = found.unwrap_or((&current, WorkspaceSource::Current));
        Ok(Workspace {
            root: root.to_owned(),
            found,
        })
    }

    /// The top of the git repository that the workspace is a part of, if that is above it, and has the
    /// same owner: anybody can make a repository in `/tmp`. A repository at the home folder or above does
    /// not count.
    pub fn repository_above(&self, home: Option<&Path>) -> Option<PathBuf> {
        if is_git_top(&self.root) {
            return None;
        }
        let mut above = self.root.ancestors().skip(1);
        let top = above.find(|folder| is_home_or_above(folder, home) || is_git_top(folder))?;
        let is_own = !is_home_or_above(top, home) && have_same_owner(top, &self.root);
        is_own.then(|| top.to_owned())
    }

    /// Whether the workspace is the home folder or above it, so that the user is asked first.
    pub fn needs_confirmation(&self, home: Option<&Path>) -> bool {
        is_home_or_above(&self.root, home)
    }
}

impl WorkspaceSource {
    /// The text after the folder in messages.
    pub fn words(self) -> &'static str {
        match self {
            WorkspaceSource::Given => "as given",
            WorkspaceSource::Indexed => "indexed",
            WorkspaceSource::Git => "top of the git repository",
            WorkspaceSource::Current => "current folder",
        }
    }
}

/// Whether a folder is the home folder or above it. `/` is above every home folder.
fn is_home_or_above(folder: &Path, home: Option<&Path>) -> bool {
    let is_above = |home: &Path| {
        home.starts_with(folder)
            || fs::canonicalize(home).is_ok_and(|home| home.starts_with(folder))
    };
    folder.parent().is_none() || home.is_some_and(is_above)
}

#[cfg(unix)]
fn have_same_owner(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |path: &Path| fs::metadata(path).ok().map(|facts| facts.uid());
    owner(one).is_some() && owner(one) == owner(other)
}

#[cfg(not(unix))]
fn have_same_owner(_: &Path, _: &Path) -> bool {
    true
}

/// The name of a workspace's data folders: readable, and unique for each path.
pub fn workspace_id(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    // ASCII only: which other characters are letters depends on the version of Unicode.
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name
        .trim_start_matches('.')
        .chars()
        .take(NAME_IN_ID)
        .map(plain)
        .collect();
    let name = if name.is_empty() {
        "root"
    } else {
        name.as_str()
    };
    let hash = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    format!("{name}-{}", &hash[..HASH_IN_ID])
}

fn existing(given: &GivenFolder) -> Result<PathBuf, WorkspaceError> {
    let GivenFolder { path, origin } = given.clone();
    let root = match fs::canonicalize(&path) {
        Ok(root) => root,
        Err(source) => {
            return Err(match source.kind() {
                io::ErrorKind::NotFound => WorkspaceError::Missing { path, origin },
                io::ErrorKind::NotADirectory => WorkspaceError::NotAFolder { path, origin },
                _ => WorkspaceError::Unreadable { path, source },
            });
        }
    };
    if root.is_dir() {
        Ok(root)
    } else {
        Err(WorkspaceError::NotAFolder { path, origin })
    }
}

/// Whether the folder is the top of a git repository: a clone, a linked work tree, a submodule or a
/// bare repository.
///
/// Anything named `.git` counts, also a broken one; it is never opened.
fn is_git_top(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(".git")).is_ok() || is_bare_repository(folder)
}

/// A folder inside `.git` is not a repository of its own.
fn is_bare_repository(folder: &Path) -> bool {
    let is_dir = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok_and(|it| it.is_dir());
    !folder.iter().any(|name| name == ".git")
        && fs::symlink_metadata(folder.join("HEAD")).is_ok()
        && is_dir("objects")
        && is_dir("refs")
}
