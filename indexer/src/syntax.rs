//! The syntax errors that a grammar finds in a text.

use tree_sitter::{Node, Tree};

use crate::language::{Language, language_of};
use crate::parse::FileParser;

/// The most errors that are reported for one text.
const MOST_ERRORS: usize = 1000;

/// Longest excerpt of an error, in characters.
const LONGEST_EXCERPT: usize = 80;

/// A syntax error.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyntaxError {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The line of the error, truncated, or what is missing.
    pub text: String,
}

/// The syntax errors of a text, in its order.
///
/// `None` if the file has no grammar, or the grammar cannot say: it is too slow, or would be
/// overrun.
pub fn errors(path: &str, text: &str) -> Option<Vec<SyntaxError>> {
    let language = language_of(path, text)?;
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let tree = FileParser::default().parse_any(language, text).ok()?;
    Some(if tree.root_node().is_error() {
        errors_throughout(&tree, language, text)
    } else {
        errors_below(&tree, text)
    })
}

/// The errors of a text that is understood but for them.
fn errors_below(tree: &Tree, text: &str) -> Vec<SyntaxError> {
    let mut found = errors_in(tree, text);
    // A missing brace is missed at the end of the file, which is seldom where it should be.
    if let [only] = &mut found[..]
        && only.text == missing("}")
        && let Some(bracket) = odd_bracket(tree, text)
    {
        *only = bracket;
    }
    found
}

fn missing(what: &str) -> String {
    format!("`{what}` is missing")
}

/// The errors below the root of a tree.
fn errors_in(tree: &Tree, text: &str) -> Vec<SyntaxError> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let is_root = cursor.depth() == 0;
        let is_place = !is_root && (node.is_error() || node.is_missing());
        if is_place {
            found.push(error_at(node, text));
        }
        if found.len() >= MOST_ERRORS {
            return found;
        }
        // What is below an error is its consequence.
        if !is_place && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// What is wrong with a text of which the grammar makes nothing: as a rule a missing bracket.
fn errors_throughout(tree: &Tree, language: &Language, text: &str) -> Vec<SyntaxError> {
    if let Some(bracket) = odd_bracket(tree, text) {
        return vec![bracket];
    }
    let mut found = errors_in(tree, text);
    if found.is_empty() {
        found.push(SyntaxError {
            line: 1,
            text: format!("the file as a whole does not read as {}", language.name),
        });
    }
    found
}

/// A bracket without its counterpart. Those in strings and comments are no tokens of their own.
fn odd_bracket(tree: &Tree, text: &str) -> Option<SyntaxError> {
    // Once for each line, however many brackets it has.
    let indents: Vec<usize> = text
        .lines()
        .map(|line| line.len() - line.trim_start().len())
        .collect();
    let indent = |row: usize| indents.get(row).copied().unwrap_or_default();
    let mut open: Vec<(char, usize)> = Vec::new();
    // Where a bracket closes one that stands at another indentation, the right one is missing.
    let mut suspect: Option<(char, usize)> = None;
    for (bracket, row) in brackets(tree) {
        let opening = match bracket {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => {
                open.push((bracket, row));
                continue;
            }
        };
        match open.pop() {
            Some((last, opened)) if last == opening => {
                if opened != row && indent(opened) != indent(row) {
                    suspect = suspect.or(Some((last, opened)));
                }
            }
            Some((last, opened)) => return Some(never_closed(last, opened)),
            None => {
                return Some(SyntaxError {
                    line: row + 1,
                    text: format!("`{bracket}` closes nothing"),
                });
            }
        }
    }
    let last = open.last().copied()?;
    let (bracket, row) = suspect.unwrap_or(last);
    Some(never_closed(bracket, row))
}

fn never_closed(bracket: char, row: usize) -> SyntaxError {
    SyntaxError {
        line: row + 1,
        text: format!("`{bracket}` is not closed"),
    }
}

/// The brackets among the tokens, with their rows.
fn brackets(tree: &Tree) -> Vec<(char, usize)> {
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if let "(" | ")" | "[" | "]" | "{" | "}" = node.kind()
            && !node.is_missing()
        {
            let row = node.start_position().row;
            found.extend(node.kind().chars().map(|bracket| (bracket, row)));
        } else if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn error_at(node: Node<'_>, text: &str) -> SyntaxError {
    let line = node.start_position().row + 1;
    if node.is_missing() {
        return SyntaxError {
            line,
            text: missing(node.kind()),
        };
    }
    let whole = &text[node.byte_range()];
    let shown = whole.trim_start();
    let above = whole[..whole.len() - shown.len()].matches('\n').count();
    let shown = shown.lines().next().unwrap_or_default().trim_end();
    let mut excerpt: String = shown.chars().take(LONGEST_EXCERPT).collect();
    if excerpt.len() < shown.len() {
        excerpt.push('…');
    }
    SyntaxError {
        line: line + above,
        text: format!("cannot make sense of `{excerpt}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Option<Vec<usize>> {
        errors(path, text).map(|errors| errors.iter().map(|error| error.line).collect())
    }

    #[test]
    fn sound_text_has_no_errors() {
        assert_eq!(
            lines("a.rs", "fn main() {\n    let a = 1;\n}\n"),
            Some(vec![])
        );
        assert_eq!(lines("a.py", "def f():\n    return 1\n"), Some(vec![]));
        assert_eq!(lines("a.rs", ""), Some(vec![]));
        assert_eq!(lines("a.rs", "\n\n"), Some(vec![]));
    }

    #[test]
    fn an_error_has_its_line() {
        let found = errors("a.rs", "fn good() {}\n\nfn bad() {\n    let = 1;\n}\n").unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, 4);
    }

    #[test]
    fn what_is_missing_is_named() {
        let found = errors("a.json", "{\"a\": [1, 2}\n").unwrap();
        let missing = SyntaxError {
            line: 1,
            text: "`]` is missing".to_owned(),
        };
        assert_eq!(found, [missing]);
    }

    /// An unclosed brace makes the whole file one error; saying so helps nobody.
    #[test]
    fn an_unclosed_brace_is_found_by_its_indentation() {
        let text = "fn f() -> u32 {\n    if a {\n        1\n\n}\n\nfn g() {\n    2\n}\n";
        let unclosed = SyntaxError {
            line: 2,
            text: "`{` is not closed".to_owned(),
        };
        assert_eq!(
            errors("a.rs", text).unwrap(),
            std::slice::from_ref(&unclosed)
        );
        let text = "impl A {\n    fn a() {\n        x();\n\n    fn b() {}\n}\n";
        assert_eq!(errors("a.rs", text).unwrap(), [unclosed]);
        assert_eq!(lines("a.rs", "fn a() {}\nfn f() { g() \n"), Some(vec![2]));
        assert_eq!(
            lines("a.rs", "fn a() { \"{{{\"; }\nfn f() { // }\n"),
            Some(vec![2])
        );
    }

    #[test]
    fn files_without_a_grammar_have_no_verdict() {
        assert_eq!(errors("notes.txt", "fn {"), None);
    }

    #[test]
    fn an_excerpt_is_cut() {
        let junk = ") ".repeat(400);
        let found = errors("a.rs", &format!("fn f() {{}}\n{junk}\n")).unwrap();
        assert!(!found.is_empty());
        assert!(found.iter().all(|error| error.text.chars().count() < 120));
    }

    /// Where the brackets of a line stand is looked at once, not for each of them.
    #[test]
    fn many_brackets_behind_many_blanks_are_matched_soon() {
        let blanks = " ".repeat(1 << 21);
        let brackets = |bracket: &str| bracket.repeat(5_000);
        let text = format!("{blanks}{}\n{blanks}{}\n", brackets("["), brackets("]"));
        let language = language_of("a.json", &text).expect("a language");
        let tree = FileParser::default()
            .parse_any(language, &text)
            .expect("a tree");
        let start = std::time::Instant::now();
        assert_eq!(odd_bracket(&tree, &text), None);
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn text_of_any_kind_is_taken() {
        for text in ["\0\0", "é ( ü", "}}}}}}", "{{{{{{{", "fn \u{202e}x("] {
            for path in ["a.rs", "a.py", "a.json", "a.js", "a.yaml", "a.md"] {
                let _ = errors(path, text);
            }
        }
    }
}
