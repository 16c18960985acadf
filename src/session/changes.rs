//! The agent's changes, for undo and redo: turn by turn and without git.
//!
//! Old and new contents are stored by hash before the change is made; the journal records which
//! file went from which hash to which. Undo compares first: if somebody else has changed a file
//! since, nothing is written.

mod baseline;
mod counts;
mod history;
mod revert;
mod steps;
mod store;
mod turns;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use baseline::{Baseline, CommandChanges, TooManyFiles};
pub use counts::FileCount;
pub use history::FileHistory;
use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::edit::file_diff;
use crate::jail::{FileBytes, Hash, Jail, JailError, TextFile, hash_of};
use steps::Direction;
use store::ContentStore;
use turns::{TurnChanges, replay, take};

/// Context lines in the diff of a session.
const CONTEXT: usize = 3;

/// A change of a file, planned or just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file, relative to the workspace.
    pub path: String,
    /// The old content; `None` if there was no file.
    pub before: Option<Blob>,
    /// The new content; `None` if there is no file.
    pub after: Option<Blob>,
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Hash of the bytes.
    pub hash: Hash,
    pub bytes: Arc<Vec<u8>>,
    /// The file mode, nine bits, to restore the file with; `None` for the default.
    pub mode: Option<u32>,
}

/// A change as stored in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// The turn in which it was made, from 1; 0 before the first question.
    pub turn: u32,
    /// The file, relative to the workspace.
    pub path: String,
    /// Hash of the old content in hexadecimal; `None` if there was no file.
    pub before: Option<String>,
    /// Hash of the new content in hexadecimal; `None` if there is no file.
    pub after: Option<String>,
    /// The file's mode, nine bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Whether a command changed the file without its contents being stored, so that it cannot be
    /// undone; then there are no hashes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_kept: bool,
    /// Whether the user put the file back with it: it is undone by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_revert: bool,
}

/// What a session changed in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// The file, relative to the workspace.
    pub path: String,
    /// The unified diff, with its header.
    pub text: String,
}

/// The result of an undo or redo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    pub turn: u32,
    /// Files that were written.
    pub written: Vec<String>,
    /// Files that were removed.
    pub removed: Vec<String>,
    /// Files that somebody else changed between two changes of the turn: they stay as they are now,
    /// and the turn's changes before that stay too.
    pub in_part: Vec<String>,
    /// Files that a command changed and whose contents are not stored: they are not touched.
    pub not_kept: Vec<String>,
}

impl Undone {
    /// All files that were written or removed.
    pub fn paths(&self) -> Vec<String> {
        [self.written.as_slice(), self.removed.as_slice()].concat()
    }
}

/// Why nothing was undone or redone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// No turn has changed a file, or all such turns are undone.
    #[error("there is nothing to undo: no file was changed")]
    NothingToUndo,
    /// No turn was undone since the last change.
    #[error("there is nothing to redo")]
    NothingToRedo,
    /// The session has not changed this file, or it is as it was before.
    #[error("this session has not changed `{0}`")]
    NotChanged(String),
    /// Somebody else has changed the same files; nothing was touched.
    #[error("not done, because {} changed since then: save those changes elsewhere first, then \
             try again", listed(.paths))]
    Changed { paths: Vec<String> },
    /// Their contents are not stored; nothing was touched.
    #[error("not done, because the contents of {} are no longer stored (files with secrets are \
             stored only while the session is open)", listed(.paths))]
    NotKept { paths: Vec<String> },
    /// It failed halfway; trying again continues there.
    #[error("{error}; {}, try again to finish", done(.finished))]
    BrokeOff {
        /// Files that were written or removed before.
        finished: Vec<String>,
        error: JailError,
    },
}

/// The changes of a session.
#[derive(Debug)]
pub struct Changes {
    store: ContentStore,
    turn: u32,
    /// Turns whose changes are in the files, the last one last.
    done: Vec<TurnChanges>,
    /// Turns that were undone, the last one undone last.
    undone: Vec<TurnChanges>,
    /// Changes that are not in the journal yet.
    fresh: Vec<ChangeRecord>,
    /// The workspace before the last command.
    baseline: Baseline,
}

impl Changes {
    /// No changes yet. `folder` is the session's folder, which need not exist; contents are stored
    /// below it.
    pub fn new(folder: impl Into<PathBuf>) -> Changes {
        Changes::load(folder, &[])
    }

    /// The changes of a resumed session, from its journal.
    pub fn load(folder: impl Into<PathBuf>, records: &[Record]) -> Changes {
        let (done, undone) = replay(records);
        Changes {
            store: ContentStore::new(&folder.into()),
            turn: done.last().map_or(0, |turn| turn.number),
            done,
            undone,
            fresh: Vec::new(),
            baseline: Baseline::default(),
        }
    }

    /// Recovers changes that were announced and made, but not recorded before the process was
    /// killed; [`Changes::take_records`] has them then.
    pub(super) fn recover(&mut self, jail: &Jail) {
        self.store.clear_up(jail);
        for change in self.store.announced() {
            let is_known = |known: &ChangeRecord| *known == change;
            let is_made = || {
                let path = jail.path(&change.path).ok()?;
                let now = jail.hash(&path).ok()?.as_ref().map(hex);
                Some(now == change.after)
            };
            let last = self.done.last().map(|turn| turn.changes.as_slice());
            if !last.unwrap_or_default().iter().any(is_known) && is_made() == Some(true) {
                self.fresh.push(change.clone());
                take(&mut self.done, &mut self.undone, change);
            }
        }
    }

    /// Starts a turn: later changes belong to it.
    pub fn begin_turn(&mut self, turn: u32) {
        self.turn = turn;
    }

    /// Stores what undo needs, and that these changes are about to be made. Must be called before
    /// making them; if it fails, they must not be made.
    pub fn announce(&mut self, changes: &[Change]) -> io::Result<()> {
        for change in changes {
            self.keep(change)?;
        }
        let records: Vec<ChangeRecord> =
            changes.iter().filter_map(|one| self.record(one)).collect();
        self.store.announce(&records)
    }

    /// Ends an announcement: the journal has the changes, or they were not made.
    pub fn settle(&mut self) {
        self.store.settle();
    }

    fn keep(&mut self, change: &Change) -> io::Result<()> {
        for blob in [&change.before, &change.after].into_iter().flatten() {
            self.store.keep(&change.path, blob)?;
        }
        Ok(())
    }

    /// The record of a change; `None` if nothing changes.
    fn record(&self, change: &Change) -> Option<ChangeRecord> {
        let hash = |blob: &Option<Blob>| blob.as_ref().map(|blob| hex(&blob.hash));
        let (before, after) = (hash(&change.before), hash(&change.after));
        let mode = |blob: &Option<Blob>| blob.as_ref().and_then(|blob| blob.mode);
        (before != after).then(|| ChangeRecord {
            turn: self.turn,
            path: change.path.clone(),
            before,
            after,
            mode: mode(&change.before).or(mode(&change.after)),
            not_kept: false,
            is_revert: false,
        })
    }

    /// Adds a change that was made. After it nothing can be redone.
    pub fn note(&mut self, change: Change) {
        if self.keep(&change).is_err() {
            // It is made: better to be undone while the process lives than not at all.
            for blob in [&change.before, &change.after].into_iter().flatten() {
                self.store.remember(blob);
            }
        }
        if let Some(record) = self.record(&change) {
            self.add(record);
        }
    }

    fn add(&mut self, record: ChangeRecord) {
        self.fresh.push(record.clone());
        take(&mut self.done, &mut self.undone, record);
    }

    /// Adds what a command changed. These contents are not synced to disk, because there may be
    /// many; after a power cut they may be lost and are then not undone.
    pub fn note_command(&mut self, found: CommandChanges) {
        for change in found.changes {
            for blob in [&change.before, &change.after].into_iter().flatten() {
                if self.store.keep_unsynced(&change.path, blob).is_err() {
                    self.store.remember(blob);
                }
            }
            if let Some(record) = self.record(&change) {
                self.add(record);
            }
        }
        for path in found.not_kept {
            self.add(ChangeRecord {
                turn: self.turn,
                path,
                before: None,
                after: None,
                mode: None,
                not_kept: true,
                is_revert: false,
            });
        }
    }

    /// Takes the baseline out, to be given back by [`Changes::return_baseline`].
    pub fn lend_baseline(&mut self) -> (Baseline, BTreeSet<String>) {
        let touched = self.done.iter().flat_map(|turn| &turn.changes);
        let touched = touched.map(|change| change.path.clone()).collect();
        (std::mem::take(&mut self.baseline), touched)
    }

    /// Gives the baseline back.
    pub fn return_baseline(&mut self, baseline: Baseline) {
        self.baseline = baseline;
    }

    /// The new records for the journal.
    pub fn take_records(&mut self) -> Vec<ChangeRecord> {
        std::mem::take(&mut self.fresh)
    }

    /// Undoes the last turn that changed files and is not undone.
    pub fn undo(&mut self, jail: &Jail) -> Result<Undone, UndoError> {
        let turn = self.done.last().ok_or(UndoError::NothingToUndo)?;
        let undone = self.go(jail, turn, Direction::Undo)?;
        self.undone.extend(self.done.pop());
        Ok(undone)
    }

    /// Redoes the turn that was undone last.
    pub fn redo(&mut self, jail: &Jail) -> Result<Undone, UndoError> {
        let turn = self.undone.last().ok_or(UndoError::NothingToRedo)?;
        let redone = self.go(jail, turn, Direction::Redo)?;
        self.done.extend(self.undone.pop());
        Ok(redone)
    }

    /// The changed files, sorted by name.
    pub fn files(&self) -> Vec<String> {
        let mut files: BTreeSet<&str> = self.sums().into_keys().collect();
        files.extend(self.not_kept());
        files.into_iter().map(str::to_owned).collect()
    }

    /// Files that commands changed and whose contents are not stored.
    fn not_kept(&self) -> BTreeSet<&str> {
        self.done.iter().flat_map(TurnChanges::not_kept).collect()
    }

    /// The unified diff of the whole session.
    pub fn diff(&self) -> String {
        self.diffs().into_iter().map(|diff| diff.text).collect()
    }

    /// The unified diff of each changed file: from before its first change to after its last.
    pub fn diffs(&self) -> Vec<FileDiff> {
        let parts = self.sums();
        let parts = parts.into_iter().map(|(path, (before, after))| {
            let sides = (self.side(before), self.side(after));
            let text = match sides {
                (Ok(before), Ok(after)) => {
                    file_diff(path, before.as_deref(), after.as_deref(), CONTEXT)
                }
                _ => return not_shown(path),
            };
            FileDiff {
                path: path.to_owned(),
                text,
            }
        });
        parts
            .chain(self.not_kept().into_iter().map(not_shown))
            .collect()
    }

    /// The content of each changed file before its first and after its last change.
    fn sums(&self) -> BTreeMap<&str, (Option<&str>, Option<&str>)> {
        let not_kept = self.not_kept();
        let mut sums = BTreeMap::new();
        let changes = self.done.iter().flat_map(|turn| &turn.changes);
        for change in changes.filter(|change| !not_kept.contains(change.path.as_str())) {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let entry = sums.entry(change.path.as_str());
            entry.or_insert((before, after)).1 = after;
        }
        sums.retain(|_, (before, after)| before != after);
        sums
    }

    /// One side of a diff; an error if it cannot be shown.
    fn side(&self, hash: Option<&str>) -> Result<Option<String>, ()> {
        let Some(hash) = hash else {
            return Ok(None);
        };
        let bytes = from_hex(hash)
            .and_then(|hash| self.store.get(&hash))
            .ok_or(())?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ())?;
        Ok(Some(text.replace("\r\n", "\n")))
    }

    /// Applies an undo or redo to the files of a turn.
    fn go(
        &self,
        jail: &Jail,
        turn: &TurnChanges,
        direction: Direction,
    ) -> Result<Undone, UndoError> {
        let steps = steps::of(jail, turn, direction)?;
        let mut not_kept = Vec::new();
        let mut writes = Vec::new();
        for step in &steps {
            let Some(hash) = step.to else { continue };
            match self.store.get(&hash) {
                Some(bytes) => writes.push((step, bytes)),
                None => not_kept.push(step.path.to_string()),
            }
        }
        if !not_kept.is_empty() {
            return Err(UndoError::NotKept { paths: not_kept });
        }
        let mut undone = Undone {
            turn: turn.number,
            written: Vec::new(),
            removed: Vec::new(),
            in_part: turn.interrupted(),
            not_kept: turn.not_kept().map(str::to_owned).collect(),
        };
        let paths: Vec<&str> = steps.iter().map(|step| step.path.as_str()).collect();
        self.store.begin_restoring(&paths);
        // Removed first: a file may have to come back where a folder was made.
        let made = steps::remove(jail, &steps, &mut undone.removed)
            .and_then(|()| steps::write(jail, &writes, &mut undone.written));
        self.store.end_restoring();
        match made {
            Ok(()) => Ok(undone),
            Err(error) => Err(UndoError::BrokeOff {
                finished: [undone.removed, undone.written].concat(),
                error,
            }),
        }
    }
}

impl Blob {
    /// A content without a file.
    pub fn new(bytes: Vec<u8>) -> Blob {
        Blob {
            hash: hash_of(&bytes),
            bytes: Arc::new(bytes),
            mode: None,
        }
    }
}

impl From<&TextFile> for Blob {
    fn from(file: &TextFile) -> Blob {
        Blob {
            hash: file.hash,
            bytes: Arc::clone(&file.bytes),
            mode: file.mode,
        }
    }
}

impl From<&FileBytes> for Blob {
    fn from(file: &FileBytes) -> Blob {
        Blob {
            hash: file.hash,
            bytes: Arc::clone(&file.bytes),
            mode: file.mode,
        }
    }
}

fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_string()
}

fn from_hex(digits: &str) -> Option<Hash> {
    let hash = blake3::Hash::from_hex(digits).ok()?;
    Some(*hash.as_bytes())
}

/// Removes temporary files left by killed processes, in the sessions of a workspace. What cannot be
/// removed is harmless and tried again the next time.
pub fn clear_up_after_crashes(sessions: &Path, jail: &Jail) {
    for folder in fs::read_dir(sessions).into_iter().flatten().flatten() {
        ContentStore::new(&folder.path()).clear_up(jail);
    }
}

/// The diff of a file whose contents cannot be shown.
fn not_shown(path: &str) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        text: format!("--- a/{path}\n+++ b/{path}\nnot shown: not text, or not stored\n"),
    }
}

fn listed(paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    quoted.join(", ")
}

fn done(finished: &[String]) -> String {
    match finished {
        [] => "nothing was changed".to_owned(),
        finished => format!("{} already done", listed(finished)),
    }
}
