//! Parts of trees of all forms.

use super::super::samples::tree;
use super::*;

/// The parts of a tree: path and number of files.
fn found<P: AsRef<str>>(paths: &[P]) -> Vec<(String, usize)> {
    let tree = tree(paths);
    let parts = parts(&tree);
    assert_consistent(&tree, &parts);
    shown(&parts)
}

fn shown(parts: &Parts) -> Vec<(String, usize)> {
    let list = parts.list.iter();
    list.map(|part| (part.path.clone(), part.files.len()))
        .collect()
}

fn pairs(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    let pairs = expected.iter();
    pairs
        .map(|(path, count)| ((*path).to_owned(), *count))
        .collect()
}

/// Each file is in at most one part, and the list by file says the same.
#[track_caller]
fn assert_consistent(tree: &SourceTree, parts: &Parts) {
    let mut of_file = vec![None; tree.files.len()];
    for (number, part) in parts.list.iter().enumerate() {
        assert!(part.files.is_sorted(), "{part:?}");
        for file in &part.files {
            assert_eq!(of_file[*file], None, "{file} is in two parts");
            of_file[*file] = Some(number);
        }
    }
    assert_eq!(of_file, parts.of_file);
    let paths: Vec<&str> = parts.list.iter().map(|part| part.path.as_str()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    assert!(parts.list.len() <= MOST_PARTS);
}

/// So many files in a folder.
fn files(folder: &str, count: usize) -> Vec<String> {
    let names = (0..count).map(|number| format!("f{number}.rs"));
    names.map(|name| joined(folder, &name)).collect()
}

#[test]
fn one_folder_is_one_part() {
    assert_eq!(found::<&str>(&[]), pairs(&[]));
    assert_eq!(found(&["main.rs"]), pairs(&[("", 1)]));
    assert_eq!(found(&files("", 30)), pairs(&[("", 30)]));
    assert_eq!(found(&files("src", 5)), pairs(&[("src", 5)]));
    let mut beside = files("src", 5);
    beside.push("build.rs".to_owned());
    assert_eq!(found(&beside), pairs(&[("src", 6)]));
}

#[test]
fn two_levels_of_folders_with_three_files_are_parts() {
    let mut all = files("src/net", 3);
    all.extend(files("src/store", 4));
    all.extend(files("src/tiny", 2));
    all.extend(["src/main.rs", "src/lib.rs", "build.rs"].map(str::to_owned));
    all.extend(files("tests", 3));
    all.extend(files("docs", 2));
    assert_eq!(
        found(&all),
        pairs(&[
            ("", 3),
            ("src", 4),
            ("src/net", 3),
            ("src/store", 4),
            ("tests", 3)
        ])
    );
}

#[test]
fn tests_and_examples_are_not_divided_beside_a_program() {
    let mut all = files("src/net", 3);
    all.extend(files("src/store", 3));
    all.extend(files("tests/unit", 3));
    all.extend(files("tests/all", 4));
    assert_eq!(
        found(&all),
        pairs(&[("src/net", 3), ("src/store", 3), ("tests", 7)])
    );
    let mut tree = tree(&all);
    tree.members = ["src/net", "src/store"]
        .map(|path| (path.to_owned(), String::new()))
        .into();
    let members = parts(&tree);
    assert_consistent(&tree, &members);
    assert_eq!(shown(&members)[2], ("tests".to_owned(), 7));
    // Of tests alone, the folders are parts.
    assert_eq!(found(&all[6..]).len(), 2);
}

#[test]
fn what_is_not_code_is_in_no_part() {
    let mut all = files("src", 3);
    all.extend(files("vendor/lib", 9));
    all.extend(["README.md", "docs/a.md", "docs/b.md", "docs/c.md"].map(str::to_owned));
    assert_eq!(found(&all), pairs(&[("src", 3)]));
}

#[test]
fn a_long_way_to_the_only_folder_is_no_level() {
    let mut all = files("src/main/java/org/example/web", 3);
    all.extend(files("src/main/java/org/example/store", 3));
    all.push("src/main/java/org/example/Main.java".to_owned());
    assert_eq!(
        found(&all),
        pairs(&[
            ("src/main/java/org/example", 1),
            ("src/main/java/org/example/store", 3),
            ("src/main/java/org/example/web", 3),
        ])
    );
    let deep = "a/".repeat(1_000);
    let deep = deep.trim_end_matches('/');
    assert_eq!(found(&files(deep, 3)), pairs(&[(deep, 3)]));
}

#[test]
fn of_400_folders_the_smallest_are_folded() {
    let mut all = Vec::new();
    for number in 0..400 {
        all.extend(files(&format!("p{number:03}"), 3 + number / 40));
    }
    let tree = tree(&all);
    let parts = parts(&tree);
    assert_consistent(&tree, &parts);
    assert_eq!(parts.list.len(), MOST_PARTS);
    // The one for the rest is new, so one more folder went into it.
    assert_eq!(parts.folded, 400 - MOST_PARTS + 1);
    assert_eq!(parts.list[0].path, "");
    assert!(parts.list[1..].iter().all(|part| part.files.len() == 12));
    assert!(parts.of_file.iter().all(Option::is_some));
}

#[test]
fn small_parts_are_folded_into_the_folder_above() {
    let mut all = files("src", 3);
    for number in 0..40 {
        all.extend(files(&format!("src/m{number:02}"), 3 + number % 2));
    }
    let tree = tree(&all);
    let parts = parts(&tree);
    assert_consistent(&tree, &parts);
    assert_eq!(parts.folded, 41 - MOST_PARTS);
    assert_eq!(parts.list[0].path, "src");
}

#[test]
fn members_of_a_workspace_are_parts_and_the_innermost_counts() {
    let mut all = files("crates/core", 2);
    all.extend(files("crates/core/macros", 1));
    all.extend(files("crates/cli/src", 4));
    all.extend(files("scripts", 3));
    all.extend(files("odd", 1));
    let mut tree = tree(&all);
    let member = |path: &str, name: &str| (path.to_owned(), name.to_owned());
    tree.members = vec![
        member("./crates/core/", "core"),
        member("crates/core/macros", "core-macros"),
        member("crates/cli", ""),
        member("crates/gone", "gone"),
        member(".", "root"),
    ];
    let parts = parts(&tree);
    assert_consistent(&tree, &parts);
    assert_eq!(
        shown(&parts),
        pairs(&[
            ("", 1),
            ("crates/cli", 4),
            ("crates/core", 2),
            ("crates/core/macros", 1),
            ("scripts", 3)
        ])
    );
    let names: Vec<Option<&str>> = parts.list.iter().map(|part| part.name.as_deref()).collect();
    assert_eq!(names, [None, None, Some("core"), Some("core-macros"), None]);
}

#[test]
fn what_is_in_no_member_is_divided_by_folders() {
    let mut all = files("indexer/src", 3);
    all.extend(files("store/src", 3));
    all.extend(files("src/engine", 4));
    all.extend(files("src/tools", 3));
    all.extend(files("src", 2));
    all.extend(files("tests", 3));
    let mut tree = tree(&all);
    let member = |path: &str| (path.to_owned(), path.to_owned());
    tree.members = vec![member(""), member("indexer"), member("store")];
    let parts = parts(&tree);
    assert_consistent(&tree, &parts);
    assert_eq!(
        shown(&parts),
        pairs(&[
            ("indexer", 3),
            ("src", 2),
            ("src/engine", 4),
            ("src/tools", 3),
            ("store", 3),
            ("tests", 3)
        ])
    );
}

#[test]
fn odd_names_are_folders_like_others() {
    let odd = [
        "a b",
        "ünïcode",
        "-->",
        "\"quoted\"",
        "`tick`",
        "src\u{202e}",
    ];
    let mut all = Vec::new();
    for name in odd {
        all.extend(files(name, 3));
    }
    let found = found(&all);
    assert_eq!(found.len(), odd.len(), "{found:?}");
    assert!(is_below("src/a.rs", "src") && !is_below("src2/a.rs", "src"));
}
