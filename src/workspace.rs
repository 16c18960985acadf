//! Which folder is worked on.
//!
//! A named one is taken as it is. Otherwise it is the nearest folder upward that has an index or is
//! the top of a git repository, whichever comes first: a repository inside an indexed folder is a
//! workspace of its own, and nothing beside it is touched. Else it is the current folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::config::{GivenFolder, Origin};

/// Longest part of a workspace's id that comes from its name, in characters.
const NAME_IN_ID: usize = 40;

/// Hexadecimal digits of the hash in a workspace's id.
const HASH_IN_ID: usize = 16;

/// The folder that is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Absolute and without links.
    pub root: PathBuf,
    /// How it was found.
    pub found: Found,
}

/// How a workspace was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Given,
    /// It has an index.
    Indexed,
    /// It is the top of a git work tree.
    Git,
    /// There was nothing to go by but the current folder.
    Current,
}

/// Why a folder cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// It is not there.
    #[error("the workspace {path} (from {origin}) does not exist")]
    Missing {
        path: PathBuf,
        /// Where it was named.
        origin: Origin,
    },
    /// It is a file or something else.
    #[error("the workspace {path} (from {origin}) is not a folder")]
    NotAFolder {
        path: PathBuf,
        /// Where it was named.
        origin: Origin,
    },
    /// The system does not let us look.
    #[error("cannot open the workspace {path}")]
    Unreadable { path: PathBuf, source: io::Error },
}

impl Workspace {
    /// Finds the workspace; `has_index` tells whether a folder has one.
    ///
    /// A repository at the home folder or above it, as people keep for their settings, is not the
    /// one of a folder below it.
    pub fn discover(
        given: Option<&GivenFolder>,
        current_folder: &Path,
        home: Option<&Path>,
        has_index: impl Fn(&Path) -> bool,
    ) -> Result<Workspace, WorkspaceError> {
        if let Some(given) = given {
            return Ok(Workspace {
                root: existing(given)?,
                found: Found::Given,
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
                Some((folder, Found::Indexed))
            } else if is_own && is_git_top(folder) {
                Some((folder, Found::Git))
            } else {
                None
            }
        });
        let (root, found) = found.unwrap_or((&current, Found::Current));
        Ok(Workspace {
            root: root.to_owned(),
            found,
        })
    }

    /// Tells whether it is so wide that the user should be asked first: the home folder, or one
    /// above it.
    pub fn needs_confirmation(&self, home: Option<&Path>) -> bool {
        is_home_or_above(&self.root, home)
    }
}

impl Found {
    /// In words, behind the folder.
    pub fn words(self) -> &'static str {
        match self {
            Found::Given => "as named",
            Found::Indexed => "it has an index",
            Found::Git => "top of the git repository",
            Found::Current => "the current folder",
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

/// Names the folder in which a workspace's data is kept: readable, and different for each path.
pub fn workspace_id(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    // ASCII only: what else is a letter changes with the version of Unicode, and ids must not.
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

/// Whether a git repository begins here: a clone, a linked work tree, a submodule or a bare
/// repository.
///
/// Whatever is called `.git` is a boundary, also a broken one: it is looked at, never opened.
fn is_git_top(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(".git")).is_ok() || is_bare_repository(folder)
}

/// What git keeps in `.git` belongs to the folder around that, and is no repository of its own.
fn is_bare_repository(folder: &Path) -> bool {
    let is_dir = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok_and(|it| it.is_dir());
    !folder.iter().any(|name| name == ".git")
        && fs::symlink_metadata(folder.join("HEAD")).is_ok()
        && is_dir("objects")
        && is_dir("refs")
}
