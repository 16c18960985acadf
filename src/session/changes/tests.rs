//! Undo restores the old contents and never overwrites somebody else's work.

mod colliding;
mod keeping;
mod reverting;
mod sequences;
mod telling;
mod undoing;

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::jail::{Expected, WorkspacePath};

/// A workspace, and a session that changes it.
struct World {
    _temporary: TempDir,
    root: PathBuf,
    session: PathBuf,
    jail: Jail,
    changes: Changes,
    journal: Vec<Record>,
}

impl World {
    fn new(files: &[(&str, &str)]) -> World {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let root = temporary.path().join("root");
        fs::create_dir(&root).expect("a folder");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let session = temporary.path().join("session");
        World {
            jail: Jail::open(&root).expect("a jail"),
            changes: Changes::new(&session),
            _temporary: temporary,
            root,
            session,
            journal: Vec::new(),
        }
    }

    fn path(&self, path: &str) -> WorkspacePath {
        self.jail.path(path).expect("a path")
    }

    fn blob(&self, path: &str) -> Option<Blob> {
        let file = self.jail.read_bytes(&self.path(path)).ok()?;
        Some(Blob::from(&file))
    }

    /// Makes a change as a tool does: kept, made, noted, and into the journal.
    fn change(&mut self, path: &str, after: Option<&str>) {
        let change = Change {
            path: path.to_owned(),
            before: self.blob(path),
            after: after.map(|text| Blob::new(text.into())),
        };
        self.changes
            .announce(std::slice::from_ref(&change))
            .expect("kept");
        let expected = change
            .before
            .as_ref()
            .map_or(Expected::Absent, |blob| Expected::Hash(blob.hash));
        let made = match (after, expected) {
            (Some(text), expected) => self.jail.write(&self.path(path), text.as_bytes(), expected),
            (None, Expected::Hash(hash)) => self.jail.remove(&self.path(path), hash),
            (None, _) => return,
        };
        made.unwrap_or_else(|error| panic!("{error}"));
        self.note(change);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let blob = self.blob(from).expect("a file");
        self.jail
            .rename(&self.path(from), &self.path(to), blob.hash)
            .unwrap_or_else(|error| panic!("{error}"));
        for (path, before, after) in [
            (from, Some(blob.clone()), None),
            (to, None, Some(blob.clone())),
        ] {
            self.note(Change {
                path: path.to_owned(),
                before,
                after,
            });
        }
    }

    fn note(&mut self, change: Change) {
        self.changes.note(change);
        let records = self.changes.take_records();
        self.journal
            .extend(records.into_iter().map(Record::Changed));
        self.changes.settle();
    }

    fn undo(&mut self) -> Result<Undone, UndoError> {
        let undone = self.changes.undo(&self.jail)?;
        self.journal.push(Record::Undid { turn: undone.turn });
        Ok(undone)
    }

    fn redo(&mut self) -> Result<Undone, UndoError> {
        let redone = self.changes.redo(&self.jail)?;
        self.journal.push(Record::Redid { turn: redone.turn });
        Ok(redone)
    }

    /// Resumes from the journal.
    fn resume(&mut self) {
        let journal = serde_json::to_string(&self.journal).expect("JSON");
        let journal: Vec<Record> = serde_json::from_str(&journal).expect("a journal");
        self.changes = Changes::load(&self.session, &journal);
    }

    /// Every file with its mode and content, and every folder.
    fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        let mut pending = vec![self.root.clone()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&self.root).expect("below");
                let name = name.to_str().expect("a plain name").to_owned();
                if path.is_dir() {
                    tree.insert(name, String::new());
                    pending.push(path);
                } else {
                    let text = fs::read_to_string(&path).expect("a text");
                    tree.insert(name, format!("{:o} {text}", mode(&path)));
                }
            }
        }
        tree
    }

    fn kept(&self) -> Vec<PathBuf> {
        match fs::read_dir(self.session.join("changes")) {
            Ok(entries) => entries
                .map(|entry| entry.expect("an entry").path())
                .collect(),
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0
}
