//! What is certain about each part: size, languages, definitions, what it uses, where it begins, how it
//! is tested; and what does not look meant: circles, and edges that only tests have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ollacode_indexer::{FileRole, GraphFile};

use super::parts::{Part, Parts, is_below};
use super::source::SourceTree;

/// Most definitions of a part that are listed.
const MOST_DEFINITIONS: usize = 8;
/// Most names that tell what an edge is.
const MOST_NAMES: usize = 3;
/// Most test files and entry points of a part that are named.
const MOST_LISTED: usize = 4;
/// Most circles.
const MOST_CIRCLES: usize = 8;

/// The parts with what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    pub parts: Vec<PartOutline>,
    /// How many smaller folders went into the one above.
    pub folded: usize,
    /// Parts that use each other in a circle, the first one not repeated.
    pub circles: Vec<Vec<usize>>,
}

/// What is known of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartOutline {
    /// Its folder; empty for what is in no other part.
    pub path: String,
    pub name: Option<String>,
    /// Positions in the list of files, sorted.
    pub files: Vec<usize>,
    /// Lines of all of its files.
    pub lines: u64,
    /// Shares of its lines in percent, largest first.
    pub languages: Vec<(String, u64)>,
    /// The definitions that other files use most.
    pub definitions: Vec<ListedDefinition>,
    /// Other parts that it uses, those used most first.
    pub uses: Vec<PartUse>,
    /// Paths, and what begins there.
    pub entries: Vec<(String, String)>,
    /// Tests in it, and tests elsewhere that use it.
    pub tests: Vec<String>,
    /// How many of its files are tests.
    pub test_count: usize,
    /// Whether it has more than tests and examples.
    pub has_sources: bool,
    /// What tells whether a description of it still holds; see [`hash`].
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedDefinition {
    pub name: String,
    pub path: String,
    pub line: u32,
    /// How many other files use it.
    pub uses: u32,
}

/// A part uses another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartUse {
    pub part: usize,
    /// Files that use it, those of tests and examples among them.
    pub count: usize,
    /// Whether only tests and examples have them.
    pub only_tests: bool,
    pub names: Vec<String>,
}

/// Finds out what is known of each part.
pub(super) fn outline(tree: &SourceTree, parts: &Parts) -> Outline {
    let edges = edges(tree, parts);
    let numbers = 0..parts.list.len();
    let parts_known: Vec<PartOutline> = numbers
        .map(|number| described(tree, parts, number, uses_of(&edges, number)))
        .collect();
    Outline {
        circles: circles(&parts_known),
        folded: parts.folded,
        parts: parts_known,
    }
}

/// The uses between two parts.
#[derive(Default)]
struct Edge {
    /// The files that certainly use the other part: those of the program, tests and examples.
    sources: BTreeSet<usize>,
    tests: BTreeSet<usize>,
    /// How often each name was among the heaviest.
    names: BTreeMap<String, u32>,
}

fn edges(tree: &SourceTree, parts: &Parts) -> BTreeMap<(usize, usize), Edge> {
    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for used in &tree.uses {
        let (Some(from), Some(to)) = (parts.of_file[used.from], parts.of_file[used.to]) else {
            continue;
        };
        if from == to {
            continue;
        }
        let edge = edges.entry((from, to)).or_default();
        if used.is_certain {
            match tree.files[used.from].role {
                FileRole::Source if !used.in_tests => edge.sources.insert(used.from),
                _ => edge.tests.insert(used.from),
            };
        }
        for name in &used.names {
            *edge.names.entry(name.clone()).or_default() += used.count.max(1);
        }
    }
    edges.retain(|_, edge| !edge.sources.is_empty() || !edge.tests.is_empty());
    edges
}

/// What a part uses, the part used most first.
fn uses_of(edges: &BTreeMap<(usize, usize), Edge>, from: usize) -> Vec<PartUse> {
    let of_part = edges.range((from, 0)..=(from, usize::MAX));
    let mut uses: Vec<PartUse> = of_part
        .map(|((_, to), edge)| {
            let mut names: Vec<(&String, &u32)> = edge.names.iter().collect();
            names.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
            let names = names.into_iter().take(MOST_NAMES);
            PartUse {
                part: *to,
                count: edge.sources.union(&edge.tests).count(),
                only_tests: edge.sources.is_empty(),
                names: names.map(|(name, _)| name.clone()).collect(),
            }
        })
        .collect();
    uses.sort_by(|one, other| other.count.cmp(&one.count).then(one.part.cmp(&other.part)));
    uses
}

fn described(tree: &SourceTree, parts: &Parts, number: usize, uses: Vec<PartUse>) -> PartOutline {
    let part = &parts.list[number];
    let files: Vec<&GraphFile> = part.files.iter().map(|at| &tree.files[*at]).collect();
    let lines = files.iter().map(|file| u64::from(file.lines)).sum();
    let is_test = |file: &&&GraphFile| file.role == FileRole::Test;
    let entries = tree.entries.iter().filter(|(path, _)| {
        let mut paths = files.iter().map(|file| &file.path);
        paths.any(|of_part| of_part == path)
    });
    let mut described = PartOutline {
        path: part.path.clone(),
        name: part.name.clone(),
        files: part.files.clone(),
        lines,
        languages: languages(&files),
        definitions: most_used(&files),
        entries: entries.take(MOST_LISTED).cloned().collect(),
        tests: tests(tree, part),
        test_count: files.iter().filter(is_test).count(),
        has_sources: files.iter().any(|file| file.role == FileRole::Source),
        uses,
        hash: String::new(),
    };
    described.hash = hash(tree, parts, &described);
    described
}

fn languages(files: &[&GraphFile]) -> Vec<(String, u64)> {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files {
        if let Some(language) = &file.language {
            *lines.entry(language).or_default() += u64::from(file.lines.max(1));
        }
    }
    let all: u64 = lines.values().sum();
    let mut shares: Vec<(String, u64)> = lines
        .into_iter()
        .map(|(language, lines)| (language.to_owned(), lines * 100 / all.max(1)))
        .filter(|(_, share)| *share > 0)
        .collect();
    shares.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    shares
}

/// The definitions that most other files use, those of sources only.
fn most_used(files: &[&GraphFile]) -> Vec<ListedDefinition> {
    let sources = files.iter().filter(|file| file.role == FileRole::Source);
    let mut found: Vec<ListedDefinition> = sources
        .flat_map(|file| {
            file.definitions
                .iter()
                .map(move |definition| ListedDefinition {
                    name: definition.name.clone(),
                    path: file.path.clone(),
                    line: definition.line,
                    uses: definition.uses,
                })
        })
        .filter(|definition| definition.uses > 0 && !definition.name.trim().is_empty())
        .collect();
    found.sort_by(|one, other| {
        let place = |of: &ListedDefinition| (of.path.clone(), of.line);
        other
            .uses
            .cmp(&one.uses)
            .then_with(|| place(one).cmp(&place(other)))
    });
    // The same name once: that of another file is used no more by it.
    let mut names = BTreeSet::new();
    found.retain(|definition| names.insert(definition.name.clone()));
    found.truncate(MOST_DEFINITIONS);
    found
}

/// Tests of a part: in it, then those elsewhere that use it most.
fn tests(tree: &SourceTree, part: &Part) -> Vec<String> {
    let is_test = |at: usize| tree.files[at].role == FileRole::Test;
    let is_inside = |at: &usize| part.files.binary_search(at).is_ok();
    let inside = part.files.iter().filter(|at| is_test(**at));
    let mut found: Vec<usize> = inside.copied().take(MOST_LISTED).collect();
    let mut outside: BTreeMap<usize, u32> = BTreeMap::new();
    for used in &tree.uses {
        let is_of_part = is_inside(&used.to) && !is_inside(&used.from);
        if used.is_certain && is_test(used.from) && is_of_part {
            let count = outside.entry(used.from).or_default();
            *count = count.saturating_add(used.count);
        }
    }
    let mut outside: Vec<(usize, u32)> = outside.into_iter().collect();
    outside.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    let room = MOST_LISTED - found.len();
    found.extend(outside.iter().take(room).map(|(at, _)| *at));
    let paths = found.into_iter().map(|at| tree.files[at].path.clone());
    paths.collect()
}

/// The hash of what a description of a part is about: its files, their definitions, which parts it
/// uses, and where it begins. Line numbers and counts are left out, since they change with every edit.
fn hash(tree: &SourceTree, parts: &Parts, part: &PartOutline) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |kind: &str, text: &str| {
        hasher.update(kind.as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for file in part.files.iter().map(|at| &tree.files[*at]) {
        add("file", &file.path);
        for definition in &file.definitions {
            add("name", &definition.name);
            add("signature", &definition.signature);
        }
    }
    let mut uses: Vec<(&str, bool)> = part
        .uses
        .iter()
        .map(|used| (parts.list[used.part].path.as_str(), used.only_tests))
        .collect();
    uses.sort_unstable();
    for (path, only_tests) in uses {
        add(if only_tests { "tests use" } else { "uses" }, path);
    }
    for (path, what) in &part.entries {
        add("entry", path);
        add("what", what);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Circles of parts, over edges that sources have: for each part the shortest one through it, each
/// circle once.
fn circles(parts: &[PartOutline]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..parts.len() {
        let Some(mut circle) = shortest_circle(parts, start) else {
            continue;
        };
        // Begins with the first part, so that a circle looks the same from everywhere in it.
        let first = circle.iter().enumerate().min_by_key(|(_, part)| **part);
        let first = first.map_or(0, |(at, _)| at);
        circle.rotate_left(first);
        if !found.contains(&circle) {
            found.push(circle);
        }
    }
    found.sort_by_key(|circle| (circle.len(), circle.clone()));
    found.truncate(MOST_CIRCLES);
    found
}

fn shortest_circle(parts: &[PartOutline], start: usize) -> Option<Vec<usize>> {
    let mut before: Vec<Option<usize>> = vec![None; parts.len()];
    let mut pending = VecDeque::from([start]);
    while let Some(part) = pending.pop_front() {
        let mut uses: Vec<usize> = parts[part]
            .uses
            .iter()
            .filter(|used| !used.only_tests)
            .map(|used| used.part)
            .collect();
        uses.sort_unstable();
        for used in uses {
            if used == start {
                let mut way = vec![part];
                while let Some(earlier) = way.last().and_then(|last| before[*last]) {
                    way.push(earlier);
                }
                way.reverse();
                return Some(way);
            }
            if before[used].is_none() {
                before[used] = Some(part);
                pending.push_back(used);
            }
        }
    }
    None
}

impl Outline {
    /// How a part is called: its folder, `.` for what is in no other part.
    pub(super) fn label(&self, part: usize) -> &str {
        label(&self.parts[part].path)
    }

    /// The parts that a path names: that folder, what is below it, or else the part that it is in.
    pub(super) fn named(&self, path: &str) -> Vec<usize> {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let path = if path == "." { "" } else { path };
        let numbers = 0..self.parts.len();
        let is_meant = |at: &usize| {
            let of_part = self.parts[*at].path.as_str();
            of_part == path || !path.is_empty() && is_below(of_part, path)
        };
        let meant: Vec<usize> = numbers.clone().filter(is_meant).collect();
        if !meant.is_empty() {
            return meant;
        }
        let around = numbers.filter(|at| is_below(path, &self.parts[*at].path));
        let innermost = around.max_by_key(|at| self.parts[*at].path.len());
        innermost.into_iter().collect()
    }

    /// The parts that use one, the one that uses it most first, with counts.
    pub(super) fn used_by(&self, part: usize) -> Vec<(usize, &PartUse)> {
        let mut found: Vec<(usize, &PartUse)> = Vec::new();
        for (number, other) in self.parts.iter().enumerate() {
            let uses = other.uses.iter().filter(|used| used.part == part);
            found.extend(uses.map(|used| (number, used)));
        }
        found.sort_by(|one, other| {
            let counts = other.1.count.cmp(&one.1.count);
            counts.then(one.0.cmp(&other.0))
        });
        found
    }
}

/// How a folder is called.
pub(super) fn label(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

#[cfg(test)]
mod tests;
