//! Differences between the files and the index, by comparing the walk with the catalog.

use std::collections::HashMap;
use std::path::Path;

use ollacode_store::FileRecord;

use crate::error::IndexError;
use crate::prepare::FileTask;
use crate::walk::{WalkResult, is_below};

/// The differences between the files and the index.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Files to read.
    pub tasks: Vec<FileTask>,
    /// Paths that are in the index and should not be.
    pub removed: Vec<String>,
    /// Files that are unchanged.
    pub unchanged: usize,
    /// All files of the index that were compared.
    pub known: usize,
    /// Folders and files that could not be read.
    pub unread: Vec<String>,
}

impl Difference {
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.removed.is_empty()
    }
}

/// The part of the workspace that was walked.
pub(crate) enum RefreshScope<'a> {
    /// All of it.
    Everything,
    /// These paths, and what is below them.
    Paths(&'a [String]),
}

impl RefreshScope<'_> {
    /// The paths, unless it is everything.
    pub(crate) fn part(&self) -> Option<Vec<String>> {
        match self {
            RefreshScope::Everything => None,
            RefreshScope::Paths(paths) => Some(paths.to_vec()),
        }
    }

    fn covers(&self, path: &str) -> bool {
        match self {
            RefreshScope::Everything => true,
            RefreshScope::Paths(paths) => paths.iter().any(|covered| is_below(path, covered)),
        }
    }
}

/// Compares the walk with the catalog, by size, times and inode.
///
/// The modification time alone is not enough: archives and copies set it.
pub(crate) fn difference(
    walked: &WalkResult,
    known: Vec<FileRecord>,
    scope: &RefreshScope<'_>,
    reread: Reread,
) -> Difference {
    let mut difference = Difference {
        known: known.len(),
        unread: walked.unread.clone(),
        ..Difference::default()
    };
    let mut known: HashMap<String, FileRecord> = known
        .into_iter()
        .map(|record| (record.path.clone(), record))
        .collect();
    for entry in &walked.entries {
        let record = known.remove(&entry.path);
        let same = record.as_ref().is_some_and(|record| {
            (record.size, record.modified_ns) == (entry.size, entry.modified_ns)
                && (record.changed_ns, record.inode) == (entry.changed_ns, entry.inode)
        });
        if same && reread == Reread::Changed {
            difference.unchanged += 1;
            continue;
        }
        let known = record.filter(|_| reread == Reread::Changed);
        difference.tasks.push(FileTask {
            entry: entry.clone(),
            known,
        });
    }
    difference.removed = known
        .into_keys()
        .filter(|path| scope.covers(path) && !walked.is_unread(path))
        .collect();
    difference.removed.sort_unstable();
    difference
}

/// Which files are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// Those whose size or time differs.
    Changed,
    /// All of them: forced, or they were chunked in another way.
    All,
}

/// Refuses to empty the index because of an empty listing.
pub(crate) fn guard_against_loss(
    root: &Path,
    walked: &WalkResult,
    difference: &Difference,
) -> Result<(), IndexError> {
    if walked.entries.is_empty() && difference.known > 0 {
        return Err(IndexError::NothingFound {
            path: root.to_owned(),
            known: difference.known,
        });
    }
    Ok(())
}
