//! The lines of a text: their sizes, where a text may be split, and the longest line.

use std::borrow::Cow;
use std::ops::Range;

use super::BUDGET;

/// Most bytes of a chunk, white space included: there is no budget for that, but an end.
const MOST_BYTES: usize = 4 * BUDGET;

/// Longest line of words, in bytes,
const LONGEST_LINE: usize = 8 * MOST_BYTES;

/// and of signs without blanks.
const LONGEST_RUN: usize = 2_000;

/// The text with overlong lines shortened: the middle of such a line is replaced by a note. Lines
/// without words, such as Base64 data, are shortened sooner than prose.
pub fn without_long_lines(text: &str) -> Cow<'_, str> {
    let longest = |line: &str| {
        let blanks = line.bytes().filter(|byte| *byte == b' ').count();
        if line.len() <= LONGEST_RUN || blanks * 50 >= line.len() {
            LONGEST_LINE
        } else {
            LONGEST_RUN
        }
    };
    let is_long = |line: &str| line.len() > LONGEST_RUN && line.len() > longest(line);
    if !text.split('\n').any(is_long) {
        return Cow::Borrowed(text);
    }
    let shortened = |line| {
        if !is_long(line) {
            return Cow::Borrowed(line);
        }
        let kept = longest(line) / 2;
        let head = &line[..line.floor_char_boundary(kept * 3 / 4)];
        let tail = &line[line.ceil_char_boundary(line.len() - kept / 4)..];
        let left_out = line[head.len()..line.len() - tail.len()].chars().count();
        Cow::Owned(format!("{head}… {left_out} characters left out …{tail}"))
    };
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(shortened).collect();
    Cow::Owned(lines.join("\n"))
}

/// Where the lines of a text begin, and how much is on them.
pub(super) struct LineIndex<'text> {
    text: &'text str,
    starts: Vec<usize>,
    /// Characters that are not white space before each line, and in all.
    weights: Vec<usize>,
}

impl<'text> LineIndex<'text> {
    pub(super) fn new(text: &'text str) -> LineIndex<'text> {
        let mut starts = vec![0];
        let mut weights = vec![0];
        let mut weight = 0;
        for line in text.split_inclusive('\n') {
            weight += line
                .bytes()
                .filter(|b| !b.is_ascii_whitespace() && b & 0xC0 != 0x80)
                .count();
            starts.push(starts[starts.len() - 1] + line.len());
            weights.push(weight);
        }
        LineIndex {
            text,
            starts,
            weights,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn weight(&self, rows: &Range<usize>) -> usize {
        self.weights[rows.end] - self.weights[rows.start]
    }

    fn is_blank(&self, row: usize) -> bool {
        self.weights[row] == self.weights[row + 1]
    }

    /// Splits after blank lines, and anywhere if a piece is still too large.
    pub(super) fn paragraphs(&self, rows: Range<usize>) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = rows.start;
        for row in rows.clone() {
            let full = self.weight(&(start..row + 1)) > BUDGET;
            let paragraph = row > start && self.is_blank(row - 1) && !self.is_blank(row);
            if row > start && (full || paragraph) {
                pieces.push(start..row);
                start = row;
            }
        }
        if start < rows.end {
            pieces.push(start..rows.end);
        }
        pieces
    }

    /// The text of some rows without blank lines around it; in several parts if it is huge.
    pub(super) fn texts(&self, rows: Range<usize>) -> Vec<(Range<usize>, &'text str)> {
        let mut parts = Vec::new();
        let mut start = rows.start;
        for row in rows.clone() {
            // Of many bytes and little weight: white space.
            if row > start && self.starts[row + 1] - self.starts[start] > MOST_BYTES {
                self.push_text(start..row, &mut parts);
                start = row;
            }
        }
        self.push_text(start..rows.end, &mut parts);
        parts
    }

    fn push_text(&self, mut rows: Range<usize>, parts: &mut Vec<(Range<usize>, &'text str)>) {
        while rows.start < rows.end && self.is_blank(rows.start) {
            rows.start += 1;
        }
        while rows.start < rows.end && self.is_blank(rows.end - 1) {
            rows.end -= 1;
        }
        if rows.is_empty() {
            return;
        }
        let mut text = &self.text[self.starts[rows.start]..self.starts[rows.end]];
        text = text.strip_suffix('\n').unwrap_or(text);
        text = text.strip_suffix('\r').unwrap_or(text);
        // Only a single line can still be that long: everything else was split between lines.
        while rows.len() == 1 && text.len() > MOST_BYTES {
            let (part, rest) = text.split_at(text.floor_char_boundary(MOST_BYTES / 2));
            if !part.trim_ascii().is_empty() {
                parts.push((rows.clone(), part));
            }
            text = rest;
        }
        if !text.trim_ascii().is_empty() {
            parts.push((rows, text));
        }
    }
}
