//! The chunker: it splits a file's text at the boundaries of its syntax tree.
//!
//! A node over the budget is split at its children, never below a statement;
//! small neighbours of one scope are merged. Chunks end at line ends, so the
//! chunks of a file cover each of its lines once. (The idea is cAST's
//! split-then-merge, arXiv 2506.15655.)

mod lines;

use std::cell::Cell;
use std::ops::Range;

use ollacode_store::{Chunk, ChunkKind};
use tree_sitter::Node;

use crate::parse::{
    Definition, FileOutline, FileParser, LineStarts, ParseFailure, ParseWork, end_row,
};
use crate::parts::parts_of;
use crate::query::file_stem;
use crate::unspaced::pairs;
pub use lines::without_long_lines;

use lines::LineIndex;

/// Most characters of a chunk, white space not counted. 750 to 1,500 retrieve
/// equally well; the lower end halves the text that a model has to read.
pub const BUDGET: usize = 800;

/// Pieces below this are merged with a neighbour of their scope.
const SMALL: usize = 200;

/// Most entries of a scope.
const MOST_SCOPES: usize = 64;

/// Depth of nesting beyond which a node is split by lines: only generators write it.
const MAX_DEPTH: usize = 200;

/// The chunks of one file, and the failure of its grammar, if any.
#[derive(Debug)]
pub struct FileChunks {
    /// Name of the language, or `text`.
    pub language: &'static str,
    /// The chunks, in the order of the text.
    pub chunks: Vec<Chunk>,
    /// Why the file was chunked by lines although it has a grammar.
    pub failure: Option<ParseFailure>,
    /// What was done for it.
    pub work: ChunkingWork,
}

/// How much was done to chunk a file, in units that do not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkingWork {
    /// What was done for the outlines of all parts.
    pub outline: ParseWork,
    /// Nodes that were looked at for where to cut.
    pub nodes: usize,
}

/// Splits a file into chunks.
pub fn chunk_file(parser: &mut FileParser, path: &str, text: &str) -> FileChunks {
    let file = parts_of(path, text);
    let deadline = file.deadline(text);
    let mut cut = FileChunks {
        language: file.name,
        chunks: Vec::new(),
        failure: None,
        work: ChunkingWork::default(),
    };
    for part in &file.parts {
        let text = without_long_lines(&part.text);
        // If one part reaches its time limit, no other part of the file is parsed.
        let grammar = part
            .language
            .filter(|_| cut.failure != Some(ParseFailure::TooSlow));
        let outline = grammar.map(|language| parser.outline_until(language, &text, deadline));
        let chunks = match outline {
            Some(Ok(outline)) => by_syntax(path, part.name, &text, &outline, &mut cut.work),
            Some(Err(failure)) => {
                cut.failure = Some(failure);
                by_lines(path, part.name, &text)
            }
            None => by_lines(path, part.name, &text),
        };
        let line = |line: u32| line_number(part.line(line as usize - 1) - 1);
        cut.chunks.extend(chunks.into_iter().map(|chunk| Chunk {
            start_line: line(chunk.start_line),
            end_line: line(chunk.end_line),
            ..chunk
        }));
    }
    cut
}

/// Words that are full-text indexed before a chunk's text: where it is and what it is in.
///
/// The file's stem counts twice and the last three folders once: that is worth +0.023 NDCG@10.
/// Of scripts without spaces the pairs of letters follow.
pub fn header(chunk: &Chunk) -> String {
    let mut folders: Vec<&str> = chunk.path.split('/').collect();
    folders.pop();
    let stem = file_stem(&chunk.path);
    let near = folders.len().saturating_sub(3);
    let mut header = format!(
        "{} {stem} {stem} {}",
        folders[near..].join(" "),
        chunk.scope.join(" ")
    );
    for pair in pairs(&chunk.text) {
        header.push(' ');
        header.push_str(&pair);
    }
    header
}

fn by_lines(path: &str, language: &str, text: &str) -> Vec<Chunk> {
    let lines = LineIndex::new(text);
    let pieces = merged(&lines, lines.paragraphs(0..lines.count()), |_, _| true);
    pieces
        .into_iter()
        .flat_map(|rows| lines.texts(rows))
        .map(|(rows, text)| Chunk {
            path: path.to_owned(),
            language: language.to_owned(),
            kind: ChunkKind::Text,
            symbol: None,
            scope: Vec::new(),
            definitions: Vec::new(),
            start_line: line_number(rows.start),
            end_line: line_number(rows.end - 1),
            text: text.to_owned(),
        })
        .collect()
}

fn by_syntax(
    path: &str,
    language: &str,
    text: &str,
    outline: &FileOutline,
    work: &mut ChunkingWork,
) -> Vec<Chunk> {
    let lines = LineIndex::new(text);
    let splitter = Splitter {
        lines: &lines,
        starts: LineStarts::new(text),
        outline,
        nodes: Cell::new(0),
    };
    let mut pieces = Vec::new();
    splitter.split(outline.tree.root_node(), 0..lines.count(), 0, &mut pieces);
    work.nodes += splitter.nodes.get();
    work.outline.parsing += outline.work.parsing;
    work.outline.matching += outline.work.matching;
    let nesting = Nesting::new(&outline.definitions, lines.count());
    let pieces = merged(&lines, pieces, |left, right| nesting.mergeable(left, right));
    let mut chunks = Vec::new();
    for rows in pieces {
        let mut place = nesting.label(&rows);
        for (rows, text) in lines.texts(rows) {
            chunks.push(Chunk {
                path: path.to_owned(),
                language: language.to_owned(),
                kind: place.kind,
                symbol: place.symbol.clone(),
                scope: place.scope.clone(),
                definitions: place.definitions.clone(),
                start_line: line_number(rows.start),
                end_line: line_number(rows.end - 1),
                text: text.to_owned(),
            });
            place = place.continued();
        }
    }
    chunks
}

fn line_number(row: usize) -> u32 {
    u32::try_from(row + 1).unwrap_or(u32::MAX)
}

/// Splits what is over the budget at the children of its syntax node.
struct Splitter<'file> {
    lines: &'file LineIndex<'file>,
    starts: LineStarts<'file>,
    outline: &'file FileOutline,
    /// How many nodes were looked at.
    nodes: Cell<usize>,
}

impl Splitter<'_> {
    fn split(&self, node: Node<'_>, rows: Range<usize>, depth: usize, out: &mut Vec<Range<usize>>) {
        if self.lines.weight(&rows) <= BUDGET {
            out.push(rows);
            return;
        }
        if depth > MAX_DEPTH {
            out.extend(self.lines.paragraphs(rows));
            return;
        }
        let children: Vec<Node<'_>> = node.children(&mut node.walk()).collect();
        self.nodes.set(self.nodes.get() + children.len());
        let children = within(&children, &rows);
        if children.is_empty() {
            out.extend(self.lines.paragraphs(rows));
            return;
        }
        let mut cuts: Vec<usize> = children
            .iter()
            .filter(|child| child.is_named() && self.starts.begins(**child))
            .map(|child| self.outline.with_leading_docs(child.start_position().row))
            .filter(|row| rows.contains(row) && *row > rows.start)
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut start = rows.start;
        for end in cuts.into_iter().chain([rows.end]) {
            self.split_piece(children, start..end, depth, out);
            start = end;
        }
    }

    fn split_piece(
        &self,
        children: &[Node<'_>],
        rows: Range<usize>,
        depth: usize,
        out: &mut Vec<Range<usize>>,
    ) {
        if self.lines.weight(&rows) <= BUDGET {
            out.push(rows);
            return;
        }
        let largest = within(children, &rows)
            .iter()
            .max_by_key(|child| child.byte_range().len());
        match largest {
            Some(child) => self.split(*child, rows, depth + 1, out),
            None => out.extend(self.lines.paragraphs(rows)),
        }
    }
}

/// Those of some siblings that have text on some rows; they follow each other.
fn within<'nodes, 'tree>(
    siblings: &'nodes [Node<'tree>],
    rows: &Range<usize>,
) -> &'nodes [Node<'tree>] {
    let from = siblings.partition_point(|node| end_row(*node) <= rows.start);
    let to = siblings.partition_point(|node| node.start_position().row < rows.end);
    siblings.get(from..to).unwrap_or_default()
}

/// Joins small neighbours while they stay within the budget.
fn merged(
    lines: &LineIndex<'_>,
    pieces: Vec<Range<usize>>,
    mergeable: impl Fn(&Range<usize>, &Range<usize>) -> bool,
) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if let Some(last) = out.last_mut() {
            let (left, right) = (lines.weight(last), lines.weight(&piece));
            let small = left < SMALL || right < SMALL;
            if right == 0 || small && left + right <= BUDGET && mergeable(last, &piece) {
                last.end = piece.end;
                continue;
            }
        }
        out.push(piece);
    }
    out
}

/// What a range of rows is, from the definitions in and around it.
struct ChunkLabel {
    kind: ChunkKind,
    symbol: Option<String>,
    scope: Vec<String>,
    definitions: Vec<String>,
}

impl ChunkLabel {
    /// Labels of further parts of the same rows: definitions belong to the first part.
    fn continued(mut self) -> ChunkLabel {
        self.scope.extend(self.symbol.take());
        ChunkLabel {
            kind: ChunkKind::Block,
            symbol: None,
            scope: self.scope,
            definitions: Vec::new(),
        }
    }
}

fn is_type_or_function(kind: ChunkKind) -> bool {
    matches!(
        kind,
        ChunkKind::Class
            | ChunkKind::Struct
            | ChunkKind::Enum
            | ChunkKind::Interface
            | ChunkKind::Trait
            | ChunkKind::Function
            | ChunkKind::Method
    )
}

/// Takes from the end what is not meant.
fn pop_until(open: &mut Vec<usize>, is_meant: impl Fn(usize) -> bool) {
    while open.last().is_some_and(|top| !is_meant(*top)) {
        open.pop();
    }
}

/// For each row, the innermost definition that began before it and reaches into it.
fn around_rows(definitions: &[Definition], rows: usize) -> Vec<Option<usize>> {
    let mut around = Vec::with_capacity(rows);
    let mut open: Vec<usize> = Vec::new();
    let mut begun = 0;
    for row in 0..rows {
        while let Some(next) = definitions.get(begun).filter(|next| next.start_row < row) {
            pop_until(&mut open, |top| {
                definitions[top].bytes.end >= next.bytes.end
            });
            open.push(begun);
            begun += 1;
        }
        pop_until(&mut open, |top| definitions[top].rows.end > row);
        around.push(open.last().copied());
    }
    around
}

/// The definitions of a file, each with the one around it.
struct Nesting<'file> {
    definitions: &'file [Definition],
    parents: Vec<Option<usize>>,
    /// For each row, the innermost definition that began before it and reaches into it.
    around: Vec<Option<usize>>,
}

impl<'file> Nesting<'file> {
    fn new(definitions: &'file [Definition], rows: usize) -> Nesting<'file> {
        let mut parents = Vec::with_capacity(definitions.len());
        let mut open: Vec<usize> = Vec::new();
        for (index, definition) in definitions.iter().enumerate() {
            pop_until(&mut open, |top| {
                definitions[top].bytes.end >= definition.bytes.end
            });
            parents.push(open.last().copied());
            open.push(index);
        }
        Nesting {
            definitions,
            parents,
            around: around_rows(definitions, rows),
        }
    }

    /// The definitions that begin in some rows.
    fn starting_in(&self, rows: &Range<usize>) -> Range<usize> {
        let from = self
            .definitions
            .partition_point(|d| d.start_row < rows.start);
        let to = self.definitions.partition_point(|d| d.start_row < rows.end);
        from..to
    }

    /// The innermost definition that began before some rows and reaches into them.
    fn around(&self, rows: &Range<usize>) -> Option<usize> {
        self.around.get(rows.start).copied().flatten()
    }

    /// Whether two neighbours are of one scope, or the left one is the head of the right one's.
    fn mergeable(&self, left: &Range<usize>, right: &Range<usize>) -> bool {
        let (outer_left, outer_right) = (self.around(left), self.around(right));
        outer_left == outer_right
            || outer_right.is_some_and(|outer| self.starting_in(left).contains(&outer))
    }

    fn label(&self, rows: &Range<usize>) -> ChunkLabel {
        let inside = self.starting_in(rows);
        let definitions = self.definitions[inside.clone()]
            .iter()
            .map(|d| d.name.clone())
            .collect();
        match self.telling(inside, rows) {
            Some(main) => ChunkLabel {
                kind: self.definitions[main].kind,
                symbol: Some(self.definitions[main].name.clone()),
                scope: self.scope_of(main),
                definitions,
            },
            None => {
                let around = self.around(rows);
                let scope = around.map_or_else(Vec::new, |outer| {
                    let mut scope = self.scope_of(outer);
                    scope.push(self.definitions[outer].label.clone());
                    scope
                });
                ChunkLabel {
                    kind: ChunkKind::Block,
                    symbol: None,
                    scope,
                    definitions,
                }
            }
        }
    }

    /// The definition that names some rows: of those side by side the longest, the first of equals.
    ///
    /// An impl gives way to a type or function beside it: it is often longer and tells less.
    fn telling(&self, inside: Range<usize>, rows: &Range<usize>) -> Option<usize> {
        let is_outer = |index: &usize| {
            let outer = self.parents[*index];
            outer.is_none_or(|outer| !inside.contains(&outer))
        };
        let kind = |index: &usize| self.definitions[*index].kind;
        let reach = |index: &usize| {
            self.definitions[*index].rows.end.min(rows.end) - self.definitions[*index].start_row
        };
        let outer: Vec<usize> = inside.clone().filter(is_outer).collect();
        let has_better = outer.iter().any(|index| is_type_or_function(kind(index)));
        let telling = outer.into_iter().rev();
        telling
            .filter(|index| !has_better || kind(index) != ChunkKind::Impl)
            .max_by_key(reach)
    }

    /// Labels of the definitions around one, outermost first.
    fn scope_of(&self, index: usize) -> Vec<String> {
        let mut scope: Vec<String> = self.definitions[index]
            .named_scope
            .iter()
            .cloned()
            .collect();
        let mut outer = self.parents[index];
        while let Some(parent) = outer
            && scope.len() < MOST_SCOPES
        {
            scope.push(self.definitions[parent].label.clone());
            scope.extend(self.definitions[parent].named_scope.iter().cloned());
            outer = self.parents[parent];
        }
        scope.reverse();
        scope
    }
}
