//! What is read is beneath the folder, whatever happens to its names meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use super::*;

const MOST: u64 = 1 << 20;

#[test]
fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::create_dir(root.join("folder")).expect("a folder");
    fs::write(root.join("folder/file"), "text").expect("a file");
    fs::write(root.join("large"), vec![b'x'; 10]).expect("a file");
    symlink("folder/file", root.join("link")).expect("a link");
    symlink("folder", root.join("way")).expect("a link");
    symlink("/dev/zero", root.join("endless")).expect("a link");
    let fifo = mknodat(
        CWD,
        root.join("fifo"),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    );
    fifo.expect("a FIFO");
    let _socket = UnixListener::bind(root.join("socket")).expect("a socket");
    let open = Folder::open(root).expect("the folder");
    assert_eq!(open.read("folder/file", 4).expect("the text"), b"text");
    let refused = [
        ("folder", "it is a folder"),
        ("link", "it is a link"),
        ("endless", "it is a link"),
        ("fifo", "it is a FIFO, a socket or a device"),
        ("socket", "it is a FIFO, a socket or a device"),
        ("..", "it is not the name of a file"),
        ("folder/../large", "it is not the name of a file"),
        ("", "it is not the name of a file"),
        ("folder/", "it is not the name of a file"),
        ("/etc/passwd", "it is not the name of a file"),
        ("large", "it is larger than 9 bytes"),
    ];
    for (path, why) in refused {
        let error = open.read(path, 9).expect_err(path);
        assert_eq!(error.to_string(), why, "{path}");
    }
    assert!(is_gone(&open.read("way/file", MOST).expect_err("a link")));
    assert!(is_gone(&open.read("none", MOST).expect_err("nothing")));
}

#[test]
fn a_folder_exchanged_for_a_link_outside_gives_nothing_from_there() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    fs::write(outside.path().join("file"), "outside").expect("a file");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::create_dir(root.join("d")).expect("a folder");
    fs::write(root.join("d/file"), "inside").expect("a file");
    symlink(outside.path(), root.join("l")).expect("a link");
    let open = Folder::open(root).expect("the folder");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (d, l) = (root.join("d"), root.join("l"));
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &d, CWD, &l, RenameFlags::EXCHANGE);
            }
        });
        let mut read = 0;
        for _ in 0..20_000 {
            if let Ok(bytes) = open.read("d/file", MOST) {
                assert_eq!(bytes, b"inside");
                read += 1;
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(read > 0, "the folder was there now and then");
    });
}

#[test]
fn a_folder_is_listed_whole_however_often() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected: Vec<OsString> = (0..1_500)
        .map(|number| OsString::from(format!("{number:0>60}")))
        .collect();
    for name in &expected {
        std::fs::write(folder.path().join(name), "").expect("a file");
    }
    std::fs::create_dir(folder.path().join("in")).expect("a folder");
    expected.push("in".into());
    let open = Folder::open(folder.path()).expect("a folder");
    for _ in 0..2 {
        let listed = open.names().expect("names");
        let folders = listed.iter().filter(|(_, kind)| *kind == FileKind::Folder);
        assert_eq!(folders.count(), 1);
        let mut names: Vec<OsString> = listed.into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, expected);
    }
}

#[test]
fn only_single_names_are_names() {
    for name in [
        "a.rs",
        ".hidden",
        "..two",
        "with space",
        "größe",
        "-dash",
        "a..b",
    ] {
        assert!(single(OsStr::new(name)).is_ok(), "{name}");
    }
    for name in ["", ".", "..", "a/b", "/a", "a/", "./a"] {
        assert!(single(OsStr::new(name)).is_err(), "{name}");
    }
}
