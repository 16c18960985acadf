//! Files of rules leave out what they name, within the workspace; hidden files are mostly out.

use ollacode_indexer::walk::{Limits, walk};

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
