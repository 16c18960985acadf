//! The outline of a file: its definitions, found by a tree-sitter query.
//!
//! All work is linear in the file, whatever it contains: texts are read, patterns matched and names
//! kept up to limits that only generated or hostile files reach. What a grammar itself does not do in
//! linear time, a limit on CPU time ends.

mod label;

use std::cell::Cell;
use std::collections::HashMap;
use std::iter;
use std::ops::{ControlFlow, Range};

use ollacode_store::ChunkKind;
use tree_sitter::{
    Node, ParseOptions, Parser, Query, QueryCursor, QueryCursorOptions, QueryError, QueryMatch,
    StreamingIterator, Tree,
};

use crate::language::Language;
use crate::scanners;
pub use crate::working_time::Deadline;

/// What a grammar is given of a text at once, in bytes: between two such pieces it can be stopped.
const PIECE: usize = 1 << 14;

/// Depth of a syntax tree beyond which no definition is looked for: what is deeper belongs to the one
/// around it. Each level may leave a few patterns open, and each node is held against all of them.
const MOST_DEPTH: u32 = 500;

/// What a pattern sees of a node's text, in bytes: the text of definitions in definitions would be
/// read as often as they are deep.
const SEEN: usize = 16 << 10;

/// A named item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The kind of the definition.
    pub kind: ChunkKind,
    /// Its name, without scope.
    pub name: String,
    /// How it reads in a scope: `impl Foo`, `fn bar`.
    pub label: String,
    /// A scope that it names itself, though it is not nested there: a Go receiver.
    pub named_scope: Option<String>,
    /// Rows from 0, end exclusive, with the comments and attributes that belong to it.
    pub rows: Range<usize>,
    /// Row of the definition proper.
    pub start_row: usize,
    /// Bytes of the definition proper.
    pub bytes: Range<usize>,
}

/// A parsed file: its tree and its definitions, outer before inner, in the order of the text.
pub struct FileOutline {
    /// The syntax tree.
    pub tree: Tree,
    /// All definitions, but for those more than 500 nodes deep.
    pub definitions: Vec<Definition>,
    /// What was done for it.
    pub work: ParseWork,
    /// Last row of a comment or attribute that stands alone → the first row of all that stand
    /// together with it.
    doc_starts: HashMap<usize, usize>,
}

/// How much was done for an outline, in units that do not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseWork {
    /// Hundreds of steps of the parser.
    pub parsing: usize,
    /// Thousands of patterns that were held against a node.
    pub matching: usize,
}

impl FileOutline {
    /// Moves a row up over the comments and attributes that belong to what starts there.
    pub fn with_leading_docs(&self, row: usize) -> usize {
        let above = row.checked_sub(1).and_then(|row| self.doc_starts.get(&row));
        above.map_or(row, |start| *start)
    }
}

/// Joins comments and attributes that follow each other: each last row gets the first row of all.
///
/// Once for a file: searching again from each of 100,000 lines would take 5,000,000,000 steps.
fn joined(docs: HashMap<usize, usize>) -> HashMap<usize, usize> {
    let mut ordered: Vec<(usize, usize)> = docs.into_iter().collect();
    ordered.sort_unstable();
    let mut starts: HashMap<usize, usize> = HashMap::with_capacity(ordered.len());
    for (last, first) in ordered {
        let above = first.checked_sub(1).and_then(|row| starts.get(&row));
        let start = above.map_or(first, |start| *start);
        starts.insert(last, start);
    }
    starts
}

/// The reason why a file has no outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFailure {
    /// The time limit was reached.
    #[error("parsing took too long for its size")]
    TooSlow,
    /// The text would overrun a fixed buffer in the grammar's scanner.
    #[error("nested too deeply for its grammar")]
    TooDeep,
    /// The grammar did not understand the text.
    #[error("the grammar does not understand this file")]
    NotUnderstood,
}

/// An error in an outline query.
#[derive(Debug, thiserror::Error)]
pub enum OutlineQueryError {
    /// tree-sitter rejected the query.
    #[error(transparent)]
    Syntax(#[from] QueryError),
    /// A capture is not in the closed set.
    #[error("`@{0}` is not a known capture")]
    UnknownCapture(String),
}

#[derive(Clone, Copy)]
enum Capture {
    Definition(ChunkKind),
    Name,
    Doc,
    Scope,
}

impl Capture {
    fn named(name: &str) -> Option<Capture> {
        match name {
            "name" => Some(Capture::Name),
            "doc" => Some(Capture::Doc),
            "scope" => Some(Capture::Scope),
            _ => name
                .strip_prefix("definition.")?
                .parse()
                .ok()
                .map(Capture::Definition),
        }
    }
}

/// A compiled query with its captures resolved.
pub struct OutlineQuery {
    query: Query,
    captures: Vec<Capture>,
}

impl OutlineQuery {
    /// Compiles a query and checks that it knows only `@definition.<kind>`, `@name`, `@doc` and `@scope`.
    pub fn compile(
        grammar: &tree_sitter::Language,
        source: &str,
    ) -> Result<OutlineQuery, OutlineQueryError> {
        let query = Query::new(grammar, source)?;
        let captures = query
            .capture_names()
            .iter()
            .map(|name| {
                Capture::named(name)
                    .ok_or_else(|| OutlineQueryError::UnknownCapture((*name).to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(OutlineQuery { query, captures })
    }
}

/// Parses files, one after the other; each thread has its own.
#[derive(Default)]
pub struct FileParser {
    parser: Parser,
    cursor: QueryCursor,
    /// Of the last text.
    work: ParseWork,
}

impl FileParser {
    /// Parses a text and finds its definitions.
    pub fn outline(
        &mut self,
        language: &Language,
        text: &str,
    ) -> Result<FileOutline, ParseFailure> {
        // Compiling it takes up to a second, once, and is no work on the text.
        language.outline_query();
        self.outline_until(language, text, Deadline::of(text))
    }

    /// The same for one part of a file: all parts have one limit on time together.
    pub fn outline_until(
        &mut self,
        language: &Language,
        text: &str,
        deadline: Deadline,
    ) -> Result<FileOutline, ParseFailure> {
        let tree = understood(self.tree(language, text, deadline)?)?;
        let mut found = QueryMatches::new(text);
        self.collect(language.outline_query(), &tree, text, deadline, &mut found)?;
        let doc_starts = joined(found.docs);
        let mut outline = FileOutline {
            tree,
            definitions: Vec::new(),
            work: self.work,
            doc_starts,
        };
        let mut definitions: Vec<_> = found.definitions.into_values().map(|(_, d)| d).collect();
        definitions.sort_by_key(|d| (d.bytes.start, std::cmp::Reverse(d.bytes.end)));
        for definition in &mut definitions {
            definition.rows.start = outline.with_leading_docs(definition.start_row);
        }
        outline.definitions = definitions;
        Ok(outline)
    }

    /// Parses a text and looks for nothing in it: the work that indexing is measured against.
    pub fn parse_only(&mut self, language: &Language, text: &str) -> Result<Tree, ParseFailure> {
        understood(self.parse_any(language, text)?)
    }

    /// The same, also where the grammar makes nothing of the text as a whole.
    pub(crate) fn parse_any(
        &mut self,
        language: &Language,
        text: &str,
    ) -> Result<Tree, ParseFailure> {
        self.tree(language, text, Deadline::of(text))
    }

    fn tree(
        &mut self,
        language: &Language,
        text: &str,
        deadline: Deadline,
    ) -> Result<Tree, ParseFailure> {
        self.work = ParseWork::default();
        if scanners::overruns(language.name, text) {
            return Err(ParseFailure::TooDeep);
        }
        self.parser
            .set_language(&language.grammar.into())
            .map_err(|_| ParseFailure::NotUnderstood)?;
        let is_late = Cell::new(false);
        let is_over = || {
            is_late.set(is_late.get() || deadline.has_passed());
            is_late.get()
        };
        let steps = Cell::new(0);
        let mut progress = |_: &tree_sitter::ParseState| {
            steps.set(steps.get() + 1);
            match is_over() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let readable = scanners::readable(language.name, text);
        let bytes = readable.as_bytes();
        // A scanner that looks ahead to the end at every step is not asked whether to go on.
        let mut read = |offset: usize, _| match is_over() {
            true => &[][..],
            false => bytes
                .get(offset..bytes.len().min(offset + PIECE))
                .unwrap_or_default(),
        };
        let tree = self
            .parser
            .parse_with_options(&mut read, None, Some(options));
        self.work.parsing = steps.get();
        // An abandoned parse would be resumed by the next call, with another file's text.
        self.parser.reset();
        let tree = tree.filter(|_| !is_late.get());
        tree.ok_or(ParseFailure::TooSlow)
    }

    fn collect(
        &mut self,
        outline: &OutlineQuery,
        tree: &Tree,
        text: &str,
        deadline: Deadline,
        found: &mut QueryMatches<'_>,
    ) -> Result<(), ParseFailure> {
        let (is_late, steps) = (Cell::new(false), Cell::new(0));
        let mut progress = |_: &tree_sitter::QueryCursorState| {
            steps.set(steps.get() + 1);
            if deadline.has_passed() {
                is_late.set(true);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let seen = |node: Node<'_>| {
            let range = node.byte_range();
            let end = range.end.min(range.start.saturating_add(SEEN));
            iter::once(text.as_bytes().get(range.start..end).unwrap_or_default())
        };
        self.cursor.set_max_start_depth(Some(MOST_DEPTH));
        let mut matches =
            self.cursor
                .matches_with_options(&outline.query, tree.root_node(), seen, options);
        while let Some(found_match) = matches.next() {
            found.add(outline, found_match);
        }
        drop(matches);
        self.work.matching = steps.get();
        if is_late.get() {
            Err(ParseFailure::TooSlow)
        } else {
            Ok(())
        }
    }
}

/// A tree that is more than one error.
fn understood(tree: Tree) -> Result<Tree, ParseFailure> {
    if tree.root_node().is_error() {
        return Err(ParseFailure::NotUnderstood);
    }
    Ok(tree)
}

struct QueryMatches<'text> {
    text: &'text str,
    starts: LineStarts<'text>,
    /// By node; of several patterns that match one node the last in the query wins.
    definitions: HashMap<usize, (usize, Definition)>,
    /// Last row of a comment or attribute that stands alone → its first row.
    docs: HashMap<usize, usize>,
}

impl<'text> QueryMatches<'text> {
    fn new(text: &'text str) -> QueryMatches<'text> {
        QueryMatches {
            text,
            starts: LineStarts::new(text),
            definitions: HashMap::new(),
            docs: HashMap::new(),
        }
    }

    fn add(&mut self, outline: &OutlineQuery, found: &QueryMatch<'_, '_>) {
        let (mut item, mut name, mut scope) = (None, None, None);
        for capture in found.captures() {
            match outline.captures[capture.index as usize] {
                Capture::Definition(kind) => item = Some((kind, capture.node)),
                Capture::Name => name = Some(capture.node),
                Capture::Scope => scope = Some(capture.node),
                Capture::Doc => self.add_doc(capture.node),
            }
        }
        let (Some((kind, node)), Some(name)) = (item, name) else {
            return;
        };
        let known = self.definitions.get(&node.id());
        if known.is_some_and(|(pattern, _)| *pattern > found.pattern_index) {
            return;
        }
        let text = self.text;
        let definition = Definition {
            kind,
            name: label::name(&text[name.byte_range()]),
            label: label::label(
                &text[node.start_byte()..name.start_byte()],
                &text[name.byte_range()],
            ),
            named_scope: scope.map(|scope| label::scope(&text[scope.byte_range()])),
            rows: node.start_position().row..end_row(node),
            start_row: node.start_position().row,
            bytes: node.byte_range(),
        };
        self.definitions
            .insert(node.id(), (found.pattern_index, definition));
    }

    fn add_doc(&mut self, node: Node<'_>) {
        // A comment behind code belongs to that code, not to what follows.
        if self.starts.begins(node) {
            self.docs
                .insert(end_row(node).saturating_sub(1), node.start_position().row);
        }
    }
}

/// The row after the last one that a node has text on.
pub(crate) fn end_row(node: Node<'_>) -> usize {
    let end = node.end_position();
    // Some grammars count the line break as part of a comment or a section.
    if end.column == 0 {
        end.row.max(node.start_position().row + 1)
    } else {
        end.row + 1
    }
}

/// Tells which nodes begin their line. The blanks before them are read once for a line, however many
/// nodes are on it.
pub(crate) struct LineStarts<'text> {
    text: &'text [u8],
    /// Where the last line that was asked about begins, and where its blanks end.
    last: Cell<Option<(usize, usize)>>,
}

impl<'text> LineStarts<'text> {
    pub(crate) fn new(text: &'text str) -> LineStarts<'text> {
        LineStarts {
            text: text.as_bytes(),
            last: Cell::new(None),
        }
    }

    /// Whether only white space stands before a node on its line.
    pub(crate) fn begins(&self, node: Node<'_>) -> bool {
        let start = node.start_byte();
        let line = start - node.start_position().column.min(start);
        let known = self.last.get().filter(|(known, _)| *known == line);
        let (_, blanks_end) = known.unwrap_or_else(|| {
            let rest = self.text.get(line..).unwrap_or_default();
            let is_blank = |byte: &&u8| byte.is_ascii_whitespace() && **byte != b'\n';
            (line, line + rest.iter().take_while(is_blank).count())
        });
        self.last.set(Some((line, blanks_end)));
        start <= blanks_end
    }
}
