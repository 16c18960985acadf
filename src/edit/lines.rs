//! A text as lines, and an edit as lines to search and to insert.

use std::ops::Range;

/// The lines of a text.
pub(super) struct TextLines<'text> {
    /// Each without its line end.
    lines: Vec<&'text str>,
    /// Where each one starts, and where the text ends.
    starts: Vec<usize>,
    /// Whether the last one has a line end.
    is_ended: bool,
}

/// The searched lines and their replacement.
#[derive(Clone)]
pub(super) struct EditRequest<'wish> {
    /// Searched lines; at least one is not blank.
    pub search: Vec<&'wish str>,
    /// Replacement lines.
    pub replace: Vec<&'wish str>,
}

/// A part of a text and its replacement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub range: Range<usize>,
    pub with: String,
}

impl<'text> TextLines<'text> {
    pub fn of(text: &'text str) -> TextLines<'text> {
        let mut starts = vec![0];
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            starts.push(starts[starts.len() - 1] + line.len());
            lines.push(line.strip_suffix('\n').unwrap_or(line));
        }
        TextLines {
            lines,
            starts,
            is_ended: text.ends_with('\n'),
        }
    }

    pub fn all(&self) -> &[&'text str] {
        &self.lines
    }

    /// The byte range of some lines with their line ends.
    pub fn range(&self, lines: Range<usize>) -> Range<usize> {
        self.starts[lines.start]..self.starts[lines.end]
    }

    /// Whether some lines are all blank.
    pub fn is_blank(&self, lines: Range<usize>) -> bool {
        let lines = self.lines.get(lines);
        lines.is_some_and(|lines| lines.iter().all(|line| line.trim().is_empty()))
    }

    /// Replaces a part of the text, as from [`TextLines::range`], with whole lines.
    pub fn whole(&self, range: Range<usize>, lines: &[String]) -> Replacement {
        let mut with = lines.join("\n");
        let is_end = range.end == self.starts[self.starts.len() - 1];
        if !lines.is_empty() && (self.is_ended || !is_end) {
            with.push('\n');
        } else if !lines.is_empty() && range.is_empty() {
            with.insert(0, '\n');
        }
        Replacement { range, with }
    }
}

impl<'wish> EditRequest<'wish> {
    /// `None` if all searched lines are blank.
    pub fn of(search: &'wish str, replace: &'wish str) -> Option<EditRequest<'wish>> {
        if search.trim().is_empty() {
            return None;
        }
        Some(EditRequest {
            search: split(search),
            replace: split(replace),
        })
    }

    /// Without leading and trailing blank lines; `None` if there are none.
    pub fn without_blank_ends(&self) -> Option<EditRequest<'wish>> {
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
        Some(EditRequest {
            search: self.search[before..self.search.len() - after].to_vec(),
            replace: rest[..rest.len() - replace_after].to_vec(),
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

/// Applies all replacements to a text; they are in order and do not overlap.
pub(super) fn put(text: &str, places: &[Replacement]) -> String {
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

/// The line of a position in a text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
