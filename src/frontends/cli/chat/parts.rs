//! A proposed change, shown part by part: the user takes some and leaves out others.

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::approve::{joined, write};
use super::diff::{self, FoldedKind};
use super::terminal::{KeyPress, KeyReader, text_columns};
use crate::edit::{Hunk, hunk_diff, hunks};
use crate::permission::{Decision, Preview};

/// Maximum lines of a part before it is folded.
const MOST: usize = 60;

/// A change of a file that has several parts.
pub struct PartedChange {
    path: String,
    old: Arc<str>,
    new: Arc<str>,
    parts: Vec<Hunk>,
}

/// What is done with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartAnswer {
    Take,
    Leave,
    /// This one and all that follow.
    TakeRest,
    LeaveRest,
    /// The question about all of it is asked again.
    Back,
}

impl PartedChange {
    /// The change of a preview, if it can be taken in parts.
    pub fn of(preview: &Preview) -> Option<PartedChange> {
        let Preview::Edits(edits) = preview else {
            return None;
        };
        let [edit] = &edits[..] else {
            return None;
        };
        let (old, new) = (edit.old.clone()?, edit.new.clone()?);
        let parts = hunks(&old, &new);
        (parts.len() > 1).then(|| PartedChange {
            path: edit.path.clone(),
            old,
            new,
            parts,
        })
    }

    /// Asks about each part; `None` if the user goes back to the question about all of it.
    pub fn choose(&self, stop: &CancellationToken) -> io::Result<Option<Decision>> {
        let mut keys = KeyReader::open()?;
        let mut chosen = ChosenParts::new(self.parts.len());
        while let Some(number) = chosen.next() {
            write(&self.shown(number, text_columns()))?;
            keys.asked();
            let answer = loop {
                match keys.next(stop)? {
                    None => return Ok(Some(Decision::Deny(None))),
                    Some(key) => {
                        if let Some(answer) = answer(key) {
                            break answer;
                        }
                    }
                }
            };
            write(&format!("{}\n", words(answer)))?;
            if answer == PartAnswer::Back {
                return Ok(None);
            }
            chosen.take(answer);
        }
        Ok(Some(chosen.decision()))
    }

    /// A part with the keys that answer.
    fn shown(&self, number: usize, columns: usize) -> String {
        const KEYS: [&str; 5] = [
            "[y] take",
            "[n] leave out",
            "[a] take this and the rest",
            "[d] leave out this and the rest",
            "[q] back",
        ];
        let part = hunk_diff(&self.old, &self.new, &self.parts[number]);
        let keys = KEYS.map(str::to_owned);
        format!(
            "  {BOLD}part {} of {} of {}{PLAIN}\n{}  {DIM}{}{PLAIN} ",
            number + 1,
            self.parts.len(),
            visible_name(&self.path),
            diff::show(&part, FoldedKind::Diff, MOST).text,
            joined(&keys, columns.saturating_sub(1))
        )
    }
}

/// The meaning of a key; most keys, also Enter, have none.
fn answer(key: KeyPress) -> Option<PartAnswer> {
    match key {
        KeyPress::Sign('y' | 'Y') => Some(PartAnswer::Take),
        KeyPress::Sign('n' | 'N') => Some(PartAnswer::Leave),
        KeyPress::Sign('a' | 'A') => Some(PartAnswer::TakeRest),
        KeyPress::Sign('d' | 'D') => Some(PartAnswer::LeaveRest),
        KeyPress::Sign('q' | 'Q') | KeyPress::Escape | KeyPress::End => Some(PartAnswer::Back),
        _ => None,
    }
}

fn words(answer: PartAnswer) -> &'static str {
    match answer {
        PartAnswer::Take => "taken",
        PartAnswer::Leave => "left out",
        PartAnswer::TakeRest => "this and the rest taken",
        PartAnswer::LeaveRest => "this and the rest left out",
        PartAnswer::Back => "back",
    }
}

/// The parts that are taken so far.
struct ChosenParts {
    count: usize,
    next: usize,
    taken: Vec<usize>,
}

impl ChosenParts {
    fn new(count: usize) -> ChosenParts {
        ChosenParts {
            count,
            next: 0,
            taken: Vec::new(),
        }
    }

    /// The part to ask about; `None` after the last one.
    fn next(&self) -> Option<usize> {
        (self.next < self.count).then_some(self.next)
    }

    fn take(&mut self, answer: PartAnswer) {
        let end = match answer {
            PartAnswer::Take | PartAnswer::Leave => self.next + 1,
            PartAnswer::TakeRest | PartAnswer::LeaveRest => self.count,
            PartAnswer::Back => self.next,
        };
        if matches!(answer, PartAnswer::Take | PartAnswer::TakeRest) {
            self.taken.extend(self.next..end);
        }
        self.next = end;
    }

    fn decision(self) -> Decision {
        match self.taken.len() {
            0 => Decision::Deny(None),
            all if all == self.count => Decision::Once,
            _ => Decision::Parts(self.taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::FileEdit;

    fn preview(old: &str, new: &str) -> Preview {
        Preview::Edits(vec![FileEdit {
            path: "a.rs".to_owned(),
            old: Some(old.into()),
            new: Some(new.into()),
        }])
    }

    #[test]
    fn answers_add_up_to_a_decision() {
        use PartAnswer::{Leave, LeaveRest, Take, TakeRest};
        for (answers, decision) in [
            (&[Take, Take, Take][..], Decision::Once),
            (&[TakeRest], Decision::Once),
            (&[Leave, Leave, Leave], Decision::Deny(None)),
            (&[LeaveRest], Decision::Deny(None)),
            (&[Take, Leave, Take], Decision::Parts(vec![0, 2])),
            (&[Leave, TakeRest], Decision::Parts(vec![1, 2])),
            (&[Take, LeaveRest], Decision::Parts(vec![0])),
        ] {
            let mut chosen = ChosenParts::new(3);
            for answer in answers {
                assert!(chosen.next().is_some(), "{answers:?}");
                chosen.take(*answer);
            }
            assert_eq!(chosen.next(), None, "{answers:?}");
            assert_eq!(chosen.decision(), decision, "{answers:?}");
        }
    }

    #[test]
    fn only_clear_keys_answer() {
        for (key, expected) in [
            (KeyPress::Sign('y'), Some(PartAnswer::Take)),
            (KeyPress::Sign('N'), Some(PartAnswer::Leave)),
            (KeyPress::Escape, Some(PartAnswer::Back)),
            (KeyPress::Enter, None),
            (KeyPress::Sign('x'), None),
            (KeyPress::Other, None),
        ] {
            assert_eq!(answer(key), expected, "{key:?}");
        }
    }

    #[test]
    fn a_change_of_several_places_has_parts() {
        let between = "same\n".repeat(10);
        let old = format!("one\n{between}two\n");
        let new = format!("1\n{between}2\n");
        let change = PartedChange::of(&preview(&old, &new)).expect("it has parts");
        for columns in [40, 80] {
            let shown = anstream::adapter::strip_str(&change.shown(1, columns)).to_string();
            assert!(
                shown.starts_with("  part 2 of 2 of a.rs\n  @@ -9,4 +9,4 @@\n"),
                "{shown}"
            );
            assert!(shown.contains("\n  -two\n  +2\n"), "{shown}");
            for row in shown.lines() {
                assert!(row.trim_end().chars().count() < columns, "{row}");
            }
        }
        assert!(PartedChange::of(&preview("one\n", "1\n")).is_none());
        assert!(PartedChange::of(&Preview::Command("ls".to_owned())).is_none());
    }
}
