//! The end of a measurement: a point in time, or the user's wish.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// When work must end. All work of a benchmark runs under one, so that its time cannot be exceeded.
#[derive(Clone, Debug)]
pub struct Deadline {
    at: Instant,
    stop: CancellationToken,
}

impl Deadline {
    /// A deadline after some time; `stop` moves it to the present.
    pub fn after(time: Duration, stop: &CancellationToken) -> Deadline {
        Deadline {
            at: Instant::now() + time,
            stop: stop.clone(),
        }
    }

    /// The same, but at most this time from now on.
    #[must_use]
    pub fn within(&self, time: Duration) -> Deadline {
        Deadline {
            at: self.at.min(Instant::now() + time),
            stop: self.stop.clone(),
        }
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        if self.stop.is_cancelled() {
            return Duration::ZERO;
        }
        self.at.saturating_duration_since(Instant::now())
    }

    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Whether the user wants no more.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until it is over.
    pub async fn passed(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep_until(self.at) => {}
        }
    }

    /// Does work; `None` if it is not done in time. The work is dropped then.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        if self.is_over() {
            return None;
        }
        tokio::select! {
            done = work => Some(done),
            () = self.passed() => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(5);

    #[tokio::test]
    async fn work_ends_with_its_deadline() {
        let stop = CancellationToken::new();
        let deadline = Deadline::after(LONG, &stop);
        assert_eq!(deadline.run(ready(1)).await, Some(1));
        assert!(deadline.left() > LONG / 2 && !deadline.is_over());
        let short = deadline.within(SHORT);
        assert_eq!(short.run(pending::<()>()).await, None);
        assert!(short.is_over() && !short.is_stopped());
        assert_eq!(short.run(ready(1)).await, None, "it is over");
        assert!(short.within(LONG).is_over(), "it is never later");
        stop.cancel();
        assert_eq!(deadline.run(pending::<()>()).await, None);
        assert!(deadline.is_over() && deadline.is_stopped());
    }
}
