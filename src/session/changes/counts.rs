//! What the current turn changed, in numbers.

use super::{CONTEXT, ChangeRecord, Changes, FileDiff, TurnChanges, not_shown};
use crate::edit::{file_diff, line_counts};

/// How a turn changed a file: from before its first change to after its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCount {
    /// The file, relative to the workspace.
    pub path: String,
    /// Added and removed lines; `None` if the contents are not text, or not stored.
    pub lines: Option<(usize, usize)>,
    /// Whether the turn made the file.
    pub is_new: bool,
    /// Whether the turn removed it.
    pub is_removed: bool,
}

impl Changes {
    /// The files that the current turn changed, in the order of their first change. A file that is
    /// as it was before is not among them.
    pub fn turn_counts(&self) -> Vec<FileCount> {
        self.current()
            .map_or_else(Vec::new, |turn| self.counts(turn))
    }

    /// The files that some turns changed, as [`Changes::turn_counts`] has them.
    pub fn counts_of(&self, turns: &[u32]) -> Vec<FileCount> {
        self.counts(&self.joined(turns))
    }

    /// The unified diff of each of these files.
    pub fn diffs_of(&self, turns: &[u32]) -> Vec<FileDiff> {
        self.diffs_in(&self.joined(turns))
    }

    /// The unified diff of each file that some changes changed, as if they were one.
    pub fn diffs_between(&self, changes: &[ChangeRecord]) -> Vec<FileDiff> {
        self.diffs_in(&TurnChanges {
            number: self.turn,
            changes: changes.to_vec(),
        })
    }

    /// The text of a file before and after a change, where there was one; `None` if that is not
    /// known, or no text.
    pub fn texts_of(&self, change: &ChangeRecord) -> Option<(Option<String>, Option<String>)> {
        if change.not_kept {
            return None;
        }
        let before = self.side(change.before.as_deref()).ok()?;
        let after = self.side(change.after.as_deref()).ok()?;
        Some((before, after))
    }

    fn diffs_in(&self, turn: &TurnChanges) -> Vec<FileDiff> {
        let sums = turn.sums().into_iter();
        let changed = sums.filter(|change| change.before != change.after);
        let diffs =
            changed.map(
                |change| match (self.side(change.before), self.side(change.after)) {
                    (Ok(before), Ok(after)) => FileDiff {
                        path: change.path.to_owned(),
                        text: file_diff(change.path, before.as_deref(), after.as_deref(), CONTEXT),
                    },
                    _ => not_shown(change.path),
                },
            );
        let lost = not_kept(turn);
        diffs
            .chain(lost.iter().map(|path| not_shown(path)))
            .collect()
    }

    /// The last turn whose changes are in the files, if there is one.
    pub fn last_turn(&self) -> Option<u32> {
        self.done.last().map(|turn| turn.number)
    }

    /// The changes of some turns, as if they were of one.
    fn joined(&self, numbers: &[u32]) -> TurnChanges {
        let turns = self
            .done
            .iter()
            .filter(|turn| numbers.contains(&turn.number));
        TurnChanges {
            number: numbers.last().copied().unwrap_or_default(),
            changes: turns.flat_map(|turn| turn.changes.clone()).collect(),
        }
    }

    fn counts(&self, turn: &TurnChanges) -> Vec<FileCount> {
        let mut counts: Vec<FileCount> = turn
            .sums()
            .into_iter()
            .filter(|change| change.before != change.after)
            .map(|change| FileCount {
                path: change.path.to_owned(),
                lines: self.counted(change.before, change.after),
                is_new: change.before.is_none(),
                is_removed: change.after.is_none(),
            })
            .collect();
        for path in not_kept(turn) {
            counts.push(FileCount {
                path,
                lines: None,
                is_new: false,
                is_removed: false,
            });
        }
        counts
    }

    /// The files that the current turn changed, as in [`Changes::turn_counts`], each with the hash of
    /// its content after the last change; `None` if it was removed, or is not stored.
    pub fn turn_hashes(&self) -> Vec<(String, Option<String>)> {
        self.current().map_or_else(Vec::new, hashes)
    }

    /// The files that some turns changed, as [`Changes::turn_hashes`] has them.
    pub fn hashes_of(&self, turns: &[u32]) -> Vec<(String, Option<String>)> {
        hashes(&self.joined(turns))
    }

    /// The files that the current turn changed, each with its text before the first and after the
    /// last change. Those whose contents are no text, or not stored, are not among them.
    pub fn turn_texts(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let Some(turn) = self.current() else {
            return Vec::new();
        };
        let sums = turn.sums().into_iter();
        let changed = sums.filter(|change| change.before != change.after);
        changed
            .filter_map(|change| {
                let before = self.side(change.before).ok()?;
                let after = self.side(change.after).ok()?;
                Some((change.path.to_owned(), before, after))
            })
            .collect()
    }

    /// The changes of the current turn, if there are some.
    fn current(&self) -> Option<&TurnChanges> {
        self.done.last().filter(|turn| turn.number == self.turn)
    }

    fn counted(&self, before: Option<&str>, after: Option<&str>) -> Option<(usize, usize)> {
        let before = self.side(before).ok()?.unwrap_or_default();
        let after = self.side(after).ok()?.unwrap_or_default();
        Some(line_counts(&before, &after))
    }
}

fn hashes(turn: &TurnChanges) -> Vec<(String, Option<String>)> {
    let sums = turn.sums().into_iter();
    let changed = sums.filter(|change| change.before != change.after);
    let hashed = changed.map(|change| (change.path.to_owned(), change.after.map(str::to_owned)));
    let not_kept = not_kept(turn).into_iter().map(|path| (path, None));
    hashed.chain(not_kept).collect()
}

/// Files that commands changed and whose contents are not stored, each once.
fn not_kept(turn: &TurnChanges) -> Vec<String> {
    let mut paths: Vec<String> = turn.not_kept().map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::super::{Blob, Change};
    use super::*;

    fn change(path: &str, before: Option<&str>, after: Option<&str>) -> Change {
        let blob = |text: &str| Blob::new(text.as_bytes().to_vec());
        Change {
            path: path.to_owned(),
            before: before.map(blob),
            after: after.map(blob),
        }
    }

    #[test]
    fn a_turn_counts_what_is_left_of_its_changes() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::new(folder.path());
        changes.begin_turn(1);
        changes.note(change("a.rs", Some("one\ntwo\n"), Some("one\n2\n")));
        changes.begin_turn(2);
        assert_eq!(changes.turn_counts(), []);
        changes.note(change("a.rs", Some("one\n2\n"), Some("one\n2\n3\n")));
        changes.note(change("a.rs", Some("one\n2\n3\n"), Some("1\n2\n3\n")));
        changes.note(change("new.rs", None, Some("a\nb\n")));
        changes.note(change("old.rs", Some("a\n"), None));
        changes.note(change("back.rs", Some("a\n"), Some("b\n")));
        changes.note(change("back.rs", Some("b\n"), Some("a\n")));
        let counts = changes.turn_counts();
        let told: Vec<_> = counts
            .iter()
            .map(|file| (file.path.as_str(), file.lines, file.is_new, file.is_removed))
            .collect();
        assert_eq!(
            told,
            [
                ("a.rs", Some((2, 1)), false, false),
                ("new.rs", Some((2, 0)), true, false),
                ("old.rs", Some((0, 1)), false, true),
            ]
        );
    }

    #[test]
    fn several_turns_are_counted_and_shown_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::new(folder.path());
        changes.begin_turn(1);
        changes.note(change("a.rs", Some("one\n"), Some("1\n")));
        changes.begin_turn(2);
        changes.note(change("b.rs", None, Some("b\n")));
        changes.begin_turn(3);
        changes.note(change("b.rs", Some("b\n"), Some("b\nc\n")));
        changes.note(change("c.rs", Some("c\n"), None));
        let told = |turns: &[u32]| -> Vec<(String, Option<(usize, usize)>)> {
            let counts = changes.counts_of(turns).into_iter();
            counts.map(|file| (file.path, file.lines)).collect()
        };
        let b = ("b.rs".to_owned(), Some((2, 0)));
        let c = ("c.rs".to_owned(), Some((0, 1)));
        assert_eq!(told(&[2, 3]), [b, c]);
        assert_eq!(told(&[1, 2, 3]).len(), 3);
        assert_eq!(told(&[1, 3]).len(), 3, "a turn between them does not count");
        assert!(told(&[4]).is_empty());
        let hashes = changes.hashes_of(&[1, 2]);
        let paths: Vec<&str> = hashes.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a.rs", "b.rs"]);
        let diffs = changes.diffs_of(&[2, 3]);
        assert_eq!(diffs.len(), 2);
        assert!(diffs[0].text.contains("+b\n+c\n"), "{}", diffs[0].text);
        assert_eq!(changes.last_turn(), Some(3));
    }

    #[test]
    fn an_edit_and_what_follows_it_are_shown_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::new(folder.path());
        changes.begin_turn(1);
        changes.note(change("a.rs", Some("one\ntwo\n"), Some("1\ntwo\n")));
        changes.note(change("a.rs", Some("1\ntwo\n"), Some("  1\n  two\n")));
        changes.note(change("b.rs", None, Some("b\n")));
        let records = changes.take_records();
        let diffs = changes.diffs_between(&records);
        assert_eq!(diffs.len(), 2);
        assert!(
            diffs[0].text.ends_with("-one\n-two\n+  1\n+  two\n"),
            "{}",
            diffs[0].text
        );
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            changes.texts_of(&records[1]),
            Some((text("1\ntwo\n"), text("  1\n  two\n")))
        );
        assert_eq!(changes.texts_of(&records[2]), Some((None, text("b\n"))));
        let lost = ChangeRecord {
            not_kept: true,
            ..records[0].clone()
        };
        assert_eq!(changes.texts_of(&lost), None);
    }
}
