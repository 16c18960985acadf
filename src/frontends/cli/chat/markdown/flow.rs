//! Text that flows: words stay whole at the edge of the terminal, markers become styles.

use std::fmt::Write;

use anstyle::Style;

use super::Look;
use super::inline::{self, Piece};
use crate::frontends::cli::style::PLAIN;
use crate::frontends::cli::width::{char_width, width};
use crate::visible::escape_hidden;

/// Longest text that waits for its closing marker, in bytes.
const LONGEST_HOLD: usize = 2_000;

/// What a line begins with.
#[derive(Clone, Debug, Default)]
pub struct Lead {
    /// On its first row.
    pub first: String,
    /// On the rows after it, as wide as `first`.
    pub hanging: String,
    pub style: Style,
}

/// Writes one line after the other, each in as many rows as it takes.
#[derive(Debug)]
pub struct Flow {
    look: Look,
    lead: Lead,
    base: Style,
    /// Of the row, in columns.
    used: usize,
    spaces: String,
    word: Vec<Piece>,
    /// From an opening marker on, until it is closed.
    held: String,
    before_held: Option<char>,
    previous: Option<char>,
}

impl Flow {
    pub fn new(look: Look) -> Flow {
        Flow {
            look,
            lead: Lead::default(),
            base: Style::new(),
            used: 0,
            spaces: String::new(),
            word: Vec::new(),
            held: String::new(),
            before_held: None,
            previous: None,
        }
    }

    /// Lines from now on have this width.
    pub fn set_width(&mut self, width: usize) {
        self.look.width = width;
    }

    pub fn begin(&mut self, lead: Lead, base: Style, out: &mut String) {
        self.paint(lead.style, &lead.first, out);
        self.used = width(&lead.first);
        self.lead = lead;
        self.base = base;
        self.previous = None;
    }

    /// Takes the next character of the line.
    pub fn push(&mut self, character: char, out: &mut String) {
        if !self.held.is_empty() {
            return self.hold(character, out);
        }
        if self.look.color && inline::is_marker(character) {
            self.before_held = self.previous;
            self.held.push(character);
            return;
        }
        self.add(character, self.base, out);
    }

    pub fn end(&mut self, out: &mut String) {
        self.release(None, out);
        self.end_word(out);
        self.spaces.clear();
        self.used = 0;
        out.push('\n');
    }

    /// Keeps a character back that may belong to what a marker has opened.
    fn hold(&mut self, character: char, out: &mut String) {
        // A run of markers is whole when something else comes.
        let is_settled = !inline::is_marker(character)
            && self.held.ends_with(inline::is_marker)
            && !self.pieces(Some(character)).open;
        if is_settled || self.held.len() > LONGEST_HOLD {
            self.release(Some(character), out);
            self.push(character, out);
        } else {
            self.held.push(character);
        }
    }

    fn pieces(&self, after: Option<char>) -> inline::Pieces {
        // A marker begins the next text that is held.
        let after = after.filter(|after| !inline::is_marker(*after));
        inline::pieces(self.before_held, &self.held, after, self.base)
    }

    /// Lets go of what was held: what is closed in it gets its style.
    fn release(&mut self, after: Option<char>, out: &mut String) {
        if self.held.is_empty() {
            return;
        }
        let pieces = self.pieces(after);
        self.held.clear();
        for piece in pieces.list {
            for character in piece.text.chars() {
                self.add(character, piece.style, out);
            }
        }
    }

    fn add(&mut self, character: char, style: Style, out: &mut String) {
        self.previous = Some(character);
        if character.is_whitespace() {
            self.end_word(out);
            self.spaces.push(character);
            return;
        }
        let stands_alone = is_breakable(character);
        if stands_alone {
            self.end_word(out);
        }
        match self.word.last_mut() {
            Some(last) if last.style == style => last.text.push(character),
            _ => self.word.push(Piece {
                style,
                text: character.to_string(),
            }),
        }
        if stands_alone {
            self.end_word(out);
        }
    }

    /// Writes the word, on the next row if it does not fit this one.
    fn end_word(&mut self, out: &mut String) {
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let spaces = std::mem::take(&mut self.spaces);
        let columns: usize = word.iter().map(|piece| width(&piece.text)).sum();
        let indent = width(&self.lead.hanging);
        if self.used + width(&spaces) + columns > self.look.width && self.used > indent {
            out.push('\n');
            let Lead { hanging, style, .. } = self.lead.clone();
            self.paint(style, &hanging, out);
            self.used = indent;
        } else {
            out.push_str(&escape_hidden(&spaces));
            self.used += width(&spaces);
        }
        self.used += columns;
        for Piece { style, text } in word {
            self.paint(style, &text, out);
        }
    }

    fn paint(&self, style: Style, text: &str, out: &mut String) {
        let text = escape_hidden(text);
        if !self.look.color || style.is_plain() || text.is_empty() {
            out.push_str(&text);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "{style}{text}{PLAIN}");
        }
    }
}

/// Whether a row may end before and behind a character: scripts without spaces, but not emoji,
/// whose parts belong together.
fn is_breakable(character: char) -> bool {
    char_width(character) > 1 && !('\u{1f000}'..'\u{20000}').contains(&character)
}
