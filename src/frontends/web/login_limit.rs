//! Failed logins: counted, told at the terminal, and limited.
//!
//! Nobody guesses a token of 256 bits. The limit keeps those who try from filling the terminal, and
//! it is for them only: whoever has the token is let in at any time, so that no stranger can lock
//! the user out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::frontends::{Notice, Notifier};

/// Failed logins within a minute, after which they are not counted for a minute.
const MOST_FAILURES: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// Decides how failed logins are answered.
pub struct LoginLimit {
    tell: Notifier,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    /// When they happened, within the last minute.
    recent: VecDeque<Instant>,
    full_since: Option<Instant>,
}

/// A failed login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The first one in a minute.
    First,
    Counted,
    /// The one that reaches the limit.
    Last,
    /// One after the limit was reached.
    Ignored,
}

impl LoginLimit {
    pub fn new(tell: Notifier) -> LoginLimit {
        LoginLimit {
            tell,
            failures: Mutex::default(),
        }
    }

    /// Counts a failed login; `false` if there were too many.
    pub fn count(&self, now: Instant) -> bool {
        let failure = self.failures.lock().count(now);
        let warning = match failure {
            Failure::First => Some(
                "a request without the right token was refused: a page of an earlier start, or \
                 somebody who tries"
                    .to_owned(),
            ),
            Failure::Last => Some(format!(
                "{MOST_FAILURES} requests without the right token within a minute: for the next \
                 minute they are not counted; your page goes on working"
            )),
            Failure::Counted | Failure::Ignored => None,
        };
        if let Some(warning) = warning {
            (self.tell)(Notice::Warning(warning));
        }
        failure != Failure::Ignored
    }
}

impl Failures {
    fn count(&mut self, now: Instant) -> Failure {
        let is_recent = |then: &Instant| now.duration_since(*then) < MINUTE;
        if self.full_since.as_ref().is_some_and(is_recent) {
            return Failure::Ignored;
        }
        self.full_since = None;
        self.recent.retain(is_recent);
        self.recent.push_back(now);
        match self.recent.len() {
            1 => Failure::First,
            MOST_FAILURES => {
                self.recent.clear();
                self.full_since = Some(now);
                Failure::Last
            }
            _ => Failure::Counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn after_twenty_in_a_minute_no_more_are_counted_for_a_minute() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut failures = Failures::default();
        assert_eq!(failures.count(at(0)), Failure::First);
        for number in 2..20 {
            assert_eq!(failures.count(at(number)), Failure::Counted, "{number}");
        }
        assert_eq!(failures.count(at(20)), Failure::Last);
        assert_eq!(failures.count(at(21)), Failure::Ignored);
        assert_eq!(failures.count(at(79)), Failure::Ignored);
        assert_eq!(failures.count(at(80)), Failure::First);
    }

    #[test]
    fn failures_now_and_then_do_not_reach_the_limit() {
        let start = Instant::now();
        let mut failures = Failures::default();
        for number in 0..200 {
            let failure = failures.count(start + Duration::from_secs(number * 4));
            assert!(
                matches!(failure, Failure::First | Failure::Counted),
                "{number}"
            );
        }
    }

    #[test]
    fn the_terminal_is_told_twice_in_a_flood() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let limit = LoginLimit::new(Arc::new(move |notice: Notice| notes.lock().push(notice)));
        let now = Instant::now();
        let admitted = (0..100).filter(|_| limit.count(now)).count();
        assert_eq!((admitted, told.lock().len()), (MOST_FAILURES, 2));
    }
}
