//! Builds a graph from chunks, which come in any order.
//!
//! Words are counted by number while chunks come, without an allocation for each occurrence. In the
//! end files are sorted by path and words by their letters, so that the order in which chunks came
//! leaves no trace, not even in sums of floating-point numbers.

use std::collections::{HashMap, HashSet};
use std::mem;

use ollacode_store::{ChunkKind, ChunkView};

use super::imports::{Import, Manifests, Paths, read_imports};
use super::role::{FileRole, is_generated, role_of};
use super::signature::{find, kind, signature};
use super::words::{Interner, WordList, identifiers, is_identifier};
use super::{FileGraph, FileId, GraphDefinition, GraphEdge, GraphFile};
use crate::language::PLAIN_TEXT;

/// Most files: a graph of so many takes about 600 MB.
const MOST_FILES: usize = 50_000;
/// Most definitions of a file.
const MOST_DEFINITIONS: usize = 2_000;
/// A name that more files define says too little about any of them.
const MOST_DEFINERS: usize = 5;
/// Names that an edge keeps.
const MOST_NAMES: usize = 5;
/// The weight of an import.
const IMPORT: f32 = 3.0;
/// A package of at most so many files is imported as a whole; of a larger one only the files that
/// share a name.
const SMALL_PACKAGE: usize = 3;

/// Formats of data, whose words are not read.
const DATA: &[&str] = &["json"];

#[derive(Default)]
pub(super) struct GraphBuilder {
    interner: Interner,
    files: Vec<FileDraft>,
    by_path: HashMap<String, usize>,
    /// Of the chunk that is being read, by word, and the words that occur in it.
    counts: Vec<u32>,
    touched: Vec<u32>,
    manifests: Manifests,
    left_out: HashSet<String>,
}

struct FileDraft {
    path: String,
    language: String,
    /// The first line of the chunk that the language is of.
    first_line: u32,
    role: FileRole,
    lines: u32,
    definitions: Vec<DefinitionDraft>,
    /// Words and how often they occur, chunk by chunk.
    words: Vec<(u32, u32)>,
    imports: Vec<Import>,
}

struct DefinitionDraft {
    name: String,
    /// If the name is one that texts may have.
    word: Option<u32>,
    signature: String,
    line: u32,
    kind: ChunkKind,
}

impl GraphBuilder {
    pub(super) fn add(&mut self, chunk: &ChunkView<'_>) {
        let Some(at) = self.file(chunk) else {
            return;
        };
        let role = self.files[at].role;
        self.manifests.read(chunk.path, chunk.text);
        self.add_definitions(at, chunk);
        let is_written_here = !matches!(role, FileRole::Generated | FileRole::Vendored);
        if is_written_here && !DATA.contains(&chunk.language) {
            read_imports(chunk.language, chunk.text, &mut self.files[at].imports);
            self.count_words(at, chunk.text);
        }
    }

    /// The place of the chunk's file; `None` if there are too many.
    fn file(&mut self, chunk: &ChunkView<'_>) -> Option<usize> {
        let at = match self.by_path.get(chunk.path) {
            Some(at) => *at,
            None if self.files.len() == MOST_FILES => {
                self.left_out.insert(chunk.path.to_owned());
                return None;
            }
            None => {
                let at = self.files.len();
                self.by_path.insert(chunk.path.to_owned(), at);
                self.files.push(FileDraft {
                    path: chunk.path.to_owned(),
                    language: chunk.language.to_owned(),
                    first_line: chunk.start_line,
                    role: role_of(chunk.path, chunk.language),
                    lines: 0,
                    definitions: Vec::new(),
                    words: Vec::new(),
                    imports: Vec::new(),
                });
                at
            }
        };
        let file = &mut self.files[at];
        file.lines = file.lines.max(chunk.end_line);
        if chunk.start_line < file.first_line {
            file.first_line = chunk.start_line;
            if file.language != chunk.language {
                chunk.language.clone_into(&mut file.language);
            }
        }
        if chunk.start_line <= 5 && file.role == FileRole::Source && is_generated(chunk.text) {
            file.role = FileRole::Generated;
        }
        Some(at)
    }

    fn add_definitions(&mut self, at: usize, chunk: &ChunkView<'_>) {
        let mut from = 0;
        for name in chunk.definitions() {
            if self.files[at].definitions.len() == MOST_DEFINITIONS {
                return;
            }
            // Definitions stand in their order, but for those whose line is not found.
            let place = find(chunk.text, name, from).or_else(|| find(chunk.text, name, 0));
            let (line, start) = match &place {
                Some(place) => (place.line, place.start),
                None => (0, 0),
            };
            if place.is_some() {
                from = from.max(start);
            }
            let signature = match place {
                Some(_) => signature(&chunk.text[start..]),
                None => name.chars().take(80).collect(),
            };
            let kind = if chunk.symbol == Some(name) {
                chunk.kind
            } else {
                kind(&signature, chunk.kind)
            };
            let word = is_identifier(name).then(|| self.interner.id(name));
            self.files[at].definitions.push(DefinitionDraft {
                name: name.to_owned(),
                word: word.flatten(),
                signature,
                line: chunk.start_line.saturating_add(line),
                kind,
            });
        }
    }

    fn count_words(&mut self, at: usize, text: &str) {
        for word in identifiers(text) {
            let Some(id) = self.interner.id(word) else {
                continue;
            };
            let place = id as usize;
            if place >= self.counts.len() {
                self.counts.resize(self.interner.len().max(1_024) * 2, 0);
            }
            if self.counts[place] == 0 {
                self.touched.push(id);
            }
            self.counts[place] += 1;
        }
        let words = &mut self.files[at].words;
        for id in self.touched.drain(..) {
            words.push((id, mem::take(&mut self.counts[id as usize])));
        }
    }

    pub(super) fn finish(mut self) -> FileGraph {
        self.files
            .sort_unstable_by(|one, other| one.path.cmp(&other.path));
        for file in &mut self.files {
            file.tidy();
        }
        let (words, new_ids) = sorted_words(&self.interner, &self.files);
        for file in &mut self.files {
            file.renumber(&new_ids);
        }
        let frequency = document_frequency(words.len(), &self.files);
        let mut definers = Definers::of(words.len(), &self.files);
        let uses = all_edges(
            &self.files,
            &words,
            &frequency,
            &mut definers,
            self.manifests,
        );
        let used_by = transposed(&uses);
        let files = (0..).zip(&mut self.files);
        let finished = files
            .map(|(id, file)| file.finished(id, &definers))
            .collect();
        let identifiers = self.files.into_iter().map(|file| file.words).collect();
        FileGraph {
            files: finished,
            uses,
            used_by,
            identifiers,
            words,
            frequency,
            left_out: self.left_out.len(),
        }
    }
}

impl FileDraft {
    /// Brings what was added into an order that does not depend on that of the chunks.
    fn tidy(&mut self) {
        if self.role == FileRole::Generated {
            // Known only now for those that say so in their first lines.
            self.words.clear();
            self.imports.clear();
        }
        self.words = merged(mem::take(&mut self.words));
        self.imports.sort_unstable();
        self.imports.dedup();
        self.definitions
            .sort_by(|one, other| (one.line, &one.name).cmp(&(other.line, &other.name)));
    }

    /// Replaces the ids of words; those without a new one are dropped.
    fn renumber(&mut self, new_ids: &[Option<u32>]) {
        let new = |id: u32| new_ids.get(id as usize).copied().flatten();
        let words = mem::take(&mut self.words).into_iter();
        self.words = words
            .filter_map(|(id, count)| Some((new(id)?, count)))
            .collect();
        self.words.sort_unstable();
        self.words.shrink_to_fit();
        for definition in &mut self.definitions {
            definition.word = definition.word.and_then(new);
        }
    }

    /// The words that others may use it by.
    fn defined(&self) -> Vec<u32> {
        if self.role == FileRole::Document {
            return Vec::new();
        }
        let words = self.definitions.iter().filter_map(|it| it.word);
        let mut words: Vec<u32> = words.collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    fn finished(&mut self, id: u32, definers: &Definers) -> GraphFile {
        let definitions = mem::take(&mut self.definitions).into_iter();
        let definitions = definitions.map(|it| GraphDefinition {
            uses: it.word.map_or(0, |word| definers.uses(word, id)),
            name: it.name,
            signature: it.signature,
            line: it.line,
            kind: it.kind,
        });
        let has_grammar = self.language != PLAIN_TEXT;
        GraphFile {
            path: mem::take(&mut self.path),
            language: has_grammar.then(|| mem::take(&mut self.language)),
            role: self.role,
            definitions: definitions.collect(),
            lines: self.lines,
        }
    }
}

/// Words with the sum of their counts, sorted.
fn merged(mut words: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    words.sort_unstable();
    words.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        is_same
    });
    words
}

/// The words that say something of more than one file, sorted, and the new id of each old one.
fn sorted_words(interner: &Interner, files: &[FileDraft]) -> (WordList, Vec<Option<u32>>) {
    let mut frequency = document_frequency(interner.len(), files);
    for word in files.iter().flat_map(FileDraft::defined) {
        // It stays, even if it occurs in one file only.
        frequency[word as usize] += 2;
    }
    let mut words = WordList::default();
    let mut new_ids = vec![None; interner.len()];
    for (word, id) in interner.sorted() {
        let new = u32::try_from(words.len()).ok();
        if frequency[id as usize] > 1 && words.push(word) {
            new_ids[id as usize] = new;
        }
    }
    words.shrink();
    (words, new_ids)
}

fn document_frequency(words: usize, files: &[FileDraft]) -> Vec<u32> {
    let mut frequency = vec![0; words];
    for (word, _) in files.iter().flat_map(|file| &file.words) {
        frequency[*word as usize] += 1;
    }
    frequency
}

/// Which files define a word, and how many others use it there.
struct Definers {
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
    fn of(words: usize, files: &[FileDraft]) -> Definers {
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

    fn range(&self, word: u32) -> std::ops::Range<usize> {
        let at = word as usize;
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    /// Where the definitions are that a file means by a word: its own are none of others.
    fn meant(&self, word: u32, user: u32, is_aside: bool) -> std::ops::Range<usize> {
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

    fn uses(&self, word: u32, file: u32) -> u32 {
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

fn all_edges(
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
    for (id, file) in (0..).zip(files) {
        shared_words(id, file, frequency, files.len(), definers, &mut shared);
        let mut edges = edges_of(&mut shared, words);
        add_imports(id, file, &paths, &mut edges);
        sort(&mut edges);
        edges.shrink_to_fit();
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

fn transposed(uses: &[Vec<GraphEdge>]) -> Vec<Vec<GraphEdge>> {
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
