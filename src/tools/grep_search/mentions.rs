//! Lines that have a name as a whole word, for the tools that look for names.

use super::{Grep, GrepResult, matcher};
use crate::jail::Jail;
use crate::permission::Rules;
use crate::tools::ToolError;
use crate::tools::found::Until;
use crate::tools::paths::LocatedPath;

/// Lines that have a name as a whole word, in all files; `first` are searched before the others.
pub(in crate::tools) fn mentions(
    name: &str,
    jail: &Jail,
    rules: &Rules,
    until: &Until,
    first: Vec<String>,
) -> Result<GrepResult, ToolError> {
    let before = if is_word(name.chars().next()) {
        "\\b"
    } else {
        ""
    };
    let after = if is_word(name.chars().last()) {
        "\\b"
    } else {
        ""
    };
    let escaped: String = name
        .chars()
        .flat_map(|c| {
            let slash = (!c.is_alphanumeric() && c != '_').then_some('\\');
            slash.into_iter().chain([c])
        })
        .collect();
    let grep = Grep {
        matcher: matcher(&format!("(?-i:{before}{escaped}{after})"))?,
        globs: None,
        below: LocatedPath::workspace(jail)?,
        context: 0,
        first,
    };
    grep.run(rules, until)
}

/// Whether a text has a name as a whole word.
pub(in crate::tools) fn has_word(text: &str, name: &str) -> bool {
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            let joins =
                |inside: Option<char>, outside: Option<char>| is_word(inside) && is_word(outside);
            !joins(name.chars().next(), before) && !joins(name.chars().last(), after)
        })
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        for (text, name) in [
            ("dial(host)", "dial"),
            ("a.dial", "dial"),
            ("vec![1]", "vec!"),
            ("redial(); dial()", "dial"),
        ] {
            assert!(has_word(text, name), "{name} in {text}");
        }
        for (text, name) in [("redial()", "dial"), ("dial_up", "dial"), ("x", "")] {
            assert!(!has_word(text, name), "{name} in {text}");
        }
    }
}
