//! Splits a command into argument vectors, and rejects everything that it does not know.

use std::iter::Peekable;
use std::str::Chars;

use crate::visible::is_hidden;

/// One command of a chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ArgumentVector {
    /// Program and arguments, without quotes. Not empty.
    pub words: Vec<String>,
    /// Whether it reads the output of the command before it.
    pub piped: bool,
}

/// The argument vectors that a shell would run; `None` if there is anything but plain words and
/// simple quotes, joined by `&&`, `||`, `;` and `|`.
pub(super) fn vectors(command: &str) -> Option<Vec<ArgumentVector>> {
    let mut rest = command.chars().peekable();
    let mut vectors = vec![ArgumentVector {
        words: Vec::new(),
        piped: false,
    }];
    while let Some(&next) = rest.peek() {
        match next {
            ' ' => {
                rest.next();
            }
            ';' | '|' | '&' => {
                let piped = operator(&mut rest)?;
                vectors.push(ArgumentVector {
                    words: Vec::new(),
                    piped,
                });
            }
            _ => vectors.last_mut()?.words.push(word(&mut rest)?),
        }
    }
    let whole = vectors.iter().all(|vector| !vector.words.is_empty());
    whole.then_some(vectors)
}

/// Parses an operator; returns whether it is a pipe.
fn operator(rest: &mut Peekable<Chars<'_>>) -> Option<bool> {
    let first = rest.next()?;
    let is_doubled = rest.next_if_eq(&first).is_some();
    match (first, is_doubled) {
        ('|', false) => Some(true),
        ('|' | '&', true) | (';', false) => Some(false),
        _ => None,
    }
}

fn word(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    while let Some(&next) = rest.peek() {
        match next {
            ' ' | ';' | '|' | '&' => break,
            '\'' | '"' => quoted(rest, &mut word)?,
            _ if is_plain(next, word.chars().last()) => {
                rest.next();
                word.push(next);
            }
            _ => return None,
        }
    }
    Some(word)
}

/// Parses a quoted part of a word.
fn quoted(rest: &mut Peekable<Chars<'_>>, word: &mut String) -> Option<()> {
    let quote = rest.next()?;
    for next in rest.by_ref() {
        if next == quote {
            return Some(());
        }
        // Between double quotes the shell still expands.
        if quote == '"' && matches!(next, '$' | '`' | '\\' | '!') {
            return None;
        }
        let is_letter = next.is_alphanumeric() && !is_hidden(next);
        if !(next == ' ' || next.is_ascii_graphic() || is_letter) {
            return None;
        }
        word.push(next);
    }
    None
}

/// Whether an unquoted character means itself in every shell.
fn is_plain(character: char, before: Option<char>) -> bool {
    match character {
        // `~` is the home folder at the beginning of a word and behind `=` and `:`.
        '~' => before
            .is_some_and(|before| before.is_ascii_alphanumeric() || matches!(before, '^' | '@')),
        '_' | '-' | '.' | '/' | ':' | ',' | '+' | '=' | '@' | '%' | '^' => true,
        _ => character.is_ascii_alphanumeric(),
    }
}
