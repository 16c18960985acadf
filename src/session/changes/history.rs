//! What the session did to each file, for a commit of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ChangeRecord, Changes, from_hex};
use crate::jail::Hash;

/// What a session did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHistory {
    /// The file, relative to the workspace.
    pub path: String,
    /// What it was before each change, oldest first, from the last time on that somebody else
    /// changed it in between; `None` where there was no file.
    pub before: Vec<Option<Hash>>,
    /// What it was after the last change; `None` if there was no file.
    pub after: Option<Hash>,
    /// Whether all of that is known: not if a command changed it and its contents were not stored.
    pub is_known: bool,
}

impl ChangeRecord {
    /// The hashes before and after it, where there was a file.
    pub fn hashes(&self) -> (Option<Hash>, Option<Hash>) {
        let [before, after] = [&self.before, &self.after].map(|hash| hash.as_deref());
        (before.and_then(from_hex), after.and_then(from_hex))
    }
}

impl Changes {
    /// What the session did to each file, sorted by name; what was undone does not count.
    pub fn file_histories(&self) -> Vec<FileHistory> {
        let mut by_path: BTreeMap<&str, Vec<&ChangeRecord>> = BTreeMap::new();
        for change in self.done.iter().flat_map(|turn| &turn.changes) {
            by_path.entry(&change.path).or_default().push(change);
        }
        let histories = by_path.into_iter();
        histories
            .filter_map(|(path, changes)| history(path, &changes))
            .collect()
    }

    /// A content that a change had before or after it; `None` if it is not stored any more.
    pub fn stored(&self, hash: &Hash) -> Option<Arc<Vec<u8>>> {
        self.store.get(hash)
    }
}

fn history(path: &str, changes: &[&ChangeRecord]) -> Option<FileHistory> {
    let last = changes.last()?;
    let mut before = Vec::new();
    let mut later: Option<&ChangeRecord> = None;
    for change in changes.iter().rev() {
        if later.is_some_and(|later| later.before != change.after) {
            break;
        }
        before.push(change.before.as_deref().and_then(from_hex));
        later = Some(change);
    }
    before.reverse();
    Some(FileHistory {
        path: path.to_owned(),
        before,
        after: last.after.as_deref().and_then(from_hex),
        is_known: !changes.iter().any(|change| change.not_kept),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Blob, Change};
    use super::*;
    use crate::jail::hash_of;

    fn change(before: Option<&str>, after: Option<&str>) -> Change {
        let blob = |text: &str| Blob::new(text.as_bytes().to_vec());
        Change {
            path: "a.rs".to_owned(),
            before: before.map(blob),
            after: after.map(blob),
        }
    }

    fn history_of(made: &[(Option<&str>, Option<&str>)]) -> FileHistory {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::new(folder.path());
        for (turn, (before, after)) in (1..).zip(made) {
            changes.begin_turn(turn);
            changes.note(change(*before, *after));
        }
        changes.file_histories().remove(0)
    }

    fn hash(text: &str) -> Option<Hash> {
        Some(hash_of(text.as_bytes()))
    }

    #[test]
    fn a_history_reaches_back_to_its_first_change() {
        let made = [
            (None, Some("1")),
            (Some("1"), Some("2")),
            (Some("2"), Some("3")),
        ];
        let history = history_of(&made);
        assert_eq!(history.before, [None, hash("1"), hash("2")]);
        assert_eq!(history.after, hash("3"));
        assert!(history.is_known);
    }

    #[test]
    fn a_history_begins_anew_where_somebody_else_changed_the_file() {
        let made = [
            (Some("0"), Some("1")),
            (Some("theirs"), Some("2")),
            (Some("2"), None),
        ];
        let history = history_of(&made);
        assert_eq!(history.before, [hash("theirs"), hash("2")]);
        assert_eq!(history.after, None);
    }
}
