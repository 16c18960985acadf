//! Decodes bytes written as numbers: in dumps, in lists, or in sequence.

use std::ops::Range;

use super::super::view::{DecodedView, SearchText, offset_of_dump};
use super::LEAST;

/// A word and where it is.
struct NumberWord<'text> {
    text: &'text str,
    source: Range<usize>,
}

/// Parses one notation of bytes as numbers.
struct NumberReader {
    view: DecodedView,
    /// A digit whose partner is in the next word.
    held: Option<u8>,
    read: Read,
}

/// Decodes a word; `false` if it is not such a number.
type Read = fn(&mut NumberReader, &NumberWord<'_>) -> bool;

impl NumberReader {
    fn new(read: Read) -> NumberReader {
        NumberReader {
            view: DecodedView::default(),
            held: None,
            read,
        }
    }

    fn end_run(&mut self) {
        self.held = None;
        self.view.end_run(LEAST);
    }
}

/// The decoded bytes of runs of numbers, in each notation.
pub fn numbers(text: &SearchText<'_>) -> Vec<DecodedView> {
    let ways: [Read; 5] = [hexadecimal, swapped, decimal, octal, binary];
    let mut readers = ways.map(NumberReader::new);
    let mut run: Vec<Range<usize>> = Vec::new();
    // In dumps, the whole line is replaced: it also shows the text.
    let mut dumps: Vec<Range<usize>> = Vec::new();
    for (start, line) in text.whole_lines() {
        let dump = digits_of_dump(line);
        if dump.is_some() {
            dumps.push(start..start + line.len());
        }
        let body = dump.unwrap_or(0..line.len());
        let mut at = body.start;
        while at < body.end {
            let rest = &line[at..body.end];
            let before = rest.iter().take_while(|byte| !byte.is_ascii_alphanumeric());
            let before = before.count();
            let rest = &rest[before..];
            let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric());
            let length = word.count();
            at += before + length;
            if is_number(&rest[..length]) {
                run.push(start + at - length..start + at);
            } else if length > 0 && !run.is_empty() {
                read(text.bytes, &mut run, &dumps, &mut readers);
            }
        }
    }
    read(text.bytes, &mut run, &dumps, &mut readers);
    let views = readers.into_iter().map(|reader| reader.view);
    views.filter(|view| !view.bytes.is_empty()).collect()
}

/// Decodes a run of numbers in each notation, if it is long enough.
fn read(
    text: &[u8],
    run: &mut Vec<Range<usize>>,
    dumps: &[Range<usize>],
    readers: &mut [NumberReader],
) {
    let digits: usize = run.iter().map(ExactSizeIterator::len).sum();
    // What can be read has at least two digits a byte.
    if digits >= 2 * LEAST {
        for place in run.iter() {
            let next = dumps.partition_point(|dump| dump.end < place.end);
            let dump = dumps.get(next).filter(|dump| dump.start <= place.start);
            let word = NumberWord {
                // These are letters and digits, so that they are text.
                text: std::str::from_utf8(&text[place.clone()]).unwrap_or_default(),
                source: dump.unwrap_or(place).clone(),
            };
            for reader in readers.iter_mut() {
                if !(reader.read)(reader, &word) {
                    reader.end_run();
                }
            }
        }
        readers.iter_mut().for_each(NumberReader::end_run);
    }
    run.clear();
}

/// Whether a word is a number of some base, perhaps with a prefix.
fn is_number(word: &[u8]) -> bool {
    let digits = match word {
        [b'0', b'x' | b'X' | b'o' | b'b', digits @ ..] | [b'x', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Without the prefix of its base.
fn without_mark<'text>(word: &NumberWord<'text>, marks: &[&str]) -> &'text str {
    let bare = marks.iter().find_map(|mark| word.text.strip_prefix(mark));
    bare.unwrap_or(word.text)
}

/// Hexadecimal digits, however many in a word: `79656c`, `79 65 6c`, `0x79, 0xa`, `7965 6c`.
fn hexadecimal(reader: &mut NumberReader, word: &NumberWord<'_>) -> bool {
    let digits = without_mark(word, &["0x", "0X", "x"]).as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let is_alone = digits.len() == 1 && reader.held.is_none();
    let before = if is_alone {
        Some(b'0')
    } else {
        reader.held.take()
    };
    let mut pairs: Vec<u8> = before.into_iter().chain(digits.iter().copied()).collect();
    if pairs.len() % 2 == 1 {
        reader.held = pairs.pop();
    }
    let bytes: Vec<u8> = pairs.chunks(2).filter_map(byte_of).collect();
    reader.view.decode(&bytes, word.source.clone());
    true
}

/// Hexadecimal words of two, four or eight bytes with the last byte first, as `od -x` writes them.
fn swapped(reader: &mut NumberReader, word: &NumberWord<'_>) -> bool {
    let digits = word.text.as_bytes();
    if !matches!(digits.len(), 4 | 8 | 16) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let bytes: Vec<u8> = digits.chunks(2).rev().filter_map(byte_of).collect();
    reader.view.decode(&bytes, word.source.clone());
    true
}

fn byte_of(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Decimal numbers of bytes, or of larger words with the last byte first.
fn decimal(reader: &mut NumberReader, word: &NumberWord<'_>) -> bool {
    let is_decimal = word.text.bytes().all(|byte| byte.is_ascii_digit());
    number(
        reader,
        word,
        is_decimal.then(|| word.text.parse().ok()).flatten(),
    )
}

/// Octal numbers of one, two or four bytes as `od` writes them.
fn octal(reader: &mut NumberReader, word: &NumberWord<'_>) -> bool {
    let digits = without_mark(word, &["0o"]);
    let is_octal = matches!(digits.len(), 3 | 6 | 11);
    number(
        reader,
        word,
        is_octal
            .then(|| u64::from_str_radix(digits, 8).ok())
            .flatten(),
    )
}

/// Binary numbers of one byte.
fn binary(reader: &mut NumberReader, word: &NumberWord<'_>) -> bool {
    let digits = without_mark(word, &["0b"]);
    let is_binary = digits.len() == 8;
    number(
        reader,
        word,
        is_binary
            .then(|| u64::from_str_radix(digits, 2).ok())
            .flatten(),
    )
}

fn number(reader: &mut NumberReader, word: &NumberWord<'_>, number: Option<u64>) -> bool {
    let Some(number) = number else {
        return false;
    };
    let bytes = number.to_le_bytes();
    let length = match number {
        0..0x100 => 1,
        0x100..0x1_0000 => 2,
        0x1_0000..0x1_0000_0000 => 4,
        _ => 8,
    };
    reader.view.decode(&bytes[..length], word.source.clone());
    true
}

/// The digits in a line of a dump, between its offset and its text.
fn digits_of_dump(line: &[u8]) -> Option<Range<usize>> {
    let offset = offset_of_dump(line)?;
    let body = &line[offset..];
    let end_of = |marks: &[&[u8]]| {
        let windows = body.windows(marks[0].len());
        windows.clone().position(|part| marks.contains(&part))
    };
    // `hexdump -C` and `od -z` set the text off by a mark, `xxd` by two blanks.
    let end = match body[0] {
        b':' => end_of(&[b"  "]),
        _ => end_of(&[b"  |", b"  >"]),
    };
    Some(offset + 1..offset + end.unwrap_or(body.len()).max(1))
}
