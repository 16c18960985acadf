//! How often everything is compared where nobody tells what changed: the less often, the longer it
//! takes.

use std::time::{Duration, Instant};

use crate::working_time::process_time;

/// The part of one processor that comparing may take: one in so many.
const SHARE: u32 = 50;
/// The part of the time that it may take, however little of it is work: another machine may do it.
const SHARE_OF_TIME: u32 = 5;

/// The pace of comparing everything.
#[derive(Debug)]
pub(crate) struct Pace {
    least: Duration,
    most: Duration,
    pause: Duration,
    was_told: bool,
}

/// What a comparison took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Time of processors, of the whole process.
    pub work: Duration,
    /// Time that passed.
    pub time: Duration,
}

/// The measurement of one comparison.
pub(crate) struct Stopwatch {
    work: Duration,
    begun: Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch {
            work: process_time(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn effort(&self) -> Effort {
        Effort {
            work: process_time().saturating_sub(self.work),
            time: self.begun.elapsed(),
        }
    }
}

impl Pace {
    pub(crate) fn new(least: Duration, most: Duration) -> Pace {
        Pace {
            least,
            most,
            pause: least,
            was_told: false,
        }
    }

    /// How long to wait until the next comparison.
    pub(crate) fn pause(&self) -> Duration {
        self.pause
    }

    /// Sets the pause by what a comparison took, and says so the first time that it is longer than
    /// the least one.
    pub(crate) fn adapt(&mut self, effort: Effort) -> Option<String> {
        let by_work = effort.work.saturating_mul(SHARE - 1);
        let by_time = effort.time.saturating_mul(SHARE_OF_TIME - 1);
        self.pause = by_work.max(by_time).clamp(self.least, self.most);
        if self.pause <= self.least || self.was_told {
            return None;
        }
        self.was_told = true;
        Some(format!(
            "comparing all files takes {:.1} s, so it is done every {} s or so, and changes are found \
             as late",
            effort.work.max(effort.time).as_secs_f32(),
            self.pause.as_secs(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(work: f64, time: f64) -> Effort {
        Effort {
            work: Duration::from_secs_f64(work),
            time: Duration::from_secs_f64(time),
        }
    }

    #[test]
    fn polling_takes_a_fiftieth_of_a_processor_between_its_bounds() {
        let (least, most) = (Duration::from_secs(3), Duration::from_secs(300));
        let mut pace = Pace::new(least, most);
        assert_eq!(pace.pause(), least);
        assert_eq!(pace.adapt(seconds(0.01, 0.01)), None);
        assert_eq!(pace.pause(), least);
        let told = pace.adapt(seconds(1.0, 0.5)).expect("a message");
        assert!(told.contains("1.0 s") && told.contains("49 s"), "{told}");
        assert_eq!(pace.pause(), Duration::from_secs(49));
        assert_eq!(pace.adapt(seconds(2.0, 1.0)), None, "it is said once");
        assert_eq!(pace.pause(), Duration::from_secs(98));
        pace.adapt(seconds(60.0, 60.0));
        assert_eq!(pace.pause(), most);
        // Another machine did the work.
        pace.adapt(seconds(0.1, 10.0));
        assert_eq!(pace.pause(), Duration::from_secs(40));
        pace.adapt(seconds(0.0, 0.0));
        assert_eq!(pace.pause(), least, "it follows the tree");
    }

    #[test]
    fn work_is_measured() {
        let stopwatch = Stopwatch::start();
        let begun = Instant::now();
        while stopwatch.effort().work.is_zero() {
            assert!(begun.elapsed() < Duration::from_secs(60), "no work is seen");
        }
        assert!(!stopwatch.effort().time.is_zero());
    }
}
