//! Counts failed logins, and reports them at the terminal.
//!
//! Nobody guesses a token of 256 bits: the limit only keeps failed logins from filling the terminal.
//! Requests with the token are never limited, so that nobody can lock the user out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::frontends::{Notice, Notifier};

/// Failed logins within a minute, after which they get another answer for a minute.
const MOST_FAILURES: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// What a service adds to the reports of failed logins.
#[derive(Clone, Copy, Debug)]
pub struct LoginWords {
    /// What the first one may come from.
    pub cause: &'static str,
    /// Who is not affected when there are too many.
    pub unaffected: &'static str,
}

/// Failed logins of the last minute.
pub struct LoginLimit {
    tell: Notifier,
    words: LoginWords,
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
    pub fn new(tell: Notifier, words: LoginWords) -> LoginLimit {
        LoginLimit {
            tell,
            words,
            failures: Mutex::default(),
        }
    }

    /// Counts a failed login; `false` if there were too many.
    pub fn count(&self, now: Instant) -> bool {
        let failure = self.failures.lock().count(now);
        let LoginWords { cause, unaffected } = self.words;
        let warning = match failure {
            Failure::First => Some(format!(
                "a request without the right token was refused; it may come from {cause}"
            )),
            Failure::Last => Some(format!(
                "{MOST_FAILURES} requests without the right token within a minute; more of them get \
                 status 429 for a minute, {unaffected} not affected"
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
    fn many_failures_make_two_warnings() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let tell: Notifier = Arc::new(move |notice: Notice| notes.lock().push(notice));
        let words = LoginWords {
            cause: "a test",
            unaffected: "others are",
        };
        let limit = LoginLimit::new(tell, words);
        let now = Instant::now();
        let admitted = (0..100).filter(|_| limit.count(now)).count();
        assert_eq!((admitted, told.lock().len()), (MOST_FAILURES, 2));
    }
}
