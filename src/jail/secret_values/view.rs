//! Decoded parts of a text, and their positions in that text.

use std::ops::Range;

/// Bytes decoded from a text, or joined across separators.
#[derive(Default)]
pub(super) struct DecodedView {
    /// Separate runs are divided by a zero byte.
    pub bytes: Vec<u8>,
    parts: Vec<ViewPart>,
    /// Ends of the runs.
    ends: Vec<usize>,
    /// Start of the current run.
    begun: usize,
}

/// Bytes of a view from one position; they end where the next part begins.
struct ViewPart {
    start: u32,
    from: u32,
    /// `LITERAL` if the bytes are unchanged.
    to: u32,
}

const LITERAL: u32 = u32::MAX;

impl DecodedView {
    /// Adds unchanged bytes of the text.
    pub fn copy(&mut self, text: &[u8], source: Range<usize>) {
        if source.is_empty() {
            return;
        }
        let (start, from) = (self.bytes.len(), source.start);
        self.bytes.extend_from_slice(&text[source]);
        let goes_on = self.parts.last().is_some_and(|last| {
            last.to == LITERAL && last.from as usize + start - last.start as usize == from
        });
        if !goes_on {
            self.push(start, from, LITERAL);
        }
    }

    /// Adds the decoded bytes of a range of the text.
    pub fn decode(&mut self, bytes: &[u8], source: Range<usize>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.decoded_from(start, source);
    }

    /// Records the source of the bytes from `start` on.
    pub fn decoded_from(&mut self, start: usize, source: Range<usize>) {
        if start < self.bytes.len() {
            self.push(start, source.start, small(source.end));
        }
    }

    fn push(&mut self, start: usize, from: usize, to: u32) {
        let (start, from) = (small(start), small(from));
        self.parts.push(ViewPart { start, from, to });
    }

    /// The bytes of the current run.
    pub fn run(&self) -> &[u8] {
        &self.bytes[self.begun..]
    }

    /// Drops the current run.
    pub fn drop_run(&mut self) {
        self.bytes.truncate(self.begun);
        let kept = self
            .parts
            .partition_point(|part| (part.start as usize) < self.begun);
        self.parts.truncate(kept);
    }

    /// Ends a run; one shorter than `least` is dropped.
    pub fn end_run(&mut self, least: usize) {
        match self.run().len() {
            0 => return,
            length if length < least => self.drop_run(),
            _ => {
                let at = self.parts.last().map_or(0, |part| part.from as usize);
                self.ends.push(self.bytes.len());
                self.decode(&[0], at..at);
            }
        }
        self.begun = self.bytes.len();
    }

    /// The end of the run at a position of this view.
    pub fn end_at(&self, place: usize) -> usize {
        let ends = &self.ends;
        let next = ends.partition_point(|end| *end <= place);
        ends.get(next).copied().unwrap_or(self.bytes.len())
    }

    /// The range of the text that some bytes of this view come from.
    pub fn source(&self, range: &Range<usize>) -> Range<usize> {
        let place_of = |place: usize| {
            let next = self
                .parts
                .partition_point(|part| part.start as usize <= place);
            let part = &self.parts[next - 1];
            match part.to {
                LITERAL => {
                    let at = part.from as usize + place - part.start as usize;
                    at..at + 1
                }
                to => part.from as usize..to as usize,
            }
        };
        let (first, last) = (place_of(range.start), place_of(range.end - 1));
        first.start..last.end.max(first.start)
    }
}

/// A position as a small integer, since there are many; no text is longer.
fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(LITERAL - 1)
}

/// Bytes that are searched, and their lines.
pub(super) struct SearchText<'text> {
    pub bytes: &'text [u8],
    pub lines: Vec<LineSpan>,
}

/// Where a line is, without its line break.
#[derive(Clone, Copy)]
pub(super) struct LineSpan {
    pub start: usize,
    /// Start of its content after line prefixes of tools.
    pub body: usize,
    pub end: usize,
}

impl SearchText<'_> {
    pub fn new(bytes: &[u8]) -> SearchText<'_> {
        let mut start = 0;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let begun = start;
            start += line.len();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            LineSpan {
                start: begun,
                body: begun + margin(line),
                end: begun + line.len(),
            }
        });
        let lines = lines.collect();
        SearchText { bytes, lines }
    }

    /// The complete lines with line prefixes of tools.
    pub fn whole_lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let lines = self.lines.iter();
        lines.map(|line| (line.start, &self.bytes[line.start..line.end]))
    }
}

/// The length of a line prefix of tools: a number as in `cat -n` and `grep -n`, or the offset of a
/// dump.
fn margin(line: &[u8]) -> usize {
    if !matches!(line.first(), Some(b' ' | b'0'..=b'9')) {
        return 0;
    }
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    let digits = line[blanks..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let digits = blanks + digits.count();
    let rest = &line[digits..];
    if digits > blanks && (rest.starts_with("→".as_bytes()) || rest.starts_with(b" | ")) {
        return digits + 3;
    }
    if digits > blanks && matches!(rest.first(), Some(b'\t' | b':')) {
        return digits + 1;
    }
    offset_of_dump(line).map_or(0, |offset| offset + 1)
}

/// The length of the offset at the beginning of a line of a dump.
pub(super) fn offset_of_dump(line: &[u8]) -> Option<usize> {
    let digits = |text: &[u8]| {
        text.iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count()
    };
    if line.first() != Some(&b'0') {
        return None;
    }
    let offset = digits(line);
    if !(6..=16).contains(&offset) {
        return None;
    }
    match line.get(offset)? {
        b':' => Some(offset),
        // Numbers of the same length are a list of them.
        b' ' => (digits(line[offset..].trim_ascii_start()) != offset).then_some(offset),
        _ => None,
    }
}
