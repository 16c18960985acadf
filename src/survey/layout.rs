//! What the names of files and folders tell: tests, licences, toolchains, generated code and so on.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, shown};
use super::facts::{Found, Framework, FrameworkKind, TestLayout};
use super::files::{Files, join, split};
use super::languages::language_of;
use super::tables::{
    self, GENERATED, INSTRUCTIONS, LICENCE_FILES, LICENCES, LOCKS, NODE_MANAGERS, TEST_FOLDERS,
    TEST_PATTERNS, TOOLCHAINS, VENDORED,
};

/// Most folders and patterns that are told of.
const MOST: usize = 20;
/// How much of a licence is looked at, in characters: its heading, and its beginning.
const HEADING: usize = 300;
const BEGINNING: usize = 2_500;

/// The package managers, each with its lock file or what else names it. Of several in a folder the
/// one that is used comes first; the others are told of all the same.
pub(super) fn package_managers(draft: &Draft<'_, '_>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut locks: Vec<(&str, &str)> = draft
        .files
        .all()
        .filter(|(path, _)| !tables::is_aside(path))
        .filter_map(|(path, _)| Some((path, manager_of(split(path).1)?)))
        .collect();
    locks.sort_by_key(|(path, manager)| {
        let folder = split(path).0;
        let depth = path.matches('/').count();
        (
            depth,
            folder.to_owned(),
            !is_used(draft, folder, manager),
            *path,
        )
    });
    for (path, manager) in locks {
        // The highest lock file stands for those below it.
        if found.iter().any(|known| known.name == manager) {
            continue;
        }
        found.push(Found {
            name: manager.to_owned(),
            path: shown(path),
        });
    }
    for (folder, name) in &draft.named_managers {
        let known = NODE_MANAGERS.iter().find(|known| *known == name);
        if let Some(known) = known.filter(|known| found.iter().all(|found| found.name != **known)) {
            found.push(Found {
                name: (*known).to_owned(),
                path: join(folder, "package.json"),
            });
        }
    }
    found
}

fn manager_of(name: &str) -> Option<&'static str> {
    let row = LOCKS.iter().find(|(lock, _)| *lock == name);
    row.map(|(_, manager)| *manager)
}

fn is_used(draft: &Draft<'_, '_>, folder: &str, manager: &str) -> bool {
    if NODE_MANAGERS.contains(&manager) {
        return draft.node_manager(folder) == manager;
    }
    let python = super::manifests::python_runner(draft, folder);
    draft.used_by_ci.contains(manager) || python.starts_with(manager)
}

/// Versions that files ask for.
pub(super) fn toolchains(draft: &mut Draft<'_, '_>) {
    let files = draft.files;
    let paths: Vec<&str> = files
        .all()
        .map(|(path, _)| path)
        .filter(|path| path.matches('/').count() <= 2 && !tables::is_aside(path))
        .collect();
    for (name, tool) in TOOLCHAINS {
        let is_named = |path: &&&str| **path == *name || split(path).1 == *name;
        for path in paths.iter().filter(is_named).take(4) {
            draft.toolchain(tool, &version_in(files, path), path);
        }
    }
}

/// The version in a file that has little else, else a word that says that there is a file.
fn version_in(files: &Files<'_>, path: &str) -> String {
    let name = split(path).1;
    let has_only_version =
        name.ends_with("-version") || matches!(name, ".nvmrc" | "rust-toolchain");
    let text = files.read(path).unwrap_or_else(|| "".into());
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let key = match name {
        "rust-toolchain.toml" | "rust-toolchain" => "channel",
        "global.json" => "\"version\"",
        "Dockerfile" => "FROM",
        _ => "",
    };
    let keyed = text.lines().map(str::trim).find_map(|line| {
        let rest = line.strip_prefix(key).filter(|_| !key.is_empty())?;
        let rest = rest
            .trim_start_matches([' ', '=', ':'])
            .trim_end_matches(',');
        Some(rest.trim_matches(['"', '\'']).to_owned())
    });
    match keyed {
        Some(version) => version,
        None if has_only_version => first.unwrap_or_default().to_owned(),
        None => "file".to_owned(),
    }
}

/// The licence: what the files at the root say, else what a manifest names.
pub(super) fn licence(draft: &Draft<'_, '_>) -> Option<Found> {
    let named = draft.licences.iter().next();
    let mut names = BTreeSet::new();
    let mut first = None;
    for name in draft.files.names_in("") {
        let upper = name.to_ascii_uppercase();
        let is_licence = LICENCE_FILES.iter().any(|known| {
            upper
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        });
        if !is_licence {
            continue;
        }
        let text = draft.files.read(name);
        if let Some(licence) = text.and_then(|text| licence_of(&text)) {
            names.insert(licence);
            first = first.or(Some(name));
        }
    }
    let told = first.map(|path| Found {
        name: names.into_iter().collect::<Vec<_>>().join(", "),
        path: shown(path),
    });
    told.or_else(|| named.cloned())
}

fn licence_of(text: &str) -> Option<&'static str> {
    let words: Vec<String> = text
        .split_whitespace()
        .take(BEGINNING / 4)
        .map(str::to_ascii_lowercase)
        .collect();
    let text = words.join(" ");
    let upto = |most: usize| {
        text.char_indices()
            .nth(most)
            .map_or(text.as_str(), |(at, _)| &text[..at])
    };
    let (heading, beginning) = (upto(HEADING), upto(BEGINNING));
    let mut rows = LICENCES.iter();
    let found = rows.find(|(words, _)| {
        let is_sentence = words.len() > 40 || *words == "neither the name of";
        let place = if is_sentence { beginning } else { heading };
        place.contains(words)
    });
    found.map(|(_, name)| *name)
}

/// Folders of generated files, and of other people's code.
pub(super) fn folders(files: &Files<'_>) -> (Vec<String>, Vec<String>) {
    let (mut generated, mut vendored) = (BTreeSet::new(), BTreeSet::new());
    for (path, _) in files.all() {
        let folders: Vec<(usize, &str)> = path.match_indices('/').collect();
        let mut start = 0;
        for (at, _) in folders {
            let name = &path[start..at];
            start = at + 1;
            if VENDORED.contains(&name) {
                vendored.insert(shown(&path[..at]));
                break;
            }
            if GENERATED.contains(&name) {
                generated.insert(shown(&path[..at]));
                break;
            }
        }
    }
    for path in &files.left_out {
        let name = split(path).1;
        let of = if VENDORED.contains(&name) {
            &mut vendored
        } else {
            &mut generated
        };
        of.insert(shown(path));
    }
    let most = |found: BTreeSet<String>| found.into_iter().take(MOST).collect();
    (most(generated), most(vendored))
}

/// Where tests are and how they are named.
pub(super) fn tests(files: &Files<'_>, frameworks: &[Framework]) -> TestLayout {
    let mut patterns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, _) in files.all() {
        let in_vendored = path.split('/').any(|part| VENDORED.contains(&part));
        if in_vendored || language_of(path).is_none() {
            continue;
        }
        let (folder, name) = split(path);
        if let Some((pattern, _)) = TEST_PATTERNS
            .iter()
            .find(|(pattern, _)| tables::fits(pattern, name))
        {
            *patterns.entry(pattern).or_default() += 1;
        }
        if let Some(at) = test_folder(folder) {
            *folders.entry(&path[..at]).or_default() += 1;
        }
    }
    let of = |kind: FrameworkKind| frameworks.iter().filter(move |found| found.kind == kind);
    TestLayout {
        folders: most_first(folders),
        patterns: most_first(patterns),
        frameworks: of(FrameworkKind::Test)
            .map(|found| found.name.clone())
            .collect(),
    }
}

/// Where the name of the first folder of tests in a path ends.
fn test_folder(folder: &str) -> Option<usize> {
    let mut start = 0;
    for part in folder.split('/') {
        let end = start + part.len();
        if TEST_FOLDERS.contains(&part) {
            return Some(end);
        }
        start = end + 1;
    }
    None
}

fn most_first(counts: BTreeMap<&str, usize>) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts.truncate(MOST);
    counts.into_iter().map(|(name, _)| shown(name)).collect()
}

/// Files with instructions for agents and contributors.
pub(super) fn instructions(files: &Files<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for place in INSTRUCTIONS {
        if place.ends_with('/') {
            let folder = place.trim_end_matches('/');
            found.extend(
                files
                    .names_in(folder)
                    .map(|name| shown(&join(folder, name))),
            );
        } else if files.has(place) {
            found.push((*place).to_owned());
        }
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_told_by_their_beginnings() {
        for (text, name) in [
            (
                "MIT License\n\nCopyright (c) 2020 A\n\nPermission is hereby granted, free of charge, to",
                Some("MIT"),
            ),
            (
                "   Apache License\n   Version 2.0, January 2004\n",
                Some("Apache-2.0"),
            ),
            (
                "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n",
                Some("GPL-3.0"),
            ),
            ("All rights reserved.", None),
        ] {
            assert_eq!(licence_of(text), name, "{text}");
        }
        let bsd =
            "Copyright A\n\nRedistribution and use in source and binary forms, with or without";
        assert_eq!(licence_of(bsd), Some("BSD-2-Clause"));
        let bsd = format!(
            "{bsd} {} * Neither the name of the copyright holder",
            "x ".repeat(300)
        );
        assert_eq!(licence_of(&bsd), Some("BSD-3-Clause"));
    }

    #[test]
    fn the_folder_of_tests_is_the_first_one() {
        assert_eq!(test_folder("a/tests/b/tests"), Some(7));
        assert_eq!(test_folder("a/b"), None);
        assert_eq!(test_folder(""), None);
    }
}
