//! Symbolic links: read through inside, never written through, never followed out.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_root_that_is_a_link_is_a_root() {
    let world = World::new();
    symlink(world.at("root"), world.at("alias")).expect("a link");
    let jail = Jail::open(&world.at("alias")).expect("a jail");
    assert_eq!(jail.root(), world.jail.root());
    let named = world.at("alias/src/main.rs");
    let path = jail.path(named.to_str().expect("a plain path"));
    let path = path.expect("known by both names");
    assert_eq!(path.as_str(), "src/main.rs");
    jail.write(&path, b"x\n", Expected::Any).expect("written");
    assert_eq!(world.read("src/main.rs").expect("read"), "x\n");
    let twin = world.at("alias-evil/secret");
    assert!(jail.path(twin.to_str().expect("a plain path")).is_err());
    assert!(Jail::open(&world.at("nothing")).is_err());
    assert!(Jail::open(&world.at("root/src/main.rs")).is_err());
}

/// Paths over links that lead out of the root, or are absolute.
const LEAD_OUT: [&str; 19] = [
    "absolute",
    "relative",
    "winding",
    "folder/secret",
    "folder/deep/secret",
    "folder/new",
    "folder/a/b/new",
    "folder2/secret",
    "folder2/new",
    "magic/etc/hostname",
    "magic2/Cargo.toml",
    "magic3",
    "magic",
    "device",
    "dangling",
    "dangling2",
    "chain",
    "folder_chain/secret",
    "home",
];

#[test]
fn links_that_lead_out_are_refused() {
    let world = World::new();
    let root = world.at("root");
    let evil = world.at("evil");
    for (target, link) in [
        (evil.join("secret"), "absolute"),
        ("../evil/secret".into(), "relative"),
        ("src/../../evil/secret".into(), "winding"),
        (evil.clone(), "folder"),
        ("../evil".into(), "folder2"),
        ("/proc/self/root".into(), "magic"),
        ("/proc/self/cwd".into(), "magic2"),
        ("/proc/self/fd/0".into(), "magic3"),
        ("/dev/stdin".into(), "device"),
        (evil.join("new"), "dangling"),
        ("../evil/new".into(), "dangling2"),
        ("absolute".into(), "chain"),
        ("folder".into(), "folder_chain"),
    ] {
        symlink(&target, root.join(link)).expect("a link");
    }
    // Absolute links are refused also if they lead back in: where they lead is not ours to say.
    symlink(root.join("src/main.rs"), root.join("home")).expect("a link");
    for given in LEAD_OUT {
        let refused = |what: &str, error: JailError| {
            assert!(
                matches!(error, JailError::Outside(_)),
                "{what} {given}: {error:?}"
            );
        };
        refused("read", world.read(given).expect_err(given));
        let path = world.path(given);
        refused("bytes", world.jail.read_bytes(&path).expect_err(given));
        refused("hash", world.jail.hash(&path).expect_err(given));
        for expected in [Expected::Any, Expected::Absent, Expected::Hash([0; 32])] {
            refused("write", world.write(given, "x", expected).expect_err(given));
        }
        let error = world.jail.remove(&path, hash_of(OUTSIDE.as_bytes()));
        refused("remove", error.expect_err(given));
        let error = world
            .jail
            .rename(&path, &world.path("in"), hash_of(OUTSIDE.as_bytes()));
        refused("rename", error.expect_err(given));
    }
    for given in ["folder", "folder2", "magic", "folder/deep", "folder_chain"] {
        let error = world.jail.list(&world.path(given)).expect_err(given);
        assert!(matches!(error, JailError::Outside(_)), "{given}: {error:?}");
    }
    let hash = world.hash("src/main.rs");
    let from = world.path("src/main.rs");
    for to in ["folder/new", "folder2/deep/new", "magic/tmp/new"] {
        let error = world.jail.rename(&from, &world.path(to), hash);
        assert!(matches!(error, Err(JailError::Outside(_))), "{to}");
    }
    assert_eq!(world.hash("src/main.rs"), hash);
    world.check();
}

#[test]
fn links_inside_are_read_through_and_never_written_through() {
    let world = World::new();
    let root = world.at("root");
    symlink("src/main.rs", root.join("entry.rs")).expect("a link");
    symlink("src", root.join("source")).expect("a link");
    symlink("../src/main.rs", root.join("src/self.rs")).expect("a link");
    symlink("nothing", root.join("broken")).expect("a link");
    symlink("loop2", root.join("loop1")).expect("a link");
    symlink("loop1", root.join("loop2")).expect("a link");
    for given in [
        "entry.rs",
        "source/main.rs",
        "src/self.rs",
        "source/self.rs",
    ] {
        let file = world.jail.read(&world.path(given)).expect(given);
        assert_eq!(file.text, "fn main() {}\n");
        assert_eq!(file.path.as_str(), "src/main.rs", "{given}");
        let error = world
            .jail
            .write(&world.path(given), b"x", Expected::Any)
            .expect_err(given);
        let JailError::Link { target, .. } = error else {
            panic!("{given}: {error}");
        };
        assert!(
            matches!(target.as_deref(), Some("src/main.rs" | "src")),
            "{given}: {target:?}"
        );
        let error = world
            .jail
            .remove(&world.path(given), file.hash)
            .expect_err(given);
        assert!(matches!(error, JailError::Link { .. }), "{given}: {error}");
    }
    assert_eq!(
        world
            .jail
            .list(&world.path("source"))
            .expect("a list")
            .len(),
        2
    );
    assert!(matches!(world.read("broken"), Err(JailError::NotFound(_))));
    assert!(matches!(
        world.write("broken", "x", Expected::Any),
        Err(JailError::Link { target: None, .. })
    ));
    for given in ["loop1", "loop1/x", "loop2"] {
        assert!(world.read(given).is_err(), "{given}");
        assert!(world.write(given, "x", Expected::Any).is_err(), "{given}");
    }
    let kind = |given: &str| world.jail.kind(&world.path(given)).expect("a kind");
    assert_eq!(kind("entry.rs"), Some(EntryKind::Link));
    assert_eq!(kind("source"), Some(EntryKind::Link));
    assert_eq!(kind("source/main.rs"), Some(EntryKind::File));
    assert_eq!(kind("."), Some(EntryKind::Folder));
    assert_eq!(kind("src"), Some(EntryKind::Folder));
    assert_eq!(kind("nothing"), None);
    assert_eq!(kind("src/main.rs/x"), None);
    assert_eq!(world.read("src/main.rs").expect("read"), "fn main() {}\n");
    world.check();
}

#[test]
fn a_link_is_no_other_name_for_a_secret_or_a_hook() {
    let world = World::new();
    let root = world.at("root");
    fs::create_dir_all(root.join(".git/hooks")).expect("a folder");
    fs::write(root.join(".env"), "KEY=1\n").expect("a file");
    symlink(".env", root.join("notes.txt")).expect("a link");
    symlink(".", root.join("here")).expect("a link");
    symlink(".git/hooks", root.join("hooks")).expect("a link");
    let error = world.read("notes.txt").expect_err("another name");
    let JailError::Link { target, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(target.as_deref(), Some(".env"));
    assert!(error.to_string().contains("name `.env` itself"), "{error}");
    assert_eq!(world.read(".env").expect("by its name"), "KEY=1\n");
    // Both names tell, so whoever asks is asked about a secret.
    assert_eq!(world.read("here/.env").expect("by its name"), "KEY=1\n");
    let resolved = world.jail.resolve(&world.path("notes.txt"));
    assert_eq!(resolved.expect("inside").as_str(), ".env");
    let error = world
        .write("hooks/pre-commit", "#!/bin/sh\n", Expected::Any)
        .expect_err("a hook");
    assert!(error.to_string().contains("`.git/hooks`"), "{error}");
    assert!(!root.join(".git/hooks/pre-commit").exists());
}

/// A folder and a link that leads out change places as fast as they can, while files are written,
/// read, moved and removed through that name.
#[cfg(target_os = "linux")]
#[test]
fn nothing_slips_out_while_a_folder_is_swapped_for_a_link() {
    use std::sync::atomic::{AtomicBool, Ordering};

    const ROUNDS: usize = 500;

    let world = World::new();
    let root = world.at("root");
    fs::create_dir(root.join("dir")).expect("a folder");
    symlink("../evil", root.join("swap")).expect("a link");
    let stop = AtomicBool::new(false);
    let (mut written, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            let (one, other) = (root.join("dir"), root.join("swap"));
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE);
                std::thread::yield_now();
            }
        });
        for round in 0..ROUNDS {
            let given = ["dir/new", "dir/deep/new", "dir/secret"][round % 3];
            match world.write(given, "ours\n", Expected::Any) {
                Ok(()) => written += 1,
                Err(_) => refused += 1,
            }
            if let Ok(text) = world.read("dir/secret") {
                assert_eq!(text, "ours\n", "read from outside");
            }
            let (from, to) = (world.path("dir/new"), world.path("dir/deep/moved"));
            let _ = world.jail.rename(&from, &to, hash_of(b"ours\n"));
            let _ = world.jail.remove(&to, hash_of(b"ours\n"));
            let secret = world.path("dir/secret");
            let _ = world.jail.remove(&secret, hash_of(OUTSIDE.as_bytes()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(written + refused, ROUNDS);
    assert!(written > 0, "some are written");
    world.check();
}
