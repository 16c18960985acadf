//! Wraps text at words.

use std::io::{self, IsTerminal};

use textwrap::{Options, WordSeparator, WordSplitter};

use super::chat::terminal::columns;

/// Wraps a text for stderr, if it is a terminal, after a prefix of `lead` columns.
pub fn for_stderr(text: &str, lead: usize) -> String {
    if io::stderr().is_terminal() {
        wrapped(text, lead, "", columns())
    } else {
        text.to_owned()
    }
}

/// Wraps a text at words to rows of at most `width` columns; longer words stay whole, and styles
/// have no width.
///
/// The first row follows a prefix of `lead` columns; all others start with `hanging`.
pub fn wrapped(text: &str, lead: usize, hanging: &str, width: usize) -> String {
    let blank = " ".repeat(lead);
    let options = Options::new(width.max(20))
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .initial_indent(&blank)
        .subsequent_indent(hanging);
    let filled = textwrap::fill(text, options);
    // A long first word goes to the next row.
    filled.get(lead..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_at_words() {
        let text = "a note that is somewhat longer than a row";
        assert_eq!(
            wrapped(text, 6, "", 24),
            "a note that is\nsomewhat longer than a\nrow"
        );
        assert_eq!(
            wrapped(text, 0, "  ", 24),
            "a note that is somewhat\n  longer than a row"
        );
        assert_eq!(wrapped("one\ntwo", 4, "", 24), "one\ntwo");
        assert_eq!(wrapped("", 4, "", 24), "");
    }

    #[test]
    fn a_long_word_stays_whole() {
        let path = "a/very/long/path/that/is/longer/than/a/row";
        assert_eq!(wrapped(path, 2, "", 24).trim(), path);
        assert_eq!(
            wrapped(&format!("see {path} now"), 2, "", 24),
            format!("see\n{path}\nnow")
        );
    }
}
