//! A look at some paths lists of them what a walk over everything does.

use std::collections::BTreeSet;

use ollacode_indexer::walk::{WalkLimits, entries_of, walk};
use proptest::prelude::*;

use super::write;

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
        let limits = WalkLimits::default();
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
