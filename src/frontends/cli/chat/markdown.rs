//! Markdown as it streams in: text is shown as it comes, code when its line is complete.
//!
//! Words are shown before their paragraph has ended, so the beginnings of lines are read here;
//! pulldown-cmark reads what is inside of a line as soon as its markers are closed, and tables.
//! Text is taken character by character, so it does not matter where the pieces are cut. With
//! colour the markers become styles; without, the text stays as it is written, since its markers
//! are then the only sign.

mod code;
mod flow;
mod inline;
mod table;
#[cfg(test)]
mod tests;

use anstyle::Style;

use code::Code;
use flow::{Flow, Lead};

use super::super::style::{DIM, PLAIN};
use crate::visible::escape_hidden;

/// Rows of a table that are kept to be laid out together.
const MOST_ROWS: usize = 200;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether styles are shown.
    pub color: bool,
    /// Columns of a row.
    pub width: usize,
}

/// A text that is being shown.
pub struct Markdown {
    look: Look,
    /// What has come of a line that is not begun yet.
    line: String,
    state: State,
    fence: Option<Fence>,
    table: Vec<String>,
    flow: Flow,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is not clear what the line is.
    Undecided,
    /// Its text is shown as it comes.
    Flowing,
    /// It is taken when it is whole.
    Keeping,
}

struct Fence {
    marker: char,
    length: usize,
    code: Code,
}

/// What the beginning of a line says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// More of it is needed.
    Unclear,
    /// A fence, or a row of a table.
    Whole,
    Heading,
    Item,
    Quote,
    Text,
}

impl Markdown {
    pub fn new(look: Look) -> Markdown {
        Markdown {
            look,
            line: String::new(),
            state: State::Undecided,
            fence: None,
            table: Vec::new(),
            flow: Flow::new(look),
        }
    }

    /// The terminal has another width now.
    pub fn set_width(&mut self, width: usize) {
        self.look.width = width;
        self.flow.set_width(width);
    }

    /// Takes the next piece of the text, and gives what can be shown by now.
    pub fn push(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        for character in text.chars().filter(|character| *character != '\r') {
            self.take(character, &mut out);
        }
        out
    }

    /// Ends the text, and its last line; another one may follow.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        if self.fence.is_some() {
            if !self.line.is_empty() {
                self.code_line(&mut out);
            }
        } else if self.state == State::Flowing || !self.line.is_empty() {
            self.end_line(&mut out);
        }
        self.fence = None;
        self.flush_table(&mut out);
        out
    }

    fn take(&mut self, character: char, out: &mut String) {
        if self.fence.is_some() {
            if character == '\n' {
                self.code_line(out);
            } else {
                self.line.push(character);
            }
            return;
        }
        if character == '\n' {
            return self.end_line(out);
        }
        match self.state {
            State::Flowing => self.flow.push(character, out),
            State::Keeping => self.line.push(character),
            State::Undecided => {
                self.line.push(character);
                match kind(&self.line) {
                    Kind::Unclear => {}
                    Kind::Whole => self.state = State::Keeping,
                    kind => self.begin(kind, out),
                }
            }
        }
    }

    /// Begins a line whose kind is known, with what has come of it.
    fn begin(&mut self, kind: Kind, out: &mut String) {
        self.flush_table(out);
        let line = std::mem::take(&mut self.line);
        let content = match kind {
            Kind::Heading | Kind::Item => line.len(),
            Kind::Quote => line.find('>').map_or(0, |at| at + 1) + usize::from(line.ends_with(' ')),
            _ => line.len() - line.trim_start().len(),
        };
        let (first, rest) = line.split_at(content);
        let (lead, base) = self.layout(kind, first);
        self.flow.begin(lead, base, out);
        self.state = State::Flowing;
        for character in rest.chars() {
            self.flow.push(character, out);
        }
    }

    fn layout(&self, kind: Kind, first: &str) -> (Lead, Style) {
        let blank = " ".repeat(first.chars().count());
        if !self.look.color {
            let lead = Lead {
                first: first.to_owned(),
                hanging: blank,
                style: Style::new(),
            };
            return (lead, Style::new());
        }
        match kind {
            Kind::Heading => {
                let is_top = first.trim_start().len() <= "## ".len();
                let style = Style::new().bold();
                let style = if is_top { style.underline() } else { style };
                (Lead::default(), style)
            }
            Kind::Quote => {
                let bar = "│ ".to_owned();
                let lead = Lead {
                    first: bar.clone(),
                    hanging: bar,
                    style: DIM,
                };
                (lead, Style::new())
            }
            _ => {
                let lead = Lead {
                    first: first.replace(['-', '*', '+'], "•"),
                    hanging: blank,
                    style: Style::new(),
                };
                (lead, Style::new())
            }
        }
    }

    fn end_line(&mut self, out: &mut String) {
        match std::mem::replace(&mut self.state, State::Undecided) {
            State::Flowing => self.flow.end(out),
            State::Keeping => self.whole_line(out),
            State::Undecided if self.line.trim().is_empty() => {
                self.flush_table(out);
                self.line.clear();
                out.push('\n');
            }
            State::Undecided if self.look.color && is_rule(&self.line) => {
                self.flush_table(out);
                self.line.clear();
                self.dim(&"─".repeat(self.look.width.min(40)), out);
            }
            // What nothing follows is no heading and no item.
            State::Undecided => self.end_as_text(out),
        }
    }

    fn end_as_text(&mut self, out: &mut String) {
        self.begin(Kind::Text, out);
        self.flow.end(out);
        self.state = State::Undecided;
    }

    /// Takes the line that opens a fence, or a row of a table.
    fn whole_line(&mut self, out: &mut String) {
        let line = std::mem::take(&mut self.line);
        let trimmed = line.trim();
        let Some(marker) = trimmed.chars().next().filter(|marker| *marker != '|') else {
            self.table.push(line);
            if self.table.len() >= MOST_ROWS {
                self.flush_table(out);
            }
            return;
        };
        let info = trimmed.trim_start_matches(marker);
        if marker == '`' && info.contains('`') {
            self.line = line;
            return self.end_as_text(out);
        }
        self.flush_table(out);
        self.fence = Some(Fence {
            marker,
            length: trimmed.len() - info.len(),
            code: Code::new(if self.look.color { info } else { "" }),
        });
        self.dim(&line, out);
    }

    /// Takes a line of code, or the one that closes it.
    fn code_line(&mut self, out: &mut String) {
        let line = std::mem::take(&mut self.line);
        let Some(fence) = &mut self.fence else {
            return;
        };
        let trimmed = line.trim();
        let closes = trimmed.len() >= fence.length
            && trimmed.chars().all(|character| character == fence.marker);
        if closes {
            self.fence = None;
            self.dim(&line, out);
        } else {
            out.push_str(&fence.code.line(&line));
            out.push('\n');
        }
    }

    fn flush_table(&mut self, out: &mut String) {
        if !self.table.is_empty() {
            let rows = std::mem::take(&mut self.table);
            out.push_str(&table::render(&rows, self.look));
        }
    }

    fn dim(&self, line: &str, out: &mut String) {
        let line = escape_hidden(line);
        if self.look.color {
            out.push_str(&format!("{DIM}{line}{PLAIN}\n"));
        } else {
            out.push_str(&line);
            out.push('\n');
        }
    }
}

/// Tells what a line is, as soon as its beginning says so.
fn kind(beginning: &str) -> Kind {
    let line = beginning.trim_start();
    let Some(first) = line.chars().next() else {
        return Kind::Unclear;
    };
    let all = |wanted: char| line.chars().all(|character| character == wanted);
    match first {
        '|' => Kind::Whole,
        '>' if line.len() == 1 => Kind::Unclear,
        '>' => Kind::Quote,
        '`' | '~' if all(first) && line.len() < 3 => Kind::Unclear,
        '`' | '~' if all(first) => Kind::Whole,
        '#' if all('#') && line.len() <= 6 => Kind::Unclear,
        '#' if line.ends_with(' ') => Kind::Heading,
        '-' | '*' | '+' if line.len() == 2 && line.ends_with(' ') => Kind::Item,
        // It may become a rule.
        '-' | '*' | '_' if all(first) => Kind::Unclear,
        '+' if line.len() == 1 => Kind::Unclear,
        '0'..='9' => numbered(line),
        _ => Kind::Text,
    }
}

/// `12. ` and `3) ` begin an item.
fn numbered(line: &str) -> Kind {
    let digits = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_short = line.len() - digits.len() <= 3;
    match digits {
        "" | "." | ")" if is_short => Kind::Unclear,
        ". " | ") " if is_short => Kind::Item,
        _ => Kind::Text,
    }
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    let first = line.chars().next();
    line.len() >= 3
        && matches!(first, Some('-' | '*' | '_'))
        && line.chars().all(|character| Some(character) == first)
}
