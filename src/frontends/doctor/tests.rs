use std::path::Path;
use std::time::{Duration, SystemTime};

use ollacode_indexer::{Counts, IndexStatistics};

use super::disk::{room, times_compared};
use super::{CheckState, contents};

#[test]
fn a_disk_is_judged_by_the_room_on_it() {
    let state = |free| room(Path::new("/data"), free).state;
    assert_eq!(state(1 << 40), CheckState::Good);
    assert_eq!(state(300 << 20), CheckState::Warning);
    assert_eq!(state(1 << 20), CheckState::Broken);
    assert_eq!(state(0), CheckState::Broken);
}

#[test]
fn clocks_that_differ_are_said() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let apart = |seconds: i64| {
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { now - by } else { now + by }
    };
    for seconds in [-1, 0, 1] {
        assert_eq!(times_compared(now, apart(seconds), 0), None);
    }
    for seconds in [-3_600, -60, 60, 86_400] {
        let said = times_compared(now, apart(seconds), 0).map(|check| check.message);
        let away = format!("differs by {} s", seconds.abs());
        assert!(said.is_some_and(|said| said.contains(&away)), "{seconds}");
    }
    let said = times_compared(now, now, 2).map(|check| check.message);
    assert!(said.is_some_and(|said| said.contains("2 files")));
}

#[test]
fn an_index_is_good_only_if_everything_in_it_can_be_found() {
    let status = |files, chunks, embedded, failed| IndexStatistics {
        counts: Counts {
            files,
            chunks,
            embedded,
            failed,
        },
        languages: Vec::new(),
        bytes: 0,
    };
    let model = || Some("embedder".to_owned());
    assert_eq!(
        contents(&status(1, 2, 2, 0), model()).state,
        CheckState::Good
    );
    assert_eq!(contents(&status(1, 2, 0, 0), None).state, CheckState::Good);
    assert_eq!(
        contents(&status(0, 0, 0, 0), None).state,
        CheckState::Warning
    );
    assert_eq!(
        contents(&status(1, 2, 1, 1), model()).state,
        CheckState::Warning
    );
    assert_eq!(
        contents(&status(1, 2, 1, 0), model()).state,
        CheckState::Warning
    );
}
