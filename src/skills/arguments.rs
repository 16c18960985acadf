//! What the user types behind the name of a skill, and where its text takes it.

use serde::Serialize;

/// What stands for an argument that was not given.
const NOT_GIVEN: &str = "(not given)";
/// Most bytes of a text with its arguments: a short text can name them very often.
const MOST_BYTES: usize = 512 << 10;

/// A skill that the user starts, with what was typed behind its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkillCall {
    pub name: String,
    /// May be empty, and have several lines.
    pub arguments: String,
}

impl SkillCall {
    /// As it is typed: `/explain-module src/engine`.
    pub fn line(&self) -> String {
        format!("/{} {}", self.name, self.arguments.trim())
            .trim_end()
            .to_owned()
    }
}

/// A text with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub text: String,
    /// Whether it has taken any of them.
    pub has_taken: bool,
}

/// What a `$` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    All,
    /// From 0.
    Word(usize),
    /// The place of its name.
    Named(usize),
}

/// Fills in `$ARGUMENTS` (all of it), `$1` to `$9` (a word of it) and `$name` (a named one, given as
/// `name=value` or by its place). `\$1` stays `$1`, and so does a word that was not given.
///
/// `None` if too much comes out of it.
pub(super) fn filled(body: &str, names: &[String], arguments: &str) -> Option<Filled> {
    let arguments = arguments.trim();
    let words = words(arguments);
    let values = named_values(names, &words);
    let mut text = String::with_capacity(body.len());
    let mut has_taken = false;
    let mut rest = body;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let after = &from[1..];
        let found = placeholder(after, names);
        let (before, found) = match (before.strip_suffix('\\'), found) {
            (Some(before), Some(_)) => (before, None),
            (_, found) => (before, found),
        };
        text.push_str(before);
        let value = found.and_then(|(which, length)| {
            let value = match which {
                Placeholder::All => arguments.to_owned(),
                Placeholder::Word(at) => words.get(at)?.clone(),
                Placeholder::Named(at) => values.get(at)?.clone(),
            };
            Some((value, length))
        });
        match value {
            Some((value, length)) => {
                text.push_str(&value);
                has_taken = true;
                rest = &after[length..];
            }
            None => {
                text.push('$');
                rest = after;
            }
        }
        if text.len() > MOST_BYTES {
            return None;
        }
    }
    text.push_str(rest);
    Some(Filled { text, has_taken })
}

/// What stands behind a `$`, and its length in bytes.
fn placeholder(after: &str, names: &[String]) -> Option<(Placeholder, usize)> {
    let ends = |length: usize| {
        let mut rest = after[length..].chars();
        !rest.next().is_some_and(|c| c == '_' || c.is_alphanumeric())
    };
    if after.starts_with("ARGUMENTS") && ends(9) {
        return Some((Placeholder::All, 9));
    }
    let longest = (0..names.len())
        .filter(|at| after.starts_with(names[*at].as_str()) && ends(names[*at].len()))
        .max_by_key(|at| names[*at].len());
    if let Some(at) = longest {
        return Some((Placeholder::Named(at), names[at].len()));
    }
    let digit = after.chars().next().and_then(|c| c.to_digit(10))?;
    // `$1.50` is a price.
    let mut behind = after[1..].chars();
    let is_price = behind.next() == Some('.') && behind.next().is_some_and(|c| c.is_ascii_digit());
    if digit == 0 || is_price || !ends(1) {
        return None;
    }
    Some((Placeholder::Word(digit as usize - 1), 1))
}

/// The values of the named arguments: `name=value`, else the word at its place among those without a
/// name.
fn named_values(names: &[String], words: &[String]) -> Vec<String> {
    let mut values: Vec<Option<String>> = vec![None; names.len()];
    let mut plain = Vec::new();
    for word in words {
        let pair = word.split_once('=').and_then(|(name, value)| {
            let at = names.iter().position(|known| known == name)?;
            Some((at, value))
        });
        match pair {
            Some((at, value)) => values[at] = Some(value.to_owned()),
            None => plain.push(word),
        }
    }
    let mut plain = plain.into_iter();
    let value = |value: Option<String>| {
        value
            .or_else(|| plain.next().cloned())
            .unwrap_or_else(|| NOT_GIVEN.to_owned())
    };
    values.into_iter().map(value).collect()
}

/// The words of a text; quotes at the beginning of a word hold several together.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = ['"', '\'']
            .contains(&first)
            .then(|| rest[1..].split_once(first))
            .flatten();
        let (word, after) = match quoted {
            Some((word, after)) => (word, after),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn check(body: &str, arguments: &str, expected: &str) {
        let filled = filled(body, &names(&["path", "path-kind"]), arguments).expect("a text");
        assert_eq!(filled.text, expected, "{body}");
    }

    #[test]
    fn arguments_are_filled_in() {
        check("Explain $ARGUMENTS.", " src/a b ", "Explain src/a b.");
        check("Explain $ARGUMENTS.", "", "Explain .");
        check("$1 then $2, $3", "a 'b c'", "a then b c, $3");
        check("\"$1\"($2)", "a b", "\"a\"(b)");
        check("$path and $path-kind", "a b", "a and b");
        check("$path and $path-kind", "path-kind=b a", "a and b");
        check("$path and $path-kind", "a", "a and (not given)");
        check("$path and $path-kind", "path-kind=b", "(not given) and b");
    }

    #[test]
    fn other_signs_of_money_stay() {
        for body in [
            "It costs $100, $1.50 or $0.",
            "$ARGUMENTS_OF and $pathway and $HOME and $",
            "awk '{print $3}'",
            "größe$ü",
        ] {
            check(body, "a b", body);
        }
        check(
            "\\$1 and \\$ARGUMENTS, \\$x",
            "a",
            "$1 and $ARGUMENTS, \\$x",
        );
    }

    #[test]
    fn it_is_known_whether_anything_was_taken() {
        for (body, has_taken) in [("Do it.", false), ("Do $1.", true), ("Do $2.", false)] {
            let filled = filled(body, &[], "it").expect("a text");
            assert_eq!(filled.has_taken, has_taken, "{body}");
        }
        // A value is no template.
        let filled = filled("$1", &[], "$ARGUMENTS").expect("a text");
        assert_eq!(filled.text, "$ARGUMENTS");
    }

    #[test]
    fn a_short_text_does_not_become_endless() {
        let body = "$ARGUMENTS".repeat(6_000);
        assert_eq!(filled(&body, &[], &"x".repeat(100_000)), None);
    }

    #[test]
    fn quotes_hold_words_together_only_where_they_begin_one() {
        for (text, expected) in [
            ("a  b", &["a", "b"][..]),
            ("'a b' c", &["a b", "c"]),
            ("\"a b\"c", &["a b", "c"]),
            ("don't do", &["don't", "do"]),
            ("'open end", &["'open", "end"]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn a_call_is_typed_in_a_line() {
        let call = |arguments: &str| SkillCall {
            name: "tidy".to_owned(),
            arguments: arguments.to_owned(),
        };
        assert_eq!(call(" src ").line(), "/tidy src");
        assert_eq!(call("").line(), "/tidy");
    }
}
