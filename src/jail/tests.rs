//! The files of the workspace, and no others.

#[cfg(target_os = "linux")]
mod paths;
#[cfg(target_os = "linux")]
mod race;
#[cfg(target_os = "linux")]
mod traps;

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

/// A workspace with something beside it.
struct World {
    temporary: TempDir,
    jail: Jail,
}

const OUTSIDE: &str = "outside\n";

impl World {
    /// `root/` with some files, and beside it `evil/` and `root-evil/`.
    fn new() -> World {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        for folder in ["root/src", "root-evil", "evil/deep"] {
            fs::create_dir_all(temporary.path().join(folder)).expect("a folder");
        }
        for file in ["root-evil/secret", "evil/secret", "evil/deep/secret"] {
            fs::write(temporary.path().join(file), OUTSIDE).expect("a file");
        }
        let root = temporary.path().join("root");
        fs::write(root.join("src/main.rs"), "fn main() {}\n").expect("a file");
        let jail = Jail::open(&root).expect("a jail");
        World { temporary, jail }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temporary.path().join(path)
    }

    fn path(&self, given: &str) -> WorkspacePath {
        let path = self.jail.path(given);
        path.unwrap_or_else(|error| panic!("{given:?}: {error}"))
    }

    fn read(&self, given: &str) -> Result<String, JailError> {
        let read = self.jail.path(given).and_then(|path| self.jail.read(&path));
        read.map(|file| file.text)
    }

    fn write(&self, given: &str, text: &str, expected: Expected) -> Result<(), JailError> {
        let path = self.jail.path(given)?;
        self.jail.write(&path, text.as_bytes(), expected)
    }

    fn hash(&self, given: &str) -> Hash {
        let hash = self.jail.hash(&self.path(given)).expect("a readable file");
        hash.unwrap_or_else(|| panic!("no {given}"))
    }

    /// Everything outside is as it was, and no temporary file is left anywhere.
    fn check(&self) {
        let mut found = Vec::new();
        let mut pending = vec![self.temporary.path().to_owned()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let path = entry.path();
                if entry.file_type().expect("a type").is_dir() {
                    pending.push(path.clone());
                }
                let relative = path.strip_prefix(self.temporary.path()).expect("below");
                found.push(relative.to_str().expect("a plain name").to_owned());
            }
        }
        found.sort();
        assert!(
            !found.iter().any(|path| path.ends_with(".tmp")),
            "{found:?}"
        );
        let outside: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|path| path.starts_with("evil") || path.starts_with("root-evil"))
            .collect();
        let before = [
            "evil",
            "evil/deep",
            "evil/deep/secret",
            "evil/secret",
            "root-evil",
            "root-evil/secret",
        ];
        assert_eq!(outside, before);
        for file in ["root-evil/secret", "evil/secret", "evil/deep/secret"] {
            let text = fs::read_to_string(self.at(file)).expect("a file");
            assert_eq!(text, OUTSIDE, "{file}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o7777
}

#[test]
fn paths_are_read_as_they_are_meant() {
    let world = World::new();
    let root = world.jail.root().to_str().expect("a plain path").to_owned();
    let long = "n".repeat(255);
    for (given, wanted) in [
        (".", "."),
        ("./", "."),
        ("./.", "."),
        ("src", "src"),
        ("src/", "src"),
        ("src//", "src"),
        ("./src/main.rs", "src/main.rs"),
        ("././src/./main.rs", "src/main.rs"),
        ("src//main.rs", "src/main.rs"),
        ("src/main.rs/", "src/main.rs"),
        ("src/main.rs/.", "src/main.rs"),
        ("src/../src/main.rs", "src/main.rs"),
        ("src/..", "."),
        ("a/b/../../c", "c"),
        ("a/../b/../c", "c"),
        ("Src/Main.rs", "Src/Main.rs"),
        ("SRC/MAIN.RS", "SRC/MAIN.RS"),
        ("...", "..."),
        ("..a", "..a"),
        ("a..", "a.."),
        ("a../b", "a../b"),
        (".../x", ".../x"),
        ("src/main.rs.", "src/main.rs."),
        ("src/main.rs ", "src/main.rs "),
        (" src", " src"),
        ("-rf", "-rf"),
        ("a b/c d.txt", "a b/c d.txt"),
        ("日本/한국.rs", "日本/한국.rs"),
        ("a~", "a~"),
        ("src/~x", "src/~x"),
        ("$HOME/x", "$HOME/x"),
        ("%2e%2e/x", "%2e%2e/x"),
        ("a\\..\\b", "a\\..\\b"),
        ("C:x", "C:x"),
        (long.as_str(), long.as_str()),
    ] {
        assert_eq!(world.path(given).as_str(), wanted, "{given:?}");
    }
    for (given, wanted) in [
        ("", "."),
        ("/", "."),
        ("/src/main.rs", "src/main.rs"),
        ("//src///main.rs", "src/main.rs"),
        ("/./src/../src", "src"),
        ("/.", "."),
    ] {
        let given = format!("{root}{given}");
        assert_eq!(world.path(&given).as_str(), wanted, "{given:?}");
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let world = World::new();
    let root = world.jail.root().to_str().expect("a plain path").to_owned();
    let name = world.jail.root().file_name().expect("a name");
    let name = name.to_str().expect("a plain name");
    for given in [
        "..".to_owned(),
        "../".to_owned(),
        "../..".to_owned(),
        "../evil/secret".to_owned(),
        "./../evil/secret".to_owned(),
        "src/../../evil/secret".to_owned(),
        "a/b/../../../evil/secret".to_owned(),
        "../root-evil/secret".to_owned(),
        format!("../{name}/src/main.rs"),
        "/".to_owned(),
        "/etc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
        "/proc/self/environ".to_owned(),
        format!("{root}-evil/secret"),
        format!("{root}/../evil/secret"),
        format!("{root}/../{name}-evil/secret"),
        format!("{root}/src/../../evil/secret"),
        format!("{root}/../{name}/src/main.rs"),
        format!("{}x", root),
        root[..root.len() - 1].to_owned(),
        root.to_uppercase(),
    ] {
        let error = world.jail.path(&given).expect_err(&given);
        assert!(matches!(error, JailError::Outside(_)), "{given:?}: {error}");
        assert!(error.to_string().contains(&given), "{error}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    let world = World::new();
    let long = "n".repeat(256);
    let deep = "d/".repeat(2500);
    for given in [
        "",
        " ",
        "\t",
        "a\0b",
        "src/main.rs\0.txt",
        "a\nb",
        "src/main.rs\n",
        "a\rb",
        "a\tb",
        "a\u{1b}[2Jb",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{2028}b",
        "~",
        "~/x",
        "~root/.ssh/id_rsa",
        "./~/x",
        "src/../~x",
        long.as_str(),
        deep.as_str(),
    ] {
        let error = world.jail.path(given).expect_err(given);
        assert!(matches!(error, JailError::BadPath(_)), "{given:?}: {error}");
        let message = error.to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.len() < 2_000, "{} bytes", message.len());
    }
}

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
    for given in [
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
    ] {
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
