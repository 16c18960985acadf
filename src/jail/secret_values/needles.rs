//! Many values, looked for in a text at once, in the forms that programs give them.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// By so many bytes a form is looked up.
const KEY: usize = 4;
/// Shorter values are looked for as they are only: their other forms are found by chance.
const SHORTEST_ENCODED: usize = 6;
/// Values from this length on are found without regard to white space.
const SHORTEST_SPREAD: usize = 12;
/// Shorter values must stand alone, as words do.
const SHORTEST_PART: usize = 8;

/// The forms of all values. A value is named by its place in the order in which they came.
#[derive(Default)]
pub(super) struct Needles {
    plain: Forms,
    base64: Forms,
    hex: Forms,
    spread: Forms,
}

/// The places of values in a text, in order and without overlaps.
pub(super) type Places = Vec<(Range<usize>, usize)>;

impl fmt::Debug for Needles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Needles(***)")
    }
}

impl Needles {
    pub(super) fn new<'value>(values: impl Iterator<Item = &'value str>) -> Needles {
        let mut needles = Needles::default();
        for (index, value) in values.enumerate() {
            for form in [value.to_owned(), in_json(value), in_url(value)] {
                needles.plain.add(form.into_bytes(), index);
            }
            let bytes = value.as_bytes();
            if bytes.len() < SHORTEST_ENCODED {
                continue;
            }
            let reversed: String = value.chars().rev().collect();
            needles.plain.add(reversed.into_bytes(), index);
            for form in in_base64(bytes) {
                needles.base64.add(form.into_bytes(), index);
            }
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            needles.hex.add(hex.into_bytes(), index);
            if bytes.len() >= SHORTEST_SPREAD {
                let spread = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace());
                needles.spread.add(spread.collect(), index);
            }
        }
        for forms in [
            &mut needles.plain,
            &mut needles.base64,
            &mut needles.hex,
            &mut needles.spread,
        ] {
            forms.finish();
        }
        needles
    }

    /// Where the values are that `is_wanted`.
    pub(super) fn places(&self, text: &str, is_wanted: impl Fn(usize) -> bool) -> Places {
        if self.plain.is_empty() {
            return Vec::new();
        }
        let mut places = Vec::new();
        let bytes = text.as_bytes();
        for (range, form) in self.plain.find(bytes) {
            if form.stands(bytes, &range) {
                places.push((range, form.value));
            }
        }
        for (forms, view) in [
            (
                &self.base64,
                View::of(text, |b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b)),
            ),
            (&self.hex, View::of_dump(text)),
            (&self.spread, View::of(text, |b| !b.is_ascii_whitespace())),
        ] {
            for (range, form) in forms.find(&view.bytes) {
                places.push((view.original(&range, text), form.value));
            }
        }
        places.retain(|(_, value)| is_wanted(*value));
        places.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut merged: Places = Vec::with_capacity(places.len());
        for (range, value) in places {
            match merged.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, value)),
            }
        }
        merged
    }
}

/// One form of a value.
struct Form {
    bytes: Vec<u8>,
    value: usize,
}

impl Form {
    /// Whether a place is the value and not a part of a word.
    fn stands(&self, text: &[u8], range: &Range<usize>) -> bool {
        let is_word = self.bytes.iter().all(u8::is_ascii_alphabetic);
        if !is_word && self.bytes.len() >= SHORTEST_PART {
            return true;
        }
        let is_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
        let before = range.start.checked_sub(1).and_then(|at| text.get(at));
        !is_letter(before) && !is_letter(text.get(range.end))
    }
}

/// Forms by their first bytes, the longest first.
#[derive(Default)]
struct Forms {
    all: Vec<Form>,
    by_key: HashMap<[u8; KEY], Vec<usize>>,
}

impl Forms {
    fn add(&mut self, bytes: Vec<u8>, value: usize) {
        if bytes.len() >= KEY {
            self.all.push(Form { bytes, value });
        }
    }

    fn finish(&mut self) {
        self.all.sort_by(|one, other| {
            (other.bytes.len(), &one.bytes).cmp(&(one.bytes.len(), &other.bytes))
        });
        self.all.dedup_by(|one, other| one.bytes == other.bytes);
        for (index, form) in self.all.iter().enumerate() {
            if let Some(key) = form.bytes.first_chunk() {
                self.by_key.entry(*key).or_default().push(index);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The forms in a text, the longest at each place.
    fn find<'forms>(&'forms self, text: &[u8]) -> Vec<(Range<usize>, &'forms Form)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(key) = text.get(at..).and_then(|rest| rest.first_chunk::<KEY>()) {
            let indexes = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
            let mut forms = indexes.iter().map(|index| &self.all[*index]);
            match forms.find(|form| text[at..].starts_with(&form.bytes)) {
                Some(form) => {
                    found.push((at..at + form.bytes.len(), form));
                    at += form.bytes.len();
                }
                None => at += 1,
            }
        }
        found
    }
}

/// A text without what divides its characters, and where each was.
struct View {
    bytes: Vec<u8>,
    at: Vec<usize>,
    /// Whether what is found takes its whole lines: these are dumps that show a text twice.
    whole_lines: bool,
}

impl View {
    /// Keeps some bytes, and drops line breaks, blanks and the numbers before lines; all else ends
    /// a run.
    fn of(text: &str, keeps: impl Fn(u8) -> bool) -> View {
        let mut view = View {
            bytes: Vec::with_capacity(text.len()),
            at: Vec::with_capacity(text.len()),
            whole_lines: false,
        };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            view.take(line, start + margin(line), start, &keeps);
            start += line.len();
        }
        view
    }

    /// The digits of hexadecimal dumps: plain, and as `xxd`, `hexdump -C` and `od -tx1` write them.
    fn of_dump(text: &str) -> View {
        let mut view = View {
            bytes: Vec::new(),
            at: Vec::new(),
            whole_lines: true,
        };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let from = margin(line);
            let (from, to) = match digits_of_dump(&line[from..]) {
                Some(digits) => (from + digits.start, from + digits.end),
                None => (from, line.len()),
            };
            view.take(&line[..to], start + from, start, &|b| b.is_ascii_hexdigit());
            start += line.len();
        }
        view.bytes.make_ascii_lowercase();
        view
    }

    /// Adds a line from a place in the text on; the line itself begins at `start`.
    fn take(&mut self, line: &str, from: usize, start: usize, keeps: &impl Fn(u8) -> bool) {
        let bytes = line.as_bytes();
        let mut index = from - start;
        while let Some(byte) = bytes.get(index).copied() {
            let is_prefix = matches!(bytes.get(index..index + 2), Some(b"\\x" | b"0x"));
            if is_prefix && self.whole_lines {
                index += 2;
                continue;
            }
            let is_kept = keeps(byte);
            if is_kept || !(byte.is_ascii_whitespace() || (self.whole_lines && byte == b'%')) {
                self.bytes.push(if is_kept { byte } else { 0 });
                self.at.push(start + index);
            }
            index += 1;
        }
    }

    /// A place in the text itself.
    fn original(&self, range: &Range<usize>, text: &str) -> Range<usize> {
        let (start, end) = (self.at[range.start], self.at[range.end - 1] + 1);
        if !self.whole_lines {
            return text.floor_char_boundary(start)..text.ceil_char_boundary(end);
        }
        let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        start..end
    }
}

/// The length of the number that tools put before a line.
fn margin(line: &str) -> usize {
    let digits = line
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b' ')
        .count();
    if line[digits..].starts_with('→') {
        digits + '→'.len_utf8()
    } else {
        0
    }
}

/// The digits in a line of a dump, between its offset and its text.
fn digits_of_dump(line: &str) -> Option<Range<usize>> {
    let offset = line.bytes().take_while(u8::is_ascii_hexdigit).count();
    let rest = line.get(offset..)?;
    if !(6..=16).contains(&offset) || !rest.starts_with([':', ' ']) {
        return None;
    }
    let start = offset + rest.len() - rest.trim_start_matches([':', ' ']).len();
    let body = &line[start..];
    let end = match body.find("  |") {
        Some(end) => end,
        None => body.find("  ").unwrap_or(body.len()),
    };
    Some(start..start + end)
}

/// As JSON writes it, without the quotes around it.
fn in_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As URLs write it.
fn in_url(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// As Base64 of a text that holds it: the characters that are the same whatever stands before and
/// behind it, for each of the three places that it can have.
fn in_base64(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::with_capacity(6);
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value);
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            if let Some(stable) = encoded
                .get(first..last)
                .filter(|text| text.len() >= SHORTEST_ENCODED)
            {
                forms.push(stable.to_owned());
            }
        }
    }
    forms
}
