//! What undoing a turn, or doing it again, comes to on the disk.

use std::sync::Arc;

use super::turns::{Sum, Turn};
use super::{UndoError, from_hex};
use crate::jail::{Expected, Hash, Jail, JailError, WorkspacePath};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Undo,
    Redo,
}

/// What is to become of a file; no hash is no file.
pub(super) struct Step {
    pub path: WorkspacePath,
    pub from: Option<Hash>,
    pub to: Option<Hash>,
    pub mode: Option<u32>,
}

/// What is to be done to the files of a turn; an error if one of them is neither as it was left
/// nor as it is to be.
pub(super) fn of(jail: &Jail, turn: &Turn, direction: Direction) -> Result<Vec<Step>, UndoError> {
    let mut changed = Vec::new();
    let mut steps = Vec::new();
    for sum in turn.sums() {
        if sum.before == sum.after {
            continue;
        }
        match step(jail, &sum, direction) {
            Some((step, now)) if now == step.from => steps.push(step),
            Some((step, now)) if now == step.to => {}
            _ => changed.push(sum.path.to_owned()),
        }
    }
    if changed.is_empty() {
        Ok(steps)
    } else {
        Err(UndoError::Changed { paths: changed })
    }
}

/// Removes the files that are not to be there.
pub(super) fn remove(
    jail: &Jail,
    steps: &[Step],
    removed: &mut Vec<String>,
) -> Result<(), JailError> {
    for step in steps {
        if let (Some(from), None) = (step.from, step.to) {
            jail.remove(&step.path, from)?;
            removed.push(step.path.to_string());
        }
    }
    Ok(())
}

/// Writes the files that are to be there.
pub(super) fn write(
    jail: &Jail,
    writes: &[(&Step, Arc<Vec<u8>>)],
    written: &mut Vec<String>,
) -> Result<(), JailError> {
    for (step, bytes) in writes {
        let expected = step.from.map_or(Expected::Absent, Expected::Hash);
        jail.write_with_mode(&step.path, bytes, expected, step.mode)?;
        written.push(step.path.to_string());
    }
    Ok(())
}

/// A step, and the hash that its file has now; `None` if that cannot be told.
fn step(jail: &Jail, sum: &Sum<'_>, direction: Direction) -> Option<(Step, Option<Hash>)> {
    let (from, to) = match direction {
        Direction::Undo => (sum.after, sum.before),
        Direction::Redo => (sum.before, sum.after),
    };
    let path = jail.path(sum.path).ok()?;
    let now = match jail.hash(&path) {
        Ok(now) => now,
        // It may be one that the turn made, and go with its files.
        Err(JailError::Folder(_)) => None,
        Err(_) => return None,
    };
    let step = Step {
        from: hash(from)?,
        to: hash(to)?,
        mode: sum.mode,
        path,
    };
    Some((step, now))
}

/// Reads a hash out of a record; `None` if there is something that is no hash.
fn hash(digits: Option<&str>) -> Option<Option<Hash>> {
    match digits {
        None => Some(None),
        Some(digits) => from_hex(digits).map(Some),
    }
}
