//! Timeouts of the client, and which addresses it may call.

use std::time::Duration;

/// Timeouts and retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    pub connect: Duration,
    /// For an answer that needs no model.
    pub lookup: Duration,
    /// For the first byte of a model's answer, after queueing, loading and reading the input; a
    /// batch of long texts on two processor cores alone takes more than four minutes.
    pub first_byte: Duration,
    /// Between two pieces of an answer, and before its first one; an answer that is not streamed
    /// must be complete by then.
    pub idle: Duration,
    /// How often a request is tried while the connection fails or the server is busy.
    pub tries: u32,
    /// Pause before the second try; it doubles with each further one.
    pub pause: Duration,
}

impl ClientLimits {
    /// With this timeout for everything that a model does, and no longer for anything else.
    #[must_use]
    pub fn within(self, patience: Duration) -> ClientLimits {
        ClientLimits {
            connect: self.connect.min(patience),
            lookup: self.lookup.min(patience),
            first_byte: patience,
            idle: patience,
            ..self
        }
    }
}

impl Default for ClientLimits {
    fn default() -> ClientLimits {
        ClientLimits {
            connect: Duration::from_secs(5),
            lookup: Duration::from_secs(30),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(300),
            tries: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkScope {
    Any,
    /// Only this machine: `--offline`.
    LoopbackOnly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_outlast_a_load() {
        let limits = ClientLimits::default();
        assert!(limits.first_byte >= Duration::from_secs(300));
        assert!(limits.connect <= Duration::from_secs(5) && limits.tries <= 3);
    }

    #[test]
    fn one_number_bounds_every_phase() {
        let limits = |seconds| ClientLimits::default().within(Duration::from_secs(seconds));
        let ClientLimits {
            connect,
            lookup,
            first_byte,
            idle,
            ..
        } = limits(2);
        assert_eq!(
            [connect, lookup, first_byte, idle],
            [Duration::from_secs(2); 4]
        );
        let patient = limits(3_600);
        assert_eq!(patient.idle, Duration::from_secs(3_600));
        assert_eq!(patient.lookup, ClientLimits::default().lookup);
    }
}
