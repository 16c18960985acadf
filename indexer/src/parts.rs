//! The parts of a file in different languages: the script of a component, the cells of a notebook.
//! Most files have one part.

use std::borrow::Cow;

use tree_sitter::Node;

use crate::language::{LANGUAGES, Language, PLAIN_TEXT, language_of, languages_named};
use crate::parse::{Deadline, FileParser};

/// A stretch of a file in one language.
pub struct LanguagePart<'text> {
    /// Its grammar; `None` if it has none.
    pub language: Option<&'static Language>,
    /// Name of its language.
    pub name: &'static str,
    /// Its text, without what only wraps it.
    pub text: Cow<'text, str>,
    rows: Rows,
}

/// The rows of the file on which the lines of a part are.
enum Rows {
    /// One after the other from this row on.
    From(usize),
    /// Each on its own; several may be on one.
    Each(Vec<usize>),
}

impl LanguagePart<'_> {
    /// The line of the file, from 1, on which a row of the part is, from 0.
    pub fn line(&self, row: usize) -> usize {
        match &self.rows {
            Rows::From(first) => first + row + 1,
            Rows::Each(rows) => rows.get(row).or(rows.last()).map_or(1, |row| row + 1),
        }
    }
}

/// A file, split into its parts.
pub struct FileParts<'text> {
    /// Name of the language, or of the kind of file: `vue`.
    pub name: &'static str,
    /// In the order of the file; none of a notebook without cells.
    pub parts: Vec<LanguagePart<'text>>,
}

impl FileParts<'_> {
    /// The limit on time for the outlines of all parts together. The queries of their languages are
    /// compiled first: that takes up to a second, once, and is no work on the file.
    pub fn deadline(&self, text: &str) -> Deadline {
        for language in self.parts.iter().filter_map(|part| part.language) {
            language.outline_query();
        }
        Deadline::of(text)
    }
}

/// Splits a file into its parts.
pub fn parts_of<'text>(path: &str, text: &'text str) -> FileParts<'text> {
    let (name, parts) = match extension(path).as_str() {
        "vue" => ("vue", Some(component(text, 0, "javascript"))),
        "svelte" => ("svelte", Some(component(text, 0, "javascript"))),
        "astro" => ("astro", Some(astro(text))),
        "ipynb" => ("notebook", notebook(text)),
        _ => (PLAIN_TEXT, None),
    };
    if let Some(parts) = parts {
        return FileParts { name, parts };
    }
    let language = language_of(path, text);
    let name = language.map_or(PLAIN_TEXT, |language| language.name);
    let part = LanguagePart {
        language,
        name,
        text: Cow::Borrowed(text),
        rows: Rows::From(0),
    };
    FileParts {
        name,
        parts: vec![part],
    }
}

/// Whether files of this name can have definitions, as far as the name tells.
pub fn has_grammar(path: &str) -> bool {
    matches!(
        extension(path).as_str(),
        "vue" | "svelte" | "astro" | "ipynb"
    ) || language_of(path, "").is_some()
}

/// Whether a file is a notebook: what is long in it is no reason to pass it over.
pub(crate) fn is_notebook(path: &str) -> bool {
    extension(path) == "ipynb"
}

fn extension(path: &str) -> String {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.to_ascii_lowercase()
}

fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name)
}

/// Astro: TypeScript between two lines of `---` at the top, then a component.
fn astro(text: &str) -> Vec<LanguagePart<'_>> {
    let front = text.strip_prefix("---\n").or(text.strip_prefix("---\r\n"));
    let Some(body) = front else {
        return component(text, 0, "typescript");
    };
    let start = text.len() - body.len();
    let end = body.find("\n---").map_or(text.len(), |at| start + at + 1);
    let script = LanguagePart {
        language: language("typescript"),
        name: "typescript",
        text: Cow::Borrowed(&text[start..end]),
        rows: Rows::From(1),
    };
    let mut parts = vec![script];
    parts.extend(component(text, end, "typescript"));
    parts
}

/// The blocks of a component from a place on: scripts and styles, and the markup between them.
fn component<'text>(
    text: &'text str,
    from: usize,
    script: &'static str,
) -> Vec<LanguagePart<'text>> {
    let mut parts = ComponentParser {
        text,
        done: from,
        row: text[..from].matches('\n').count(),
        parts: Vec::new(),
    };
    let mut at = from;
    while let Some(block) = next_block(text, at) {
        match block {
            ComponentBlock::Comment { end } => at = end,
            ComponentBlock::Code {
                name,
                attributes,
                start,
                end,
            } => {
                let language = match (name, lang(attributes)) {
                    ("script", Some("ts" | "typescript" | "text/typescript")) => {
                        language("typescript")
                    }
                    ("script", Some("tsx")) => language("tsx"),
                    ("script", Some(_)) => language("javascript"),
                    ("script", None) => language(script),
                    (_, None | Some("css" | "postcss")) => language("css"),
                    _ => None,
                };
                let plain = if name == "script" {
                    "javascript"
                } else {
                    "css"
                };
                parts.push(start, None, "html");
                parts.push(
                    end,
                    language,
                    language.map_or(plain, |language| language.name),
                );
                at = end;
            }
        }
    }
    parts.push(text.len(), None, "html");
    parts.parts
}

/// What a component has been taken apart into so far.
struct ComponentParser<'text> {
    text: &'text str,
    /// The end of the last part, and its row.
    done: usize,
    row: usize,
    parts: Vec<LanguagePart<'text>>,
}

impl ComponentParser<'_> {
    /// Adds what is up to a place.
    fn push(&mut self, end: usize, language: Option<&'static Language>, name: &'static str) {
        let text = &self.text[self.done..end];
        self.parts.push(LanguagePart {
            language,
            name,
            text: Cow::Borrowed(text),
            rows: Rows::From(self.row),
        });
        self.row += text.matches('\n').count();
        self.done = end;
    }
}

enum ComponentBlock<'text> {
    Comment {
        end: usize,
    },
    Code {
        name: &'static str,
        attributes: &'text str,
        /// The content, without the tags around it.
        start: usize,
        end: usize,
    },
}

/// The next script, style or comment from a place on.
fn next_block(text: &str, from: usize) -> Option<ComponentBlock<'_>> {
    let mut at = from;
    loop {
        at += text[at..].find('<')?;
        if text[at..].starts_with("<!--") {
            let end = text[at..]
                .find("-->")
                .map_or(text.len(), |end| at + end + 3);
            return Some(ComponentBlock::Comment { end });
        }
        let tag = ["script", "style"]
            .into_iter()
            .find(|name| starts_tag(&text[at + 1..], name));
        if let Some(name) = tag {
            let attributes = at + 1 + name.len();
            let close = end_of_tag(text, attributes)?;
            let start = close + 1;
            if !text[..close].ends_with('/') {
                return Some(ComponentBlock::Code {
                    name,
                    attributes: &text[attributes..close],
                    start,
                    end: closing_tag(text, start, name),
                });
            }
            // What looks like a tag within this one is none, and is not looked through again.
            at = close;
        }
        at += 1;
    }
}

/// Whether a text begins with the name of a tag, and not with a longer name.
fn starts_tag(text: &str, name: &str) -> bool {
    let begins = text.as_bytes().get(..name.len());
    begins.is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        && text[name.len()..].starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
}

/// The `>` that ends a tag: one in quotes does not.
fn end_of_tag(text: &str, from: usize) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text[from..].char_indices() {
        match (quote, character) {
            (None, '>') => return Some(from + at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

/// Where the closing tag of a block begins; the end of the text if there is none.
fn closing_tag(text: &str, from: usize, name: &str) -> usize {
    let mut closing = text[from..].match_indices("</");
    let found = closing.find(|(at, _)| starts_tag(&text[from + at + 2..], name));
    found.map_or(text.len(), |(at, _)| from + at)
}

/// The value of `lang` or `type` among the attributes of a tag.
fn lang(attributes: &str) -> Option<&str> {
    ["lang=", "type="].into_iter().find_map(|name| {
        let at = attributes.find(name)?;
        let value = attributes[at + name.len()..].trim_start_matches(['"', '\'']);
        let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        Some(&value[..end.unwrap_or(value.len())])
    })
}

/// The cells of a Jupyter notebook without their outputs; `None` if it cannot be read.
fn notebook(text: &str) -> Option<Vec<LanguagePart<'static>>> {
    let tree = FileParser::default()
        .parse_only(language("json")?, text)
        .ok()?;
    let notebook = tree.root_node().named_child(0)?;
    let kernel = language_of_kernel(notebook, text);
    let cells = member(notebook, "cells", text)?;
    let mut parts = Vec::new();
    for cell in cells.named_children(&mut cells.walk()) {
        let Some(source) = member(cell, "source", text) else {
            continue;
        };
        let kind = member(cell, "cell_type", text).and_then(|kind| string(kind, text));
        let language = match kind.as_deref() {
            Some("code") => kernel,
            Some("markdown") => language("markdown"),
            _ => None,
        };
        let (text, rows) = source_of(source, text);
        parts.push(LanguagePart {
            language,
            name: language.map_or(PLAIN_TEXT, |language| language.name),
            text: Cow::Owned(text),
            rows: Rows::Each(rows),
        });
    }
    Some(parts)
}

/// The language of the code in a notebook; Python if it does not say, or none that is known.
fn language_of_kernel(notebook: Node<'_>, text: &str) -> Option<&'static Language> {
    let metadata = member(notebook, "metadata", text)?;
    let named = [("language_info", "name"), ("kernelspec", "language")];
    let name = named.into_iter().find_map(|(object, name)| {
        string(member(member(metadata, object, text)?, name, text)?, text)
    });
    match name {
        Some(name) => languages_named(&name)
            .first()
            .and_then(|name| language(name)),
        None => language("python"),
    }
}

/// The source of a cell, a string or one a line, with the row of each line.
fn source_of(source: Node<'_>, text: &str) -> (String, Vec<usize>) {
    let strings = match source.kind() {
        "array" => source.named_children(&mut source.walk()).collect(),
        _ => vec![source],
    };
    let (mut all, mut rows) = (String::new(), Vec::new());
    for node in strings {
        for line in string(node, text).unwrap_or_default().split_inclusive('\n') {
            if all.is_empty() || all.ends_with('\n') {
                rows.push(node.start_position().row);
            }
            all.push_str(line);
        }
    }
    (all, rows)
}

/// The value of a key of a JSON object.
fn member<'tree>(object: Node<'tree>, key: &str, text: &str) -> Option<Node<'tree>> {
    let pairs: Vec<Node<'tree>> = object.named_children(&mut object.walk()).collect();
    let pair = pairs.into_iter().find(|pair| {
        let name = pair.child_by_field_name("key");
        name.and_then(|name| string(name, text)).as_deref() == Some(key)
    });
    pair?.child_by_field_name("value")
}

/// A JSON string, decoded.
fn string(node: Node<'_>, text: &str) -> Option<String> {
    serde_json::from_str(&text[node.byte_range()]).ok()
}
