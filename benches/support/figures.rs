//! Times, their percentiles, and the runtime in which they are taken.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// The percentiles that targets are given in.
pub struct Percentiles {
    p50: Duration,
    p95: Duration,
}

impl Percentiles {
    /// Takes the nearest ranks of some times.
    pub fn of(mut times: Vec<Duration>) -> Percentiles {
        times.sort_unstable();
        let at = |hundredths: usize| {
            let rank = (times.len() * hundredths).div_ceil(100).max(1);
            times.get(rank - 1).copied().unwrap_or_default()
        };
        Percentiles {
            p50: at(50),
            p95: at(95),
        }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p95) = (milliseconds(self.p50), milliseconds(self.p95));
        write!(formatter, "p50 {p50:.1} ms, p95 {p95:.1} ms")
    }
}

fn milliseconds(time: Duration) -> f64 {
    1_000.0 * time.as_secs_f64()
}

/// Makes a runtime like that of the program.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}
