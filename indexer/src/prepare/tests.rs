//! When the times of a file tell that it is unchanged: clocks that tick slowly, clocks that are
//! ahead, times that were set.

use super::*;

/// A moment with a part of a second, as file systems with fine times report it.
const NOW: i64 = 1_700_000_000_123_456_789;
const SECOND: i64 = 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;

fn entry(modified_ns: i64, changed_ns: i64) -> WalkEntry {
    WalkEntry {
        path: "a.rs".to_owned(),
        size: 5,
        modified_ns,
        changed_ns,
        inode: 3,
    }
}

/// The record of an entry that was read since a time.
fn record(entry: &WalkEntry, unsure_since_ns: i64) -> FileRecord {
    FileRecord {
        path: entry.path.clone(),
        size: entry.size,
        modified_ns: entry.modified_ns,
        changed_ns: entry.changed_ns,
        inode: entry.inode,
        unsure_since_ns,
        ..FileRecord::default()
    }
}

#[test]
fn a_file_that_changed_just_now_is_read_again_after_a_tick() {
    let just_now = entry(NOW, NOW);
    let since = unsure_since(&just_now, None, NOW + MILLISECOND);
    assert_eq!(since, NOW + MILLISECOND);
    let known = record(&just_now, since);
    let again = |now_ns| unsure_since(&just_now, Some(&known), now_ns);
    assert_eq!(again(NOW + 5 * MILLISECOND), since, "the same tick");
    assert_eq!(again(NOW + 20 * MILLISECOND), 0, "the next tick");
}

#[test]
fn a_clock_that_counts_seconds_is_given_two_of_them() {
    let whole = NOW - NOW % SECOND;
    let coarse = entry(whole, whole);
    let at = |after| unsure_since(&coarse, None, whole + after);
    assert_ne!(at(0), 0);
    assert_ne!(at(SECOND + 999 * MILLISECOND), 0);
    assert_eq!(at(2 * SECOND), 0);
    // Where there is no time of the status change, the other one has to do.
    let portable = entry(whole, 0);
    assert_ne!(unsure_since(&portable, None, whole + SECOND), 0);
    assert_eq!(unsure_since(&portable, None, whole + 2 * SECOND), 0);
}

#[test]
fn a_modification_time_that_was_set_costs_nothing() {
    for modified_ns in [1, NOW + 1_000_000 * SECOND] {
        let set = entry(modified_ns, NOW - SECOND);
        assert_eq!(unsure_since(&set, None, NOW), 0);
    }
}

#[test]
fn a_file_from_the_future_is_read_twice_and_no_more() {
    // A server whose clock is ahead; a time that was set where the system has no other.
    for ahead in [
        entry(NOW + 3_600 * SECOND, NOW + 3_600 * SECOND),
        entry(NOW + 3_600 * SECOND, 0),
    ] {
        let since = unsure_since(&ahead, None, NOW);
        assert_eq!(since, NOW);
        let known = record(&ahead, since);
        let later = NOW + 20 * MILLISECOND;
        assert_eq!(unsure_since(&ahead, Some(&known), later), 0, "{ahead:?}");
        // Changed meanwhile: the tick begins anew.
        let other = WalkEntry {
            modified_ns: ahead.modified_ns + 1,
            ..ahead.clone()
        };
        assert_eq!(unsure_since(&other, Some(&known), later), later);
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_make_it_wait() {
    let ahead = entry(NOW, NOW);
    let known = record(&ahead, NOW + MILLISECOND);
    let before = NOW - 3_600 * SECOND;
    let since = unsure_since(&ahead, Some(&known), before);
    assert_eq!(since, before);
    let known = record(&ahead, since);
    let later = before + 20 * MILLISECOND;
    assert_eq!(unsure_since(&ahead, Some(&known), later), 0);
}
