//! A text by its lines, and an edit as lines to find and lines to put there.

use std::ops::Range;

/// The lines of a text.
pub(super) struct Lines<'text> {
    /// Each without its line end.
    lines: Vec<&'text str>,
    /// Where each one starts, and where the text ends.
    starts: Vec<usize>,
}

/// What is searched for and what is to take its place.
#[derive(Clone)]
pub(super) struct Wish<'wish> {
    /// Lines to find; at least one is not blank.
    pub search: Vec<&'wish str>,
    /// Lines to put there.
    pub replace: Vec<&'wish str>,
    /// Whether the last line to find came with its end.
    search_ended: bool,
    /// Whether the last line to put there came with its end.
    replace_ended: bool,
}

/// A part of a text, and what is to stand there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub range: Range<usize>,
    pub with: String,
}

impl<'text> Lines<'text> {
    pub fn of(text: &'text str) -> Lines<'text> {
        let mut starts = vec![0];
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            starts.push(starts[starts.len() - 1] + line.len());
            lines.push(line.strip_suffix('\n').unwrap_or(line));
        }
        Lines { lines, starts }
    }

    pub fn all(&self) -> &[&'text str] {
        &self.lines
    }

    /// What replacing some lines by the wished ones, each changed by `fit`, comes to.
    pub fn place(
        &self,
        lines: Range<usize>,
        wish: &Wish<'_>,
        fit: impl Fn(&str) -> String,
    ) -> Place {
        let start = self.starts[lines.start];
        let end = self.starts[lines.end];
        let last = self.starts[lines.end - 1] + self.lines[lines.end - 1].len();
        let fitted: Vec<String> = wish.replace.iter().map(|line| fit(line)).collect();
        let mut with = fitted.join("\n");
        if !wish.search_ended {
            if wish.replace_ended {
                with.push('\n');
            }
            return Place {
                range: start..last,
                with,
            };
        }
        // Whole lines for whole lines: the last one of the text may have no end.
        if last < end && !wish.replace.is_empty() {
            with.push('\n');
        }
        Place {
            range: start..end,
            with,
        }
    }
}

impl<'wish> Wish<'wish> {
    /// `None` if there are only blank lines to find.
    pub fn of(search: &'wish str, replace: &'wish str) -> Option<Wish<'wish>> {
        if search.trim().is_empty() {
            return None;
        }
        Some(Wish {
            search: split(search),
            replace: split(replace),
            search_ended: search.ends_with('\n'),
            replace_ended: replace.ends_with('\n'),
        })
    }

    /// The same without the blank lines around; `None` if there are none.
    pub fn without_blank_ends(&self) -> Option<Wish<'wish>> {
        let blank = |line: &&&str| line.trim().is_empty();
        let before = self.search.iter().take_while(blank).count();
        let after = self.search.iter().rev().take_while(blank).count();
        if before + after == 0 {
            return None;
        }
        // As many are left out on the other side, else they would be added.
        let replace_before = self.replace.iter().take_while(blank).count().min(before);
        let rest = &self.replace[replace_before..];
        let replace_after = rest.iter().rev().take_while(blank).count().min(after);
        Some(Wish {
            search: self.search[before..self.search.len() - after].to_vec(),
            replace: rest[..rest.len() - replace_after].to_vec(),
            search_ended: self.search_ended || after > 0,
            replace_ended: self.replace_ended || replace_after > 0,
        })
    }
}

fn split(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .collect()
}

/// Puts all the replacements into a text; they are in its order and do not overlap.
pub(super) fn put(text: &str, places: &[Place]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        out.push_str(&text[from..place.range.start]);
        out.push_str(&place.with);
        from = place.range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The line of a place in a text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
