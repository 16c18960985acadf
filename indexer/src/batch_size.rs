//! How many texts a request has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Texts in the first request, the fewest, and the most: a server works on them one by one.
const FIRST_TEXTS: usize = 8;
const FEWEST_TEXTS: usize = 4;
const MOST_TEXTS: usize = 32;
/// How long a request should take: one that is abandoned, since a chat reply has priority, is lost.
const LONG_ENOUGH: Duration = Duration::from_millis(1_500);

/// How many texts the next request to a server has, by how long the last ones took.
#[derive(Debug)]
pub struct BatchSize(AtomicUsize);

impl Default for BatchSize {
    fn default() -> BatchSize {
        BatchSize(AtomicUsize::new(FIRST_TEXTS))
    }
}

impl BatchSize {
    /// Texts of the next request: 4 to 32.
    pub fn texts(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes the time of a request into account.
    pub fn learn(&self, texts: usize, took: Duration) {
        let each = took.as_secs_f64() / texts.max(1) as f64;
        // At most twice as many as before: one quick answer may come from a cache.
        let most = (self.texts() * 2).min(MOST_TEXTS);
        let fit = (LONG_ENOUGH.as_secs_f64() / each.max(f64::MIN_POSITIVE)) as usize;
        self.0
            .store(fit.clamp(FEWEST_TEXTS, most), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_long_as_the_server_is_quick() {
        let size = BatchSize::default();
        let mut lengths = Vec::new();
        for milliseconds in [10, 10, 10, 1_000, 1_000, 100] {
            let texts = size.texts();
            lengths.push(texts);
            let each = Duration::from_millis(milliseconds);
            size.learn(texts, each * u32::try_from(texts).unwrap_or(1));
        }
        assert_eq!(lengths, [8, 16, 32, 32, 4, 4]);
        assert_eq!(size.texts(), 8);
        size.learn(8, Duration::ZERO);
        assert_eq!(size.texts(), 16);
    }
}
