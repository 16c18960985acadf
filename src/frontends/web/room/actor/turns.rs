//! Where the turns of a session are in the log, so that a snapshot has exactly those that the log
//! does not hold.

use crate::conversation::EndReason;

/// The turns whose events were written into the log.
#[derive(Debug, Default)]
pub struct TurnMarks {
    /// Questions in the journal, without the one that is being answered.
    questions: u32,
    marks: Vec<TurnMark>,
    /// Whether a question is being answered.
    is_running: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct TurnMark {
    /// Number of its first event.
    first: u64,
    /// Number of its question in the session, from 1.
    question: u32,
}

impl TurnMarks {
    /// A session with so many questions was opened, perhaps for the question that runs.
    pub fn opened(&mut self, questions: u32) {
        self.questions = questions;
        if self.is_running
            && let Some(last) = self.marks.last_mut()
        {
            last.question = questions + 1;
        }
    }

    /// A question is being answered; `first` is the number of its first event.
    pub fn begin(&mut self, first: u64) {
        self.is_running = true;
        let question = self.questions + 1;
        self.marks.push(TurnMark { first, question });
    }

    /// What ran has ended; only a turn has its question in the journal.
    pub fn end(&mut self, how: &EndReason) {
        if !std::mem::take(&mut self.is_running) {
            return;
        }
        match how {
            EndReason::Turn(_) | EndReason::Lost => self.questions += 1,
            EndReason::NotBegun
            | EndReason::Failed(_)
            | EndReason::Compacted(_)
            | EndReason::Ran(_) => {
                self.marks.pop();
            }
        }
    }

    /// Whether a session that has so many questions was gone on with elsewhere.
    pub fn are_behind(&self, questions: u32) -> bool {
        self.questions < questions
    }

    /// How many questions come before those of the log, of which events up to `dropped` are gone and
    /// `last` is the last one; all that are known, if it holds no turn. A question that begins later
    /// is in the events, and not counted.
    pub fn before(&self, dropped: u64, last: u64) -> u32 {
        let ends = self.marks.iter().skip(1).map(|mark| mark.first);
        let ends = ends.chain([last + 1]);
        let held = self
            .marks
            .iter()
            .zip(ends)
            .find(|(_, end)| end - 1 > dropped);
        let all = self.questions + u32::from(self.is_running);
        held.map_or(all, |(mark, _)| mark.question - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::TurnEnd;

    fn answered() -> EndReason {
        EndReason::Turn(TurnEnd::Answered)
    }

    #[test]
    fn a_snapshot_has_the_turns_that_the_log_has_not() {
        let mut marks = TurnMarks::default();
        assert_eq!(marks.before(0, 0), 0);
        marks.opened(5);
        assert_eq!(marks.before(0, 1), 5);
        assert!(marks.are_behind(6) && !marks.are_behind(5));
        marks.begin(2);
        assert_eq!(marks.before(0, 9), 5);
        marks.end(&answered());
        marks.begin(10);
        marks.end(&answered());
        assert_eq!(marks.before(0, 19), 5);
        assert_eq!(marks.before(8, 19), 5, "a part of the turn is there");
        assert_eq!(marks.before(9, 19), 6);
        assert_eq!(marks.before(19, 19), 7);
        assert!(!marks.are_behind(7));
        marks.begin(20);
        // Nothing is left of the turn that runs.
        assert_eq!(marks.before(30, 30), 8);
    }

    #[test]
    fn what_did_not_begin_is_not_in_the_journal() {
        let mut marks = TurnMarks::default();
        marks.begin(1);
        marks.end(&EndReason::NotBegun);
        assert_eq!(marks.before(0, 3), 0);
        marks.begin(4);
        // The session was not open before.
        marks.opened(7);
        assert_eq!(marks.before(0, 5), 7);
        marks.end(&answered());
        // A compaction is no question.
        marks.end(&EndReason::Compacted(Err("no".to_owned())));
        assert_eq!(marks.before(0, 9), 7);
    }
}
