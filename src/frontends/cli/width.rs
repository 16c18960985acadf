//! The width of text on a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a character.
pub fn char_width(character: char) -> usize {
    character.width().unwrap_or_default()
}

/// Columns of a line.
pub fn width(line: &str) -> usize {
    line.width()
}

/// Cuts a line to a number of columns, with `…` at the end.
pub fn truncate(line: &str, columns: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let mut used = 1;
    let mut kept: String = line
        .chars()
        .take_while(|&character| {
            used += char_width(character);
            used <= columns
        })
        .collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        let widths = ["", "abc", "grüße", "한국어", "日本", "e\u{301}", "🦀"].map(width);
        assert_eq!(widths, [0, 3, 5, 6, 4, 1, 2]);
    }

    #[test]
    fn a_line_is_cut_where_it_must_be() {
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abcd", 3), "ab…");
        assert_eq!(truncate("한국어", 4), "한…");
        assert_eq!(truncate("abc", 1), "…");
    }
}
