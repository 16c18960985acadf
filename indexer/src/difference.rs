//! Differences between the files and the index, by comparing the walk with the catalog.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::Path;

use ollacode_store::FileRecord;

use crate::error::IndexError;
use crate::graph::{FileRole, role_of};
use crate::language::{PLAIN_TEXT, language_of};
use crate::prepare::{FileTask, TaskReason};
use crate::rules::CHUNK_RULES;
use crate::walk::{WalkEntry, WalkResult, is_below};

/// Most files of which it is asked what they are for, which takes microseconds each.
const MOST_JUDGED: usize = 20_000;

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

    /// Sorts the files to read by how much they matter: the given ones, then those that changed,
    /// then those that are chunked by other rules; of each code before tests, documents and the
    /// like, and what was changed last first. What a file is for is not asked of a great many.
    pub(crate) fn sort(&mut self, first: &HashSet<String>) {
        let are_few = self.tasks.len() <= MOST_JUDGED;
        self.tasks.sort_by_cached_key(|task| {
            let path = &task.entry.path;
            (
                !first.contains(path),
                task.reason,
                are_few && !is_code(path),
                Reverse(task.entry.modified_ns),
                path.clone(),
            )
        });
    }
}

/// Whether a file is code of the project, by its path.
fn is_code(path: &str) -> bool {
    let language = language_of(path, "").map_or(PLAIN_TEXT, |language| language.name);
    role_of(path, language) == FileRole::Source
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

/// Whether a file has the size, times and inode that are recorded.
///
/// The modification time alone would not be enough: archives and copies set it.
pub(crate) fn has_stat(record: &FileRecord, entry: &WalkEntry) -> bool {
    (record.size, record.modified_ns) == (entry.size, entry.modified_ns)
        && (record.changed_ns, record.inode) == (entry.changed_ns, entry.inode)
}

/// Compares the walk with the catalog, by size, times and inode, and by the rules for chunks. The
/// records are sorted by path, as the files of a walk are.
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
    // Both are by path: one pass, without a table of tens of thousands of records.
    let mut known = known.into_iter().peekable();
    let mut removed = Vec::new();
    for entry in &walked.entries {
        while let Some(record) = known.next_if(|record| record.path < entry.path) {
            removed.push(record.path);
        }
        let record = known.next_if(|record| record.path == entry.path);
        let reason = match &record {
            Some(record) if !has_stat(record, entry) => TaskReason::Changed,
            Some(record) if record.unsure_since_ns != 0 => TaskReason::Unsure,
            Some(_) => TaskReason::Rules,
            None => TaskReason::Changed,
        };
        let known =
            record.filter(|record| reread == Reread::Changed && record.rules == CHUNK_RULES);
        if reason == TaskReason::Rules && known.is_some() {
            difference.unchanged += 1;
            continue;
        }
        difference.tasks.push(FileTask {
            entry: entry.clone(),
            known,
            reason,
        });
    }
    removed.extend(known.map(|record| record.path));
    removed.retain(|path| scope.covers(path) && !walked.is_unread(path));
    difference.removed = removed;
    difference
}

/// Which files are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// Those whose size or time differs, and those that are chunked by other rules.
    Changed,
    /// All of them.
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

#[cfg(test)]
mod tests;
