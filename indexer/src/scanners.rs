//! What some grammars cannot take. Their scanners are written in C, and a text that is beyond
//! them ends the process.
//!
//! A scanner saves its state in 1,024 bytes at each token. Those of Python, Ruby and YAML can
//! write more, on which tree-sitter aborts; that of Bash looks up characters in a table that
//! ends at 255, and that of OCaml calls itself until the stack overflows. Nobody writes such
//! files, but somebody may plant them.

use std::borrow::Cow;

use crate::objc_macros;

/// Most columns before the first word of a line, and marks that open a level in it.
///
/// Python saves two bytes for each level, and up to 257 bytes of something else. YAML saves four
/// bytes for each of at most two levels a column.
const MOST_LEVELS: [(&str, usize); 2] = [("python", 200), ("yaml", 120)];

/// Most bytes that the here-documents of Ruby that are open together may take.
const MOST_HEREDOC_BYTES: usize = 900;

/// Longest word that ends a here-document of Ruby: its length is saved in one byte.
const LONGEST_HEREDOC_WORD: usize = 200;

/// Most comments that a text of OCaml may open. The scanner calls itself for each comment in a
/// comment: a stack of 2 MiB lasts for 16,000. What only looks like the end of one, because it
/// stands in a string, closes none, so that all are counted as if they were nested.
const MOST_COMMENTS: usize = 2_000;

/// Most lines of Python that may begin with `/*`, and most `<` of C# that may be open together. Each is
/// an error that can be read in several ways; at the end of the text tree-sitter makes a tree for each
/// way: of 1,000 such lines in 0.4 GB, of 2,000 in 1.4 GB, without asking whether to go on.
const MOST_AMBIGUOUS: usize = 200;

/// Whether a text is beyond what the scanner of its language can save, or its grammar can take in.
pub(crate) fn overruns(language: &str, text: &str) -> bool {
    let most = MOST_LEVELS.iter().find(|(name, _)| *name == language);
    match (language, most) {
        ("python", Some((_, most))) => deepest_python(text) > *most || has_many_slashes(text),
        ("csharp", _) => most_open_angles(text) > MOST_AMBIGUOUS,
        ("yaml", Some((_, most))) => text.lines().any(|line| yaml_levels(line) > *most),
        ("ruby", _) => heredocs_overrun(text),
        ("ocaml" | "ocaml_interface", _) => text.matches("(*").nth(MOST_COMMENTS).is_some(),
        _ => false,
    }
}

/// The text as a grammar can read it, with each byte where it was.
pub(crate) fn readable<'text>(language: &str, text: &'text str) -> Cow<'text, str> {
    match language {
        "bash" => without_wide_characters(text),
        "objc" => objc_macros::expanded(text),
        "graphql" => with_schema_extensions_as_types(text),
        _ => Cow::Borrowed(text),
    }
}

/// The scanner of Bash asks for the digits in `{1..2}` with a function that reads beyond its
/// table for a character over 255. Such characters are words to the grammar, and so are letters.
fn without_wide_characters(text: &str) -> Cow<'_, str> {
    let is_wide = |character: char| u32::from(character) > 0xff;
    if text.is_ascii() || !text.contains(is_wide) {
        return Cow::Borrowed(text);
    }
    let mut readable = String::with_capacity(text.len());
    for character in text.chars() {
        if is_wide(character) && !character.is_whitespace() {
            readable.extend(std::iter::repeat_n('x', character.len_utf8()));
        } else if is_wide(character) {
            readable.extend(std::iter::repeat_n(' ', character.len_utf8()));
        } else {
            readable.push(character);
        }
    }
    Cow::Owned(readable)
}

/// The grammar of GraphQL knows `extend schema` only with one operation in braces. Schemas of
/// services that are joined begin with `extend schema @link(…)`: a type may have directives only.
fn with_schema_extensions_as_types(text: &str) -> Cow<'_, str> {
    const EXTEND: &str = "extend";
    const TYPE: &str = "type  ";
    let is_of_a_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut readable = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(EXTEND) {
        let behind = &text[at + EXTEND.len()..];
        let after = behind.trim_start().strip_prefix("schema");
        let is_extension = !text[..at].ends_with(is_of_a_word)
            && behind.starts_with(char::is_whitespace)
            && after.is_some_and(|after| !after.starts_with(is_of_a_word));
        if is_extension {
            readable.push_str(&text[copied..at]);
            readable.push_str(TYPE);
            copied = at + EXTEND.len();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    readable.push_str(&text[copied..]);
    Cow::Owned(readable)
}

/// The most columns that a line is indented by. A backslash alone on a line continues it, and a
/// tab counts as eight.
fn deepest_python(text: &str) -> usize {
    let (mut deepest, mut columns) = (0, 0);
    for line in text.split('\n') {
        let rest = line.trim_start();
        let indentation = &line[..line.len() - rest.len()];
        columns += indentation.len() + 7 * indentation.matches('\t').count();
        deepest = deepest.max(columns);
        if rest.trim_end() != "\\" {
            columns = 0;
        }
    }
    deepest
}

/// Whether many lines begin with `/*`.
fn has_many_slashes(text: &str) -> bool {
    let lines = text
        .lines()
        .filter(|line| line.trim_start().starts_with("/*"));
    lines.take(MOST_AMBIGUOUS + 1).count() > MOST_AMBIGUOUS
}

/// The most `<` without a `>` between two ends of statements or blocks.
fn most_open_angles(text: &str) -> usize {
    let (mut most, mut open) = (0_usize, 0_usize);
    for byte in text.bytes() {
        open = match byte {
            b'<' => open + 1,
            b'>' => open.saturating_sub(1),
            b';' | b'{' | b'}' => 0,
            _ => open,
        };
        most = most.max(open);
    }
    most
}

/// The columns before the first word of a line, and the marks in it that may open a level.
fn yaml_levels(line: &str) -> usize {
    let is_indentation = |byte: &u8| byte.is_ascii_whitespace() || b"-?:".contains(byte);
    let indentation = line.bytes().take_while(is_indentation).count();
    let marks = line.as_bytes()[indentation..].windows(2);
    let marks = marks.filter(|pair| b"-?:".contains(&pair[0]) && pair[1].is_ascii_whitespace());
    indentation + marks.count()
}

/// Whether the words of here-documents that are open together do not fit. What only looks like
/// the start of one is counted, too.
fn heredocs_overrun(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for line in text.lines() {
        if let Some(at) = open.iter().rposition(|word| *word == line.trim()) {
            bytes -= size_of_heredoc(open.remove(at));
        }
        for start in line.split("<<").skip(1) {
            let start = start.trim_start_matches(['-', '~']);
            let word = match start.chars().next() {
                Some(quote @ ('"' | '\'' | '`')) => start[1..].split(quote).next(),
                _ => start
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next(),
            };
            let word = word.unwrap_or_default();
            if !word.is_empty() {
                bytes += size_of_heredoc(word);
                open.push(word);
            }
            if word.len() > LONGEST_HEREDOC_WORD || bytes > MOST_HEREDOC_BYTES {
                return true;
            }
        }
    }
    false
}

/// The bytes in which the scanner saves a here-document.
fn size_of_heredoc(word: &str) -> usize {
    word.len() + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_within_the_limits() {
        for (language, text) in [
            ("python", "def f():\n\t\tif a:\n\t\t\t\treturn 1\n"),
            ("python", "x = [\n"),
            ("yaml", "a:\n  - b: {c: 1, d: 2}\n    e: - f - g\n"),
            ("ruby", "x = <<~A\n  text\nA\n"),
            ("bash", "{ \u{31860}"),
            ("ocaml", "(* a (* nested *) one *)\nlet f (x) = x\n"),
        ] {
            assert!(!overruns(language, text), "{language} {text:?}");
        }
        assert!(!overruns(
            "csharp",
            &"for (i = 0; i < n; i++) { a<b<c>> d; }\n".repeat(1_000)
        ));
        assert!(!overruns(
            "csharp",
            &"/// <summary>a &lt; b</summary>\n".repeat(1_000)
        ));
        let heredocs = "x = <<~SQL\n  select 1\nSQL\nlist << value << other\n".repeat(1_000);
        assert!(!overruns("ruby", &heredocs));
        assert!(!overruns("rust", &" ".repeat(1_000)));
        assert!(!overruns("ocaml", &"(** A value. *)\n".repeat(2_000)));
    }

    #[test]
    fn levels_are_counted_however_they_are_written() {
        let deep = |unit: &str, count: usize, end: &str| unit.repeat(count) + end;
        for (language, text) in [
            ("python", deep(" ", 201, "x\n")),
            ("python", deep("\t", 26, "x\n")),
            ("python", deep("     \\\n", 41, "x\n")),
            ("python", deep("     \\ \r\n", 41, "x\n")),
            ("python", deep("/*\n", 201, "")),
            ("csharp", deep("<a\n", 201, "")),
            ("csharp", deep("x <a ", 201, "")),
            ("yaml", deep(" ", 121, "x:\n")),
            ("yaml", deep("- ", 61, "x\n")),
            ("yaml", deep("x: ", 121, "x\n")),
            ("ruby", format!("x <<{}\n", "W".repeat(201))),
            ("ruby", deep("x(<<A)\n", 181, "\n")),
            ("ruby", format!("x({})\n", deep("<<'A B', ", 129, ""))),
            ("ocaml", deep("(*", 2_001, "")),
            ("ocaml_interface", deep("(* \"*)\"\n", 2_001, "")),
        ] {
            assert!(overruns(language, &text), "{language} {text:?}");
        }
    }

    #[test]
    fn every_byte_stays_where_it_was() {
        let text = "{\u{31860}é日\u{2028}}";
        let found = readable("bash", text);
        assert_eq!(found, "{xxxxéxxx   }");
        assert_eq!(found.len(), text.len());
        assert_eq!(readable("rust", text), text);
        assert_eq!(readable("bash", "plain é"), "plain é");
    }

    #[test]
    fn an_extension_of_a_schema_reads_as_a_type() {
        let text = "extend schema\n  @link(url: \"é\")\nextend  schema { query: Q }\n";
        let found = readable("graphql", text);
        assert_eq!(
            found,
            "type   schema\n  @link(url: \"é\")\ntype    schema { query: Q }\n"
        );
        assert_eq!(found.len(), text.len());
        for text in [
            "extend type schema { a: A }",
            "extend schemas @a",
            "reextend schema",
            "extendschema",
            "extend",
        ] {
            assert_eq!(readable("graphql", text), text);
        }
    }
}
