//! Splits lines into tokens, ignoring differences without a meaning: white space and look-alike
//! characters that models exchange.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::visible::plain_sign;

/// Comment markers at the end of a line.
const COMMENTS: [&str; 6] = ["//", "#", "--", "/*", "<!--", ";"];

/// A word, a run of white space or of dots, or any other single character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineToken {
    /// Bytes of the line.
    pub range: Range<usize>,
    /// With look-alike characters replaced by the plain one; white space is one space.
    pub folded: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenClass {
    Space,
    Word,
    Dots,
    /// Has no width: belongs to whatever is before it.
    Invisible,
    /// An accent, which belongs to the letter before it.
    Accent,
    Sign,
}

impl LineToken {
    pub fn is_space(&self) -> bool {
        self.folded == " "
    }
}

/// Splits a line into tokens.
pub(super) fn tokens(line: &str) -> Vec<LineToken> {
    let mut tokens: Vec<LineToken> = Vec::new();
    let mut last = TokenClass::Sign;
    for (at, character) in line.char_indices() {
        let class = class_of(character);
        let end = at + character.len_utf8();
        let is_part = matches!(class, TokenClass::Invisible | TokenClass::Accent);
        let continues = is_part || (class == last && class != TokenClass::Sign);
        match tokens.last_mut().filter(|_| continues) {
            Some(token) => {
                token.range.end = end;
                if !matches!(class, TokenClass::Invisible | TokenClass::Space) {
                    push_folded(&mut token.folded, character);
                }
            }
            None => {
                let mut folded = String::new();
                push_folded(&mut folded, character);
                last = match class {
                    TokenClass::Invisible => TokenClass::Space,
                    TokenClass::Accent => TokenClass::Word,
                    class => class,
                };
                tokens.push(LineToken {
                    range: at..end,
                    folded,
                });
            }
        }
    }
    for token in tokens.iter_mut().filter(|token| !token.folded.is_ascii()) {
        token.folded = token.folded.nfc().collect();
    }
    tokens
}

/// The key of a line for comparison: its tokens without white space, separated by spaces.
pub(super) fn key(line: &str) -> String {
    let tokens = tokens(line);
    let words = tokens.iter().filter(|token| !token.is_space());
    let words: Vec<&str> = words.map(|token| token.folded.as_str()).collect();
    words.join(" ")
}

/// Whether the rest of a line, with its leading white space, is only a comment.
pub(super) fn is_comment(rest: &str) -> bool {
    let comment = rest.trim_start();
    let is_apart = comment.len() < rest.len();
    is_apart && COMMENTS.iter().any(|sign| comment.starts_with(sign))
}

/// The white space that a line starts with.
pub(super) fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn class_of(character: char) -> TokenClass {
    match character {
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => TokenClass::Invisible,
        '.' | '…' => TokenClass::Dots,
        '_' => TokenClass::Word,
        c if c.is_whitespace() => TokenClass::Space,
        c if c.is_alphanumeric() => TokenClass::Word,
        c if !c.is_ascii() && is_combining_mark(c) => TokenClass::Accent,
        _ => TokenClass::Sign,
    }
}

fn push_folded(folded: &mut String, character: char) {
    match character {
        '…' => folded.push_str("..."),
        // Full width, as beside Chinese and Japanese.
        '\u{ff01}'..='\u{ff5e}' => {
            let plain = u32::from(character) - 0xfee0;
            folded.push(char::from_u32(plain).unwrap_or(character));
        }
        c if matches!(class_of(c), TokenClass::Space | TokenClass::Invisible) => folded.push(' '),
        c => folded.push(plain_sign(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_differ_in_meaning_or_only_in_looks() {
        for (one, other) in [
            ("  foo( a,b )", "foo(a, b)  "),
            ("say(“it’s”)", "say(\"it's\")"),
            ("a\u{a0}–\u{2009}b", "a - b"),
            ("wait…", "wait..."),
            ("fo\u{200b}o()", "foo()"),
            ("\u{feff}foo", "foo"),
            ("印刷（一，二）", "印刷(一,二)"),
            ("caf\u{e9}(na\u{ef}ve)", "cafe\u{301}(nai\u{308}ve)"),
        ] {
            assert_eq!(key(one), key(other), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("return x", "returnx"),
            ("a.b", "a..b"),
            ("f(1)", "f(2)"),
            ("été", "ete"),
            ("", "x"),
        ] {
            assert_ne!(key(one), key(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn tokens_cover_the_whole_line() {
        for line in ["", "  let x_1 = \"é…\" ;\t", "\u{200b}a\u{200b} b", "...a…"] {
            let mut end = 0;
            for token in tokens(line) {
                assert_eq!(token.range.start, end, "{line:?}");
                end = token.range.end;
            }
            assert_eq!(end, line.len(), "{line:?}");
        }
    }

    #[test]
    fn comments_at_the_end_of_lines_are_known() {
        for rest in [" // why", "\t# why", " /* a */", "  -- x"] {
            assert!(is_comment(rest), "{rest:?}");
        }
        for rest in ["// at once", " + 1", "", "  ", "--"] {
            assert!(!is_comment(rest), "{rest:?}");
        }
    }
}
