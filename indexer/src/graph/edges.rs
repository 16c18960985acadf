//! Connections of files: by words that few of them define, and by imports.

use std::ops::Range;

use super::build::FileDraft;
use super::imports::{Manifests, Paths};
use super::role::FileRole;
use super::words::WordList;
use super::{FileId, GraphEdge};

/// A name that more files define says too little about any of them.
const MOST_DEFINERS: usize = 5;
/// Names that an edge keeps.
const MOST_NAMES: usize = 5;
/// Files that a file uses, the heaviest; of all files together so many, then only a few each. An edge
/// takes half a kilobyte, and lists of words would connect each file with all others.
const MOST_EDGES: usize = 1_000;
const MANY: usize = 1_500_000;
const FEW_EDGES: usize = 20;
/// The weight of an import.
const IMPORT: f32 = 3.0;
/// A package of at most so many files is imported as a whole; of a larger one only the files that
/// share a name.
const SMALL_PACKAGE: usize = 3;

/// Which files define a word, and how many others use it there.
pub(super) struct Definers {
    /// Of each word, where its entries begin.
    starts: Vec<u32>,
    /// Files in their order: those of production first, then tests and examples.
    entries: Vec<Definer>,
}

#[derive(Clone, Copy)]
struct Definer {
    file: u32,
    is_aside: bool,
    uses: u32,
}

impl Definers {
    pub(super) fn of(words: usize, files: &[FileDraft]) -> Definers {
        let mut all: Vec<(u32, bool, u32)> = Vec::new();
        for (id, file) in (0..).zip(files) {
            let is_aside = matches!(file.role, FileRole::Test | FileRole::Example);
            let words = file.defined().into_iter();
            all.extend(words.map(|word| (word, is_aside, id)));
        }
        all.sort_unstable();
        let mut starts = vec![0; words + 1];
        for (word, _, _) in &all {
            starts[*word as usize + 1] += 1;
        }
        for at in 0..words {
            starts[at + 1] += starts[at];
        }
        let entries = all.into_iter().map(|(_, is_aside, file)| Definer {
            file,
            is_aside,
            uses: 0,
        });
        Definers {
            starts,
            entries: entries.collect(),
        }
    }

    fn range(&self, word: u32) -> Range<usize> {
        let at = word as usize;
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    /// Where the definitions are that a file means by a word: its own are none of others.
    fn meant(&self, word: u32, user: u32, is_aside: bool) -> Range<usize> {
        let all = self.range(word);
        let entries = &self.entries[all.clone()];
        let production = entries.partition_point(|entry| !entry.is_aside);
        let meant = match (production, is_aside) {
            (0, true) => all,
            (0, false) => 0..0,
            (some, _) => all.start..all.start + some,
        };
        let is_own = entries.iter().any(|entry| entry.file == user);
        if is_own || meant.len() > MOST_DEFINERS {
            0..0
        } else {
            meant
        }
    }

    /// How many other files use a word by which a file is known.
    pub(super) fn uses(&self, word: u32, file: u32) -> u32 {
        let entries = self.entries[self.range(word)].iter();
        let mut of_file = entries.filter(|entry| entry.file == file);
        of_file.next().map_or(0, |entry| entry.uses)
    }
}

/// A word that a file shares with one that defines it.
struct SharedWord {
    file: u32,
    word: u32,
    weight: f32,
    count: u32,
}

/// What each file uses, heaviest first.
pub(super) fn all_edges(
    files: &[FileDraft],
    words: &WordList,
    frequency: &[u32],
    definers: &mut Definers,
    manifests: Manifests,
) -> Vec<Vec<GraphEdge>> {
    let named: Vec<(String, FileRole)> = files
        .iter()
        .map(|file| (file.path.clone(), file.role))
        .collect();
    let paths = Paths::new(&named, manifests);
    let mut shared = Vec::new();
    let mut rows = Vec::with_capacity(files.len());
    let mut count = 0;
    for (id, file) in (0..).zip(files) {
        shared_words(id, file, frequency, files.len(), definers, &mut shared);
        let mut edges = edges_of(&mut shared, words);
        add_imports(id, file, &paths, &mut edges);
        sort(&mut edges);
        edges.truncate(if count < MANY { MOST_EDGES } else { FEW_EDGES });
        edges.shrink_to_fit();
        count += edges.len();
        rows.push(edges);
    }
    rows
}

fn shared_words(
    id: u32,
    file: &FileDraft,
    frequency: &[u32],
    files: usize,
    definers: &mut Definers,
    shared: &mut Vec<SharedWord>,
) {
    let is_aside = !matches!(
        file.role,
        FileRole::Source | FileRole::Generated | FileRole::Vendored
    );
    for (word, count) in &file.words {
        let meant = definers.meant(*word, id, is_aside);
        if meant.is_empty() {
            continue;
        }
        let rarity = (1.0 + files as f32 / frequency[*word as usize].max(1) as f32).ln();
        let weight = (1.0 + (*count as f32).ln()) * rarity / meant.len() as f32;
        for entry in &mut definers.entries[meant] {
            entry.uses += 1;
            shared.push(SharedWord {
                file: entry.file,
                word: *word,
                weight,
                count: *count,
            });
        }
    }
}

/// The edges of the words, by file; empties the words.
fn edges_of(shared: &mut Vec<SharedWord>, words: &WordList) -> Vec<GraphEdge> {
    shared.sort_by(|one, other| {
        let file = one.file.cmp(&other.file);
        file.then_with(|| other.weight.total_cmp(&one.weight))
            .then_with(|| one.word.cmp(&other.word))
    });
    let groups = shared.chunk_by(|one, other| one.file == other.file);
    let edges = groups.map(|group| GraphEdge {
        file: FileId(group[0].file),
        weight: group.iter().map(|it| it.weight).sum(),
        names: group
            .iter()
            .take(MOST_NAMES)
            .map(|it| words.get(it.word).to_owned())
            .collect(),
        is_import: false,
        count: group.iter().fold(0, |sum, it| it.count.saturating_add(sum)),
    });
    let edges = edges.collect();
    shared.clear();
    edges
}

/// Marks the edges that are imports, and adds those that share no name. `edges` are sorted by file.
fn add_imports(id: u32, file: &FileDraft, paths: &Paths<'_>, edges: &mut Vec<GraphEdge>) {
    // The weight that each file gets: of packages a part.
    let mut imported: Vec<(u32, f32)> = Vec::new();
    for import in &file.imports {
        let found = paths.resolve(id, import);
        let is_small = found.len() <= SMALL_PACKAGE;
        let weight = IMPORT / found.len().max(1) as f32;
        let shares = |file: &u32| edges.binary_search_by_key(file, |edge| edge.file.0).is_ok();
        let meant = found
            .into_iter()
            .filter(|file| *file != id && (is_small || shares(file)));
        imported.extend(meant.map(|file| (file, weight)));
    }
    imported.sort_by(|one, other| {
        let file = one.0.cmp(&other.0);
        file.then_with(|| other.1.total_cmp(&one.1))
    });
    // Several names of one file are one import.
    imported.dedup_by_key(|(file, _)| *file);
    let known = edges.len();
    for (file, weight) in imported {
        match edges[..known].binary_search_by_key(&file, |edge| edge.file.0) {
            Ok(at) => {
                edges[at].weight += weight;
                edges[at].is_import = true;
            }
            Err(_) => edges.push(GraphEdge {
                file: FileId(file),
                weight,
                names: Vec::new(),
                is_import: true,
                count: 1,
            }),
        }
    }
}

/// The heaviest first; of equals by file.
fn sort(edges: &mut [GraphEdge]) {
    edges.sort_by(|one, other| {
        let weight = other.weight.total_cmp(&one.weight);
        weight.then_with(|| one.file.cmp(&other.file))
    });
}

/// The same from the other side.
pub(super) fn transposed(uses: &[Vec<GraphEdge>]) -> Vec<Vec<GraphEdge>> {
    let mut counts = vec![0; uses.len()];
    for edge in uses.iter().flatten() {
        counts[edge.file.0 as usize] += 1;
    }
    let mut rows: Vec<Vec<GraphEdge>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (id, edges) in (0..).zip(uses) {
        for edge in edges {
            rows[edge.file.0 as usize].push(GraphEdge {
                file: FileId(id),
                ..edge.clone()
            });
        }
    }
    for row in &mut rows {
        sort(row);
    }
    rows
}
