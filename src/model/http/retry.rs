//! Which requests are sent again, and when.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::RETRY_AFTER;

use super::ServerError;

/// Longest time to wait for a server that says how long it is busy.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The `Retry-After` time in seconds, if any.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// Adds the waiting time to an error if it is too long to wait here.
pub(super) fn told_to_wait(error: ServerError, wait: Option<Duration>) -> ServerError {
    match (error, wait) {
        (
            ServerError::Status {
                server,
                status,
                message,
            },
            Some(wait),
        ) => ServerError::Status {
            server,
            status,
            message: format!("{message} (try again in {} s)", wait.as_secs()),
        },
        (error, _) => error,
    }
}

/// Whether to retry. A refusal is final, unless the server says when it ends. A timeout is final:
/// giving up stops a load that is in progress.
pub(super) fn deserves_another_try(error: &ServerError, wait: Option<Duration>) -> bool {
    if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
        return false;
    }
    match error {
        ServerError::NotReachable { .. } | ServerError::ConnectionLost { .. } => true,
        ServerError::Status { status, .. } => match status {
            502..=504 => true,
            429 => wait.is_some(),
            _ => false,
        },
        _ => false,
    }
}

/// A random pause between half and all of a doubling time, so that clients do not retry together.
pub(super) fn pause(first: Duration, failed: u32) -> Duration {
    let doubled = first.saturating_mul(1 << failed.saturating_sub(1).min(6));
    let chance = RandomState::new().build_hasher().finish() % 1001;
    doubled / 2 + doubled.saturating_mul(u32::try_from(chance).unwrap_or(0)) / 2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        let first = Duration::from_millis(100);
        for (failed, most) in [(1, 100), (2, 200), (3, 400), (40, 6400)] {
            let pause = pause(first, failed);
            assert!(pause <= Duration::from_millis(most), "{pause:?}");
            assert!(pause >= Duration::from_millis(most / 2), "{pause:?}");
        }
    }
}
