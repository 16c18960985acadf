//! Identifiers and paths in a text of prose.

use std::collections::HashSet;

use ollacode_indexer::language::language_of;

/// Longest name, in characters.
const LONGEST_NAME: usize = 80;

/// The identifiers and paths in a text, each once, in its order; those of code blocks are left out.
pub(super) fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            for name in names_of_line(line) {
                if known.insert(name.clone()) {
                    found.push(name);
                }
            }
        }
    }
    found
}

fn names_of_line(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, part) in line.split('`').enumerate() {
        // Every second part is between back quotes.
        let is_quoted = place % 2 == 1;
        if is_quoted && is_quoted_name(part.trim()) {
            found.push(without_call(part.trim()));
            continue;
        }
        let is_end = |c: char| c.is_whitespace() || "\"'()[]{}<>,;|*".contains(c);
        let mut rest = part;
        while let Some(start) = rest.find(|c: char| !is_end(c)) {
            rest = &rest[start..];
            let (token, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
            rest = after;
            let token = token.trim_matches(|c: char| !c.is_alphanumeric() && !"_/".contains(c));
            let is_call = after.starts_with("()") || is_quoted && after.starts_with('(');
            if is_path(token) || is_identifier(token) || is_call && is_word(token) {
                found.push(token.to_owned());
            }
        }
    }
    found
}

/// Whether a text between back quotes is a name: not a command, a flag, a literal or a basic type.
fn is_quoted_name(text: &str) -> bool {
    const LITERALS: &str = "true false none null nil self this str string int bool vec option \
         result some ok err void";
    let text = text.trim_end_matches("()");
    let is_plain = |c: char| c.is_alphanumeric() || "_:./-#$!?".contains(c);
    (3..=LONGEST_NAME).contains(&text.chars().count())
        && text.chars().all(is_plain)
        && text.contains(char::is_alphabetic)
        && !text.starts_with('-')
        && !is_in(&text.to_lowercase(), LITERALS)
}

/// `foo()` without its brackets.
fn without_call(name: &str) -> String {
    name.trim_end_matches("()").to_owned()
}

/// Whether a word is a path: it has the name of a file of a known language, or an ending and a
/// folder before it. A place behind it does not matter.
pub(super) fn is_path(text: &str) -> bool {
    const PRODUCTS: &str = "node.js next.js vue.js react.js express.js three.js";
    let text = text.split([':', '#']).next().unwrap_or_default();
    let name = text.rsplit('/').next().unwrap_or_default();
    let is_known = || language_of(name, "").is_some();
    let has_folder = text.contains('/') && name.trim_matches('.').contains('.');
    (has_folder || is_known()) && !is_in(&text.to_lowercase(), PRODUCTS)
}

/// Whether a word of prose is an identifier: `read_header`, `readHeader`, `Parser::read`,
/// `config.timeout`.
fn is_identifier(word: &str) -> bool {
    const PRODUCTS: &str = "javascript typescript github gitlab ios macos mongodb postgresql mysql \
         graphql youtube openai powershell";
    let length = word.chars().count();
    let is_plain = |c: char| c.is_alphanumeric() || "_:.$".contains(c);
    if !(3..=LONGEST_NAME).contains(&length)
        || !word.chars().all(is_plain)
        || !word.contains(char::is_alphabetic)
        || is_in(&word.to_lowercase(), PRODUCTS)
    {
        return false;
    }
    let has_hump = word
        .chars()
        .zip(word.chars().skip(1))
        .any(|(one, next)| one.is_lowercase() && next.is_uppercase());
    word.contains('_') || word.contains("::") || has_hump || is_dotted(word)
}

/// Whether a word is names joined by dots: not `e.g`, `3.5`, `example.com`, the end of a sentence.
fn is_dotted(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_part =
        |part: &&str| part.len() > 1 && part.starts_with(|c: char| c.is_ascii_lowercase());
    parts.len() > 1
        && parts.iter().all(is_part)
        && parts
            .last()
            .is_some_and(|last| !is_in(last, "com org net io dev"))
}

fn is_word(token: &str) -> bool {
    token.len() > 2 && token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Whether a list, divided by blanks, has a word.
pub(super) fn is_in(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_told_from_prose() {
        let text = "It's in `Parser::read` and read_header(), e.g. at src/a.rs:12.\n\
                    ```\nlet not_this = 1;\n```\nNode.js and GitHub, see https://example.com/x \
                    and/or config.timeout; run `cargo test` with `--all` or `true`.";
        assert_eq!(
            names(text),
            [
                "Parser::read",
                "read_header",
                "src/a.rs:12",
                "config.timeout"
            ]
        );
        assert_eq!(names("one_a two_b one_a\n`two_b`"), ["one_a", "two_b"]);
    }
}
