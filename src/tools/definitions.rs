//! What a file defines, from the same tree-sitter queries that the index is made with.

use ollacode_indexer::ChunkKind;
use ollacode_indexer::parse::{FileOutline, FileParser, ParseFailure};
use ollacode_indexer::parts::{LanguagePart, parts_of};

/// Longest line of a definition that is shown, in characters.
const LONGEST_HEAD: usize = 120;

/// A named item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Defined {
    pub kind: ChunkKind,
    pub name: String,
    /// The line on which it begins, cut: `pub fn run(self) -> Result<(), Error>`.
    pub head: String,
    /// What it is in, outermost first.
    pub scope: Vec<String>,
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
    let mut parser = FileParser::default();
    let mut found = Vec::new();
    let mut has_grammar = false;
    for part in &file.parts {
        if let Some(language) = part.language {
            has_grammar = true;
            found.extend(definitions_of(part, parser.outline(language, &part.text)?));
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
    let mut around: Vec<(usize, String)> = Vec::new();
    let mut found = Vec::with_capacity(outline.definitions.len());
    for definition in outline.definitions {
        while around
            .last()
            .is_some_and(|(end, _)| *end < definition.bytes.end)
        {
            around.pop();
        }
        let mut scope: Vec<String> = around.iter().map(|(_, label)| label.clone()).collect();
        scope.extend(definition.named_scope);
        let line = lines.get(definition.start_row).copied().unwrap_or_default();
        let line = line.trim().trim_end_matches('{').trim_end();
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
        around.push((definition.bytes.end, definition.label));
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

    #[test]
    fn files_without_a_grammar_say_so() {
        assert_eq!(definitions("a.txt", "hello"), Err(NoDefinitions::NoGrammar));
    }
}
