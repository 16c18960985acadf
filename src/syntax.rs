//! Finds syntax errors that an edit added.

use std::collections::HashMap;

use ollacode_indexer::language::language_of;
use ollacode_indexer::syntax::errors as grammar_errors;

pub use ollacode_indexer::syntax::SyntaxError;

/// Most errors reported; later ones usually follow from the first.
const MOST_ERRORS: usize = 5;

/// The syntax errors in a text that were not in the one before; at most five.
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

/// The errors of a text; `None` for a file type without a grammar.
fn errors(path: &str, text: &str) -> Option<Vec<SyntaxError>> {
    // The grammar of make does not know all that make does.
    if language_of(path, text).is_some_and(|language| language.name == "make") {
        return Some(blanks_in_recipes(text));
    }
    grammar_errors(path, text)
}

/// Recipe lines of a makefile that begin with spaces, which make rejects: models write them.
fn blanks_in_recipes(text: &str) -> Vec<SyntaxError> {
    const DIRECTIVES: [&str; 7] = ["if", "else", "endif", "include", "-include", "define", "#"];
    let mut found = Vec::new();
    let (mut in_rule, mut goes_on) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let body = line.trim();
        let is_directive = DIRECTIVES.iter().any(|word| body.starts_with(word));
        if goes_on || body.is_empty() || is_directive {
            // Neither a rule nor a recipe.
        } else if line.starts_with(' ') && in_rule {
            found.push(SyntaxError {
                line: number,
                text: format!("a line of a recipe begins with a tab, not with blanks: `{body}`"),
            });
        } else if !line.starts_with(['\t', ' ']) {
            let head = body.split(['=', '#']).next().unwrap_or_default();
            in_rule = head.contains(':') && !head.ends_with([':', '?', '+']);
        }
        goes_on = line.ends_with('\\');
    }
    if text.contains(".RECIPEPREFIX") {
        found.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_before_the_recipes_of_make_are_told() {
        let makefile =
            "CC := gcc\nall: a \\\n    b\n    cargo build\n\n\tcargo test\nX = a:b\n  Y = 1\n";
        let found = new_errors("sub/Makefile", None, makefile);
        let lines: Vec<usize> = found.iter().map(|error| error.line).collect();
        assert_eq!(lines, [4], "{found:?}");
        assert!(
            found[0]
                .text
                .contains("a tab, not with blanks: `cargo build`")
        );
        let right = makefile.replace("    cargo", "\tcargo");
        assert_eq!(new_errors("rules.mk", Some(makefile), &right), []);
        assert_eq!(new_errors("a.txt", None, makefile), []);
    }

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
