//! The grammars that colour code, loaded once for every front end.

use std::sync::LazyLock;

use syntect::parsing::{SyntaxReference, SyntaxSet};

/// Lines of one block that are coloured: more is a dump, and would be slow.
pub const MOST_LINES: usize = 5_000;
/// Longest line that is coloured, in bytes: grammars are slow on minified code.
pub const LONGEST_LINE: usize = 2_000;

pub static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// The grammar for an info string: `rust`, `rust,ignore`, `src/main.rs`, `python title="a"`.
pub fn syntax(info: &str) -> Option<&'static SyntaxReference> {
    let word = info
        .split(|character: char| character.is_whitespace() || ",{".contains(character))
        .find(|word| !word.is_empty())?;
    let word = match word.to_ascii_lowercase().as_str() {
        "shell" | "console" | "shell-session" | "zsh" => "bash".to_owned(),
        "golang" => "go".to_owned(),
        "csharp" => "cs".to_owned(),
        other => other.to_owned(),
    };
    let language = word.split(':').next().unwrap_or_default();
    let ending = word.rsplit('.').next().unwrap_or_default();
    [word.as_str(), language, ending]
        .into_iter()
        .filter(|token| !token.is_empty())
        .find_map(|token| SYNTAXES.find_syntax_by_token(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_found_by_what_models_write() {
        for (info, name) in [
            ("rust", "Rust"),
            ("rust,ignore", "Rust"),
            ("Rust", "Rust"),
            ("src/main.rs", "Rust"),
            ("rust:src/main.rs", "Rust"),
            ("python title=\"a\"", "Python"),
            ("py", "Python"),
            ("golang", "Go"),
            ("toml", "TOML"),
            ("json", "JSON"),
        ] {
            let found = syntax(info).map(|syntax| syntax.name.as_str());
            assert_eq!(found, Some(name), "{info}");
        }
        assert!(syntax("").is_none() && syntax("no-such-language").is_none());
        for shell in ["bash", "sh", "shell", "console"] {
            assert!(syntax(shell).is_some(), "{shell}");
        }
    }
}
