//! Colours, and text that is safe to print on a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::visible::is_hidden;

pub use crate::conversation::messages::{count, counted};
pub use crate::visible::{escape_hidden, visible_name};

pub const PLAIN: anstyle::Reset = anstyle::Reset;
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();
pub const PATH: Style = AnsiColor::Cyan.on_default().bold();
pub const MATCH: Style = AnsiColor::Yellow.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const HINT: Style = AnsiColor::Blue.on_default().bold();

/// A time in the local time zone.
pub fn local(time: Timestamp, format: &str) -> String {
    let time = time.to_zoned(TimeZone::system());
    time.strftime(format).to_string()
}

/// Equivalent JSON in which characters that a terminal would hide are escaped.
pub fn escaped_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a string cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_reaches_the_terminal() {
        assert_eq!(
            escape_hidden("a\u{1b}[31mb\r\n\tc"),
            "a\\u{1b}[31mb\\u{d}\n\tc"
        );
        assert_eq!(escape_hidden("if a\u{202e}b"), "if a\\u{202e}b");
        assert_eq!(escape_hidden("rm\u{ad} \u{3164}x"), "rm\\u{ad} \\u{3164}x");
        assert_eq!(escape_hidden("grüße 🦀"), "grüße 🦀");
        assert_eq!(visible_name("a\nb"), "a\\nb");
    }
}
