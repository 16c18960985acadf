//! Whatever has the name of a file that is read: every command ends, and finds what is sound.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::rows::paths;
use crate::support::samples::write_samples;
use crate::support::{Environment, ModelServer};

/// Files that some part of the program reads, and folders that it enters.
const PLACES: &[&str] = &[
    ".gitignore",
    ".ignore",
    ".ollacodeignore",
    "src/.gitignore",
    "tools/deep/.ollacodeignore",
    "OLLACODE.md",
    "AGENTS.md",
    "CLAUDE.md",
    "src/AGENTS.md",
    ".ollacode/config.toml",
    "Cargo.toml",
    "CACHEDIR.TAG",
    "src/trap.rs",
    "src/trap",
    "node_modules",
    ".github",
    ".env",
];

/// The files of a repository, in sets, since git's folder is one of them.
const OF_GIT: &[&[&str]] = &[
    &[".git"],
    &[
        ".git/HEAD",
        ".git/index",
        ".git/config",
        ".git/commondir",
        ".git/info/exclude",
    ],
    &[".git/info", "src/.git"],
];

/// What may be there instead.
const TRAPS: &[fn(&Path)] = &[
    fifo,
    |path| drop(UnixListener::bind(path).expect("a socket")),
    |path| symlink("/dev/zero", path).expect("a link"),
    |path| {
        let other = PathBuf::from(format!("{}.other", path.display()));
        fifo(&other);
        symlink(other, path).expect("a link");
    },
    |path| symlink("/proc/self/mem", path).expect("a link"),
    |path| symlink(path, path).expect("a link"),
    |path| symlink("..", path).expect("a link"),
    |path| fs::create_dir(path).expect("a folder"),
    |path| {
        let file = fs::File::create(path).expect("a file");
        file.set_len(4 << 30).expect("a large file");
    },
    |path| fs::write(path, "*x[a-z]*\n".repeat(60_000)).expect("a file"),
    |path| fs::write(path, b"\xff\xfe\0\n\xc3\x28\n").expect("a file"),
];

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
    assert!(made.success());
}

fn assert_every_command_ends(trap: fn(&Path), places: &[&str]) {
    let server = ChatServer::start(vec![Reply::text("It is there."), Reply::text("So it is.")]);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    write_samples(&environment);
    for place in places {
        let path = environment.workspace().join(place);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        trap(&path);
    }
    environment.index();
    let found = environment.paths_found("read_header");
    assert_eq!(found.first().map(String::as_str), Some("src/parser.rs"));
    for arguments in [
        &["index", "--skipped"][..],
        &["chat", "-p", "Where is read_header?"],
    ] {
        environment.run(arguments).expect_success();
    }
    // What it says of the rest of the machine is another matter.
    let output = environment.run(&["doctor"]);
    assert!(!output.words().contains("panicked"), "{output:#?}");
}

#[test]
fn no_file_that_is_read_holds_a_command_up() {
    for trap in TRAPS {
        assert_every_command_ends(*trap, PLACES);
    }
}

#[test]
fn no_file_of_git_holds_a_command_up() {
    for trap in TRAPS {
        for places in OF_GIT {
            assert_every_command_ends(*trap, places);
        }
    }
}

/// As a command of a conversation can do it, while the index is kept fresh beside it.
#[test]
fn a_folder_exchanged_for_a_link_outside_brings_nothing_in() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    write_samples(&environment);
    environment.write("d/inside.rs", "pub fn marmot() {}\n");
    environment.write("d/deep/inside.rs", "pub fn badger() {}\n");
    let outside = environment.outside().join("elsewhere");
    fs::create_dir_all(outside.join("deep")).expect("folders");
    for path in [
        "inside.rs",
        "outside.rs",
        "deep/inside.rs",
        "deep/outside.rs",
    ] {
        fs::write(outside.join(path), "pub fn zyzzyva() {}\n").expect("a file");
    }
    let (d, l) = (
        environment.workspace().join("d"),
        environment.workspace().join("l"),
    );
    symlink(&outside, &l).expect("a link");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &d, CWD, &l, RenameFlags::EXCHANGE);
            }
        });
        for _ in 0..8 {
            environment.run(&["index", "--force"]).expect_success();
            let answer = environment.run(&["search", "zyzzyva"]).expect_success();
            assert!(!answer.stdout.contains("fn zyzzyva"), "{answer:#?}");
            for row in environment.rows() {
                assert!(!row.chunk.text.contains("zyzzyva"), "{}", row.chunk.path);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    let sent = server.received();
    assert!(
        sent.iter().all(|text| !text.contains("fn zyzzyva")),
        "{sent:#?}"
    );
    assert!(paths(&environment.rows()).contains(&"src/parser.rs"));
}
