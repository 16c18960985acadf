//! Folds the middle of long texts, and colours diffs.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::super::style::{BOLD, DIM, PLAIN, count, counted};
use crate::conversation::messages::{fold_blanks, middle_left_out};
use crate::visible::escape_hidden;

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// Maximum characters of a line before it is folded.
const LONGEST_LINE: usize = 400;

/// A rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedText {
    /// With colours; each line ends with a line break.
    pub text: String,
    /// Whether anything was left out.
    pub is_folded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldedKind {
    Diff,
    /// A command, or its output.
    Text,
}

/// Renders a text, indented; if it has more than `most` lines, its middle is replaced by a note.
pub fn show(text: &str, kind: FoldedKind, most: usize) -> FoldedText {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = FoldedText {
        text: String::with_capacity(text.len() * 2),
        is_folded: false,
    };
    if lines.len() <= most.max(2) {
        lines.iter().for_each(|line| shown.add(line, kind, most));
        return shown;
    }
    // One line is the note. The end of an output matters most: a test summary, a traceback.
    let head = match kind {
        FoldedKind::Diff => most.max(2) / 2,
        FoldedKind::Text => most.max(2) / 3,
    };
    let tail = most.max(2) - head - 1;
    let (first, rest) = lines.split_at(head);
    let (left_out, last) = rest.split_at(rest.len() - tail);
    let bytes: usize = left_out.iter().map(|line| line.len() + 1).sum();
    first.iter().for_each(|line| shown.add(line, kind, most));
    // Writing into a string cannot fail.
    let _ = writeln!(
        shown.text,
        "  {DIM}… {} left out, {} bytes …{PLAIN}",
        counted(left_out.len() as u64, "line"),
        count(bytes as u64)
    );
    last.iter().for_each(|line| shown.add(line, kind, most));
    shown.is_folded = true;
    shown
}

/// The same without folding.
pub fn whole(text: &str, kind: FoldedKind) -> String {
    show(text, kind, usize::MAX).text
}

/// Whether a text looks like a unified diff.
pub fn is_diff(text: &str) -> bool {
    text.lines()
        .take(6)
        .any(|line| line.starts_with("--- ") || line.starts_with("@@ "))
}

impl FoldedText {
    fn add(&mut self, line: &str, kind: FoldedKind, most: usize) {
        let style = match kind {
            FoldedKind::Text => Style::new(),
            FoldedKind::Diff => style(line),
        };
        let characters = line.chars().count();
        let cut: String;
        let line = if characters > LONGEST_LINE && most != usize::MAX {
            self.is_folded = true;
            cut = middle_left_out(&fold_blanks(line), LONGEST_LINE / 2);
            cut.as_str()
        } else {
            line
        };
        let _ = writeln!(self.text, "  {style}{}{style:#}", escape_hidden(line));
    }
}

fn style(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
        [b'+', ..] => ADDED,
        [b'-', ..] => REMOVED,
        [b'@', b'@', ..] => PLACE,
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, kind: FoldedKind, most: usize) -> (String, bool) {
        let shown = show(text, kind, most);
        let text = anstream::adapter::strip_str(&shown.text).to_string();
        (text, shown.is_folded)
    }

    #[test]
    fn a_short_text_is_whole() {
        assert_eq!(
            plain("a\nb", FoldedKind::Text, 4),
            ("  a\n  b\n".into(), false)
        );
        assert_eq!(plain("", FoldedKind::Text, 4), (String::new(), false));
    }

    #[test]
    fn the_middle_of_a_long_text_is_left_out_and_counted() {
        let text: String = (1..=10).map(|number| format!("line {number}\n")).collect();
        let (shown, is_folded) = plain(&text, FoldedKind::Text, 5);
        assert_eq!(
            shown,
            "  line 1\n  … 6 lines left out, 42 bytes …\n  line 8\n  line 9\n  line 10\n"
        );
        assert!(is_folded);
        let whole = whole(&text, FoldedKind::Text);
        assert_eq!(whole.lines().count(), 10);
    }

    #[test]
    fn so_is_the_middle_of_a_long_line() {
        let line = format!("a{}z", "-".repeat(1_000));
        let (shown, is_folded) = plain(&line, FoldedKind::Text, 5);
        assert!(
            shown.contains("602 characters left out") && is_folded,
            "{shown}"
        );
        assert!(
            shown.starts_with("  a-") && shown.ends_with("-z\n"),
            "{shown}"
        );
        assert_eq!(whole(&line, FoldedKind::Text), format!("  {line}\n"));
    }

    #[test]
    fn changes_have_colours() {
        let diff = "--- a.rs\n+++ a.rs\n@@ -1 +1 @@\n-old\n+new\n same\n";
        assert!(is_diff(diff) && !is_diff("- a\n+ b\n"));
        let shown = show(diff, FoldedKind::Diff, 40).text;
        assert!(shown.contains("\u{1b}[31m-old\u{1b}[0m"), "{shown:?}");
        assert!(shown.contains("\u{1b}[32m+new\u{1b}[0m"), "{shown:?}");
        assert!(shown.contains("\n   same\n"), "{shown:?}");
    }

    #[test]
    fn tricks_are_shown() {
        let (shown, _) = plain("rm -rf \u{202e}/\u{1b}[2K", FoldedKind::Text, 5);
        assert_eq!(shown, "  rm -rf \\u{202e}/\\u{1b}[2K\n");
    }
}
