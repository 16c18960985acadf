//! Turns and their changes, also from a journal.

use std::collections::{BTreeSet, HashMap};

use super::ChangeRecord;
use crate::session::record::Record;

/// The changes of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TurnChanges {
    pub number: u32,
    pub changes: Vec<ChangeRecord>,
}

/// The net change of a file in a turn; hashes as in [`ChangeRecord`].
pub(super) struct NetChange<'turn> {
    pub path: &'turn str,
    pub before: Option<&'turn str>,
    pub after: Option<&'turn str>,
    pub mode: Option<u32>,
}

impl TurnChanges {
    /// The net change of each file, in order of first change. If somebody else changed a file in
    /// between, only the changes after that: nobody else's work is undone.
    pub fn sums(&self) -> Vec<NetChange<'_>> {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut sums: Vec<NetChange<'_>> = Vec::new();
        let not_kept: BTreeSet<&str> = self.not_kept().collect();
        let kept = |change: &&ChangeRecord| !not_kept.contains(change.path.as_str());
        for change in self.changes.iter().filter(kept) {
            let at = *known.entry(&change.path).or_insert(sums.len());
            if at == sums.len() {
                sums.push(NetChange {
                    path: &change.path,
                    before: change.before.as_deref(),
                    after: change.before.as_deref(),
                    mode: change.mode,
                });
            }
            if sums[at].after != change.before.as_deref() {
                sums[at].before = change.before.as_deref();
            }
            sums[at].after = change.after.as_deref();
        }
        sums
    }

    /// Whether it is a file that the user put back.
    pub fn is_revert(&self) -> bool {
        self.changes.iter().any(|change| change.is_revert)
    }

    /// Files that a command changed and whose contents are not stored.
    pub fn not_kept(&self) -> impl Iterator<Item = &str> {
        let lost = self.changes.iter().filter(|change| change.not_kept);
        lost.map(|change| change.path.as_str())
    }

    /// Files that somebody else changed between two changes of the turn.
    pub fn interrupted(&self) -> Vec<String> {
        let mut last: HashMap<&str, Option<&str>> = HashMap::new();
        let mut found = BTreeSet::new();
        for change in self.changes.iter().filter(|change| !change.not_kept) {
            let before = last.insert(&change.path, change.after.as_deref());
            if before.is_some_and(|before| before != change.before.as_deref()) {
                found.insert(change.path.clone());
            }
        }
        found.into_iter().collect()
    }
}

/// The done and the undone turns, from the records of a journal.
pub(super) fn replay(records: &[Record]) -> (Vec<TurnChanges>, Vec<TurnChanges>) {
    let (mut done, mut undone) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Record::Changed(change) => take(&mut done, &mut undone, change.clone()),
            Record::Undid { turn } => pass(&mut done, &mut undone, *turn),
            Record::Redid { turn } => pass(&mut undone, &mut done, *turn),
            _ => {}
        }
    }
    (done, undone)
}

/// Adds a change and drops the undone turns. A revert stands by itself.
pub(super) fn take(
    done: &mut Vec<TurnChanges>,
    undone: &mut Vec<TurnChanges>,
    change: ChangeRecord,
) {
    undone.clear();
    match done.last_mut() {
        Some(last) if last.number == change.turn && !change.is_revert && !last.is_revert() => {
            last.changes.push(change);
        }
        _ => done.push(TurnChanges {
            number: change.turn,
            changes: vec![change],
        }),
    }
}

fn pass(from: &mut Vec<TurnChanges>, to: &mut Vec<TurnChanges>, number: u32) {
    if let Some(at) = from.iter().rposition(|turn| turn.number == number) {
        to.push(from.remove(at));
    }
}
