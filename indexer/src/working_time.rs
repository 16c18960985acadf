//! The time limit for work on one text.
//!
//! It is measured in CPU time of the thread, so that the same file is chunked the same way however
//! busy the machine is.

use std::time::Duration;

/// The base time for every text: what holds a grammar up ends well within a second,
const BASE: Duration = Duration::from_millis(500);
/// and the time for each of its bytes. The slowest grammars take 0.3 us.
const PER_BYTE: Duration = Duration::from_nanos(750);

/// The CPU time at which the thread that made it has to stop.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Duration);

impl Deadline {
    /// The limit for a text, by its size in bytes.
    pub fn of(text: &str) -> Deadline {
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Deadline(worked() + BASE + PER_BYTE * bytes)
    }

    /// Whether the time is up, on the same thread.
    pub(crate) fn has_passed(self) -> bool {
        worked() > self.0
    }
}

/// How long this thread has worked.
#[cfg(unix)]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long all threads of this process have worked.
#[cfg(unix)]
pub(crate) fn process_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long the process has run: the system does not tell more.
#[cfg(not(unix))]
fn worked() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// The same.
#[cfg(not(unix))]
pub(crate) fn process_time() -> Duration {
    worked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_grows_with_the_text_and_runs_out() {
        let (short, long) = (Deadline::of(""), Deadline::of(&" ".repeat(1 << 20)));
        assert!(!short.has_passed() && !long.has_passed());
        assert!(long.0 - short.0 > Duration::from_millis(500));
        assert!(long.0 - worked() < Duration::from_secs(2));
        let begun = std::time::Instant::now();
        while !short.has_passed() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it never runs out"
            );
        }
        assert!(!long.has_passed());
    }
}
