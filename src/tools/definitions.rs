//! What a file defines, from the same tree-sitter queries that the index is made with.

use std::sync::Arc;

use ollacode_indexer::ChunkKind;
use ollacode_indexer::parse::{FileOutline, FileParser, ParseFailure};
use ollacode_indexer::parts::{LanguagePart, parts_of};

/// Longest line of a definition that is shown, in characters.
const LONGEST_HEAD: usize = 120;

/// Most bytes of a line that are looked at for a definition: a file may be one line.
const LONGEST_LINE: usize = 4 << 10;

/// Most entries of a scope, of which the innermost are kept.
const MOST_SCOPES: usize = 64;

/// A named item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Defined {
    pub kind: ChunkKind,
    pub name: String,
    /// The line on which it begins, cut: `pub fn run(self) -> Result<(), Error>`.
    pub head: String,
    /// What it is in, outermost first; many definitions share these texts.
    pub scope: Vec<Arc<str>>,
    /// From 1, with the comments and attributes that belong to it.
    pub start_line: usize,
    pub end_line: usize,
}

/// Why a file has no definitions that could be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoDefinitions {
    #[error("there is no grammar for this file type")]
    NoGrammar,
    #[error(transparent)]
    Failed(#[from] ParseFailure),
}

/// The definitions of a text, outer before inner, in its order.
pub(super) fn definitions(path: &str, text: &str) -> Result<Vec<Defined>, NoDefinitions> {
    let file = parts_of(path, text);
    let deadline = file.deadline(text);
    let mut parser = FileParser::default();
    let mut found = Vec::new();
    let mut has_grammar = false;
    for part in &file.parts {
        if let Some(language) = part.language {
            has_grammar = true;
            let outline = parser.outline_until(language, &part.text, deadline)?;
            found.extend(definitions_of(part, outline));
        }
    }
    if has_grammar {
        Ok(found)
    } else {
        Err(NoDefinitions::NoGrammar)
    }
}

fn definitions_of(part: &LanguagePart<'_>, outline: FileOutline) -> Vec<Defined> {
    let lines: Vec<&str> = part.text.lines().collect();
    // The definitions around the current one, with the bytes at which they end.
    let mut around: Vec<(usize, Arc<str>)> = Vec::new();
    let mut found = Vec::with_capacity(outline.definitions.len());
    for definition in outline.definitions {
        while around
            .last()
            .is_some_and(|(end, _)| *end < definition.bytes.end)
        {
            around.pop();
        }
        let inner = &around[around.len().saturating_sub(MOST_SCOPES)..];
        let mut scope: Vec<Arc<str>> = inner.iter().map(|(_, label)| Arc::clone(label)).collect();
        scope.extend(definition.named_scope.map(Arc::<str>::from));
        let line = lines.get(definition.start_row).copied().unwrap_or_default();
        let line = line[..line.floor_char_boundary(LONGEST_LINE)].trim();
        let line = line.trim_end_matches('{').trim_end();
        let head = if line.contains(&definition.name) {
            line.chars().take(LONGEST_HEAD).collect()
        } else {
            definition.label.clone()
        };
        found.push(Defined {
            kind: definition.kind,
            name: definition.name,
            head,
            scope,
            start_line: part.line(definition.rows.start),
            end_line: part.line(definition.rows.end.saturating_sub(1)),
        });
        around.push((definition.bytes.end, definition.label.into()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_know_what_they_are_in() {
        let text = "struct Server;\n\nimpl Server {\n    /// Runs.\n    fn run(&self) {\n        \
                    go();\n    }\n}\n\nfn main() {}\n";
        let found = definitions("a.rs", text).unwrap();
        let short: Vec<_> = found
            .iter()
            .map(|defined| {
                let scope = defined.scope.join(" > ");
                (
                    defined.name.as_str(),
                    scope,
                    defined.start_line,
                    defined.end_line,
                )
            })
            .collect();
        assert!(
            short.contains(&("run", "impl Server".to_owned(), 4, 7)),
            "{short:?}"
        );
        assert!(
            short.contains(&("main", String::new(), 10, 10)),
            "{short:?}"
        );
        let run = found.iter().find(|defined| defined.name == "run").unwrap();
        assert_eq!(run.head, "fn run(&self)");
        assert_eq!(run.kind, ChunkKind::Method);
    }

    /// Texts of scopes that are shared count once.
    fn bytes(found: &[Defined]) -> usize {
        let own = |defined: &Defined| {
            let scope = size_of_val(&*defined.scope);
            size_of::<Defined>() + defined.name.len() + defined.head.len() + scope
        };
        found.iter().map(own).sum()
    }

    #[test]
    fn what_deep_or_long_texts_define_takes_memory_by_their_size() {
        let nested = |count: usize| "class A {\n".repeat(count) + &"}\n".repeat(count);
        let in_one = |count: usize| {
            let functions = "function f() {}\n".repeat(count);
            "class A { m() {\n".repeat(100) + &functions + &"}}\n".repeat(100)
        };
        let on_a_line = |count: usize| "function f() {} ".repeat(count);
        let texts: [(&str, &dyn Fn(usize) -> String); 3] =
            [("a.java", &nested), ("a.js", &in_one), ("a.js", &on_a_line)];
        for (path, text) in texts {
            let size = |count| bytes(&definitions(path, &text(count)).unwrap());
            let (few, many) = (size(1_000), size(4_000));
            assert!(many < 6 * few, "{path}: {few} bytes, then {many}");
            let found = definitions(path, &text(4_000)).unwrap();
            assert!(
                found
                    .iter()
                    .all(|defined| defined.scope.len() <= MOST_SCOPES)
            );
        }
    }

    #[test]
    fn files_without_a_grammar_say_so() {
        assert_eq!(definitions("a.txt", "hello"), Err(NoDefinitions::NoGrammar));
    }
}
