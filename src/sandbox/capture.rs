//! Captures the output of a command: its beginning and end in bounded memory, made readable.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::live::{LiveOutput, LiveStream};
use crate::visible::escape_hidden;

/// Bytes per read.
pub(super) const READ_BUFFER_SIZE: usize = 16 << 10;

/// Output of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapturedOutput {
    /// The text: beginning and end, with a line between them that says how much is left out.
    ///
    /// Colours are removed, overwritten lines show only their last state, invalid UTF-8 is
    /// replaced, and hidden characters are escaped. Without that line, it has at most as many bytes
    /// as the limit.
    pub text: String,
    /// Bytes that the command wrote.
    pub bytes: u64,
    /// Bytes of those that are not in the text.
    pub left_out: u64,
}

/// The beginning and the end of a stream of bytes.
#[derive(Clone)]
pub(super) struct HeadAndTail {
    /// How many bytes to keep at most: of the beginning, and of the end.
    limits: (usize, usize),
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
    /// Also gets all bytes, as soon as their lines are whole.
    live: Option<LiveStream>,
}

impl HeadAndTail {
    /// Keeps up to `limit` bytes: half of the beginning, half of the end.
    pub fn new(limit: usize) -> HeadAndTail {
        HeadAndTail::with_limits(limit / 2, limit - limit / 2)
    }

    /// Keeps only the end, up to `limit` bytes.
    pub fn tail_only(limit: usize) -> HeadAndTail {
        HeadAndTail::with_limits(0, limit)
    }

    fn with_limits(beginning: usize, end: usize) -> HeadAndTail {
        HeadAndTail {
            limits: (beginning, end),
            head: Vec::new(),
            tail: VecDeque::new(),
            bytes: 0,
            live: None,
        }
    }

    /// Also passes all bytes on to the live output.
    pub fn with_live_output(self, live: &LiveOutput) -> HeadAndTail {
        HeadAndTail {
            live: Some(LiveStream::new(live)),
            ..self
        }
    }

    /// Reads a pipe to its end. If the future is dropped, what was read is kept.
    pub async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else {
            return;
        };
        let mut buffer = vec![0; READ_BUFFER_SIZE];
        // A read error ends the output like the end of the pipe.
        while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
            self.push(&buffer[..length]);
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(live) = &mut self.live {
            live.push(bytes);
        }
        self.bytes += bytes.len() as u64;
        let room = self.limits.0.saturating_sub(self.head.len());
        let (head, tail) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(tail);
        let surplus = self.tail.len().saturating_sub(self.limits.1);
        self.tail.drain(..surplus);
    }

    pub fn finish(self) -> CapturedOutput {
        let (head_limit, tail_limit) = self.limits;
        let mut all = self.head;
        let head_length = all.len();
        all.extend(self.tail);
        let has_all = self.bytes == all.len() as u64;
        if has_all {
            let text = readable(&all);
            if text.len() <= head_limit + tail_limit {
                return CapturedOutput {
                    text,
                    bytes: self.bytes,
                    left_out: 0,
                };
            }
        }
        // Even if all bytes are kept, the text may be too long, because an escape is longer than
        // its character. The bytes are then divided in the middle.
        let is_halved = has_all && head_limit > 0;
        let middle = if is_halved {
            all.len() / 2
        } else {
            head_length
        };
        let (head, tail) = all.split_at(middle);
        let (mut text, head_length) = beginning(head, head_limit);
        let (end, tail_length) = ending(tail, tail_limit);
        let left_out = self.bytes - (head_length + tail_length) as u64;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("… {} bytes left out …\n", grouped(left_out)));
        text.push_str(&end);
        CapturedOutput {
            text,
            bytes: self.bytes,
            left_out,
        }
    }
}

/// A beginning whose text fits the limit: the text, and how many of the bytes it covers.
fn beginning(bytes: &[u8], limit: usize) -> (String, usize) {
    let mut length = cut_before(bytes, bytes.len());
    loop {
        let text = readable(&bytes[..length]);
        if text.len() <= limit {
            return (text, length);
        }
        length = cut_before(bytes, shrunk(length, limit, text.len()));
    }
}

/// An end whose text fits the limit: the text, and how many of the bytes it covers.
fn ending(bytes: &[u8], limit: usize) -> (String, usize) {
    let mut length = bytes.len() - cut_after(bytes, 0);
    loop {
        let start = bytes.len() - length;
        let text = readable(&bytes[start..]);
        if text.len() <= limit {
            return (text, length);
        }
        length = bytes.len() - cut_after(bytes, bytes.len() - shrunk(length, limit, text.len()));
    }
}

/// How many bytes to try next if their text is over the limit. Always fewer.
fn shrunk(length: usize, limit: usize, text_length: usize) -> usize {
    let length = length as u128 * limit as u128 / text_length as u128;
    usize::try_from(length).unwrap_or(0)
}

/// Where to cut at or before a position: after a line if one ends near, otherwise after a
/// character.
fn cut_before(bytes: &[u8], at: usize) -> usize {
    if at == bytes.len() && bytes.ends_with(b"\n") {
        return at;
    }
    let near = at / 2;
    if let Some(line) = bytes[near..at].iter().rposition(|byte| *byte == b'\n') {
        return near + line + 1;
    }
    let mut at = at;
    while at > 0 && bytes.get(at).is_none_or(|byte| is_continuation(*byte)) {
        at -= 1;
    }
    at
}

/// Where to cut at or after a position: before a line if one begins near, otherwise before a
/// character.
fn cut_after(bytes: &[u8], at: usize) -> usize {
    let near = at + (bytes.len() - at) / 2;
    if let Some(line) = bytes[at..near].iter().position(|byte| *byte == b'\n') {
        return at + line + 1;
    }
    let rest = bytes[at..].iter();
    at + rest.take_while(|byte| is_continuation(**byte)).count()
}

/// Whether a byte is a UTF-8 continuation byte.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Converts bytes to text; see [`CapturedOutput::text`].
pub(super) fn readable(bytes: &[u8]) -> String {
    let text = without_escapes(&String::from_utf8_lossy(bytes));
    let lines: Vec<_> = text.split('\n').map(last_state).collect();
    escape_hidden(&lines.join("\n")).into_owned()
}

/// The last state of an overwritten line.
fn last_state(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or_default()
}

/// Removes terminal escape sequences. An incomplete one stays.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        match sequence_length(after) {
            Some(length) => rest = &after[length..],
            None => {
                plain.push('\u{1b}');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Length of an escape sequence after its first character, by ECMA-48.
fn sequence_length(after: &str) -> Option<usize> {
    let bytes = after.as_bytes();
    // Any number of bytes in a range, then one byte that ends the sequence.
    let up_to_final = |start: usize, range: std::ops::RangeInclusive<u8>, first_final: u8| {
        let rest = bytes.get(start..)?;
        let end = start + rest.iter().position(|byte| !range.contains(byte))?;
        (first_final..=b'~')
            .contains(&bytes[end])
            .then_some(end + 1)
    };
    match bytes.first()? {
        b'[' => up_to_final(1, b' '..=b'?', b'@'),
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let line = after.split('\n').next()?;
            let bell = line.find('\u{7}').map(|at| at + 1);
            let terminator = line.find("\u{1b}\\").map(|at| at + 2);
            bell.into_iter().chain(terminator).min()
        }
        b' '..=b'/' => up_to_final(1, b' '..=b'/', b'0'),
        b'0'..=b'~' => Some(1),
        _ => None,
    }
}

/// `12,345`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(bytes: &[u8], limit: usize) -> CapturedOutput {
        let mut kept = HeadAndTail::new(limit);
        kept.push(bytes);
        kept.finish()
    }

    #[test]
    fn short_output_is_whole() {
        for text in ["", "a", "a\nb\n", "한국어\n"] {
            let whole = CapturedOutput {
                text: text.to_owned(),
                bytes: text.len() as u64,
                left_out: 0,
            };
            assert_eq!(captured(text.as_bytes(), 100), whole);
        }
    }

    #[test]
    fn output_is_made_readable() {
        for (bytes, text) in [
            (&b"\x1b[1;31merror\x1b[0m: no\x1b[K\n"[..], "error: no\n"),
            (
                b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b(Bc\x1bMd",
                "abcd",
            ),
            (b"10%\r20%\r100%\r\ndone\r\n", "100%\ndone\n"),
            (b"10%\r20%\r", "20%"),
            (b"\x1b[2K\r10%\x1b[2K\r20%", "20%"),
            (b"a\xff\xfeb", "a\u{fffd}\u{fffd}b"),
            (b"a\0b\x08c\x07", "a\\u{0}b\\u{8}c\\u{7}"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
            (b"a\x1b", "a\\u{1b}"),
            (b"a\x1b[31", "a\\u{1b}[31"),
            (b"a\x1b]0;no end\nb", "a\\u{1b}]0;no end\nb"),
            ("a\x1bé\x1b[é".as_bytes(), "a\\u{1b}é\\u{1b}[é"),
        ] {
            assert_eq!(captured(bytes, 1000).text, text);
        }
    }

    #[test]
    fn of_long_output_the_beginning_and_the_end_are_kept_in_whole_lines() {
        let lines: Vec<_> = (0..10_000).map(|line| format!("line {line}\n")).collect();
        let all = lines.concat();
        let captured = captured(all.as_bytes(), 64);
        assert_eq!(
            captured.text,
            "line 0\nline 1\nline 2\nline 3\n… 98,832 bytes left out …\nline 9997\nline 9998\nline 9999\n"
        );
        assert_eq!(captured.bytes, all.len() as u64);
        assert_eq!(captured.left_out, 98_832);
    }

    #[test]
    fn what_is_said_to_be_left_out_is_left_out() {
        let texts = [
            "x".repeat(5_000),
            "한국어 ".repeat(500),
            "a\n".repeat(3_000),
            "\0".repeat(2_000),
            format!("{}\n{}", "y".repeat(999), "z".repeat(999)),
            "10%\r".repeat(2_000),
            "\u{1b}[31mred\u{1b}[0m\n".repeat(500),
        ];
        for text in &texts {
            for limit in [0, 1, 2, 3, 7, 100, 1_000, 10_000, 100_000] {
                let captured = captured(text.as_bytes(), limit);
                let (head, tail) = match captured.text.split_once("… ") {
                    Some((head, rest)) => (head, rest.split_once("…\n").expect("a whole line").1),
                    None => (captured.text.as_str(), ""),
                };
                assert!(
                    head.len() + tail.len() <= limit + 1,
                    "{limit} {:?}",
                    &text[..6]
                );
                assert_eq!(captured.bytes, text.len() as u64);
                assert_eq!(captured.left_out > 0, captured.text.contains("left out"));
                if text.starts_with(['x', '한']) {
                    let shown = (head.trim_end_matches('\n').len() + tail.len()) as u64;
                    assert_eq!(shown + captured.left_out, captured.bytes);
                    assert!(!captured.text.contains('\u{fffd}'), "{}", captured.text);
                }
            }
        }
    }

    #[test]
    fn the_same_is_kept_wherever_the_stream_is_cut() {
        let bytes = "ab\ncd\r\nef 한국어 \u{1b}[1mgh\n".repeat(3).into_bytes();
        for limit in [10, 40, 1_000] {
            let whole = captured(&bytes, limit);
            for at in 0..=bytes.len() {
                let mut kept = HeadAndTail::new(limit);
                kept.push(&bytes[..at]);
                kept.push(&bytes[at..]);
                assert_eq!(kept.finish(), whole);
            }
        }
    }
}
