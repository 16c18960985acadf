//! Puts one file back as it was before the session changed it.

use super::steps::Direction;
use super::turns::TurnChanges;
use super::{ChangeRecord, Changes, UndoError, Undone};
use crate::jail::Jail;

impl Changes {
    /// Puts a file back as it was before the session, as a change of its own that can be undone. As
    /// with an undo, what somebody else changed in between stays, and nothing is written if the file
    /// has changed since.
    pub fn revert(&mut self, jail: &Jail, path: &str) -> Result<Undone, UndoError> {
        let changes = self.done.iter().flat_map(|turn| &turn.changes);
        let of_file = TurnChanges {
            number: self.turn,
            changes: changes
                .filter(|change| change.path == path)
                .cloned()
                .collect(),
        };
        if of_file.not_kept().next().is_some() {
            let paths = vec![path.to_owned()];
            return Err(UndoError::NotKept { paths });
        }
        let sums = of_file.sums();
        let sum = sums.first().filter(|sum| sum.before != sum.after);
        let sum = sum.ok_or_else(|| UndoError::NotChanged(path.to_owned()))?;
        let record = ChangeRecord {
            turn: self.turn,
            path: path.to_owned(),
            before: sum.after.map(str::to_owned),
            after: sum.before.map(str::to_owned),
            mode: sum.mode,
            not_kept: false,
            is_revert: true,
        };
        let revert = TurnChanges {
            number: self.turn,
            changes: vec![record.clone()],
        };
        let reverted = Undone {
            in_part: of_file.interrupted(),
            ..self.go(jail, &revert, Direction::Redo)?
        };
        self.add(record);
        Ok(reverted)
    }
}
