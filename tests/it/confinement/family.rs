//! The table of processes: what a session started, and what carries a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::{SURVIVAL, locked};

/// A process: a number may be used again, but not with the same time of its start.
type Process = (u32, u64);

/// What descends from one process, as far as it was seen. It ends with it.
#[derive(Default)]
pub struct Family {
    first: Mutex<Option<u32>>,
    seen: Mutex<BTreeSet<Process>>,
}

impl Family {
    /// Says whose family it is.
    pub fn is_of(&self, first: u32) {
        *locked(&self.first) = Some(first);
    }

    /// Takes note of everything that descends from it now.
    pub fn look(&self) {
        let Some(first) = *locked(&self.first) else {
            return;
        };
        let all = table();
        let descends = |id: u32| {
            let parents = std::iter::successors(Some(id), |id| all.get(id).map(|it| it.0));
            parents.take(100).any(|id| id == first)
        };
        let mut seen = locked(&self.seen);
        for (id, (_, start)) in &all {
            if descends(*id) {
                seen.insert((*id, *start));
            }
        }
    }

    /// How many were seen.
    pub fn len(&self) -> usize {
        locked(&self.seen).len()
    }

    /// Demands that all are gone soon.
    #[track_caller]
    pub fn expect_end(&self) {
        let left = || {
            let all = table();
            let seen = locked(&self.seen).clone();
            let lives = |(id, start): &Process| all.get(id).is_some_and(|it| it.1 == *start);
            seen.into_iter().filter(lives).count()
        };
        assert_eq!(last_count(left), 0, "processes outlive the session");
    }
}

/// Counts what should be gone, until nothing is left or it had its time.
pub fn last_count(count: impl Fn() -> usize) -> usize {
    let deadline = Instant::now() + SURVIVAL;
    loop {
        let left = count();
        if left == 0 || Instant::now() > deadline {
            return left;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Every process that is not dead, with its parent and its start.
fn table() -> BTreeMap<u32, (u32, u64)> {
    let mut found = BTreeMap::new();
    for id in ids() {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // A name may hold anything, but nothing behind it has a bracket.
        let Some((_, rest)) = text.rsplit_once(')') else {
            continue;
        };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        if let (Some(parent), Some(start)) = (number(1), number(19))
            && !["Z", "X"].contains(&fields[0])
        {
            found.insert(id, (u32::try_from(parent).expect("a process"), start));
        }
    }
    found
}

fn ids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("the table of processes");
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str().and_then(|name| name.parse().ok()))
        .collect()
}

/// The processes that have a word among their arguments.
pub fn marked(mark: &str) -> Vec<u32> {
    let is_marked = |id: &u32| {
        let text = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        text.split(|byte| *byte == 0)
            .any(|word| word == mark.as_bytes())
    };
    ids().into_iter().filter(is_marked).collect()
}
