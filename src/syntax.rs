//! What an edit broke: syntax errors that were not there before.

use std::collections::HashMap;

use ollacode_indexer::syntax::errors;

pub use ollacode_indexer::syntax::SyntaxError;

/// Most errors that are told: the others follow from the first.
const MOST_ERRORS: usize = 5;

/// The syntax errors that a text has and the one before had not; at most five.
///
/// `before` is `None` for a new file. Files without a grammar have none.
pub fn new_errors(path: &str, before: Option<&str>, after: &str) -> Vec<SyntaxError> {
    let Some(found) = errors(path, after) else {
        return Vec::new();
    };
    if found.is_empty() {
        return Vec::new();
    }
    // An edit moves what is behind it, so an old error is known by its text.
    let mut known: HashMap<String, usize> = HashMap::new();
    for error in before
        .and_then(|before| errors(path, before))
        .unwrap_or_default()
    {
        *known.entry(error.text).or_default() += 1;
    }
    let is_new = |error: &SyntaxError| match known.get_mut(&error.text) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    found.into_iter().filter(is_new).take(MOST_ERRORS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_error_is_told() {
        let found = new_errors("a.rs", Some("fn f() {}\n"), "fn f() {}\nfn g( {}\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].line, 2);
    }

    #[test]
    fn an_old_error_is_not_told_again() {
        let before = "fn f() {}\nlet = 1;\n";
        let after = "// a line more\nfn f() {}\nlet = 1;\n";
        assert_eq!(new_errors("a.rs", Some(before), after), []);
    }

    #[test]
    fn the_same_error_once_more_is_new() {
        let before = "fn a() {\n    let = 1;\n}\n";
        let after = format!("{before}fn b() {{\n    let = 1;\n}}\n");
        assert_eq!(new_errors("a.rs", Some(before), before), []);
        assert_eq!(new_errors("a.rs", Some(before), &after).len(), 1);
    }

    #[test]
    fn a_new_file_has_only_new_errors() {
        assert_eq!(new_errors("a.py", None, "def f(:\n  pass\n").len(), 1);
        assert_eq!(new_errors("a.py", None, "def f():\n  pass\n"), []);
        assert_eq!(new_errors("a.txt", None, "def f(:"), []);
    }

    #[test]
    fn few_are_told() {
        let text = "let = 1;\nfn f() {}\n".repeat(40);
        assert!(new_errors("a.rs", None, &text).len() <= MOST_ERRORS);
    }
}
