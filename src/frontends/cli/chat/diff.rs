//! Folds the middle of long texts, and colours diffs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use anstyle::{AnsiColor, Style};

use super::super::style::{BOLD, DIM, PLAIN, count, counted};
use crate::conversation::messages::{fold_blanks, middle_left_out};
use crate::frontends::changed_words::differing;
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
    let marked = match kind {
        FoldedKind::Diff => changed_parts(&lines),
        FoldedKind::Text => BTreeMap::new(),
    };
    let add = |shown: &mut FoldedText, range: Range<usize>| {
        for at in range {
            shown.add(lines[at], kind, most, marked.get(&at));
        }
    };
    if lines.len() <= most.max(2) {
        add(&mut shown, 0..lines.len());
        return shown;
    }
    // One line is the note. The end of an output matters most: a test summary, a traceback.
    let head = match kind {
        FoldedKind::Diff => most.max(2) / 2,
        FoldedKind::Text => most.max(2) / 3,
    };
    let tail = most.max(2) - head - 1;
    let left_out = &lines[head..lines.len() - tail];
    let bytes: usize = left_out.iter().map(|line| line.len() + 1).sum();
    add(&mut shown, 0..head);
    // Writing into a string cannot fail.
    let _ = writeln!(
        shown.text,
        "  {DIM}… {} left out, {} bytes …{PLAIN}",
        counted(left_out.len() as u64, "line"),
        count(bytes as u64)
    );
    add(&mut shown, lines.len() - tail..lines.len());
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
    /// Adds a line, whose changed part is marked.
    fn add(&mut self, line: &str, kind: FoldedKind, most: usize, marked: Option<&Range<usize>>) {
        let style = match kind {
            FoldedKind::Text => Style::new(),
            FoldedKind::Diff => style(line),
        };
        let characters = line.chars().count();
        let cut: String;
        if let Some(Range { start, end }) = marked.filter(|_| characters <= LONGEST_LINE) {
            let mark = style.underline();
            let [before, changed, after] = [&line[..*start], &line[*start..*end], &line[*end..]]
                .map(|part| escape_hidden(part).into_owned());
            let _ = writeln!(
                self.text,
                "  {style}{before}{style:#}{mark}{changed}{mark:#}{style}{after}{style:#}"
            );
            return;
        }
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

/// What changed in each line of a diff that replaces another one, in bytes. Lines that have little
/// in common have no such part.
fn changed_parts(lines: &[&str]) -> BTreeMap<usize, Range<usize>> {
    let run = |from: usize, color: Style| {
        let rest = lines[from..].iter();
        rest.take_while(|line| style(line) == color).count()
    };
    let mut parts = BTreeMap::new();
    let mut at = 0;
    while at < lines.len() {
        let removed = run(at, REMOVED);
        let added = run(at + removed, ADDED);
        for line in at..at + removed.min(added) {
            // Otherwise it is not clear which line replaces which.
            if removed == added
                && let Some((old, new)) = differing(lines[line], lines[line + removed])
            {
                parts.insert(line, old);
                parts.insert(line + removed, new);
            }
        }
        at += (removed + added).max(1);
    }
    parts
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
    fn what_changed_in_a_line_is_marked() {
        let diff = "@@ -1,3 +1,3 @@\n-one = 1\n-two = 2\n+one = 3\n+two = 4\n-a b c\n+x\n+y\n";
        let lines: Vec<&str> = diff.lines().collect();
        let parts = changed_parts(&lines);
        assert_eq!(parts.keys().copied().collect::<Vec<usize>>(), [1, 2, 3, 4]);
        let shown = show(diff, FoldedKind::Diff, 40).text;
        assert_eq!(
            anstream::adapter::strip_str(&shown)
                .to_string()
                .lines()
                .count(),
            8
        );
        assert!(shown.contains("\u{1b}[4m"), "{shown:?}");
    }

    #[test]
    fn tricks_are_shown() {
        let (shown, _) = plain("rm -rf \u{202e}/\u{1b}[2K", FoldedKind::Text, 5);
        assert_eq!(shown, "  rm -rf \\u{202e}/\\u{1b}[2K\n");
    }
}
