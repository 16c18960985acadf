//! Whatever has the name of a file or folder: the walk ends, and what is sound is listed.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ollacode_indexer::walk::{SkipReason, WalkLimits, list, walk};
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use super::{count, paths, tree, write};

/// What may be found where a file is expected.
#[derive(Clone, Copy, Debug)]
enum Trap {
    Fifo,
    Socket,
    EndlessLink,
    FifoLink,
    DanglingLink,
    LoopLink,
    LinkToItsFolder,
    Folder,
    HugeSparseFile,
    ManyPatterns,
    LongLine,
    NotText,
}

const TRAPS: [Trap; 12] = [
    Trap::Fifo,
    Trap::Socket,
    Trap::EndlessLink,
    Trap::FifoLink,
    Trap::DanglingLink,
    Trap::LoopLink,
    Trap::LinkToItsFolder,
    Trap::Folder,
    Trap::HugeSparseFile,
    Trap::ManyPatterns,
    Trap::LongLine,
    Trap::NotText,
];

fn set(trap: Trap, path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match trap {
        Trap::Fifo => mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap(),
        Trap::Socket => drop(UnixListener::bind(path).unwrap()),
        Trap::EndlessLink => symlink("/dev/zero", path).unwrap(),
        Trap::FifoLink => {
            let fifo = PathBuf::from(format!("{}.fifo", path.display()));
            set(Trap::Fifo, &fifo);
            symlink(fifo, path).unwrap();
        }
        Trap::DanglingLink => symlink("/nowhere/at/all", path).unwrap(),
        Trap::LoopLink => symlink(path, path).unwrap(),
        Trap::LinkToItsFolder => symlink(".", path).unwrap(),
        Trap::Folder => fs::create_dir(path).unwrap(),
        Trap::HugeSparseFile => {
            let file = fs::File::create(path).unwrap();
            file.set_len(4 << 30).unwrap();
        }
        Trap::ManyPatterns => {
            let lines: String = (0..60_000).map(|n| format!("*{n}*x\n")).collect();
            fs::write(path, lines).unwrap();
        }
        Trap::LongLine => fs::write(path, "[a-z]*".repeat(150_000)).unwrap(),
        Trap::NotText => fs::write(path, b"\xff\xfe*\0.\0r\0s\0\n\xc3\x28\n").unwrap(),
    }
}

#[test]
fn no_trap_holds_the_walk_up_or_hides_what_is_sound() {
    let places = [
        ".gitignore",
        ".ignore",
        ".ollacodeignore",
        "sub/.gitignore",
        "sub/deep/.ollacodeignore",
        ".git",
        ".git/HEAD",
        ".git/index",
        ".git/info",
        ".git/info/exclude",
        ".git/commondir",
        "sub/.git",
        "CACHEDIR.TAG",
        "sub/CACHEDIR.TAG",
        "node_modules",
        "sub/trap.rs",
        "trap",
        "Cargo.toml",
    ];
    for place in places {
        for trap in TRAPS {
            let folder = tree(&[("a.rs", ""), ("sub/b.rs", ""), ("sub/deep/c.rs", "")]);
            set(trap, &folder.path().join(place));
            let walked = walk(folder.path(), &WalkLimits::default());
            for path in ["a.rs", "sub/b.rs", "sub/deep/c.rs"] {
                assert!(
                    paths(&walked).contains(&path),
                    "{path}: {trap:?} at {place}"
                );
            }
        }
    }
}

#[test]
fn an_ignore_file_that_does_not_count_is_said() {
    let said = [
        (
            Trap::Fifo,
            "`sub/.gitignore` is not applied: it is a FIFO, a socket or a device",
        ),
        (
            Trap::EndlessLink,
            "`sub/.gitignore` is not applied: it is a link",
        ),
        (
            Trap::Folder,
            "`sub/.gitignore` is not applied: it is a folder",
        ),
        (
            Trap::HugeSparseFile,
            "`sub/.gitignore` is not applied: it is larger than 1048576 bytes",
        ),
        (
            Trap::ManyPatterns,
            "`sub/.gitignore` is too long: its last 50000 lines are not applied",
        ),
        (
            Trap::LongLine,
            "`sub/.gitignore`: line 1 is not applied: it is not UTF-8, or not a valid pattern",
        ),
        (
            Trap::NotText,
            "`sub/.gitignore`: lines 1, 2 are not applied: they are not UTF-8, or not valid patterns",
        ),
    ];
    for (trap, expected) in said {
        let folder = tree(&[("sub/b.rs", "")]);
        set(trap, &folder.path().join("sub/.gitignore"));
        let walked = walk(folder.path(), &WalkLimits::default());
        assert_eq!(walked.errors, [expected], "{trap:?}");
    }
}

#[test]
fn a_bad_line_costs_no_other_line() {
    let folder = tree(&[("a.log", ""), ("b.csv", ""), ("c.tmp", ""), ("d.rs", "")]);
    let mut rules = b"\xef\xbb\xbf*.log\r\n# \xff is no text\n{a,b\n*.csv\n".to_vec();
    rules.extend(b"x\0y\n");
    rules.extend("y".repeat(5_000).into_bytes());
    rules.extend(b"\n*.tmp");
    fs::write(folder.path().join(".gitignore"), rules).unwrap();
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(paths(&walked), ["d.rs"]);
    assert_eq!(
        walked.errors,
        ["`.gitignore`: lines 3, 5, 6 are not applied: they are not UTF-8, or not valid patterns"]
    );
}

#[test]
fn many_rules_that_are_long_are_all_kept() {
    let folder = tree(&[("a994.log", ""), ("b.rs", "")]);
    let rules: String = (0..2_000)
        .map(|number| format!("[a-c]{number}{}.log\n", "*x?".repeat(number % 7)))
        .collect();
    write(folder.path(), ".gitignore", &rules);
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(paths(&walked), ["b.rs"]);
    assert_eq!(walked.errors, Vec::<String>::new());
}

#[test]
fn a_folder_exchanged_for_a_link_outside_shows_nothing_from_there() {
    let outside = tree(&[("outside.rs", ""), ("deep/outside.rs", "")]);
    let folder = tree(&[("d/inside.rs", ""), ("d/deep/inside.rs", ""), ("a.rs", "")]);
    let root = folder.path();
    symlink(outside.path(), root.join("l")).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (d, l) = (root.join("d"), root.join("l"));
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &d, CWD, &l, RenameFlags::EXCHANGE);
            }
        });
        let mut inside = 0;
        for _ in 0..400 {
            let walked = walk(root, &WalkLimits::default());
            let listed = list(root, "d", &WalkLimits::default());
            let found = paths(&walked).join(" ");
            assert!(!found.contains("outside"), "{found}");
            assert!(!listed.iter().any(|listed| listed.path.contains("outside")));
            inside += usize::from(found.contains("inside"));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(inside > 0, "the folder was there now and then");
    });
}

#[test]
fn our_own_folders_are_known_by_what_they_are() {
    let folder = tree(&[("data/x.rs", ""), ("src/data/y.rs", "")]);
    let named = tempfile::tempdir().unwrap();
    symlink(folder.path().join("data"), named.path().join("link")).unwrap();
    let limits = WalkLimits {
        own: vec![named.path().join("link"), named.path().join("missing")],
        ..WalkLimits::default()
    };
    let walked = walk(folder.path(), &limits);
    assert_eq!(paths(&walked), ["src/data/y.rs"]);
    assert!(!walked.folders.contains(&folder.path().join("data")));
}

#[test]
fn wide_and_deep_trees_need_few_open_folders() {
    let folder = tempfile::tempdir().unwrap();
    let mut wanted = 0;
    for one in 0..60 {
        for two in 0..40 {
            write(folder.path(), &format!("d{one}/e{two}/x.rs"), "");
            wanted += 1;
        }
    }
    write(
        folder.path(),
        &format!("{}/x.rs", vec!["deep"; 60].join("/")),
        "",
    );
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(walked.entries.len(), wanted + 1);
    assert_eq!(count(&walked, SkipReason::Unreadable), 0);
}

/// Runs something as who may read only what all may, also where the tests run as root.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            // Of this thread alone, and of those that it starts.
            // SAFETY: it changes nothing but the credentials for files of this thread.
            #[expect(unsafe_code, reason = "there is no safe call for it")]
            unsafe {
                libc::setfsuid(65_534);
            }
            work()
        });
        worker.join().unwrap()
    })
}

#[test]
fn what_cannot_be_listed_is_said_and_nothing_of_it_is_known() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tree(&[("a.rs", ""), ("q/b.rs", ""), ("r/deep/c.rs", "")]);
    let root = folder.path();
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("", 0o755);
    mode("r", 0o755);
    mode("q", 0o000);
    mode("r/deep", 0o311);
    let walked = as_nobody(|| walk(root, &WalkLimits::default()));
    assert_eq!(paths(&walked), ["a.rs"]);
    assert_eq!(walked.unread, ["q", "r/deep"]);
    assert_eq!(
        walked.errors,
        [
            "`q` cannot be read: Permission denied (os error 13)",
            "`r/deep` cannot be read: Permission denied (os error 13)"
        ]
    );
    mode("", 0o000);
    let walked = as_nobody(|| walk(root, &WalkLimits::default()));
    mode("", 0o755);
    assert_eq!(
        (walked.entries.len(), walked.unread),
        (0, vec![String::new()])
    );
    mode("q", 0o755);
}
