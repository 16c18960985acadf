//! Bold, italic, struck and code inside of a line, as pulldown-cmark reads them.
//!
//! Links and HTML stay as they are written: a terminal has nothing better to show.

use std::ops::Range;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

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
    /// Whether a marker may open something that is not closed.
    pub open: bool,
}

impl Pieces {
    fn push(&mut self, style: Style, text: &str) {
        match self.list.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => self.list.push(Piece {
                style,
                text: text.to_owned(),
            }),
        }
    }
}

/// Whether a character may be a marker, or takes the meaning from one.
pub fn is_marker(character: char) -> bool {
    matches!(character, '*' | '_' | '`' | '~' | '\\')
}

/// Takes a text apart that stands between two characters; what is not closed in it is kept as it
/// is written.
pub fn pieces(before: Option<char>, text: &str, after: Option<char>, base: Style) -> Pieces {
    // Behind a parenthesis the same markers may open something as at the beginning of a line, but
    // nothing is a block there, such as a list.
    let before = before.filter(|before| before.is_alphanumeric());
    let before = before.unwrap_or('(');
    let mut source = String::from(before);
    source.push_str(text);
    source.extend(after);
    let from = before.len_utf8();
    let mut reader = Reader::new(&source, from..from + text.len(), base);
    let parser = Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH);
    for (event, range) in parser.into_offset_iter() {
        reader.event(&event, range);
    }
    reader.pieces
}

/// Makes pieces of what is inside of a line.
#[derive(Debug)]
pub struct Reader<'a> {
    source: &'a str,
    /// The bytes of the source that are made into pieces.
    wanted: Range<usize>,
    /// Those that are open, innermost last, in the base style.
    styles: Vec<Style>,
    base: Style,
    /// How many links are open.
    links: usize,
    /// Where the last text ended.
    end: usize,
    pub pieces: Pieces,
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a str, wanted: Range<usize>, base: Style) -> Reader<'a> {
        Reader {
            source,
            end: wanted.start,
            wanted,
            styles: Vec::new(),
            base,
            links: 0,
            pieces: Pieces::default(),
        }
    }

    /// Takes the next event, and where in the source it is.
    pub fn event(&mut self, event: &Event<'_>, range: Range<usize>) {
        let style = self.styles.last().copied().unwrap_or(self.base);
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => {
                if self.links == 0 {
                    self.as_written(style, range);
                }
                self.links += 1;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => self.links = self.links.saturating_sub(1),
            _ if self.links > 0 => {}
            Event::Start(Tag::Emphasis) => self.styles.push(style.italic()),
            Event::Start(Tag::Strong) => self.styles.push(style.bold()),
            Event::Start(Tag::Strikethrough) => self.styles.push(style.strikethrough()),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {
                self.styles.pop();
            }
            Event::Code(code) => {
                self.pieces.push(CODE.effects(style.get_effects()), code);
                self.end = range.end;
            }
            Event::Text(_) => {
                self.note_open(&range);
                self.as_written(style, range);
            }
            Event::InlineHtml(_) => self.as_written(style, range),
            _ => {}
        }
    }

    fn as_written(&mut self, style: Style, range: Range<usize>) {
        self.end = range.end;
        let within = range.start.max(self.wanted.start)..range.end.min(self.wanted.end);
        if let Some(text) = self.source.get(within)
            && !text.is_empty()
        {
            self.pieces.push(style, text);
        }
    }

    /// Notes whether a marker in a text may open something that has not come yet.
    fn note_open(&mut self, range: &Range<usize>) {
        let source = self.source;
        let left_out = source.get(self.end..range.start).unwrap_or_default();
        // Behind a backslash that is not shown stands no marker.
        let from = range.start + usize::from(left_out.ends_with('\\'));
        let from = from.max(self.wanted.start);
        let text = source.get(from..range.end.min(self.wanted.end));
        for (at, marker) in text.unwrap_or_default().match_indices(is_marker) {
            let (before, rest) = source.split_at(from + at);
            let before = before.chars().next_back();
            let after = rest.trim_start_matches(marker).chars().next();
            self.pieces.open |= may_open(before, marker, after);
        }
    }
}

/// Whether a run of equal markers may open something; it may not always when this says so.
fn may_open(before: Option<char>, marker: &str, after: Option<char>) -> bool {
    let is_before_text = after.is_some_and(|after| !after.is_whitespace());
    match marker {
        "`" => true,
        "_" => is_before_text && !before.is_some_and(char::is_alphanumeric),
        "*" | "~" => is_before_text,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces with letters for their styles: `b`old, `i`talic, `s`truck, `c`ode.
    fn check(text: &str, expected: &str) {
        let found: String = pieces(None, text, None, Style::new())
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
        check("a*b*c", "ai[b]c");
        check("\\*not\\* \\", "*not* \\");
    }

    #[test]
    fn what_is_no_markup_stays() {
        for text in [
            "2 * 3 * 4",
            "snake_case_name and __init",
            "*args, **kwargs",
            "x ** y ** z",
            "~/code and ~user",
            "**open",
            "`open",
            "****",
            "[a_b_](c_d_) and <b>d</b> &amp; e",
            "1. a",
            "# a",
            "C:\\a\\b",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_is_open_is_known() {
        let open = |text: &str| pieces(None, text, None, Style::new()).open;
        assert!(open("**a") && open("`a ** b") && open("**a* b"));
        assert!(!open("**a**") && !open("a * b") && !open("`a`"));
        assert!(!open("a_b") && !open("\\*a") && open("\\**a"));
    }
}
