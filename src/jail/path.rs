//! Paths inside the workspace.

use std::fmt;
use std::path::{Component, Path};

use super::JailError;

/// Longest path of the system, in bytes.
const LONGEST: usize = 4095;

/// Longest name in a path, in bytes.
const LONGEST_NAME: usize = 255;

/// Most of a bad path shown, in characters.
const SHOWN: usize = 200;

/// A path below the root, with `/` between plain names: `src/main.rs`. The root is `.`.
///
/// It is only well-formed; what is there is checked when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspacePath(String);

impl WorkspacePath {
    /// Parses a path; an absolute one must be below one of the roots.
    pub(super) fn parse(given: &str, roots: &[&Path]) -> Result<WorkspacePath, JailError> {
        check(given)?;
        let outside = || JailError::Outside(given.to_owned());
        let path = Path::new(given);
        let below = if path.is_absolute() {
            let mut below = roots.iter().filter_map(|root| path.strip_prefix(root).ok());
            below.next().ok_or_else(outside)?
        } else {
            path
        };
        let joined = WorkspacePath::join(below).ok_or_else(outside)?;
        // Whatever comes out can be read again: `./~` is no way around this either.
        if joined.0.starts_with('~') {
            return Err(bad(
                given,
                "starts with `~`, which is not expanded: write it relative to the workspace",
            ));
        }
        Ok(joined)
    }

    /// Converts a relative path of the system.
    pub(super) fn from_real(real: &Path) -> Result<WorkspacePath, JailError> {
        let Some(name) = real.to_str() else {
            return Err(bad(
                &real.to_string_lossy(),
                "is not UTF-8: leave it as it is",
            ));
        };
        WorkspacePath::parse(name, &[])
    }

    /// A folder of [`WorkspacePath::folders`] as a path of its own.
    pub(super) fn of_folder(folder: &str) -> WorkspacePath {
        WorkspacePath(folder.to_owned())
    }

    /// The path as text: relative, `/` between the names, `.` for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the root itself.
    pub fn is_root(&self) -> bool {
        self.0 == "."
    }

    /// The last name; the root has none.
    pub fn name(&self) -> Option<&str> {
        if self.is_root() {
            return None;
        }
        Some(self.0.rsplit('/').next().unwrap_or(&self.0))
    }

    /// The folders above it, from the root down: each one's path and its name.
    pub(super) fn folders(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0.match_indices('/').map(|(end, _)| {
            let folder = &self.0[..end];
            (folder, folder.rsplit('/').next().unwrap_or(folder))
        })
    }

    /// Joins plain names; `None` if they lead outside.
    fn join(path: &Path) -> Option<WorkspacePath> {
        let mut names: Vec<&str> = Vec::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(name) => names.push(name.to_str()?),
                Component::ParentDir => {
                    names.pop()?;
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        if names.is_empty() {
            return Some(WorkspacePath(".".to_owned()));
        }
        Some(WorkspacePath(names.join("/")))
    }
}

impl fmt::Display for WorkspacePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for WorkspacePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Rejects invalid paths.
fn check(given: &str) -> Result<(), JailError> {
    if given.trim().is_empty() {
        return Err(bad(
            given,
            "is empty: name a file, or `.` for the root of the workspace",
        ));
    }
    // A name with a line break in it could pass for something else wherever it is shown.
    if given.chars().any(breaks_lines) {
        return Err(bad(
            given,
            "has a control character in it: write the plain name",
        ));
    }
    if given.len() > LONGEST || given.split('/').any(|name| name.len() > LONGEST_NAME) {
        return Err(bad(given, "is too long: write a shorter one"));
    }
    Ok(())
}

fn bad(given: &str, why: &str) -> JailError {
    let shown: String = given
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    JailError::BadPath(format!("the path `{shown}` {why}"))
}

fn breaks_lines(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
