//! How definitions are named: in a scope, and by themselves.

/// Longest scope entry, in characters; what is longer ends in `…`.
const MAX_LABEL: usize = 80;

/// Longest name, in characters: the longest of generated test functions fit.
const MAX_NAME: usize = 200;

/// Most bytes before a name that are read for its label: definitions in definitions whose names stand
/// at the end would each be read as often as they are deep.
const MOST_HEAD: usize = 4 << 10;

/// Words before a definition's keyword that say nothing about where a chunk lives.
const MODIFIERS: &[&str] = &[
    "abstract",
    "async",
    "const",
    "constexpr",
    "data",
    "declare",
    "default",
    "explicit",
    "export",
    "extern",
    "external",
    "final",
    "implicit",
    "inline",
    "internal",
    "local",
    "mutable",
    "open",
    "override",
    "partial",
    "private",
    "protected",
    "pub",
    "public",
    "readonly",
    "required",
    "sealed",
    "static",
    "suspend",
    "unsafe",
    "virtual",
];

/// The name of a definition, as it is written.
pub(super) fn name(text: &str) -> String {
    one_line(text, MAX_NAME)
}

/// A scope that a definition names itself.
pub(super) fn scope(text: &str) -> String {
    one_line(text, MAX_LABEL)
}

/// Collapses white space and truncates at `limit` characters.
fn one_line(text: &str, limit: usize) -> String {
    // A word may be as long as the file.
    let text = &text[..text.floor_char_boundary(16 * limit)];
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * limit {
            break;
        }
    }
    match line.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// How a definition reads in a scope: what stands before its name, without modifiers, and the name.
pub(super) fn label(head: &str, name: &str) -> String {
    let mut head = head[..head.floor_char_boundary(MOST_HEAD)].trim_start();
    while let Some(rest) = without_annotation(head)
        .or_else(|| without_modifier(head))
        .or_else(|| without_description(head))
    {
        head = rest.trim_start();
    }
    // `typedef struct { … } name`: the body is no part of the label.
    let head = head.split('{').next().unwrap_or_default();
    let space = if head.ends_with(char::is_whitespace) {
        " "
    } else {
        ""
    };
    let name = &name[..name.floor_char_boundary(MOST_HEAD)];
    one_line(&format!("{}{space}{name}", head.trim_end()), MAX_LABEL)
}

fn without_modifier(head: &str) -> Option<&str> {
    let end = head
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(head.len());
    let (word, rest) = head.split_at(end);
    if !MODIFIERS.contains(&word) {
        return None;
    }
    // `pub(crate)`
    Some(if rest.starts_with('(') {
        after_brackets(rest)?
    } else {
        rest
    })
}

/// `@Override`, `@Path("/x")`, `[Serializable]`, `#[Attribute]`.
fn without_annotation(head: &str) -> Option<&str> {
    if let Some(rest) = head.strip_prefix('@') {
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | ':'))?;
        let rest = &rest[end..];
        return if rest.starts_with('(') {
            after_brackets(rest)
        } else {
            Some(rest)
        };
    }
    let attribute = head.strip_prefix('#').unwrap_or(head);
    if attribute.starts_with('[') {
        after_brackets(attribute)
    } else {
        None
    }
}

/// `"""Text"""` or `"text"`, as GraphQL has it before a definition.
fn without_description(head: &str) -> Option<&str> {
    let quotes = if head.starts_with("\"\"\"") {
        "\"\"\""
    } else {
        "\""
    };
    let (_, rest) = head.strip_prefix(quotes)?.split_once(quotes)?;
    Some(rest)
}

/// What follows the bracket that closes the first one.
fn after_brackets(text: &str) -> Option<&str> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_no_part_of_a_label() {
        for (head, said, expected) in [
            ("pub(crate) async fn ", "run", "fn run"),
            ("@Path(\"/x\") public class ", "A", "class A"),
            ("\"\"\"Text\"\"\" type ", "T", "type T"),
            ("typedef struct { int a; } ", "name", "typedef struct name"),
        ] {
            assert_eq!(label(head, said), expected);
        }
    }

    #[test]
    fn what_is_read_for_a_name_is_bounded() {
        let long = "x".repeat(1 << 20);
        assert_eq!(name(&long).chars().count(), MAX_NAME + 1);
        assert_eq!(
            label(&format!("int {long}, "), "b").chars().count(),
            MAX_LABEL + 1
        );
        let body = "{ int a; }".repeat(1 << 16);
        assert_eq!(
            label(&format!("typedef struct {body} "), "T"),
            "typedef struct T"
        );
        assert_eq!(name("a\n   b"), "a b");
        assert_eq!(
            scope("é".repeat(2_000).as_str()).chars().count(),
            MAX_LABEL + 1
        );
    }
}
