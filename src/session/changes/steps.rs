//! Applies the undo or redo of a turn to the files.

use std::sync::Arc;

use super::turns::{NetChange, TurnChanges};
use super::{UndoError, from_hex};
use crate::jail::{Expected, Hash, Jail, JailError, WorkspacePath};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Undo,
    Redo,
}

/// The target state of a file; no hash means no file.
pub(super) struct RestoreStep {
    pub path: WorkspacePath,
    pub from: Option<Hash>,
    pub to: Option<Hash>,
    pub mode: Option<u32>,
}

/// The steps for the files of a turn; an error if a file is neither in the old nor in the target
/// state.
pub(super) fn of(
    jail: &Jail,
    turn: &TurnChanges,
    direction: Direction,
) -> Result<Vec<RestoreStep>, UndoError> {
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

/// Removes the files that must not exist.
pub(super) fn remove(
    jail: &Jail,
    steps: &[RestoreStep],
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

/// Writes the files that must exist.
pub(super) fn write(
    jail: &Jail,
    writes: &[(&RestoreStep, Arc<Vec<u8>>)],
    written: &mut Vec<String>,
) -> Result<(), JailError> {
    for (step, bytes) in writes {
        let expected = step.from.map_or(Expected::Absent, Expected::Hash);
        jail.write_with_mode(&step.path, bytes, expected, step.mode)?;
        written.push(step.path.to_string());
    }
    Ok(())
}

/// A step, and the hash of its file now; `None` if it is unknown.
fn step(
    jail: &Jail,
    sum: &NetChange<'_>,
    direction: Direction,
) -> Option<(RestoreStep, Option<Hash>)> {
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
    let step = RestoreStep {
        from: hash(from)?,
        to: hash(to)?,
        mode: sum.mode,
        path,
    };
    Some((step, now))
}

/// Parses a hash of a record; `None` if it is not a hash.
fn hash(digits: Option<&str>) -> Option<Option<Hash>> {
    match digits {
        None => Some(None),
        Some(digits) => from_hex(digits).map(Some),
    }
}
