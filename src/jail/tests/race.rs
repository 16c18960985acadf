//! A folder, or a file, changes places with a link to the outside as fast as it can, while each
//! operation goes through that name. `OLLACODE_TEST_ROUNDS=20000` makes it a long race.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::*;

/// Rounds of each operation, unless the environment says another number.
const ROUNDS: usize = 300;
/// After so many rounds, it is seen to that something was swapped meanwhile.
const ROUNDS_PER_LOOK: usize = 25;
const OURS: &str = "ours\n";

fn rounds() -> usize {
    let wanted = std::env::var("OLLACODE_TEST_ROUNDS").ok();
    wanted.map_or(ROUNDS, |wanted| {
        wanted.parse().expect("OLLACODE_TEST_ROUNDS is a number")
    })
}

/// How often an operation succeeded, and how often it was refused.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    refused: usize,
}

/// Has a name swapped while an operation is repeated.
///
/// `swapped` is in the root, and `trap` the link with which it changes places.
fn race(world: &World, swapped: &str, trap: &str, mut operation: impl FnMut() -> bool) -> Tally {
    let (one, other) = (world.at("root").join(swapped), world.at("root").join(trap));
    let (stop, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut tally = Tally::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // What an operation has just taken away cannot be swapped.
                if renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).is_ok() {
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
                thread::yield_now();
            }
        });
        // Also if an assertion fails: the scope waits for the thread.
        let _stopper = Stopper(&stop);
        let mut seen = 0;
        for round in 0..rounds() {
            if round % ROUNDS_PER_LOOK == 0 {
                let deadline = Instant::now() + Duration::from_secs(5);
                while swaps.load(Ordering::Relaxed) == seen && Instant::now() < deadline {
                    thread::yield_now();
                }
                seen = swaps.load(Ordering::Relaxed);
            }
            if operation() {
                tally.done += 1;
            } else {
                tally.refused += 1;
            }
        }
    });
    assert!(swaps.load(Ordering::Relaxed) > 0, "nothing was swapped");
    tally
}

struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `root/dir` is a folder with a file, and `root/trap` a link to `evil`, where a file of the same
/// name is.
fn folders() -> World {
    let world = World::new();
    fs::create_dir(world.at("root/dir")).expect("a folder");
    fs::write(world.at("root/dir/secret"), OURS).expect("a file");
    symlink("../evil", world.at("root/trap")).expect("a link");
    world
}

/// Both ends of a race were seen, and nothing happened outside.
#[track_caller]
fn check(world: &World, what: &str, tally: &Tally) {
    assert_eq!(tally.done + tally.refused, rounds(), "{what}: {tally:?}");
    assert!(tally.done > 0, "{what} was always refused");
    world.check();
}

#[test]
fn reading_through_a_name_that_changes() {
    let world = folders();
    let (path, folder) = (world.path("dir/secret"), world.path("dir"));
    let tally = race(&world, "dir", "trap", || match world.jail.read(&path) {
        Ok(file) => {
            assert_eq!(file.text, OURS, "read from outside");
            true
        }
        Err(_) => false,
    });
    check(&world, "reading", &tally);
    let tally = race(&world, "dir", "trap", || {
        let bytes = world.jail.read_bytes(&path);
        let hash = world.jail.hash(&path);
        if let Ok(file) = &bytes {
            assert_eq!(file.bytes[..], *OURS.as_bytes(), "read from outside");
        }
        if let Ok(Some(hash)) = hash {
            assert_eq!(hash, hash_of(OURS.as_bytes()), "hashed outside");
        }
        bytes.is_ok()
    });
    check(&world, "reading bytes", &tally);
    let tally = race(&world, "dir", "trap", || match world.jail.list(&folder) {
        Ok(entries) => {
            // Outside there is a folder as well.
            assert_eq!(entries.len(), 1, "listed outside: {entries:?}");
            true
        }
        Err(_) => false,
    });
    check(&world, "listing", &tally);
}

#[test]
fn writing_through_a_name_that_changes() {
    let world = folders();
    let mut round = 0;
    let tally = race(&world, "dir", "trap", || {
        round += 1;
        let given = ["dir/new", "dir/deep/new", "dir/secret"][round % 3];
        let expected = match round % 2 {
            0 => Expected::Any,
            _ => Expected::Hash(hash_of(OUTSIDE.as_bytes())),
        };
        world.write(given, OURS, expected).is_ok()
    });
    check(&world, "writing", &tally);
    let mut number = 0;
    let tally = race(&world, "dir", "trap", || {
        number += 1;
        let given = format!("dir/folder{}/a/b", number % 7);
        let is_written = world.write(&given, OURS, Expected::Absent).is_ok();
        let path = world.path(&given);
        let _ = world.jail.remove(&path, hash_of(OURS.as_bytes()));
        is_written
    });
    check(&world, "making folders", &tally);
}

#[test]
fn renaming_through_a_name_that_changes() {
    let world = folders();
    let (theirs, ours) = (hash_of(OUTSIDE.as_bytes()), hash_of(OURS.as_bytes()));
    let (secret, taken) = (world.path("dir/secret"), world.path("taken"));
    let tally = race(&world, "dir", "trap", || {
        let stolen = world.jail.rename(&secret, &taken, theirs);
        assert!(stolen.is_err(), "taken from outside");
        let is_moved = world.jail.rename(&secret, &taken, ours).is_ok();
        if is_moved {
            let back = || world.jail.rename(&taken, &secret, ours).is_ok();
            while !back() {
                thread::yield_now();
            }
        }
        is_moved
    });
    check(&world, "renaming from", &tally);
    let inside = world.path("src/main.rs");
    let hash = world.hash("src/main.rs");
    let target = world.path("dir/deep/moved");
    let tally = race(&world, "dir", "trap", || {
        let is_moved = world.jail.rename(&inside, &target, hash).is_ok();
        while is_moved && world.jail.rename(&target, &inside, hash).is_err() {
            thread::yield_now();
        }
        is_moved
    });
    check(&world, "renaming to", &tally);
    assert_eq!(world.hash("src/main.rs"), hash);
}

#[test]
fn removing_through_a_name_that_changes() {
    let world = folders();
    let (theirs, ours) = (hash_of(OUTSIDE.as_bytes()), hash_of(OURS.as_bytes()));
    let secret = world.path("dir/secret");
    let tally = race(&world, "dir", "trap", || {
        let removed = world.jail.remove(&secret, theirs);
        assert!(removed.is_err(), "removed outside");
        let is_removed = world.jail.remove(&secret, ours).is_ok();
        while is_removed && world.write("dir/secret", OURS, Expected::Any).is_err() {
            thread::yield_now();
        }
        is_removed
    });
    check(&world, "removing", &tally);
}

#[test]
fn a_file_that_is_a_link_now_and_then() {
    let world = World::new();
    fs::write(world.at("root/file"), OURS).expect("a file");
    symlink("../evil/secret", world.at("root/trap")).expect("a link");
    let path = world.path("file");
    let mut round = 0;
    let tally = race(&world, "file", "trap", || {
        round += 1;
        match round % 4 {
            0 => match world.jail.read(&path) {
                Ok(file) => {
                    assert_eq!(file.text, OURS, "read from outside");
                    true
                }
                Err(_) => false,
            },
            1 => world
                .write("file", OURS, Expected::Hash(hash_of(OURS.as_bytes())))
                .is_ok(),
            2 => {
                let removed = world.jail.remove(&path, hash_of(OUTSIDE.as_bytes()));
                assert!(removed.is_err(), "removed outside");
                false
            }
            _ => {
                let to = world.path("elsewhere");
                let moved = world.jail.rename(&path, &to, hash_of(OUTSIDE.as_bytes()));
                assert!(moved.is_err(), "taken from outside");
                false
            }
        }
    });
    check(&world, "a file", &tally);
}
