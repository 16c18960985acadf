//! The last events of a conversation with their numbers, so that an interrupted stream can be
//! resumed.

use std::collections::VecDeque;

use crate::engine::event::Event;

const MOST_EVENTS: usize = 4_096;
/// Maximum text in the events that are kept, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// An event with its number: consecutive, from 1 for the first event of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedEvent {
    pub number: u64,
    pub event: Event,
}

#[derive(Debug, Default)]
pub struct EventLog {
    last: u64,
    kept: VecDeque<NumberedEvent>,
    bytes: usize,
}

/// Some requested events were already dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("events {from} to {to} are not kept any more")]
pub struct EventGap {
    /// First missing number.
    pub from: u64,
    /// Last missing number.
    pub to: u64,
}

impl EventLog {
    pub fn push(&mut self, event: Event) -> NumberedEvent {
        self.last += 1;
        let numbered = NumberedEvent {
            number: self.last,
            event,
        };
        self.bytes += bytes(&numbered.event);
        self.kept.push_back(numbered.clone());
        while self.kept.len() > MOST_EVENTS || self.bytes > MOST_BYTES {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= bytes(&oldest.event);
        }
        numbered
    }

    /// The events after a number; 0 returns all.
    ///
    /// # Errors
    ///
    /// [`EventGap`] if some of them were already dropped.
    pub fn after(&self, number: u64) -> Result<impl Iterator<Item = &NumberedEvent>, EventGap> {
        let oldest = self
            .kept
            .front()
            .map_or(self.last + 1, |first| first.number);
        if number.saturating_add(1) < oldest {
            return Err(EventGap {
                from: number + 1,
                to: oldest - 1,
            });
        }
        Ok(self.kept.iter().filter(move |event| event.number > number))
    }
}

/// The text that an event holds, in bytes; the rest is small.
fn bytes(event: &Event) -> usize {
    match event {
        Event::Text(text) | Event::Thinking(text) | Event::Notice(text) => text.len(),
        Event::AskedAgain { why } => why.len(),
        Event::ToolFinished {
            summary, detail, ..
        } => summary.len() + detail.len(),
        Event::ToolStarted { what, details, .. } => what.len() + details.size(),
        Event::ApprovalAsked { request, .. } => request.preview.size(),
        Event::QuestionAsked {
            question, options, ..
        } => question.len() + options.iter().map(String::len).sum::<usize>(),
        Event::Task(plan) => plan.markdown().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(log: &EventLog, after: u64) -> Result<Vec<u64>, EventGap> {
        Ok(log.after(after)?.map(|event| event.number).collect())
    }

    #[test]
    fn a_stream_is_resumed_behind_the_last_number_that_was_seen() {
        let mut log = EventLog::default();
        assert_eq!(numbers(&log, 0), Ok(vec![]));
        for text in ["a", "b", "c"] {
            log.push(Event::Text(text.to_owned()));
        }
        assert_eq!(numbers(&log, 0), Ok(vec![1, 2, 3]));
        assert_eq!(numbers(&log, 2), Ok(vec![3]));
        assert_eq!(numbers(&log, 3), Ok(vec![]));
        assert_eq!(numbers(&log, u64::MAX), Ok(vec![]));
    }

    #[test]
    fn what_is_not_kept_any_more_is_an_error_and_not_a_shorter_list() {
        let mut log = EventLog::default();
        for _ in 0..MOST_EVENTS + 10 {
            log.push(Event::Text("a".to_owned()));
        }
        assert_eq!(numbers(&log, 5), Err(EventGap { from: 6, to: 10 }));
        assert_eq!(numbers(&log, 10).map(|kept| kept.len()), Ok(MOST_EVENTS));
        log.push(Event::Text("a".repeat(MOST_BYTES + 1)));
        let last = MOST_EVENTS as u64 + 11;
        assert_eq!(
            numbers(&log, last - 1),
            Err(EventGap {
                from: last,
                to: last
            })
        );
        assert_eq!(numbers(&log, last), Ok(vec![]));
        assert!(log.bytes <= MOST_BYTES);
    }
}
