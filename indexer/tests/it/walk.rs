//! Which files are listed, and what is said of the others.

use std::collections::BTreeSet;
use std::path::Path;

use ollacode_indexer::walk::{
    Limits, Skip, Walked, entries_of, relative, skipped_by_content, skipped_by_name, walk,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// A folder that holds some files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn paths(walked: &Walked) -> Vec<&str> {
    walked
        .entries
        .iter()
        .map(|entry| entry.path.as_str())
        .collect()
}

fn count(walked: &Walked, skip: Skip) -> usize {
    walked.skipped.get(&skip).copied().unwrap_or(0)
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tree(files);
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(paths(&walked), expected);
    assert_eq!(walked.errors, Vec::<String>::new());
}

#[test]
fn entries_are_sorted_and_say_size_and_time() {
    let folder = tree(&[("b.rs", "12345"), ("a/c.rs", ""), ("a.rs", "1")]);
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(paths(&walked), ["a.rs", "a/c.rs", "b.rs"]);
    assert_eq!(walked.entries[2].size, 5);
    assert!(walked.entries.iter().all(|entry| entry.modified_ns > 0));
    assert_eq!(
        walked.folders,
        [folder.path().to_owned(), folder.path().join("a")]
    );
    assert!(walked.skipped.is_empty());
}

#[test]
fn gitignore_counts_outside_git_and_in_folders() {
    check(
        &[
            (".gitignore", "*.log\nbuild/\n/only_here.txt\n"),
            ("sub/.gitignore", "!keep.log\nlocal.txt\n"),
            ("a.log", ""),
            ("a.rs", ""),
            ("build/a.rs", ""),
            ("local.txt", ""),
            ("only_here.txt", ""),
            ("sub/build/a.rs", ""),
            ("sub/keep.log", ""),
            ("sub/local.txt", ""),
            ("sub/only_here.txt", ""),
            ("sub/other.log", ""),
            ("sub/deep/local.txt", ""),
        ],
        &["a.rs", "local.txt", "sub/keep.log", "sub/only_here.txt"],
    );
}

#[test]
fn ollacodeignore_counts_and_wins() {
    check(
        &[
            (".gitignore", "*.log\n"),
            (".ollacodeignore", "data/\n*.csv\n!important.log\n"),
            ("data/a.rs", ""),
            ("sub/.ollacodeignore", "!table.csv\n"),
            ("sub/table.csv", ""),
            ("table.csv", ""),
            ("important.log", ""),
            ("other.log", ""),
            ("a.rs", ""),
        ],
        &["a.rs", "important.log", "sub/table.csv"],
    );
}

#[test]
fn ignore_and_exclude_files_count() {
    check(
        &[
            (".git/HEAD", "ref: refs/heads/main\n"),
            (".git/info/exclude", "mine.txt\n"),
            (".ignore", "theirs.txt\n"),
            ("mine.txt", ""),
            ("sub/mine.txt", ""),
            ("theirs.txt", ""),
            ("a.rs", ""),
        ],
        &["a.rs"],
    );
}

#[test]
fn ignore_files_above_the_workspace_do_not_count() {
    let folder = tree(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".gitignore", "*\n"),
        (".ollacodeignore", "*\n"),
        ("workspace/a.rs", ""),
    ]);
    let walked = walk(&folder.path().join("workspace"), &Limits::default());
    assert_eq!(paths(&walked), ["a.rs"]);
}

#[test]
fn hidden_files_are_out_but_for_known_ones() {
    check(
        &[
            (".hidden.rs", ""),
            (".cache/a.rs", ""),
            (".git/config", ""),
            (".editorconfig", ""),
            (".github/workflows/ci.yml", ""),
            (".github/.hidden", ""),
            (".env.example", ""),
            (".eslintrc.json", ""),
            ("sub/.hidden/a.rs", ""),
            ("a.rs", ""),
        ],
        &[
            ".editorconfig",
            ".env.example",
            ".eslintrc.json",
            ".github/workflows/ci.yml",
            "a.rs",
        ],
    );
}

#[test]
fn secrets_are_listed_by_name_and_never_entries() {
    let secrets = [
        ".aws/config",
        ".env",
        ".env.local",
        ".npmrc",
        ".ssh/id_rsa",
        "certs/server.pem",
        "deploy/credentials.json",
        "id_ed25519",
        "prod.tfvars",
    ];
    let mut files: Vec<(&str, &str)> = secrets.iter().map(|path| (*path, "x")).collect();
    files.extend([("a.rs", ""), ("id_rsa.pub", ""), ("src/secrets.rs", "")]);
    let folder = tree(&files);
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(paths(&walked), ["a.rs", "id_rsa.pub", "src/secrets.rs"]);
    assert_eq!(walked.secrets, secrets);
    assert_eq!(count(&walked, Skip::Secret), secrets.len());
    let asked: Vec<String> = secrets.iter().map(|&path| path.to_owned()).collect();
    assert!(
        entries_of(folder.path(), &asked, &Limits::default())
            .entries
            .is_empty()
    );
}

#[test]
fn names_that_say_enough() {
    let cases = [
        ("Cargo.lock", Some(Skip::LockFile)),
        ("web/package-lock.json", Some(Skip::LockFile)),
        ("go.sum", Some(Skip::LockFile)),
        ("web/app.min.js", Some(Skip::Minified)),
        ("web/app.js.map", Some(Skip::Minified)),
        ("logo.PNG", Some(Skip::Binary)),
        ("lib/liba.a", Some(Skip::Binary)),
        ("data.sqlite3", Some(Skip::Binary)),
        (".env", Some(Skip::Secret)),
        ("src/lock.rs", None),
        ("src/minimal.js", None),
        ("png", None),
        ("Makefile", None),
        ("a.b/c", None),
    ];
    for (path, expected) in cases {
        assert_eq!(skipped_by_name(path), expected, "{path}");
    }
}

#[test]
fn endings_of_two_parts_are_known() {
    assert_eq!(
        skipped_by_name("tests/snapshots/it__outline.snap.new"),
        Some(Skip::Generated)
    );
}

#[test]
fn contents_that_say_enough() {
    let long_line = format!("{}\n", "x".repeat(3_000));
    let lines = "let total = price * amount;\n".repeat(200);
    let late = format!("{}// @generated\n", "line\n".repeat(20));
    let cases = [
        (b"".to_vec(), None),
        (b"fn main() {}\n".to_vec(), None),
        (b"a\0b".to_vec(), Some(Skip::Binary)),
        (b"\x7fELF\x02\x00".to_vec(), Some(Skip::Binary)),
        (
            format!("{}\0\n", lines.repeat(4)).into_bytes(),
            Some(Skip::Binary),
        ),
        (b"\xff\xfef\0n\0".to_vec(), Some(Skip::Binary)),
        (b"\xfe\xff\0f\0n".to_vec(), Some(Skip::Binary)),
        (b"\xff\xfe not UTF-8 \xff".to_vec(), None),
        ("x".repeat(6_000).into_bytes(), Some(Skip::Minified)),
        (long_line.clone().into_bytes(), None),
        (format!("{lines}{long_line}").into_bytes(), None),
        (
            format!("// @generated\n{lines}").into_bytes(),
            Some(Skip::Generated),
        ),
        (
            b"// Code generated by protoc. DO NOT EDIT.\n".to_vec(),
            Some(Skip::Generated),
        ),
        (b"// Code generated by hand.\n".to_vec(), None),
        (late.into_bytes(), None),
    ];
    for (bytes, expected) in cases {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(30)]).into_owned();
        assert_eq!(skipped_by_content(&bytes), expected, "{start}");
    }
}

#[test]
fn skipped_names_are_counted() {
    let folder = tree(&[
        ("Cargo.lock", ""),
        ("a.min.js", ""),
        ("b.min.css", ""),
        ("logo.png", ""),
        ("sub/go.sum", ""),
        ("a.rs", ""),
    ]);
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(paths(&walked), ["a.rs"]);
    assert_eq!(count(&walked, Skip::LockFile), 2);
    assert_eq!(count(&walked, Skip::Minified), 2);
    assert_eq!(count(&walked, Skip::Binary), 1);
}

#[test]
fn larger_files_are_skipped() {
    let folder = tree(&[("ten.txt", "0123456789"), ("eleven.txt", "0123456789a")]);
    let walked = walk(
        folder.path(),
        &Limits {
            file_size: 10,
            ..Limits::default()
        },
    );
    assert_eq!(paths(&walked), ["ten.txt"]);
    assert_eq!(count(&walked, Skip::TooLarge), 1);
}

#[test]
fn the_number_of_files_is_capped() {
    let files: Vec<String> = (0..20).map(|number| format!("{number}.rs")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|path| (path.as_str(), "")).collect();
    let folder = tree(&files);
    let walked = walk(
        folder.path(),
        &Limits {
            files: 3,
            ..Limits::default()
        },
    );
    assert_eq!(walked.entries.len(), 3);
    assert!(count(&walked, Skip::OverLimit) > 0);
    let walked = walk(
        folder.path(),
        &Limits {
            files: 20,
            ..Limits::default()
        },
    );
    assert_eq!(
        (walked.entries.len(), count(&walked, Skip::OverLimit)),
        (20, 0)
    );
}

#[test]
fn the_depth_is_capped() {
    let folder = tree(&[("a.rs", ""), ("one/b.rs", ""), ("one/two/c.rs", "")]);
    let walked = walk(
        folder.path(),
        &Limits {
            depth: 2,
            ..Limits::default()
        },
    );
    assert_eq!(paths(&walked), ["a.rs", "one/b.rs"]);
}

#[test]
fn what_is_too_deep_is_counted() {
    let folder = tree(&[("a.rs", ""), ("one/two/c.rs", "")]);
    let walked = walk(
        folder.path(),
        &Limits {
            depth: 2,
            ..Limits::default()
        },
    );
    assert!(count(&walked, Skip::OverLimit) > 0, "{:?}", walked.skipped);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = tree(&[("secret.rs", "x")]);
    let folder = tree(&[("a.rs", ""), ("sub/b.rs", "")]);
    let root = folder.path();
    symlink(outside.path(), root.join("folder")).unwrap();
    symlink(outside.path().join("secret.rs"), root.join("file.rs")).unwrap();
    symlink(root, root.join("sub/loop")).unwrap();
    symlink(root.join("nothing"), root.join("broken.rs")).unwrap();
    let walked = walk(root, &Limits::default());
    assert_eq!(paths(&walked), ["a.rs", "sub/b.rs"]);
    assert_eq!(count(&walked, Skip::NotAFile), 4);
    assert_eq!(walked.errors, Vec::<String>::new());
    let asked = [
        "folder/secret.rs",
        "file.rs",
        "sub/loop/a.rs",
        "broken.rs",
        "../x",
        "/etc",
    ];
    let asked: Vec<String> = asked.iter().map(|&path| path.to_owned()).collect();
    assert!(
        entries_of(root, &asked, &Limits::default())
            .entries
            .is_empty()
    );
}

#[cfg(target_os = "linux")]
#[test]
fn odd_names_and_special_files_are_counted() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tree(&[
        ("a.rs", ""),
        ("with space.rs", ""),
        ("new\nline.rs", ""),
        ("ünï.rs", ""),
    ]);
    let odd = folder.path().join(OsStr::from_bytes(b"odd\xff.rs"));
    std::fs::write(odd, "").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.rs")).unwrap();
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(
        paths(&walked),
        ["a.rs", "new\nline.rs", "with space.rs", "ünï.rs"]
    );
    assert_eq!(count(&walked, Skip::OddName), 1);
    assert_eq!(count(&walked, Skip::NotAFile), 1);
}

#[test]
fn an_empty_or_missing_workspace_has_no_entries() {
    let folder = tempfile::tempdir().unwrap();
    let walked = walk(folder.path(), &Limits::default());
    assert!(walked.entries.is_empty() && walked.errors.is_empty());
    let walked = walk(&folder.path().join("missing"), &Limits::default());
    assert!(walked.entries.is_empty());
}

#[test]
fn relative_paths_have_slashes() {
    let root = Path::new("some").join("root");
    assert_eq!(
        relative(&root, &root.join("a").join("b.rs")).as_deref(),
        Some("a/b.rs")
    );
    assert_eq!(relative(&root, Path::new("other")), None);
}

const FOLDERS: &[&str] = &[
    "",
    "a/",
    "a/b/",
    "a/b/c/",
    "d/",
    "build/",
    ".github/",
    "a/.hidden/",
];
const NAMES: &[&str] = &[
    "x.rs",
    "y.log",
    "keep.log",
    "z.txt",
    ".env",
    "logo.png",
    "Cargo.lock",
    ".editorconfig",
    "b2",
];
const IGNORE_NAMES: &[&str] = &[".gitignore", ".ollacodeignore", ".ignore"];
const RULES: &[&str] = &[
    "*.log",
    "!keep.log",
    "b/",
    "/x.rs",
    "z.txt",
    "a/**",
    "!x.rs",
    "build",
    "*",
    "!*/",
    "**/c",
    "#x",
];

fn files() -> impl Strategy<Value = BTreeSet<String>> {
    let path = (prop::sample::select(FOLDERS), prop::sample::select(NAMES));
    let path = path.prop_map(|(folder, name)| format!("{folder}{name}"));
    prop::collection::btree_set(path, 0..25)
}

fn ignore_files() -> impl Strategy<Value = Vec<(String, String)>> {
    let rules = prop::collection::vec(prop::sample::select(RULES), 0..4);
    let file = (
        prop::sample::select(FOLDERS),
        prop::sample::select(IGNORE_NAMES),
        rules,
    );
    let file = file.prop_map(|(folder, name, rules)| (format!("{folder}{name}"), rules.join("\n")));
    prop::collection::vec(file, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_look_at_some_paths_agrees_with_the_walk(
        files in files(),
        ignore_files in ignore_files(),
        chosen in prop::collection::vec(any::<bool>(), 25),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for path in &files {
            write(folder.path(), path, path);
        }
        for (path, rules) in &ignore_files {
            write(folder.path(), path, rules);
        }
        let limits = Limits::default();
        let all = walk(folder.path(), &limits);
        prop_assert!(all.entries.iter().all(|entry| files.contains(&entry.path)));
        let mut asked: Vec<String> = files
            .iter()
            .zip(chosen)
            .filter(|(_, chosen)| *chosen)
            .map(|(path, _)| path.clone())
            .collect();
        let wanted: Vec<_> =
            all.entries.iter().filter(|entry| asked.contains(&entry.path)).cloned().collect();
        asked.extend(["missing.rs".to_owned(), "a/missing/x.rs".to_owned()]);
        let found = entries_of(folder.path(), &asked, &limits);
        prop_assert_eq!(found.entries, wanted);
        let everything: Vec<String> = files.into_iter().collect();
        let found = entries_of(folder.path(), &everything, &limits);
        prop_assert_eq!(found.entries, all.entries);
    }
}

#[test]
fn a_secret_in_a_name_keeps_the_file_out() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("gh{}_{}", "p", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8");
    write(folder.path(), &format!("notes/{token}.txt"), "hello");
    write(folder.path(), "notes/plain.txt", "hello");
    let walked = walk(folder.path(), &Limits::default());
    assert_eq!(paths(&walked), ["notes/plain.txt"]);
    assert_eq!(count(&walked, Skip::Secret), 1);
    assert!(
        walked.secrets.iter().all(|path| !path.contains(&token)),
        "{:?}",
        walked.secrets
    );
}
