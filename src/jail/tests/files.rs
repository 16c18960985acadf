//! What may be read, written, moved, removed and listed, and that nothing else is touched.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o7777
}

#[test]
fn only_regular_files_with_one_name_are_written() {
    let world = World::new();
    let root = world.at("root");
    fs::hard_link(world.at("evil/secret"), root.join("linked")).expect("a hard link");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .expect("a pipe");
    let _socket = UnixListener::bind(root.join("socket")).expect("a socket");
    assert_eq!(world.read("linked").expect("readable"), OUTSIDE);
    let hash = world.hash("linked");
    for expected in [Expected::Any, Expected::Hash(hash)] {
        let error = world.write("linked", "x", expected).expect_err("linked");
        assert!(matches!(error, JailError::ManyLinks(_)), "{error}");
    }
    let linked = world.path("linked");
    assert!(world.jail.remove(&linked, hash).is_err());
    assert!(
        world
            .jail
            .rename(&linked, &world.path("moved"), hash)
            .is_err()
    );
    for given in ["pipe", "socket"] {
        let error = world.read(given).expect_err(given);
        assert!(matches!(error, JailError::NotRegular(_)), "{error}");
        let error = world.write(given, "x", Expected::Any).expect_err(given);
        assert!(matches!(error, JailError::NotRegular(_)), "{error}");
        let kind = world.jail.kind(&world.path(given)).expect("a kind");
        assert_eq!(kind, Some(EntryKind::Other));
    }
    let pipe = fs::symlink_metadata(root.join("pipe")).expect("a pipe");
    assert!(pipe.file_type().is_fifo());
    for given in ["src", "."] {
        let error = world.read(given).expect_err(given);
        assert!(matches!(error, JailError::Folder(_)), "{error}");
        let error = world.write(given, "x", Expected::Any).expect_err(given);
        assert!(matches!(error, JailError::Folder(_)), "{error}");
    }
    let error = world.write("src/main.rs/x", "x", Expected::Any);
    assert!(matches!(error, Err(JailError::NotAFolder(_))));
    fs::remove_file(root.join("linked")).expect("removed");
    world.check();
}

#[test]
fn what_is_written_is_whole_and_keeps_its_mode() {
    let world = World::new();
    let root = world.at("root");
    world
        .write("a/b/new.txt", "new\n", Expected::Absent)
        .expect("written");
    assert_eq!(world.read("a/b/new.txt").expect("read"), "new\n");
    assert_eq!(mode(&root.join("a/b/new.txt")), 0o644);
    assert_eq!(mode(&root.join("a/b")), 0o755);
    assert_eq!(mode(&root.join("a")), 0o755);
    for bits in [0o755, 0o600, 0o664, 0o777] {
        fs::set_permissions(root.join("src/main.rs"), Permissions::from_mode(bits))
            .expect("a mode");
        let hash = world.hash("src/main.rs");
        let text = format!("// {bits:o}\n");
        world
            .write("src/main.rs", &text, Expected::Hash(hash))
            .expect("written");
        assert_eq!(world.read("src/main.rs").expect("read"), text);
        assert_eq!(mode(&root.join("src/main.rs")), bits);
    }
    let path = world.path("tool.sh");
    world
        .jail
        .write_with_mode(&path, b"#!/bin/sh\n", Expected::Absent, Some(0o750))
        .expect("written");
    assert_eq!(mode(&root.join("tool.sh")), 0o750);
    fs::set_permissions(root.join("tool.sh"), Permissions::from_mode(0o444)).expect("a mode");
    let error = world
        .write("tool.sh", "x", Expected::Any)
        .expect_err("read-only");
    assert!(matches!(error, JailError::ReadOnly(_)), "{error}");
    world.check();
}

#[test]
fn what_was_not_expected_is_not_touched() {
    let world = World::new();
    let path = world.path("src/main.rs");
    let hash = world.hash("src/main.rs");
    let error = world.write("src/main.rs", "x", Expected::Absent);
    assert!(matches!(error, Err(JailError::AlreadyThere(_))));
    fs::write(world.at("root/src/main.rs"), "theirs\n").expect("a change");
    let error = world.write("src/main.rs", "x", Expected::Hash(hash));
    assert!(matches!(error, Err(JailError::ChangedOnDisk(_))));
    assert!(matches!(
        world.jail.remove(&path, hash),
        Err(JailError::ChangedOnDisk(_))
    ));
    let moved = world.jail.rename(&path, &world.path("x/y/z.rs"), hash);
    assert!(matches!(moved, Err(JailError::ChangedOnDisk(_))));
    assert!(!world.at("root/x").exists(), "no folder is left");
    assert_eq!(world.read("src/main.rs").expect("read"), "theirs\n");
    for given in ["gone.rs", "no/such/gone.rs"] {
        let error = world.write(given, "x", Expected::Hash(hash));
        assert!(matches!(error, Err(JailError::ChangedOnDisk(_))), "{given}");
        assert!(world.jail.remove(&world.path(given), hash).is_err());
        assert_eq!(world.jail.hash(&world.path(given)).expect("a look"), None);
    }
    assert!(!world.at("root/no").exists(), "no folder is left");
    let error = world.read("gone.rs").expect_err("gone");
    assert!(matches!(error, JailError::NotFound(_)), "{error}");
    world.check();
}

#[test]
fn files_move_to_where_nothing_is() {
    let world = World::new();
    let (from, to) = (world.path("src/main.rs"), world.path("lib/deep/main.rs"));
    let hash = world.hash("src/main.rs");
    world
        .write("there.rs", "there\n", Expected::Any)
        .expect("written");
    let error = world.jail.rename(&from, &world.path("there.rs"), hash);
    assert!(matches!(error, Err(JailError::AlreadyThere(_))));
    let error = world.jail.rename(&from, &from, hash);
    assert!(error.is_ok(), "to where it is: {error:?}");
    world.jail.rename(&from, &to, hash).expect("moved");
    assert_eq!(world.hash("lib/deep/main.rs"), hash);
    assert_eq!(world.jail.kind(&from).expect("a kind"), None);
    assert!(
        world.at("root/src").exists(),
        "it was there before the file was"
    );
    let other = world.path("lib/other.rs");
    world.jail.rename(&to, &other, hash).expect("moved");
    assert!(!world.at("root/lib/deep").exists());
    world.jail.remove(&other, hash).expect("removed");
    assert!(
        !world.at("root/lib").exists(),
        "made for it, and gone with it"
    );
    world.check();
}

#[test]
fn large_files_are_refused_and_binary_ones_only_as_text() {
    let world = World::new();
    let large = fs::File::create(world.at("root/large")).expect("a file");
    large.set_len(MOST_TEXT + 1).expect("a size");
    let error = world.read("large").expect_err("large");
    assert!(matches!(error, JailError::TooLarge { .. }), "{error}");
    assert!(world.jail.read_bytes(&world.path("large")).is_ok());
    large.set_len(MOST_BYTES + 1).expect("a size");
    assert!(world.jail.read_bytes(&world.path("large")).is_err());
    assert!(world.jail.hash(&world.path("large")).is_ok());
    fs::write(world.at("root/image"), b"\x89PNG\0\0").expect("a file");
    let error = world.read("image").expect_err("binary");
    assert!(matches!(error, JailError::NotText { .. }), "{error}");
    let bytes = world.jail.read_bytes(&world.path("image")).expect("bytes");
    assert_eq!(bytes.bytes[..], b"\x89PNG\0\0"[..]);
    assert_eq!(bytes.hash, hash_of(b"\x89PNG\0\0"));
}

#[test]
fn folders_are_listed() {
    let world = World::new();
    symlink("../../evil", world.at("root/src/out")).expect("a link");
    fs::create_dir(world.at("root/src/deep")).expect("a folder");
    let listed = world.jail.list(&world.path("src")).expect("a list");
    let listed: Vec<(&str, EntryKind, u64)> = listed
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind, entry.size))
        .collect();
    assert_eq!(
        listed,
        [
            ("deep", EntryKind::Folder, 0),
            ("main.rs", EntryKind::File, 13),
            ("out", EntryKind::Link, 0),
        ]
    );
    let root = world.jail.list(&world.path(".")).expect("a list");
    assert_eq!(root.len(), 1);
    for given in ["src/main.rs", "nothing"] {
        assert!(world.jail.list(&world.path(given)).is_err(), "{given}");
    }
}
