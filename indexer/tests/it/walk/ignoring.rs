//! Files of rules leave out what they name, within the workspace; hidden files are mostly out.

use ollacode_indexer::walk::{ListedKind, WalkLimits, entries_of, list, walk};

use super::{check, paths, tree};

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
fn ignore_files_count_up_to_the_top_of_the_repository() {
    let folder = tree(&[
        (".gitignore", "*.rs\n"),
        ("repo/.git/info/exclude", "/part/mine.txt\n"),
        ("repo/.gitignore", "*.log\n/part/deep/\n"),
        ("repo/.ollacodeignore", "*.csv\n"),
        ("repo/part/.gitignore", "!keep.log\n"),
        ("repo/part/a.csv", ""),
        ("repo/part/a.log", ""),
        ("repo/part/a.rs", ""),
        ("repo/part/deep/b.rs", ""),
        ("repo/part/keep.log", ""),
        ("repo/part/mine.txt", ""),
    ]);
    let walked = walk(&folder.path().join("repo/part"), &WalkLimits::default());
    assert_eq!(paths(&walked), ["a.rs", "keep.log"]);
    // Its own repository ends what counts.
    let walked = walk(&folder.path().join("repo"), &WalkLimits::default());
    assert_eq!(paths(&walked), ["part/a.rs", "part/keep.log"]);
}

#[test]
fn ignore_files_above_count_only_in_a_repository() {
    let folder = tree(&[(".gitignore", "*.rs\n"), ("workspace/a.rs", "")]);
    let walked = walk(&folder.path().join("workspace"), &WalkLimits::default());
    assert_eq!(paths(&walked), ["a.rs"]);
}

#[test]
fn a_workspace_that_is_ignored_itself_was_named_for_all_that() {
    for rule in ["*", "workspace", "/way/", "way/**"] {
        let folder = tree(&[
            (".git/HEAD", ""),
            (".gitignore", rule),
            ("way/workspace/a.rs", ""),
            ("way/workspace/.gitignore", "b.rs\n"),
            ("way/workspace/b.rs", ""),
        ]);
        let walked = walk(&folder.path().join("way/workspace"), &WalkLimits::default());
        assert_eq!(paths(&walked), ["a.rs"], "{rule}");
    }
}

#[test]
fn another_repository_ends_the_rules_of_git_but_not_ours() {
    check(
        &[
            (".gitignore", "*.log\n"),
            (".ollacodeignore", "*.csv\n"),
            ("inner/.git/HEAD", ""),
            ("inner/a.csv", ""),
            ("inner/a.log", ""),
        ],
        &["inner/a.log"],
    );
}

#[test]
fn folders_that_tools_fill_are_left_out_and_named() {
    let folder = tree(&[
        ("a.rs", ""),
        ("node_modules/x/index.js", ""),
        ("web/node_modules/y.js", ""),
        ("py/venv/pyvenv.cfg", ""),
        ("py/venv/lib/z.py", ""),
        ("py/__pycache__/z.py", ""),
        ("rust/Cargo.toml", ""),
        ("rust/target/debug/build.rs", ""),
        (
            "made/CACHEDIR.TAG",
            "Signature: 8a477f597d28d172789f06886806bc55\n",
        ),
        ("made/deep/x.rs", ""),
        // The same names mean something else here.
        ("src/target/shot.rs", ""),
        ("env/settings.py", ""),
        ("build/steps.py", ""),
        ("dist/list.txt", ""),
        ("notes/CACHEDIR.TAG", "another text\n"),
    ]);
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(
        paths(&walked),
        [
            "a.rs",
            "build/steps.py",
            "dist/list.txt",
            "env/settings.py",
            "notes/CACHEDIR.TAG",
            "rust/Cargo.toml",
            "src/target/shot.rs",
        ]
    );
    assert_eq!(
        walked.left_out,
        [
            "made",
            "node_modules",
            "py/__pycache__",
            "py/venv",
            "rust/target",
            "web/node_modules",
        ]
    );
}

/// What is in a folder gives it away, whatever it is called.
#[test]
fn folders_that_tools_fill_are_known_by_what_is_in_them() {
    let filled: [&[&str]; 17] = [
        &["pyvenv.cfg"],
        &["conda-meta/history"],
        &[".package-lock.json"],
        &[".modules.yaml"],
        &[".yarn-integrity"],
        &[".bower.json", "package.json"],
        &[".cargo-checksum.json", "Cargo.toml"],
        &["autoload.php", "composer/installed.json"],
        &["cache/a", "gems/a", "specifications/a"],
        &["requests-2.0.dist-info/METADATA", "requests/api.py"],
        &["HEAD", "objects/info/packs", "refs/heads/main"],
        &["state.db", "chunks.lance/_versions/1.manifest"],
        &["embeddings.db", "indexes/a/b"],
        &["_versions/1.manifest", "_transactions/1.txn"],
        &["chroma.sqlite3"],
        &["CMakeCache.txt", "Makefile", "CMakeFiles/a.make"],
        &[".buildinfo", "objects.inv", "index.html"],
    ];
    for marks in filled {
        let mut files: Vec<(String, &str)> = vec![("a.rs".to_owned(), "")];
        files.extend(marks.iter().map(|mark| (format!("deep/any/{mark}"), "")));
        files.push(("deep/any/sub/b.rs".to_owned(), ""));
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        let folder = tree(&files);
        let walked = walk(folder.path(), &WalkLimits::default());
        assert_eq!(paths(&walked), ["a.rs"], "{marks:?}");
        assert_eq!(walked.left_out, ["deep/any"], "{marks:?}");
        // As its own workspace it is what is asked about.
        let own = walk(&folder.path().join("deep/any"), &WalkLimits::default());
        assert!(paths(&own).contains(&"sub/b.rs"), "{marks:?}");
    }
}

#[test]
fn folders_in_which_people_write_are_kept_though_tools_write_there_too() {
    check(
        &[
            ("a/pyvenv.cfg", ""),
            ("a/requirements.txt", ""),
            ("b/CMakeCache.txt", ""),
            ("b/CMakeLists.txt", ""),
            ("c/x.dist-info/other", ""),
            ("c/pyproject.toml", ""),
            ("d/HEAD", ""),
            ("d/objects/a.rs", ""),
            ("e/gems/a.rb", ""),
            ("f/autoload.php", ""),
        ],
        &[
            "a/pyvenv.cfg",
            "a/requirements.txt",
            "b/CMakeCache.txt",
            "b/CMakeLists.txt",
            "c/pyproject.toml",
            "c/x.dist-info/other",
            "d/HEAD",
            "d/objects/a.rs",
            "e/gems/a.rb",
            "f/autoload.php",
        ],
    );
}

#[test]
fn an_exclamation_mark_brings_back_what_is_left_out_by_default() {
    let files = [
        ("node_modules/mine/index.js", ""),
        (
            "made/CACHEDIR.TAG",
            "Signature: 8a477f597d28d172789f06886806bc55\n",
        ),
    ];
    for (name, rules) in [
        (".ollacodeignore", "!node_modules\n!made/\n"),
        (".gitignore", "!node_modules/\n!/made\n"),
        (".ignore", "!*\n"),
    ] {
        let mut files = files.to_vec();
        files.push((name, rules));
        check(&files, &["made/CACHEDIR.TAG", "node_modules/mine/index.js"]);
    }
    // Ignored by name, they are ignored, and nothing is said of them.
    let folder = tree(&[(".gitignore", "node_modules\n"), ("node_modules/x.js", "")]);
    assert!(
        walk(folder.path(), &WalkLimits::default())
            .left_out
            .is_empty()
    );
}

/// An index of git with these files.
fn git_index(names: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
    for name in names {
        let start = bytes.len();
        bytes.extend([1; 60]);
        bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        bytes.extend(name.as_bytes());
        bytes.push(0);
        bytes.resize(start + (bytes.len() - start).next_multiple_of(8), 0);
    }
    bytes.extend([2; 20]);
    bytes
}

#[test]
fn what_git_tracks_is_listed_although_it_is_ignored() {
    let files = [
        (".gitignore", "*.log\n/gen/\n"),
        (".ollacodeignore", "ours.log\n"),
        ("a.log", ""),
        ("gen/kept.rs", ""),
        ("gen/other.rs", ""),
        ("gen/deep/kept.rs", ""),
        ("gen/deep/.gitignore", "!other.rs\n"),
        ("gen/deep/other.rs", ""),
        ("gen/empty/other.rs", ""),
        ("kept.log", ""),
        ("node_modules/kept/index.js", ""),
        ("node_modules/other/index.js", ""),
        ("ours.log", ""),
    ];
    let tracked = [
        "gen/deep/kept.rs",
        "gen/kept.rs",
        "kept.log",
        "node_modules/kept/index.js",
        "ours.log",
    ];
    let expected = &tracked[..4];
    let folder = tree(&files);
    let root = folder.path();
    std::fs::create_dir(root.join(".git")).unwrap();
    std::fs::write(root.join(".git/index"), git_index(&tracked)).unwrap();
    let walked = walk(root, &WalkLimits::default());
    assert_eq!(paths(&walked), expected);
    assert_eq!(walked.tracked, 4);
    // In another work tree of the same repository, `.git` is a file.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(root.join(".git/index"), elsewhere.path().join("index")).unwrap();
    std::fs::remove_dir(root.join(".git")).unwrap();
    let pointer = format!("gitdir: {}\n", elsewhere.path().display());
    std::fs::write(root.join(".git"), pointer).unwrap();
    assert_eq!(paths(&walk(root, &WalkLimits::default())), expected);
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
fn a_folder_that_is_named_is_listed_though_it_is_left_out_by_default() {
    let folder = tree(&[
        ("a.rs", ""),
        ("node_modules/x/index.js", ""),
        ("node_modules/x/node_modules/y/index.js", ""),
        ("node_modules/x/ignored.log", ""),
        (".gitignore", "*.log\n"),
    ]);
    let listed = |below: &str| -> Vec<String> {
        let listed = list(folder.path(), below, &WalkLimits::default());
        let files = listed
            .into_iter()
            .filter(|listed| listed.kind == ListedKind::File);
        files.map(|listed| listed.path).collect()
    };
    assert_eq!(listed(""), ["a.rs"]);
    assert_eq!(listed("node_modules"), ["node_modules/x/index.js"]);
    assert_eq!(listed("node_modules/x"), ["node_modules/x/index.js"]);
    assert_eq!(
        listed("node_modules/x/node_modules"),
        ["node_modules/x/node_modules/y/index.js"]
    );
    // The index does not take it for named.
    let asked = ["node_modules/x/index.js".to_owned()];
    let found = entries_of(folder.path(), &asked, &WalkLimits::default());
    assert!(found.entries.is_empty());
}
