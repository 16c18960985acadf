//! Bold, italic, struck and code inside of a line.
//!
//! Stricter than CommonMark where code would suffer: `**/*.rs`, `2 * 3` and `snake_case` stay.

use anstyle::{AnsiColor, Style};

const CODE: Style = AnsiColor::Cyan.on_default();

/// A stretch of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub style: Style,
    pub text: String,
}

/// A text in pieces.
#[derive(Debug, Default)]
pub struct Pieces {
    pub list: Vec<Piece>,
    /// Whether a marker opens something that is not closed.
    pub open: bool,
}

impl Pieces {
    fn push(&mut self, style: Style, text: impl IntoIterator<Item = char>) {
        match self.list.last_mut() {
            Some(last) if last.style == style => last.text.extend(text),
            _ => self.list.push(Piece {
                style,
                text: text.into_iter().collect(),
            }),
        }
    }
}

/// What stands on both sides of a text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    pub before: Option<char>,
    pub after: Option<char>,
}

/// Whether a character may be a marker.
pub fn is_marker(character: char) -> bool {
    matches!(character, '*' | '_' | '`' | '~')
}

/// Whether a run of equal markers may begin something.
pub fn opens(before: Option<char>, marker: char, run: usize, after: Option<char>) -> bool {
    let inside = |character: char| {
        is_wordy(character)
            || (is_marker(character) && character != marker)
            || "\"'([<$@#-".contains(character)
    };
    if before == Some('\\') {
        return false;
    }
    match marker {
        '`' => true,
        '~' => run == 2 && after.is_some_and(inside),
        _ => {
            run <= 3
                && after.is_some_and(inside)
                && !before.is_some_and(|character| is_joined(marker, character))
        }
    }
}

/// Takes a text apart; what is not closed in it is kept as it is written.
pub fn pieces(text: &str, around: Around, base: Style) -> Pieces {
    let characters: Vec<char> = text.chars().collect();
    let mut pieces = Pieces::default();
    scan(&characters, around, base, &mut pieces);
    pieces
}

fn scan(text: &[char], around: Around, style: Style, into: &mut Pieces) {
    let mut at = 0;
    while let Some(&marker) = text.get(at) {
        if !is_marker(marker) {
            into.push(style, [marker]);
            at += 1;
            continue;
        }
        let run = run_length(text, at);
        let inner = at + run;
        let before = previous(text, at).or(around.before);
        let after = text.get(inner).copied().or(around.after);
        if !opens(before, marker, run, after) {
            into.push(style, text[at..inner].iter().copied());
            at = inner;
            continue;
        }
        let Some(end) = closing(text, inner, marker, run, around.after) else {
            into.open = true;
            into.push(style, text[at..inner].iter().copied());
            at = inner;
            continue;
        };
        let enclosed = &text[inner..end];
        if marker == '`' {
            let code = CODE.effects(style.get_effects());
            into.push(code, without_padding(enclosed).iter().copied());
        } else {
            let inside = Around {
                before: Some(marker),
                after: Some(marker),
            };
            scan(enclosed, inside, emphasised(style, marker, run), into);
        }
        at = end + run;
    }
}

/// Where the run is that closes what a run of the same length opened.
fn closing(
    text: &[char],
    from: usize,
    marker: char,
    run: usize,
    after: Option<char>,
) -> Option<usize> {
    let mut at = from;
    while at < text.len() {
        if !is_marker(text[at]) {
            at += 1;
            continue;
        }
        let here = run_length(text, at);
        let next = text.get(at + here).copied().or(after);
        if text[at] == marker && here == run && at > from {
            let before = previous(text, at);
            if marker == '`' || closes(before, marker, next) {
                return Some(at);
            }
        }
        // Markers inside of code are none.
        let code = (text[at] == '`' && marker != '`')
            .then(|| closing(text, at + here, '`', here, after))
            .flatten();
        at = code.map_or(at + here, |end| end + here);
    }
    None
}

fn closes(before: Option<char>, marker: char, after: Option<char>) -> bool {
    let inside = |character: char| {
        is_wordy(character)
            || (is_marker(character) && character != marker)
            || "\"')]>.!?:;,%-".contains(character)
    };
    before.is_some_and(inside)
        && !(marker == '_' && after.is_some_and(|character| character.is_alphanumeric()))
}

/// Letters and digits, and what is no ASCII: scripts without spaces mark inside of their words.
fn is_wordy(character: char) -> bool {
    character.is_ascii_alphanumeric() || (!character.is_ascii() && !character.is_whitespace())
}

/// Whether a marker behind this character is part of a word.
fn is_joined(marker: char, character: char) -> bool {
    if marker == '_' {
        character.is_alphanumeric() || character == '_'
    } else {
        character.is_ascii_alphanumeric() || character == '/'
    }
}

fn emphasised(style: Style, marker: char, run: usize) -> Style {
    match (marker, run) {
        ('~', _) => style.strikethrough(),
        (_, 1) => style.italic(),
        (_, 2) => style.bold(),
        _ => style.bold().italic(),
    }
}

/// A space on each side lets code begin or end with a backtick, and is no part of it.
fn without_padding(code: &[char]) -> &[char] {
    match code {
        [' ', inner @ .., ' '] if inner.iter().any(|character| *character != ' ') => inner,
        _ => code,
    }
}

fn run_length(text: &[char], at: usize) -> usize {
    text[at..]
        .iter()
        .take_while(|character| **character == text[at])
        .count()
}

fn previous(text: &[char], at: usize) -> Option<char> {
    at.checked_sub(1).map(|before| text[before])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces with letters for their styles: `b`old, `i`talic, `s`truck, `c`ode.
    fn check(text: &str, expected: &str) {
        let found: String = pieces(text, Around::default(), Style::new())
            .list
            .iter()
            .map(|piece| {
                let effects = piece.style.get_effects();
                let mut name = String::new();
                for (effect, letter) in [
                    (anstyle::Effects::BOLD, 'b'),
                    (anstyle::Effects::ITALIC, 'i'),
                    (anstyle::Effects::STRIKETHROUGH, 's'),
                ] {
                    if effects.contains(effect) {
                        name.push(letter);
                    }
                }
                if piece.style.get_fg_color().is_some() {
                    name.push('c');
                }
                if name.is_empty() {
                    piece.text.clone()
                } else {
                    format!("{name}[{}]", piece.text)
                }
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn markers_become_styles() {
        check("a **bold** word", "a b[bold] word");
        check("*it* and _it_", "i[it] and i[it]");
        check("***both***", "bi[both]");
        check("~~gone~~", "s[gone]");
        check("`a ** b` c", "c[a ** b] c");
        check("`` a`b ``", "c[a`b]");
        check("**see `src/*.rs`**", "b[see ]bc[src/*.rs]");
        check("**a *b* c**", "b[a ]bi[b]b[ c]");
        check("这是**重点**内容", "这是b[重点]内容");
        check("(**a**)", "(b[a])");
    }

    #[test]
    fn what_is_no_markup_stays() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name and __init",
            "**/*.rs and **/*.py",
            "src/**/*.rs, tests/**/*.rs",
            "*args, **kwargs",
            "a*b*c",
            "x ** y ** z",
            "~/code and ~user",
            "\\*not\\*",
            "**open",
            "`open",
            "****",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_is_open_is_known() {
        let open = |text: &str| pieces(text, Around::default(), Style::new()).open;
        assert!(open("**a") && open("`a ** b") && open("**a* b"));
        assert!(!open("**a**") && !open("a * b") && !open("`a`"));
    }
}
