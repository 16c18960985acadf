//! What parts of a text stand for, and where in that text each of them is.

use std::ops::Range;

/// Bytes that were read out of a text: decoded, or joined across what divides them.
#[derive(Default)]
pub(super) struct View {
    /// Runs that do not belong together are divided by a zero byte.
    pub bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Where the runs end.
    ends: Vec<usize>,
    /// Where the run that is being read begins.
    begun: usize,
}

/// Bytes of a view that come from one place; they end where the next part begins.
struct Part {
    start: u32,
    from: u32,
    /// `LITERAL` if the bytes are there as they are here.
    to: u32,
}

const LITERAL: u32 = u32::MAX;

impl View {
    /// Adds bytes as they are at a place in the text.
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

    /// Adds what a place in the text stands for.
    pub fn decode(&mut self, bytes: &[u8], source: Range<usize>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.decoded_from(start, source);
    }

    /// Says where the bytes from `start` on come from.
    pub fn decoded_from(&mut self, start: usize, source: Range<usize>) {
        if start < self.bytes.len() {
            self.push(start, source.start, small(source.end));
        }
    }

    fn push(&mut self, start: usize, from: usize, to: u32) {
        let (start, from) = (small(start), small(from));
        self.parts.push(Part { start, from, to });
    }

    /// The bytes of the run that is being read.
    pub fn run(&self) -> &[u8] {
        &self.bytes[self.begun..]
    }

    /// Forgets the run that is being read.
    pub fn drop_run(&mut self) {
        self.bytes.truncate(self.begun);
        let kept = self
            .parts
            .partition_point(|part| (part.start as usize) < self.begun);
        self.parts.truncate(kept);
    }

    /// Ends a run; one that is shorter than `least` is forgotten.
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

    /// Where the run ends that a place of this view is in.
    pub fn end_at(&self, place: usize) -> usize {
        let ends = &self.ends;
        let next = ends.partition_point(|end| *end <= place);
        ends.get(next).copied().unwrap_or(self.bytes.len())
    }

    /// The place in the text that some bytes of this view come from.
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

/// Places in a text are kept small: there are many. Nothing that is read is so long.
fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(LITERAL - 1)
}

/// Bytes that are searched, and their lines.
pub(super) struct Text<'text> {
    pub bytes: &'text [u8],
    pub lines: Vec<Line>,
}

/// Where a line is, without its line break.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub start: usize,
    /// Where it goes on behind what tools put before lines.
    pub body: usize,
    pub end: usize,
}

impl Text<'_> {
    pub fn new(bytes: &[u8]) -> Text<'_> {
        let mut start = 0;
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
            let begun = start;
            start += line.len();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Line {
                start: begun,
                body: begun + margin(line),
                end: begun + line.len(),
            }
        });
        let lines = lines.collect();
        Text { bytes, lines }
    }

    /// The lines that are whole, also what tools put before them.
    pub fn whole_lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let lines = self.lines.iter();
        lines.map(|line| (line.start, &self.bytes[line.start..line.end]))
    }
}

/// The length of what tools put before a line: a number as `cat -n` and `grep -n` write it, or the
/// offset of a dump.
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
