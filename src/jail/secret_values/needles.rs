//! Searches for many values at once, in a text and its decoded parts.
//!
//! A text is searched as it is, without separators between characters, and then again in each
//! decoding of its parts, to a limited depth.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::decode::{
    Packed, joined_lines, numbers, packed, packed_letters, spaced, unescaped, view_without_blanks,
    without_blanks,
};
use super::view::{DecodedView, SearchText};

/// Bytes of the lookup key of a form.
const KEY: usize = 4;
/// Bits of the filter that rejects most keys.
const TABLE: usize = 1 << 18;
/// Shorter values are searched for only as they are: their other forms are found by chance.
const SHORTEST_ENCODED: usize = 6;
/// Values from this length on are found without regard to white space.
const SHORTEST_SPREAD: usize = 12;
/// Shorter values must be whole words.
const SHORTEST_PART: usize = 8;
/// Most levels of decoding.
const DEEPEST: usize = 4;
/// Most decoded bytes, as a multiple of the text, plus a constant.
const SHARE: usize = 12;
const LEAST: usize = 8 << 20;

/// The forms of all values. A value is identified by its index.
#[derive(Default)]
pub(super) struct Needles {
    plain: Forms,
    spread: Forms,
    base64: Forms,
}

/// The match at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NeedleMatch {
    Value(usize),
    /// Data that was not searched and may contain any value.
    Closed,
}

/// The ranges of values in a text, in order and without overlaps.
pub(super) type NeedleMatches = Vec<(Range<usize>, NeedleMatch)>;

impl fmt::Debug for Needles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Needles(***)")
    }
}

impl Needles {
    pub(super) fn new<'value>(values: impl Iterator<Item = &'value str>) -> Needles {
        let mut needles = Needles::default();
        for (index, value) in values.enumerate() {
            let bytes = value.as_bytes();
            needles.plain.add(bytes.to_vec(), index);
            if bytes.len() < SHORTEST_ENCODED {
                continue;
            }
            let reversed: String = value.chars().rev().collect();
            needles.plain.add(reversed.into_bytes(), index);
            if !value.is_ascii() {
                needles.plain.add(value.to_uppercase().into_bytes(), index);
                needles.plain.add(value.to_lowercase().into_bytes(), index);
            }
            if value.contains(' ') {
                needles
                    .plain
                    .add(value.replace(' ', "+").into_bytes(), index);
            }
            if bytes.len() >= SHORTEST_PART && !is_word(bytes) {
                needles.plain.add(rotated(bytes), index);
            }
            for form in in_base64(bytes) {
                needles.base64.add(form.into_bytes(), index);
            }
            if bytes.len() >= SHORTEST_SPREAD {
                let spread = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace());
                needles.spread.add(spread.collect(), index);
            }
        }
        needles.plain.finish(true);
        needles.spread.finish(true);
        needles.base64.finish(false);
        needles
    }

    /// The ranges of values for which `is_wanted` is true.
    pub(super) fn places(
        &self,
        text: &str,
        is_wanted: impl Fn(NeedleMatch) -> bool,
    ) -> NeedleMatches {
        if self.plain.all.is_empty() {
            return Vec::new();
        }
        let mut budget = text.len() * SHARE + LEAST;
        let mut places = self.search(text.as_bytes(), 0, &mut budget);
        places.retain(|(_, found)| is_wanted(*found));
        places.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut merged: NeedleMatches = Vec::with_capacity(places.len());
        for (range, found) in places {
            let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
            match merged.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, found)),
            }
        }
        merged
    }

    /// The ranges in bytes that were decoded `depth` times.
    fn search(&self, bytes: &[u8], depth: usize, budget: &mut usize) -> NeedleMatches {
        let mut places = Vec::new();
        for (range, form) in self
            .plain
            .find(bytes, |form, range| form.stands(bytes, range, depth))
        {
            places.push((range, NeedleMatch::Value(form.value)));
        }
        let text = SearchText::new(bytes);
        let lines = joined_lines(&text, SHORTEST_SPREAD);
        let joined = |form: &Form, _: &Range<usize>| {
            (SHORTEST_ENCODED..SHORTEST_SPREAD).contains(&form.bytes.len()) && form.is_mixed
        };
        for (range, form) in self.plain.find(&lines.bytes, joined) {
            let source = lines.source(&range);
            // What lies in one line was looked for already, by stricter rules.
            if source.len() > range.len() {
                places.push((source, NeedleMatch::Value(form.value)));
            }
        }
        let whole = without_blanks(&text);
        for forms in [&self.spread, &self.base64] {
            let found = forms.find(&whole, |_, _| true);
            if found.is_empty() {
                continue;
            }
            let view = view_without_blanks(&text);
            for (range, form) in found {
                places.push((view.source(&range), NeedleMatch::Value(form.value)));
            }
        }
        if depth == DEEPEST {
            return places;
        }
        let singles = spaced(&text).into_iter().chain(unescaped(&text));
        for view in singles.chain(numbers(&text)).chain(packed_letters(&text)) {
            if view.bytes.len() > *budget {
                break;
            }
            *budget -= view.bytes.len();
            places.extend(self.search_decoded(&view, depth + 1, budget));
        }
        places
    }

    /// The ranges in the text of a decoded view.
    fn search_decoded(
        &self,
        view: &DecodedView,
        depth: usize,
        budget: &mut usize,
    ) -> NeedleMatches {
        let mut inside = self.search(&view.bytes, depth, budget);
        for packed in packed(&view.bytes, |at| view.end_at(at)) {
            match packed {
                Packed::Closed(range) => inside.push((range, NeedleMatch::Closed)),
                Packed::Open(open) if depth < DEEPEST && open.bytes.len() <= *budget => {
                    *budget -= open.bytes.len();
                    inside.extend(self.search_decoded(&open, depth + 1, budget));
                }
                // It is larger than what can be looked into.
                Packed::Open(open) => {
                    inside.push((open.source(&(0..open.bytes.len())), NeedleMatch::Closed));
                }
            }
        }
        let outside = |(range, found)| (view.source(&range), found);
        inside.into_iter().map(outside).collect()
    }
}

/// One form of a value.
struct Form {
    bytes: Vec<u8>,
    value: usize,
    /// Whether it is more than a word or a number.
    is_mixed: bool,
    /// Whether it ignores case.
    is_folded: bool,
}

impl Form {
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        let there = text.get(at..at + self.bytes.len());
        there.is_some_and(|there| match self.is_folded {
            true => there.eq_ignore_ascii_case(&self.bytes),
            false => there == self.bytes,
        })
    }

    /// Whether a match is not a part of a longer word.
    fn stands(&self, text: &[u8], range: &Range<usize>, depth: usize) -> bool {
        if depth > 0 && self.bytes.len() < SHORTEST_ENCODED {
            // Of so few bytes, chance makes any: what is around them must be text, too.
            let around = range.start.saturating_sub(KEY)..text.len().min(range.end + KEY);
            let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
            if around.len() < range.len() + KEY || !text[around].iter().all(is_text) {
                return false;
            }
        }
        if self.bytes.len() >= SHORTEST_PART && !is_word(&self.bytes) {
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
    by_key: HashMap<u32, Vec<usize>>,
    /// A bit for each key there is.
    table: Vec<u64>,
}

impl Forms {
    fn add(&mut self, bytes: Vec<u8>, value: usize) {
        if bytes.len() >= KEY {
            let is_mixed = !is_word(&bytes) && !bytes.iter().all(u8::is_ascii_digit);
            self.all.push(Form {
                is_folded: is_mixed || bytes.len() >= SHORTEST_SPREAD,
                bytes,
                value,
                is_mixed,
            });
        }
    }

    fn finish(&mut self, folds: bool) {
        self.all.sort_by(|one, other| {
            (other.bytes.len(), &one.bytes).cmp(&(one.bytes.len(), &other.bytes))
        });
        self.all.dedup_by(|one, other| one.bytes == other.bytes);
        self.table = vec![0; TABLE / 64];
        for (index, form) in self.all.iter_mut().enumerate() {
            form.is_folded &= folds;
            if let Some(key) = key_at(&form.bytes, 0) {
                self.by_key.entry(key).or_default().push(index);
                let slot = slot_of(key);
                self.table[slot / 64] |= 1 << (slot % 64);
            }
        }
    }

    /// The forms in a text that are `wanted`, the longest at each place.
    fn find<'forms>(
        &'forms self,
        text: &[u8],
        wanted: impl Fn(&Form, &Range<usize>) -> bool,
    ) -> Vec<(Range<usize>, &'forms Form)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(key) = key_at(text, at) {
            let slot = slot_of(key);
            if self
                .table
                .get(slot / 64)
                .is_none_or(|bits| bits >> (slot % 64) & 1 == 0)
            {
                at += 1;
                continue;
            }
            let indexes = self.by_key.get(&key).map_or(&[][..], Vec::as_slice);
            let mut forms = indexes.iter().map(|index| &self.all[*index]);
            let here =
                |form: &&Form| form.is_at(text, at) && wanted(form, &(at..at + form.bytes.len()));
            match forms.find(here) {
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

/// The key at a position, ignoring case.
fn key_at(text: &[u8], at: usize) -> Option<u32> {
    let bytes = text.get(at..at + KEY)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) | 0x2020_2020)
}

fn slot_of(key: u32) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - TABLE.ilog2())) as usize
}

/// Whether it consists of letters only.
fn is_word(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_alphabetic)
}

/// ROT13.
fn rotated(bytes: &[u8]) -> Vec<u8> {
    let rotate = |byte: &u8| match byte {
        b'a'..=b'm' | b'A'..=b'M' => byte + 13,
        b'n'..=b'z' | b'N'..=b'Z' => byte - 13,
        _ => *byte,
    };
    bytes.iter().map(rotate).collect()
}

/// The Base64 characters of a value that do not depend on the text around it, for each of the three
/// alignments.
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
