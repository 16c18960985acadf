//! A sliding window over sent messages.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Times within a sliding window.
pub struct SlidingWindow {
    span: Duration,
    most: usize,
    times: VecDeque<Instant>,
}

impl SlidingWindow {
    /// A limit of this many within any window.
    pub fn new(span: Duration, most: usize) -> SlidingWindow {
        SlidingWindow {
            span,
            most: most.max(1),
            times: VecDeque::new(),
        }
    }

    pub fn note(&mut self, now: Instant) {
        self.times.push_back(now);
        if self.times.len() > self.most {
            self.times.pop_front();
        }
    }

    /// The time from which this many more may be sent.
    pub fn free_for(&self, count: usize, now: Instant) -> Instant {
        let count = count.min(self.most);
        // Those that must have left the window by then.
        let leaving = (self.times.len() + count).saturating_sub(self.most);
        let last = leaving
            .checked_sub(1)
            .and_then(|index| self.times.get(index));
        last.map_or(now, |time| now.max(*time + self.span))
    }
}
