//! Checks of the shared cache of vectors.

use std::time::Duration;

use ollacode_indexer::SharedError;
use ollacode_indexer::shared::SharedProbe;

use super::{Check, CheckState};
use crate::app::{App, OpenSharedCache};
use crate::conversation::messages::duration;
use crate::network::Obstacle;
use crate::shared_cache::CacheLocation;
use crate::text::with_causes;

const NAME: &str = "shared cache";

/// Maximum time of all requests of the test.
const LONGEST_PROBE: Duration = Duration::from_secs(60);

/// Difference of clocks in seconds from which on it is told. S3 refuses 900.
const CLOCK_DIFFERENCE: i64 = 300;

/// Nothing where there is no shared cache. The index works without one, so nothing is broken here.
pub async fn cache(app: &App) -> Vec<Check> {
    let open = match app.shared_cache() {
        Ok(None) => return Vec::new(),
        Ok(Some(open)) => open,
        Err(error) => {
            let fix = "until then vectors are computed on this machine; see docs/teams.md";
            return vec![warning(error.to_string(), fix)];
        }
    };
    let place = &open.place.location;
    let mut checks = match tokio::time::timeout(LONGEST_PROBE, open.cache.probe()).await {
        Err(_) => {
            let seconds = LONGEST_PROBE.as_secs();
            let message = format!("{place} did not answer within {seconds} s");
            vec![warning(message, "check the address and the network")]
        }
        Ok(Err(error)) => vec![warning(with_causes(&error), fix_of(&error))],
        Ok(Ok(probe)) => {
            let mut checks = answered(app, place, &probe);
            // Only here: of a disk that does not answer, it would never return.
            checks.extend(rights(place));
            checks
        }
    };
    checks.extend(clock(&open));
    checks
}

fn warning(message: impl Into<String>, fix: impl Into<String>) -> Check {
    Check::bad(NAME, CheckState::Warning, message, fix)
}

fn fix_of(error: &SharedError) -> &'static str {
    if let Some(obstacle) = Obstacle::of(error) {
        return obstacle.help();
    }
    match error {
        SharedError::Denied { .. } => {
            "reading needs the rights to list and to get objects; see docs/teams.md"
        }
        SharedError::Clock { .. } => "set the clock of this machine",
        SharedError::Missing { .. } => "create it, or correct `OLLACODE_SHARED_CACHE`",
        SharedError::TimedOut { .. } | SharedError::Unavailable { .. } => {
            "check the address and the network; until then vectors are computed on this machine"
        }
        _ => "see docs/teams.md",
    }
}

/// Judges a place that answered.
fn answered(app: &App, place: &CacheLocation, probe: &SharedProbe) -> Vec<Check> {
    let time = duration(probe.answered_in);
    let mut message = format!("{place} answers in {time}");
    match probe.writable {
        None => message.push_str(", read only"),
        Some(true) => message.push_str(", read and written"),
        Some(false) => {
            let message = format!("{message}, but refuses to be written to");
            let fix = "give these credentials the right to put objects, or set \
                       `OLLACODE_SHARED_CACHE_WRITE=false`";
            return vec![warning(message, fix)];
        }
    }
    if probe.conditional_writes == Some(false) {
        // Packs are named by their content: what is overwritten is the same.
        message.push_str(
            "; it ignores `If-None-Match` (conditional writes), which costs the cache nothing",
        );
    }
    if app.settings.shared_cache.secret.is_some() {
        message.push_str(", with keyed names");
    }
    vec![Check::good(NAME, message)]
}

/// A clock that is wrong, as the last answer of the server tells it.
fn clock(open: &OpenSharedCache) -> Option<Check> {
    let ahead = -open.place.clock_difference()?.as_secs();
    clock_words(ahead).map(|message| {
        let fix = "set the clock of this machine; S3 refuses requests that are 15 minutes off";
        warning(message, fix)
    })
}

/// `ahead`: seconds by which our clock is ahead.
fn clock_words(ahead: i64) -> Option<String> {
    let off = Duration::from_secs(ahead.unsigned_abs());
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let is_wrong = ahead.abs() >= CLOCK_DIFFERENCE;
    is_wrong.then(|| {
        format!(
            "the clock of this machine is {} {side} the server's",
            duration(off)
        )
    })
}

/// Rights of a folder that let others do what only the team should.
#[cfg(unix)]
fn rights(place: &CacheLocation) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let CacheLocation::Folder(path) = place else {
        return None;
    };
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let folder = path.display();
    let (message, fix) = if mode & 0o002 != 0 {
        (
            format!("every user of this machine may write to {folder}, and make search worse"),
            format!("run `chmod o-w {folder}`"),
        )
    } else if mode & 0o004 != 0 {
        (
            format!(
                "every user of this machine may read {folder}, and vectors tell much of the code"
            ),
            format!("run `chmod o-rx {folder}`"),
        )
    } else {
        return None;
    };
    Some(warning(message, fix))
}

#[cfg(not(unix))]
fn rights(_: &CacheLocation) -> Option<Check> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hinders_a_connection_has_its_own_remedy() {
        let unavailable = |words: &str| SharedError::Unavailable {
            place: "s3://team".to_owned(),
            source: object_store::Error::Generic {
                store: "S3",
                source: Box::new(std::io::Error::other(words.to_owned())),
            },
        };
        let certificate = unavailable("invalid peer certificate: UnknownIssuer");
        assert!(fix_of(&certificate).contains("public certificate authorities"));
        let refused = unavailable("Connection refused (os error 111)");
        assert!(fix_of(&refused).starts_with("check the address"));
    }

    #[test]
    fn a_clock_is_told_of_when_it_is_far_off() {
        assert_eq!(clock_words(0), None);
        assert_eq!(clock_words(-299), None);
        let ahead = "the clock of this machine is 10 min ahead of the server's";
        assert_eq!(clock_words(600).as_deref(), Some(ahead));
        let behind = "the clock of this machine is 1 h 40 min behind the server's";
        assert_eq!(clock_words(-6_000).as_deref(), Some(behind));
    }
}
