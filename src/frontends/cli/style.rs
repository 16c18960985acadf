//! Colours, and text that cannot play tricks on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::visible::is_hidden;

pub const PLAIN: anstyle::Reset = anstyle::Reset;
pub const DIM: Style = Style::new().dimmed();
pub const BOLD: Style = Style::new().bold();
pub const PATH: Style = AnsiColor::Cyan.on_default().bold();
pub const MATCH: Style = AnsiColor::Yellow.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const HINT: Style = AnsiColor::Blue.on_default().bold();

/// Shows control characters, and those that reorder or hide text, as escapes.
///
/// Line breaks and tabs stay: text is laid out with them.
pub fn visible(text: &str) -> Cow<'_, str> {
    crate::visible::visible(text)
}

/// The same for a name that must stay on its line.
pub fn visible_name(name: &str) -> String {
    visible(name).replace('\n', "\\n").replace('\t', "\\t")
}

/// JSON whose texts hide nothing on a terminal, and which means the same.
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

/// `12,345`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 file`, `12,345 files`
pub fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_reaches_the_terminal() {
        assert_eq!(visible("a\u{1b}[31mb\r\n\tc"), "a\\u{1b}[31mb\\u{d}\n\tc");
        assert_eq!(visible("if a\u{202e}b"), "if a\\u{202e}b");
        assert_eq!(visible("rm\u{ad} \u{3164}x"), "rm\\u{ad} \\u{3164}x");
        assert_eq!(visible("grüße 🦀"), "grüße 🦀");
        assert_eq!(visible_name("a\nb"), "a\\nb");
    }

    #[test]
    fn numbers_are_grouped() {
        let shown = [0, 12, 999, 1_000, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
    }
}
