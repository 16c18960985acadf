//! The words of an own tool's command, and where the arguments of a call stand in them.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::super::file::{RulesReader, quoted_excerpt};
use super::{ToolParameter, is_name};
use crate::visible::escape_hidden;

/// Most words of a command, and most bytes of each.
const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4_000;

/// Words that a shell does not take for the name of a program. `echo`, `printf`, `test`, `true`, `false`,
/// `pwd` and `kill` are also its own, but mean the same as the programs.
const SHELL_WORDS: &[&str] = &[
    "!",
    "(",
    ")",
    ".",
    ":",
    "[",
    "[[",
    "]]",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "pushd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "then",
    "time",
    "times",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
    "{",
    "}",
];

/// A word of a command: its parts follow each other without a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolWord(pub Vec<WordPart>);

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// As the user wrote it.
    Text(String),
    /// The argument of this name.
    Value(String),
}

impl ToolWord {
    /// The parameter that the word consists of, if it is just one.
    pub fn parameter(&self) -> Option<&str> {
        match &self.0[..] {
            [WordPart::Value(name)] => Some(name),
            _ => None,
        }
    }

    /// The names of the parameters in it.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            WordPart::Value(name) => Some(name.as_str()),
            WordPart::Text(_) => None,
        })
    }

    /// Whether it is `--`, behind which programs take nothing for an option.
    pub fn ends_options(&self) -> bool {
        matches!(&self.0[..], [WordPart::Text(text)] if text == "--")
    }
}

/// Reads `command`; `None` if something is wrong, which is reported.
pub(super) fn read(
    reader: &mut RulesReader<'_>,
    value: &Spanned<DeValue<'_>>,
    parameters: &[ToolParameter],
) -> Option<Vec<ToolWord>> {
    const SHAPE: &str =
        "`command` must be a list of words: `command = [\"jq\", \"{filter}\", \"{path}\"]`";
    let DeValue::Array(values) = value.get_ref() else {
        reader.wrong(&value.span(), SHAPE.to_owned());
        return None;
    };
    if !(1..=MOST_WORDS).contains(&values.len()) {
        let what = format!("{SHAPE}, 1 to {MOST_WORDS}");
        reader.wrong(&value.span(), what);
        return None;
    }
    let mut words = Vec::new();
    for value in values.iter() {
        let word = match value.get_ref().as_str() {
            Some(text) => read_word(text, words.is_empty(), parameters, reader.home()),
            None => Err(SHAPE.to_owned()),
        };
        match word {
            Ok(word) => words.push(word),
            Err(what) => {
                reader.wrong(&value.span(), what);
                return None;
            }
        }
    }
    let unused = parameters.iter().find(|known| {
        !words
            .iter()
            .any(|word| word.parameters().any(|name| name == known.name))
    });
    if let Some(unused) = unused {
        let what = format!(
            "no word of `command` has the parameter `{0}`: write `{{{0}}}` where it belongs",
            unused.name
        );
        reader.wrong(&value.span(), what);
        return None;
    }
    Some(words)
}

fn read_word(
    text: &str,
    is_program: bool,
    parameters: &[ToolParameter],
    home: Option<&Path>,
) -> Result<ToolWord, String> {
    if text.len() > LONGEST_WORD || escape_hidden(text) != text {
        return Err(format!(
            "a word has at most {LONGEST_WORD} bytes, and no control or hidden characters"
        ));
    }
    let word = parse(text, parameters)?;
    for name in word.parameters() {
        let known = parameters.iter().find(|known| known.name == name);
        if word.parameter().is_none() && known.is_some_and(stands_alone) {
            return Err(format!(
                "`{{{name}}}` may stand for several words or none, so it must be a word of its own"
            ));
        }
    }
    if is_program {
        return program(text, &word, home);
    }
    Ok(word)
}

/// Whether a value is not just a part of a word.
fn stands_alone(parameter: &ToolParameter) -> bool {
    parameter.kind.is_list() || parameter.flag.is_some()
}

/// Checks the first word.
fn program(text: &str, word: &ToolWord, home: Option<&Path>) -> Result<ToolWord, String> {
    let [WordPart::Text(name)] = &word.0[..] else {
        return Err(
            "the program must be the same in every call, so it has no placeholder".to_owned(),
        );
    };
    if SHELL_WORDS.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` is a word of the shell, and no shell runs this: name a program"
        ));
    }
    if let Some(rest) = name.strip_prefix("~/") {
        let home = home.ok_or("`~/` works only if `HOME` is set")?;
        let path = home.join(rest).to_string_lossy().into_owned();
        return Ok(ToolWord(vec![WordPart::Text(path)]));
    }
    if !name.contains('/') && name.contains(char::is_whitespace) {
        return Err(format!(
            "there is no program `{}`: each word is a string of its own, as in `[\"jq\", \"-r\"]`",
            quoted_excerpt(text)
        ));
    }
    if name.trim().is_empty() || name.contains(['=', '\n']) || name.starts_with(['-', '~']) {
        return Err(format!(
            "`{}` is no name of a program",
            quoted_excerpt(text)
        ));
    }
    Ok(word.clone())
}

/// Finds the placeholders of a word. `{{name}}` is the text `{name}`; braces around anything else are
/// text, too.
fn parse(text: &str, parameters: &[ToolParameter]) -> Result<ToolWord, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if let Some(name) = named(from, "{{", "}}") {
            plain.push_str(&format!("{{{name}}}"));
            rest = &from[name.len() + 4..];
        } else if let Some(name) = named(from, "{", "}") {
            if !parameters.iter().any(|known| known.name == name) {
                return Err(format!(
                    "`{{{name}}}` is no parameter of this tool: add it to `parameters`, or write \
                     `{{{{{name}}}}}` for the text"
                ));
            }
            if !plain.is_empty() {
                parts.push(WordPart::Text(std::mem::take(&mut plain)));
            }
            parts.push(WordPart::Value(name.to_owned()));
            rest = &from[name.len() + 2..];
        } else {
            plain.push('{');
            rest = &from[1..];
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || parts.is_empty() {
        parts.push(WordPart::Text(plain));
    }
    Ok(ToolWord(parts))
}

/// The name with which a text begins, between two signs.
fn named<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (name, _) = text.strip_prefix(open)?.split_once(close)?;
    is_name(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::ToolParameterKind;
    use super::*;

    fn parameter(name: &str) -> ToolParameter {
        ToolParameter {
            name: name.to_owned(),
            kind: ToolParameterKind::Text,
            description: String::new(),
            required: true,
            choices: Vec::new(),
            default: None,
            flag: None,
        }
    }

    #[test]
    fn placeholders_are_told_from_braces() {
        let parameters = [parameter("a"), parameter("b")];
        let shown = |text: &str| {
            let word = parse(text, &parameters).expect(text);
            let parts = word.0.iter().map(|part| match part {
                WordPart::Text(text) => format!("'{text}'"),
                WordPart::Value(name) => name.clone(),
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            ("{a}", "a"),
            ("{a}{b}", "a b"),
            ("--x={a}:{b}!", "'--x=' a ':' b '!'"),
            ("", "''"),
            ("a", "'a'"),
            ("{}", "'{}'"),
            (".[] | {name: .x}", "'.[] | {name: .x}'"),
            ("{print $1}", "'{print $1}'"),
            ("{{a}}", "'{a}'"),
            ("{{print}}", "'{print}'"),
            ("{{a}", "'{' a"),
            ("{{{a}}}", "'{{a}}'"),
            ("{A}{1}{é}", "'{A}{1}{é}'"),
            ("{", "'{'"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        let error = parse("{print}", &parameters).expect_err("no parameter");
        assert!(error.contains("`{{print}}` for the text"), "{error}");
    }
}
