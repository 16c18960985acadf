//! Files whose names or folders agree.

use std::collections::BTreeSet;

use super::reason::Reason;
use crate::graph::{FileGraph, FileId, FileRole};

/// What the same stem counts; the same folder counts 1, words of the stem that agree up to 1, and
/// folders that agree at their beginning up to a half.
const SAME_STEM: f64 = 3.0;

/// Stems that say nothing about what is in a file.
const GENERIC_STEMS: &[&str] = &["__init__", "index", "lib", "main", "mod"];

/// Words of names that say nothing about what is in a file.
const GENERIC_WORDS: &[&str] = &[
    "common", "index", "init", "lib", "main", "mod", "src", "test", "tests", "types", "util",
    "utils",
];

/// Beginnings and ends by which tests are named after what they test. With upper case: only there.
const TEST_BEGINNINGS: &[&str] = &["test_"];
const TEST_ENDS: &[&str] = &[
    "_test", "_tests", "_spec", ".test", "-test", ".tests", ".spec", "-spec", ".bench", ".test-d",
    ".d", "Tests", "Test", "Spec",
];

/// Most indexed paths that are named for one that is not.
const MOST_NEAREST: usize = 3;

/// How alike two names of files must be for one to be named for the other.
const CLOSE: f64 = 0.6;

/// The parts of a path that count.
struct Named<'p> {
    folder: &'p str,
    stem: &'p str,
    words: BTreeSet<String>,
}

impl<'p> Named<'p> {
    fn of(path: &'p str) -> Named<'p> {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = stem(path);
        Named {
            folder,
            stem,
            words: words(stem),
        }
    }

    fn has_stem_of(&self, other: &Named<'_>) -> bool {
        self.stem == other.stem && !GENERIC_STEMS.contains(&self.stem)
    }

    /// How much of their words agrees, from 0 to 1.
    fn shared_words(&self, other: &Named<'_>) -> f64 {
        let shared = self.words.intersection(&other.words).count();
        let all = self.words.union(&other.words).count();
        shared as f64 / all.max(1) as f64
    }

    fn value(&self, other: &Named<'_>) -> f64 {
        let names = match self.has_stem_of(other) {
            true => SAME_STEM,
            false => self.shared_words(other),
        };
        names + self.folder_value(other)
    }

    fn folder_value(&self, other: &Named<'_>) -> f64 {
        if self.folder == other.folder {
            return 1.0;
        }
        let (own, others) = (self.folder.split('/'), other.folder.split('/'));
        let longest = own.clone().count().max(others.clone().count());
        let shared = own.zip(others).take_while(|(one, other)| one == other);
        shared.count() as f64 / (2 * longest) as f64
    }
}

/// How much the names and folders agree.
pub(super) fn values(graph: &FileGraph, file: FileId) -> Vec<(FileId, f64)> {
    let own = Named::of(&graph.file(file).path);
    let ids = (0_u32..).map(FileId);
    ids.zip(graph.files())
        .filter(|(other, _)| *other != file)
        .map(|(other, found)| (other, own.value(&Named::of(&found.path))))
        .collect()
}

/// What the names of two files tell.
pub(super) fn reasons(graph: &FileGraph, file: FileId, other: FileId) -> Vec<Reason> {
    let (file, other) = (graph.file(file), graph.file(other));
    let (own, others) = (Named::of(&file.path), Named::of(&other.path));
    let is_test = |role: FileRole| role == FileRole::Test;
    if own.has_stem_of(&others) {
        return vec![match (is_test(file.role), is_test(other.role)) {
            (false, true) => Reason::ItsTest,
            (true, false) => Reason::WhatItTests,
            _ => Reason::SameName,
        }];
    }
    if own.shared_words(&others) > 0.0 {
        return vec![Reason::SimilarName];
    }
    match own.folder == others.folder {
        true => vec![Reason::SameFolder],
        false => Vec::new(),
    }
}

/// The name of a file without ending, and without what makes it a test.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    // `test_retry_test` is as rare as it is clear.
    for _ in 0..2 {
        let beginning = TEST_BEGINNINGS.iter().find_map(|it| stem.strip_prefix(it));
        let end = TEST_ENDS.iter().find_map(|it| stem.strip_suffix(it));
        let shorter = [beginning, end].into_iter().flatten();
        match shorter.into_iter().find(|shorter| !shorter.is_empty()) {
            Some(shorter) => stem = shorter,
            None => break,
        }
    }
    stem
}

/// The words of a name, in lower case, with at least two characters: `retry`, `policy` of
/// `RetryPolicy` and of `retry_policy`.
fn words(stem: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        let found = std::mem::take(word).to_lowercase();
        if found.chars().count() > 1 && !GENERIC_WORDS.contains(&found.as_str()) {
            words.insert(found);
        }
    };
    let mut was_lower = false;
    for sign in stem.chars() {
        if !sign.is_alphanumeric() || (sign.is_uppercase() && was_lower) {
            end(&mut word);
        }
        if sign.is_alphanumeric() {
            word.push(sign);
        }
        was_lower = sign.is_lowercase() || sign.is_numeric();
    }
    end(&mut word);
    words
}

/// The indexed paths nearest to one that is not: the same name elsewhere, else a similar one.
pub(super) fn nearest(
    graph: &FileGraph,
    path: &str,
    is_shown: &dyn Fn(FileId) -> bool,
) -> Vec<String> {
    let wanted_name = name_of(path).to_lowercase();
    let mut near: Vec<(f64, usize, &str)> = Vec::new();
    let ids = (0_u32..).map(FileId);
    for (id, file) in ids.zip(graph.files()) {
        let name = name_of(&file.path).to_lowercase();
        // Comparing names whose lengths differ much would take time for nothing.
        let is_far = name.len().abs_diff(wanted_name.len()) * 2 > wanted_name.len();
        let likeness = match is_far {
            true => 0.0,
            false => strsim::normalized_damerau_levenshtein(&wanted_name, &name),
        };
        if likeness >= CLOSE && is_shown(id) {
            near.push((
                likeness,
                agreeing_names(&file.path, path),
                file.path.as_str(),
            ));
        }
    }
    near.sort_by(|one, other| {
        let order = other.0.total_cmp(&one.0).then(other.1.cmp(&one.1));
        order.then_with(|| one.2.cmp(other.2))
    });
    // Where there is the very name, others only distract.
    let best = near.first().map_or(0.0, |(likeness, _, _)| *likeness);
    near.retain(|(likeness, _, _)| best < 1.0 || *likeness == 1.0);
    let paths = near.into_iter().take(MOST_NEAREST);
    paths.map(|(_, _, path)| path.to_owned()).collect()
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// How many names of two paths agree from the end: with a wrong beginning these say which is meant.
fn agreeing_names(one: &str, other: &str) -> usize {
    let names = one.rsplit('/').zip(other.rsplit('/'));
    names.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_have_the_stem_of_what_they_test() {
        for (path, expected) in [
            ("src/retry.rs", "retry"),
            ("tests/test_retry.py", "retry"),
            ("retry_test.go", "retry"),
            ("src/retry.test.ts", "retry"),
            ("src/retry.spec.tsx", "retry"),
            ("spec/retry_spec.rb", "retry"),
            ("it/RetryTest.java", "Retry"),
            ("it/RetryTests.cs", "Retry"),
            ("src/retry.d.ts", "retry"),
            ("test_.py", "test_"),
            (".env", ".env"),
            ("Makefile", "Makefile"),
            ("latest.rs", "latest"),
            ("a/b.c/d", "d"),
            ("", ""),
        ] {
            assert_eq!(stem(path), expected, "{path}");
        }
    }

    #[test]
    fn names_have_words_in_any_spelling() {
        let words = |stem| words(stem).into_iter().collect::<Vec<_>>();
        assert_eq!(words("RetryPolicy"), ["policy", "retry"]);
        assert_eq!(words("retry_policy-2"), ["policy", "retry"]);
        assert_eq!(words("test_utils"), Vec::<String>::new());
        assert_eq!(words("größeÄndern"), ["größe", "ändern"]);
        assert_eq!(words("HTTPServer"), ["httpserver"]);
    }

    #[test]
    fn a_test_comes_before_its_folder_and_the_folder_before_the_rest() {
        let own = Named::of("src/net/retry.rs");
        let value = |path: &str| own.value(&Named::of(path));
        let order = [
            "src/net/retry_test.rs",
            "tests/retry.rs",
            "src/net/retry_policy.rs",
            "src/net/socket.rs",
            "src/disk/cache.rs",
            "examples/hello.rs",
        ];
        assert!(
            order.is_sorted_by(|one, other| value(one) > value(other)),
            "{:?}",
            order.map(value)
        );
        assert_eq!(value("examples/hello.rs"), 0.0);
        // Each folder has one of these.
        let module = Named::of("src/net/mod.rs");
        assert!(module.value(&Named::of("src/disk/mod.rs")) < 1.0);
    }
}
