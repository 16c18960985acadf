//! Decodes parts of a text: escapes, numbers, Base64, Base32, characters with separators, and
//! packed data.
//!
//! It may guess wrong: decoded parts are only searched for values, so a wrong guess costs time and
//! finds nothing.

mod numbers;
mod packed;

use std::iter;
use std::ops::Range;

use super::view::{DecodedView, SearchText};

pub(super) use numbers::numbers;
use packed::is_packed;
pub(super) use packed::{Packed, packed};

/// Shorter decoded runs are not searched: no value is so short.
const LEAST: usize = 6;

/// Base64 and Base32 characters per part of a view: a hit covers all of them.
const PIECE: usize = 32;

/// The text without line breaks and line prefixes of tools.
///
/// Of long lines only the ends: the rest is found in the text itself.
pub(super) fn joined_lines(text: &SearchText<'_>, most: usize) -> DecodedView {
    let mut view = DecodedView::default();
    for line in &text.lines {
        if line.end - line.body <= 2 * most {
            view.copy(text.bytes, line.body..line.end);
        } else {
            view.copy(text.bytes, line.body..line.body + most);
            view.end_run(0);
            view.copy(text.bytes, line.end - most..line.end);
        }
    }
    view
}

/// The text without white space and line prefixes of tools.
pub(super) fn without_blanks(text: &SearchText<'_>) -> Vec<u8> {
    let mut kept = vec![0; text.bytes.len()];
    let mut length = 0;
    for line in &text.lines {
        for byte in &text.bytes[line.body..line.end] {
            kept[length] = *byte;
            length += usize::from(!byte.is_ascii_whitespace());
        }
    }
    kept.truncate(length);
    kept
}

/// The same, with positions.
pub(super) fn view_without_blanks(text: &SearchText<'_>) -> DecodedView {
    let mut view = DecodedView::default();
    for line in &text.lines {
        for at in line.body..line.end {
            if !text.bytes[at].is_ascii_whitespace() {
                view.copy(text.bytes, at..at + 1);
            }
        }
    }
    view
}

/// Characters with the same separator between them: `h e l l o`, `'h', 'e', 'l'`, one per line,
/// UTF-16.
pub(super) fn spaced(text: &SearchText<'_>) -> Option<DecodedView> {
    let text = text.bytes;
    let mut view = DecodedView::default();
    let mut at = 0;
    while at + 2 * LEAST <= text.len() {
        if text[at].is_ascii() && text[at + 1].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let width = width_at(text, at);
        let starts = !text[at + width].is_ascii_alphanumeric()
            && text[at] != text[at + width]
            && !text[at].is_ascii_whitespace();
        let run = (starts && may_repeat(&text[at + width..])).then(|| run_of(text, at, width));
        let Some(places) = run.flatten() else {
            at += 1;
            continue;
        };
        copy_letters(&mut view, text, &places, text[at + width] == 0);
        if at > 0 && text[at - 1].is_ascii_alphanumeric() {
            // The first may be the end of a number before the line.
            copy_letters(&mut view, text, &places[1..], text[at + width] == 0);
        }
        at = places.last().map_or(at + 1, |place| place.start + 1);
    }
    (!view.bytes.is_empty()).then_some(view)
}

/// Adds a run of characters. In UTF-16, each is one of its first, given by its number.
fn copy_letters(view: &mut DecodedView, text: &[u8], places: &[Range<usize>], is_wide: bool) {
    for place in places {
        let character = &text[place.clone()];
        if is_wide && character.len() == 1 {
            let mut bytes = [0; 4];
            let character = char::from(character[0]).encode_utf8(&mut bytes);
            view.decode(character.as_bytes(), place.clone());
        } else {
            view.decode(character, place.clone());
        }
    }
    view.end_run(LEAST);
}

/// Whether the first byte is repeated after one to six bytes, and again after as many: a quick
/// check for most positions.
fn may_repeat(text: &[u8]) -> bool {
    let Some(window) = text.first_chunk::<13>() else {
        return true;
    };
    !window.is_ascii()
        || (2..=6).any(|step| window[step] == window[0] && window[2 * step] == window[0])
}

/// The positions of characters with the same separator, from one on.
fn run_of(text: &[u8], at: usize, width: usize) -> Option<Vec<Range<usize>>> {
    let from = at + width;
    let length = (1..=5).find(|length| {
        let next = from + length;
        if next >= text.len() || text[next - 1].is_ascii_alphanumeric() {
            return false;
        }
        let after = next + width_at(text, next);
        text.get(after) == Some(&text[from]) && text[after..].starts_with(&text[from..next])
    })?;
    let between = &text[from..from + length];
    let mut places: Vec<Range<usize>> = iter::once(at..from).collect();
    let mut end = from;
    while let Some(start) = after_separator(text, end, between).filter(|start| *start < text.len())
    {
        end = start + width_at(text, start);
        places.push(start..end);
    }
    (places.len() >= LEAST).then_some(places)
}

/// The position after a separator. A dump continues in the next line, perhaps after an offset.
fn after_separator(text: &[u8], at: usize, between: &[u8]) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with(between) {
        return Some(at + between.len());
    }
    let line = rest.strip_prefix(b"\n")?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let offset = digits.count();
    let goes_on = line[offset..].starts_with(between);
    goes_on.then_some(at + 1 + offset + between.len())
}

/// The length of the character at a position, in bytes; 1 if invalid.
fn width_at(text: &[u8], at: usize) -> usize {
    let width = match text[at] {
        0..0x80 => return 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return 1,
    };
    let rest = text.get(at + 1..at + width).unwrap_or_default();
    let is_whole = rest.len() + 1 == width && rest.iter().all(|byte| (0x80..0xc0).contains(byte));
    if is_whole { width } else { 1 }
}

/// Lines with escapes, decoded.
pub(super) fn unescaped(text: &SearchText<'_>) -> Option<DecodedView> {
    let mut view = DecodedView::default();
    for (start, line) in text.whole_lines() {
        let mut copied = 0;
        let mut at = 0;
        let mut has_escape = false;
        while at < line.len() {
            let escape = match line[at] {
                b'\\' | b'%' | b'&' | b'=' | b'U' => escape(&line[at..]),
                _ => None,
            };
            let Some((bytes, length)) = escape else {
                at += 1;
                continue;
            };
            has_escape = true;
            view.copy(text.bytes, start + copied..start + at);
            view.decode(&bytes, start + at..start + at + length);
            at += length;
            copied = at;
        }
        if has_escape {
            view.copy(text.bytes, start + copied..start + line.len());
        }
        // A run that continues in the next line ends with its marker.
        if !(has_escape && line.ends_with(b"=")) {
            view.end_run(LEAST);
        }
    }
    (!view.bytes.is_empty()).then_some(view)
}

/// The decoded escape at the beginning of a line, and its length.
fn escape(line: &[u8]) -> Option<(Vec<u8>, usize)> {
    let hex = |range: Range<usize>| {
        let digits = line.get(range).filter(|it| !it.is_empty())?;
        let digits = std::str::from_utf8(digits).ok()?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let byte = |code: u32| u8::try_from(code).ok().map(|byte| vec![byte]);
    let character = |code: u32| Some(char::from_u32(code)?.to_string().into_bytes());
    match line {
        [b'\\', b'x' | b'u', b'{', rest @ ..] => {
            let length = rest.iter().position(|byte| *byte == b'}')?;
            Some((character(hex(3..3 + length)?)?, length + 4))
        }
        [b'\\', b'x', ..] => Some((byte(hex(2..4)?)?, 4)),
        [b'\\', b'u', ..] => Some((character(hex(2..6)?)?, 6)),
        [b'\\', b'U', ..] => Some((character(hex(2..10)?)?, 10)),
        [b'U', b'+', ..] => Some((character(hex(2..6)?)?, 6)),
        [b'%', ..] => Some((byte(hex(1..3)?)?, 3)),
        [b'=', one, two, ..] if !one.is_ascii_lowercase() && !two.is_ascii_lowercase() => {
            Some((byte(hex(1..3)?)?, 3))
        }
        [b'=', b'\r'] | [b'='] => Some((Vec::new(), line.len())),
        [b'\\', b'0'..=b'7', ..] => octal(line),
        [b'\\', letter, ..] => {
            let meant = match letter {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'"' | b'\'' | b'\\' | b'/' | b'$' | b'`' | b' ' | b':' | b'=' | b'&' => *letter,
                _ => return None,
            };
            Some((vec![meant], 2))
        }
        [b'&', b'#', ..] => numeric_reference(line),
        [b'&', ..] => {
            const NAMES: &[(&[u8], u8)] = &[
                (b"&amp;", b'&'),
                (b"&apos;", b'\''),
                (b"&gt;", b'>'),
                (b"&lt;", b'<'),
                (b"&quot;", b'"'),
            ];
            let (name, meant) = NAMES.iter().find(|(name, _)| line.starts_with(name))?;
            Some((vec![*meant], name.len()))
        }
        _ => None,
    }
}

/// What an octal escape of at most three digits stands for, and its length.
fn octal(line: &[u8]) -> Option<(Vec<u8>, usize)> {
    let digits = line[1..].iter().take(3);
    let digits: Vec<u32> = digits
        .take_while(|digit| (b'0'..=b'7').contains(digit))
        .map(|digit| u32::from(digit - b'0'))
        .collect();
    let code = digits.iter().fold(0_u32, |code, digit| code * 8 + digit);
    Some((vec![u8::try_from(code).ok()?], 1 + digits.len()))
}

/// What a numeric character reference (`&#60;` or `&#x3c;`) stands for, and its length.
fn numeric_reference(line: &[u8]) -> Option<(Vec<u8>, usize)> {
    let is_hex = matches!(line.get(2), Some(b'x' | b'X'));
    let start = if is_hex { 3 } else { 2 };
    let digits = line[start..].iter().take(8);
    let digits = digits
        .take_while(|byte| byte.is_ascii_digit() || (is_hex && byte.is_ascii_hexdigit()))
        .count();
    let end = start + digits;
    let text = std::str::from_utf8(&line[start..end]).ok()?;
    let code = u32::from_str_radix(text, if is_hex { 16 } else { 10 }).ok()?;
    let bytes = char::from_u32(code)?.to_string().into_bytes();
    Some((bytes, end + usize::from(line.get(end) == Some(&b';'))))
}

/// Decodes Base64 and Base32 from each position at which a run can begin.
pub(super) fn packed_letters(text: &SearchText<'_>) -> Vec<DecodedView> {
    let runs = runs_of(text);
    let text = text.bytes;
    let is_of = |run: &&DigitRuns, is_digit: fn(&u8) -> bool| {
        let mut lines = run.iter().map(|line| &text[line.clone()]);
        lines.all(|line| line.iter().all(is_digit))
    };
    // Hexadecimal digits are read as such.
    let is_base64 = |run: &&DigitRuns| !is_of(run, u8::is_ascii_hexdigit);
    let is_base32 = |run: &&DigitRuns| is_of(run, |digit| BASE32[usize::from(*digit)] != NONE);
    let mut views = Vec::new();
    for skip in 0..4 {
        let mut view = DecodedView::default();
        for run in runs.iter().filter(is_base64) {
            unpack(&mut view, text, run, skip, 6, &BASE64);
        }
        views.push(view);
    }
    for skip in 0..8 {
        let mut view = DecodedView::default();
        for run in runs.iter().filter(is_base32) {
            unpack(&mut view, text, run, skip, 5, &BASE32);
        }
        views.push(view);
    }
    views.retain(|view| !view.bytes.is_empty());
    views
}

/// The value of each byte as a digit; `NONE` if it is not one.
type Digits = [u8; 256];
const NONE: u8 = 0xff;

/// Both alphabets of Base64.
static BASE64: Digits = digits(&[
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
]);
static BASE32: Digits = digits(&[
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    b"abcdefghijklmnopqrstuvwxyz234567",
]);

const fn digits(alphabets: &[&[u8]]) -> Digits {
    let mut table = [NONE; 256];
    let mut which = 0;
    while which < alphabets.len() {
        let mut at = 0;
        while at < alphabets[which].len() {
            table[alphabets[which][at] as usize] = at as u8;
            at += 1;
        }
        which += 1;
    }
    table
}

/// Shortest run of letters that is decoded, in characters: the plain Base64 of a value is found
/// without that, and what is packed twice is longer.
const LEAST_LETTERS: usize = 16;

type DigitRuns = Vec<Range<usize>>;

/// Runs of Base64 digits. A run may continue in the next line.
fn runs_of(text: &SearchText<'_>) -> Vec<DigitRuns> {
    let bytes = text.bytes;
    let is_digit = |at: &usize| BASE64[usize::from(bytes[*at])] != NONE;
    let mut runs: Vec<DigitRuns> = Vec::new();
    let mut open: DigitRuns = Vec::new();
    let close = |open: &mut DigitRuns, runs: &mut Vec<DigitRuns>| {
        let length: usize = open.iter().map(ExactSizeIterator::len).sum();
        if length >= LEAST_LETTERS {
            runs.push(std::mem::take(open));
        }
        open.clear();
    };
    for line in &text.lines {
        let body = bytes[line.body..line.end].trim_ascii_end();
        let end = line.body + body.len();
        let start = end - body.trim_ascii_start().len();
        let head = (start..end).take_while(is_digit).count();
        if start + head == end {
            open.extend((head > 0).then_some(start..end));
            continue;
        }
        // A word at the beginning of a line belongs to no run.
        if bytes[start + head].is_ascii_whitespace() {
            close(&mut open, &mut runs);
        }
        if head > 0 {
            open.push(start..start + head);
        }
        close(&mut open, &mut runs);
        let tail = (start..end).rev().take_while(is_digit).count();
        let mut at = start + head;
        while at + LEAST_LETTERS <= end - tail {
            // If the last one is not a digit, those before it need no check.
            match (at..at + LEAST_LETTERS).rev().find(|at| !is_digit(at)) {
                Some(other) => at = other + 1,
                None => {
                    let length = (at..end).take_while(is_digit).count();
                    runs.push(iter::once(at..at + length).collect());
                    at += length;
                }
            }
        }
        if tail > 0 {
            open.push(end - tail..end);
        }
    }
    close(&mut open, &mut runs);
    runs
}

/// Decodes a run of digits of `bits` bits, starting after `skip` digits.
fn unpack(
    view: &mut DecodedView,
    text: &[u8],
    run: &DigitRuns,
    skip: usize,
    bits: u32,
    digits: &Digits,
) {
    let (mut held, mut count, mut left) = (0_u32, 0, skip);
    for line in run {
        let mut at = line.start;
        while at < line.end {
            let end = line.end.min(at + PIECE);
            let start = view.bytes.len();
            for byte in &text[at..end] {
                if left > 0 {
                    left -= 1;
                    continue;
                }
                held = (held << bits | u32::from(digits[usize::from(*byte)])) & 0xff_ffff;
                count += bits;
                if count >= 8 {
                    count -= 8;
                    view.bytes.push((held >> count & 0xff) as u8);
                }
            }
            view.decoded_from(start, at..end);
            at = end;
        }
    }
    if is_text(view.run()) || is_packed(view.run()) {
        view.end_run(LEAST);
    } else {
        view.drop_run();
    }
}

/// Whether most bytes are text, UTF-16 and embedded binary data included. From a wrong position, or
/// if it is not Base64, hardly more than a third are.
fn is_text(bytes: &[u8]) -> bool {
    let is_letter = |byte: &&u8| matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
    bytes.iter().filter(is_letter).count() * 4 >= bytes.len() * 3
}
