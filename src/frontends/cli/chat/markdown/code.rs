//! Code in colour, line by line, in the terminal's own sixteen colours.

use std::fmt::Write;
use std::sync::LazyLock;

use anstyle::{Ansi256Color, AnsiColor, Style};
use syntect::easy::HighlightLines;
use syntect::highlighting::{Color, FontStyle, Theme};
use two_face::theme::EmbeddedThemeName;

use crate::frontends::cli::style::PLAIN;
use crate::frontends::syntaxes::{LONGEST_LINE, MOST_LINES, SYNTAXES, syntax};
use crate::visible::escape_hidden;

/// The theme `ansi` names colours of the terminal, so it suits light and dark ones.
static THEME: LazyLock<Theme> = LazyLock::new(|| {
    two_face::theme::extra()
        .get(EmbeddedThemeName::Ansi)
        .clone()
});

/// A block of code that is being shown.
pub struct Code {
    highlighter: Option<HighlightLines<'static>>,
    left: usize,
}

impl Code {
    /// Begins a block; `info` is what stands behind the opening fence.
    pub fn new(info: &str) -> Code {
        Code {
            highlighter: syntax(info).map(|syntax| HighlightLines::new(syntax, &THEME)),
            left: MOST_LINES,
        }
    }

    /// The next line, coloured, without a newline.
    pub fn line(&mut self, line: &str) -> String {
        let highlighter = match &mut self.highlighter {
            Some(highlighter) if self.left > 0 && line.len() <= LONGEST_LINE => highlighter,
            _ => return escape_hidden(line).into_owned(),
        };
        self.left -= 1;
        let whole = format!("{line}\n");
        let Ok(tokens) = highlighter.highlight_line(&whole, &SYNTAXES) else {
            // A grammar that fails once fails again.
            self.highlighter = None;
            return escape_hidden(line).into_owned();
        };
        let mut shown = String::with_capacity(line.len() * 2);
        for (token, text) in tokens {
            let text = text.trim_end_matches('\n');
            let style = terminal_style(token);
            if style.is_plain() || text.is_empty() {
                shown.push_str(&escape_hidden(text));
            } else {
                // Writing into a string cannot fail.
                let _ = write!(shown, "{style}{}{PLAIN}", escape_hidden(text));
            }
        }
        shown
    }
}

/// In this theme a colour without opacity is a number of the terminal's palette, in the place of
/// red; the opacity 1 means the terminal's own colour.
fn terminal_style(token: syntect::highlighting::Style) -> Style {
    let mut style = match token.foreground {
        Color { a: 0, r, .. } => palette(r),
        _ => Style::new(),
    };
    if token.font_style.contains(FontStyle::BOLD) {
        style = style.bold();
    }
    if token.font_style.contains(FontStyle::ITALIC) {
        style = style.italic();
    }
    if token.font_style.contains(FontStyle::UNDERLINE) {
        style = style.underline();
    }
    style
}

/// Colours that can be read on light and on dark grounds: the bright ones and yellow vanish on
/// white, a bright black vanishes on some dark grounds.
fn palette(number: u8) -> Style {
    match number {
        1 | 9 => AnsiColor::Red.on_default(),
        2 | 10 => AnsiColor::Green.on_default(),
        4 | 12 => AnsiColor::Blue.on_default(),
        3 | 5 | 11 | 13 => AnsiColor::Magenta.on_default(),
        6 | 14 => AnsiColor::Cyan.on_default(),
        8 => Style::new().dimmed(),
        // Black and white vanish on one kind of background.
        0 | 7 | 15 => Style::new(),
        other => Ansi256Color(other).on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_character() {
        let source = "fn main() { let text = \"a\\n\"; } // done";
        let mut code = Code::new("rust");
        let shown = code.line(source);
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), source);
        assert!(shown.contains('\u{1b}'), "{shown:?}");
        assert_eq!(Code::new("").line(source), source);
    }

    #[test]
    fn no_colour_vanishes_on_a_light_or_a_dark_ground() {
        for number in 0..16 {
            let style = format!("{}", palette(number));
            for bad in ["30m", "33m", "37m", "90m", "93m", "96m", "97m"] {
                assert!(!style.contains(bad), "{number}: {style:?}");
            }
        }
    }

    #[test]
    fn tricks_are_shown() {
        let shown = Code::new("rust").line("let a = \"\u{1b}[2J\";");
        assert!(!shown.contains("\u{1b}[2J"), "{shown:?}");
    }
}
