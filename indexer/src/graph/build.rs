//! Builds a graph from chunks, which come in any order.
//!
//! Words are counted by number while chunks come, without an allocation for each occurrence. In the
//! end files are sorted by path and words by their letters, so that the order in which chunks came
//! leaves no trace, not even in sums of floating-point numbers.

use std::collections::{HashMap, HashSet};
use std::mem;

use ollacode_store::{ChunkKind, ChunkView};

use super::edges::{Definers, all_edges, transposed};
use super::imports::{Import, Manifests, read_imports};
use super::role::{FileRole, is_generated, role_of};
use super::signature::{find, kind, signature};
use super::words::{Interner, WordList, identifiers, is_identifier};
use super::{FileGraph, GraphDefinition, GraphFile};
use crate::language::PLAIN_TEXT;

/// Most files: a graph of so many takes about 600 MB.
const MOST_FILES: usize = 50_000;
/// Most definitions of a file.
const MOST_DEFINITIONS: usize = 2_000;

/// Formats of data, of which nothing is read.
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

/// A file while the graph is built.
pub(super) struct FileDraft {
    pub path: String,
    language: String,
    /// The first line of the chunk that the language is of.
    first_line: u32,
    pub role: FileRole,
    /// Whether its first lines say that a program wrote it.
    says_generated: bool,
    lines: u32,
    definitions: Vec<DefinitionDraft>,
    /// Words and how often they occur: chunk by chunk, in the end sorted.
    pub words: Vec<(u32, u32)>,
    pub imports: Vec<Import>,
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
        if DATA.contains(&chunk.language) {
            return;
        }
        self.add_definitions(at, chunk);
        if !matches!(role, FileRole::Generated | FileRole::Vendored) {
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
                    says_generated: false,
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
        file.says_generated |= chunk.start_line <= 5 && is_generated(chunk.text);
        Some(at)
    }

    fn add_definitions(&mut self, at: usize, chunk: &ChunkView<'_>) {
        // Where the search for the next one begins, and the name before.
        let mut from = 0;
        let mut last = "";
        let mut symbol = chunk.symbol;
        for name in chunk.definitions() {
            if self.files[at].definitions.len() == MOST_DEFINITIONS {
                return;
            }
            if name == last {
                // A type and its `impl`: the same line is not meant twice.
                from = line_end(chunk.text, from);
            }
            last = name;
            // Definitions stand in their order, but for those whose line is not found.
            let place = find(chunk.text, name, from).or_else(|| find(chunk.text, name, 0));
            let line = place.as_ref().map_or(0, |place| place.line);
            let signature = match &place {
                Some(place) => {
                    from = from.max(place.start);
                    signature(&chunk.text[place.start..])
                }
                None => name.chars().take(80).collect(),
            };
            let kind = match symbol.take_if(|symbol| *symbol == name) {
                Some(_) => chunk.kind,
                None => kind(&signature, chunk.kind),
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
        // The language is known only now: a component has several.
        self.role = role_of(&self.path, &self.language);
        if self.says_generated && self.role == FileRole::Source {
            self.role = FileRole::Generated;
        }
        if self.role == FileRole::Generated {
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
    pub(super) fn defined(&self) -> Vec<u32> {
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

/// The end of the line that a byte of a text is on.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find('\n').unwrap_or(rest.len())
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
