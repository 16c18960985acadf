//! Which folder is worked on.
//!
//! Named ones are taken as they are. Otherwise the nearest folder upward that has an index wins,
//! so that a search from deep inside finds what was indexed; then the top of the git work tree;
//! then the current folder.

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
    /// It was named.
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
        /// As named.
        path: PathBuf,
        /// Where it was named.
        origin: Origin,
    },
    /// It is a file or something else.
    #[error("the workspace {path} (from {origin}) is not a folder")]
    NotAFolder {
        /// As named.
        path: PathBuf,
        /// Where it was named.
        origin: Origin,
    },
    /// The system does not let us look.
    #[error("cannot open the workspace {path}")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Workspace {
    /// Finds the workspace; `has_index` tells whether a folder has one.
    pub fn discover(
        given: Option<&GivenFolder>,
        current_folder: &Path,
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
        let upward = |wanted: &dyn Fn(&Path) -> bool| {
            current
                .ancestors()
                .find(|folder| wanted(folder))
                .map(Path::to_owned)
        };
        if let Some(root) = upward(&has_index) {
            return Ok(Workspace {
                root,
                found: Found::Indexed,
            });
        }
        if let Some(root) = upward(&is_git_top) {
            return Ok(Workspace {
                root,
                found: Found::Git,
            });
        }
        Ok(Workspace {
            root: current,
            found: Found::Current,
        })
    }

    /// Tells whether it is so wide that the user should be asked first: `/` or the home folder.
    pub fn needs_confirmation(&self, home: Option<&Path>) -> bool {
        let is_home = |home: &Path| {
            self.root == home || fs::canonicalize(home).is_ok_and(|home| self.root == home)
        };
        self.root.parent().is_none() || home.is_some_and(is_home)
    }
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

/// A folder in a clone, a file in a linked work tree or a submodule.
fn is_git_top(folder: &Path) -> bool {
    folder.join(".git").exists()
}
