//! Several writers at once, and what a killed one leaves behind.

use std::fs::{self, File};
use std::thread;

use super::super::walk::MissingFolders;
use super::*;

/// Adds one to the number in a file, as an edit does: read, then written if it is as it was read.
fn add_one(jail: &Jail, path: &WorkspacePath) -> Result<(), JailError> {
    let file = jail.read(path)?;
    let number: u32 = file.text.trim().parse().expect("a number");
    let text = format!("{}\n", number + 1);
    jail.write(path, text.as_bytes(), Expected::Hash(file.hash))
}

/// Locks are by open file, so that threads with a jail each are as good as processes.
#[test]
fn no_edit_of_several_at_once_is_lost() {
    const WRITERS: u32 = 4;
    const TIMES: u32 = 15;
    let world = World::new();
    let root = world.at("root");
    fs::write(root.join("count"), "0\n").expect("a file");
    let work = || {
        let jail = Jail::open(&root).expect("a jail");
        let path = jail.path("count").expect("a path");
        let mut done = 0;
        while done < TIMES {
            match add_one(&jail, &path) {
                Ok(()) => done += 1,
                Err(JailError::ChangedOnDisk(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(work);
        }
    });
    let count = world.read("count").expect("read");
    assert_eq!(count.trim(), (WRITERS * TIMES).to_string());
    assert_eq!(temporaries(&root), [""; 0]);
}

/// What an editor that knows nothing of our locks writes in the last moment goes back.
#[test]
fn what_somebody_writes_in_the_last_moment_stays() {
    let world = World::new();
    let path = world.path("src/main.rs");
    let place = world
        .jail
        .open_parent(&path, MissingFolders::Fails)
        .expect("a place");
    let expected = world.hash("src/main.rs");
    let file = world.at("root/src/main.rs");
    for theirs in ["theirs\n", "theirs again\n"] {
        fs::write(&file, theirs).expect("a file");
        let (_, temporary) = place.create_temporary().expect("a temporary file");
        let beside = world.at("root/src").join(&temporary);
        fs::write(&beside, "ours\n").expect("a file");
        let hashes = (expected, hash_of(b"ours\n"));
        let error = world.jail.exchange(&place, &temporary, hashes);
        assert!(matches!(error, Err(JailError::ChangedOnDisk(_))));
        assert_eq!(fs::read_to_string(&file).expect("a file"), theirs);
        assert_eq!(fs::read_to_string(&beside).expect("a file"), "ours\n");
    }
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("a folder");
    let (_, temporary) = place.create_temporary().expect("a temporary file");
    let hashes = (expected, hash_of(b""));
    assert!(world.jail.exchange(&place, &temporary, hashes).is_err());
    assert!(file.is_dir(), "whatever came is there again");
}

#[test]
fn a_folder_that_somebody_holds_is_waited_for_and_then_named() {
    let world = World::new();
    let held = File::open(world.at("root/src")).expect("a folder");
    held.lock().expect("a lock");
    let hash = world.hash("src/main.rs");
    let error = world.write("src/main.rs", "x", Expected::Hash(hash));
    let error = error.expect_err("held").to_string();
    assert!(
        error.contains("another program has locked its folder"),
        "{error}"
    );
    drop(held);
    world
        .write("src/main.rs", "x", Expected::Hash(hash))
        .expect("written");
}

#[test]
fn temporary_files_of_killed_processes_are_removed_and_nothing_else() {
    let world = World::new();
    let folder = world.at("root/src");
    let stale = ".ollacode-0123456789abcdef.tmp";
    let others = [
        ".ollacode-0123456789abcdeg.tmp",
        ".ollacode-01234567.tmp",
        ".ollacode-0123456789abcdef.tmp.txt",
        "ollacode-0123456789abcdef.tmp",
    ];
    for name in others.iter().chain([&stale]) {
        fs::write(folder.join(name), "half").expect("a file");
    }
    fs::create_dir(folder.join(".ollacode-ffffffffffffffff.tmp")).expect("a folder");
    let path = world.path("src/main.rs");
    let sweep = || world.jail.remove_stale_temporaries(&path).expect("swept");
    // While somebody writes in the folder, it may be his.
    let held = File::open(&folder).expect("a folder");
    held.lock().expect("a lock");
    assert_eq!(sweep(), 0);
    drop(held);
    assert_eq!(sweep(), 1);
    assert!(!folder.join(stale).exists());
    for name in others {
        assert!(folder.join(name).exists(), "{name}");
    }
    assert!(folder.join(".ollacode-ffffffffffffffff.tmp").is_dir());
    for gone in ["nowhere/a", "src/main.rs/a"] {
        let path = world.path(gone);
        assert_eq!(
            world.jail.remove_stale_temporaries(&path).expect("nothing"),
            0
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn extended_attributes_stay() {
    use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
    use rustix::io::Errno;
    let world = World::new();
    let file = world.at("root/src/main.rs");
    let open = || File::options().write(true).open(&file).expect("a file");
    // `group::rw-`, for one named user more: what `setfacl -m u:1:rw` writes.
    let list: &[u8] = &[
        2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0, 1, 0, 0, 0, 4, 0, 4, 0, 255, 255,
        255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255,
    ];
    let wanted = [
        ("user.origin", &b"here"[..]),
        ("system.posix_acl_access", list),
    ];
    let mut set = Vec::new();
    for (name, value) in wanted {
        match fsetxattr(open(), name, value, XattrFlags::empty()) {
            Ok(()) => set.push((name, value)),
            // Not every disk has them.
            Err(Errno::NOTSUP) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    let hash = world.hash("src/main.rs");
    world
        .write("src/main.rs", "fn other() {}\n", Expected::Hash(hash))
        .expect("written");
    for (name, value) in set {
        let mut kept = [0; 64];
        let length = fgetxattr(open(), name, &mut kept[..]).expect(name);
        assert_eq!(&kept[..length], value, "{name}");
    }
}

fn temporaries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".tmp")).collect()
}
