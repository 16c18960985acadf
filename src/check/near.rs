//! The tests that belong to a change: those beside a file, named after it, or that mention what was
//! changed.

use std::collections::{BTreeMap, BTreeSet};

/// Most tests that are run for a change; with more, all are.
const MOST_NEAR: usize = 10;
/// Most names of a change that tests are searched for.
const MOST_NAMES: usize = 50;
/// Shorter names are in any file.
const SHORTEST_NAME: usize = 4;

/// Folders that hold tests.
const FOLDERS: [&str; 7] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "e2e",
    "androidTest",
];
/// Words before the name of a definition.
const DEFINING: [&str; 15] = [
    "fn",
    "def",
    "class",
    "func",
    "fun",
    "function",
    "const",
    "struct",
    "enum",
    "trait",
    "interface",
    "type",
    "module",
    "let",
    "var",
];

/// A file of tests, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFile {
    pub path: String,
    pub text: String,
}

/// Whether a file is one of tests, by its path.
pub fn is_test_path(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let name = parts.next().unwrap_or_default();
    let mut folders = parts;
    let is_code = !matches!(
        name.rsplit_once('.').map(|(_, extension)| extension),
        None | Some("md" | "rst" | "txt" | "adoc")
    );
    is_code && (folders.any(|folder| FOLDERS.contains(&folder)) || is_test_name(name))
}

/// `test_a.py`, `a_test.go`, `a.spec.ts`, `ATest.java`, `tests.rs`
fn is_test_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let lower = stem.to_lowercase();
    let mut middle = name.split('.').skip(1);
    lower.starts_with("test_")
        || lower.ends_with("_test")
        || lower.ends_with("_tests")
        || lower.ends_with("_spec")
        || matches!(lower.as_str(), "test" | "tests" | "conftest")
        || ["Test", "Tests", "Spec"]
            .iter()
            .any(|end| stem.len() > end.len() && stem.ends_with(end))
        || middle.any(|part| matches!(part, "test" | "spec"))
}

/// What a file is called without the signs of a test: `stats` of `tests/test_stats.py`.
fn stem_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let mut stem = stem.strip_prefix("test_").unwrap_or(stem);
    for end in ["_test", "_tests", "_spec", "Test", "Tests", "Spec"] {
        stem = stem
            .strip_suffix(end)
            .filter(|it| !it.is_empty())
            .unwrap_or(stem);
    }
    stem.to_lowercase()
}

/// The files of tests that belong to changed files, in order; empty if there are none or too many.
///
/// `names` are definitions that were changed: see [`changed_names`].
pub fn near_tests(changed: &[String], names: &[String], tests: &[TestFile]) -> Vec<String> {
    let mut near: BTreeSet<&str> = BTreeSet::new();
    let is_changed = |test: &&TestFile| changed.contains(&test.path);
    near.extend(tests.iter().filter(is_changed).map(|test| &*test.path));
    let stems: BTreeSet<String> = changed
        .iter()
        .filter(|path| !is_test_path(path))
        .map(|path| stem_of(path))
        .collect();
    for test in tests {
        let is_named = stems.contains(&stem_of(&test.path));
        let mentions = || {
            let mut words = words(&test.text);
            words.any(|word| names.iter().any(|name| name == word))
        };
        if is_named || mentions() {
            near.insert(&test.path);
        }
    }
    if near.len() > MOST_NEAR {
        return Vec::new();
    }
    near.into_iter().map(str::to_owned).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_break = |sign: char| !sign.is_alphanumeric() && sign != '_';
    text.split(is_break).filter(|word| !word.is_empty())
}

/// The names of the definitions in which lines were changed or added, each once.
pub fn changed_names(before: &str, after: &str) -> Vec<String> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for line in before.lines() {
        *known.entry(line).or_default() += 1;
    }
    let mut names: Vec<String> = Vec::new();
    let mut last = None;
    for line in after.lines() {
        last = defined(line).or(last);
        let is_kept = match known.get_mut(line) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => line.trim().is_empty(),
        };
        if !is_kept
            && let Some(name) = last
            && names.len() < MOST_NAMES
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The name that a line defines.
fn defined(line: &str) -> Option<&str> {
    let mut all = words(line);
    all.find(|word| DEFINING.contains(word))?;
    all.find(|word| !DEFINING.contains(word))
        .filter(|name| name.chars().count() >= SHORTEST_NAME)
}
