//! A path by itself is judged as the walk judges it.

use std::collections::BTreeSet;

use ollacode_indexer::walk::{IgnoreStatus, PathChecker, stamp, stamps};
use proptest::prelude::*;

use super::{tree, write};

const FOLDERS: &[&str] = &[
    "src",
    "lib",
    "data",
    "build",
    "target",
    "node_modules",
    ".hidden",
    ".github",
];
const FILES: &[&str] = &[
    "a.rs",
    "b.log",
    "c.txt",
    "keep.log",
    ".env",
    ".x",
    "Cargo.toml",
];
const LINES: &[&str] = &[
    "*.log",
    "!keep.log",
    "/data",
    "build/",
    "target",
    "!target",
    "src/*.txt",
    "lib/**",
    "!data/",
    "a.rs",
];
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55";

fn path() -> impl Strategy<Value = String> {
    let folders = prop::collection::vec(prop::sample::select(FOLDERS), 0..4);
    (folders, prop::sample::select(FILES)).prop_map(|(mut names, file)| {
        names.push(file);
        names.join("/")
    })
}

/// An ignore file somewhere, with some lines; or the mark of a cache.
fn ignoring() -> impl Strategy<Value = (String, String)> {
    let folders = prop::collection::vec(prop::sample::select(FOLDERS), 0..3);
    let lines = prop::collection::vec(prop::sample::select(LINES), 1..4);
    let name = prop::sample::select(&[".gitignore", ".ignore", "CACHEDIR.TAG"][..]);
    (folders, name, lines).prop_map(|(mut names, name, lines)| {
        names.push(name);
        let text = match name {
            "CACHEDIR.TAG" => TAG.to_owned(),
            _ => lines.join("\n"),
        };
        (names.join("/"), text)
    })
}

proptest! {
    #[test]
    fn a_path_is_judged_as_the_walk_judges_it(
        files in prop::collection::btree_set(path(), 1..12),
        ignoring in prop::collection::vec(ignoring(), 0..4),
        in_git in any::<bool>(),
    ) {
        let folder = tree(&[]);
        for path in &files {
            write(folder.path(), path, "x");
        }
        for (path, text) in &ignoring {
            write(folder.path(), path, text);
        }
        if in_git {
            write(folder.path(), ".git/HEAD", "ref: refs/heads/main\n");
        }
        let found: BTreeSet<String> = stamps(folder.path(), 1000)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        let mut sight = PathChecker::new(folder.path());
        for path in &files {
            let standing = sight.of(path);
            prop_assert_eq!(standing == IgnoreStatus::Listed, found.contains(path), "{}", path);
        }
    }
}

#[test]
fn what_is_not_listed_is_told_apart() {
    let folder = tree(&[
        (".git/HEAD", "x"),
        (".gitignore", "*.local\n/data\n/out\n/made\n"),
        ("Cargo.toml", ""),
        ("made/CACHEDIR.TAG", TAG),
        ("target/debug/a.rs", ""),
    ]);
    let mut sight = PathChecker::new(folder.path());
    for (path, standing) in [
        ("src/new.rs", IgnoreStatus::Listed),
        (".gitignore", IgnoreStatus::Hidden),
        ("my.local", IgnoreStatus::Ignored),
        (".hidden/a", IgnoreStatus::Ignored),
        ("data/deep/er/a", IgnoreStatus::Ignored),
        ("out/a", IgnoreStatus::Ignored),
        ("made/a", IgnoreStatus::Filled),
        ("target/debug/a.rs", IgnoreStatus::Filled),
        ("node_modules/x/a.js", IgnoreStatus::Filled),
        (".git/config", IgnoreStatus::Filled),
        ("sub/.git/config", IgnoreStatus::Filled),
    ] {
        assert_eq!(sight.of(path), standing, "{path}");
    }
    // A folder that has become another one is looked at again.
    write(folder.path(), "out/CACHEDIR.TAG", TAG);
    assert_eq!(sight.of("out/b"), IgnoreStatus::Ignored);
    sight.forget("out");
    assert_eq!(sight.of("out/b"), IgnoreStatus::Filled);
}

#[test]
fn a_stamp_tells_whether_a_file_has_changed() {
    let folder = tree(&[("a/b.txt", "one")]);
    let before = stamp(folder.path(), "a/b.txt").unwrap();
    assert!(before.is_unchanged(&stamp(folder.path(), "a/b.txt").unwrap()));
    let listed = stamps(folder.path(), 10);
    assert_eq!(listed, [("a/b.txt".to_owned(), before)]);
    write(folder.path(), "a/b.txt", "longer");
    assert!(!before.is_unchanged(&stamp(folder.path(), "a/b.txt").unwrap()));
    assert_eq!(stamp(folder.path(), "a"), None);
    assert_eq!(stamp(folder.path(), "a/c.txt"), None);
}
