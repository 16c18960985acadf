//! Lines of an input of others: bounded, and read so that no line is lost if reading is broken off.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// What some tools of Windows begin a text with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The next line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Without white space around it; not empty.
    Whole(Vec<u8>),
    /// It is passed over.
    TooLong,
    /// The input has ended, or cannot be read.
    End,
}

/// Reads lines.
pub struct LineReader<R> {
    input: BufReader<R>,
    longest: usize,
    line: Vec<u8>,
    /// Whether the rest of a line is passed over.
    is_skipping: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines of at most so many bytes, with their ends.
    pub fn new(input: R, longest: usize) -> LineReader<R> {
        LineReader {
            input: BufReader::new(input),
            longest,
            line: Vec::new(),
            is_skipping: false,
        }
    }

    /// The next line that is not empty. What was read of a line stays if this is dropped: it is
    /// continued by the next call.
    pub async fn next(&mut self) -> Line {
        loop {
            let available = match self.input.fill_buf().await {
                Ok(available) => available,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the input");
                    return Line::End;
                }
            };
            if available.is_empty() {
                // The last line may lack its end.
                return self.take().unwrap_or(Line::End);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            // Nothing is awaited between this and `consume`.
            let is_too_long = self.line.len() + taken > self.longest;
            if !self.is_skipping && !is_too_long {
                self.line.extend_from_slice(&available[..taken]);
            }
            self.input.consume(taken);
            let begins_to_skip = is_too_long && !self.is_skipping;
            if begins_to_skip {
                self.line = Vec::new();
                self.is_skipping = true;
            }
            if end.is_some() {
                let was_skipping = std::mem::take(&mut self.is_skipping);
                if begins_to_skip {
                    return Line::TooLong;
                }
                if was_skipping {
                    continue;
                }
                if let Some(line) = self.take() {
                    return line;
                }
            } else if begins_to_skip {
                return Line::TooLong;
            }
        }
    }

    /// The line that was gathered, unless it is empty.
    fn take(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        let bare = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line);
        let bare = bare.trim_ascii();
        (!bare.is_empty()).then(|| Line::Whole(bare.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const LONGEST_LINE: usize = 1 << 20;

    async fn lines_of(bytes: &[u8]) -> Vec<Line> {
        let mut reader = LineReader::new(bytes, LONGEST_LINE);
        let mut lines = Vec::new();
        loop {
            match reader.next().await {
                Line::End => return lines,
                line => lines.push(line),
            }
        }
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn lines_have_any_end_and_the_last_one_may_have_none() {
        for (bytes, expected) in [
            (&b""[..], vec![]),
            (
                b"a\nb\r\n\r\n \n c",
                vec![whole("a"), whole("b"), whole("c")],
            ),
            (b"\xEF\xBB\xBF{}\n", vec![whole("{}")]),
            (b"\xff\xfe\n", vec![Line::Whole(vec![0xff, 0xfe])]),
        ] {
            assert_eq!(lines_of(bytes).await, expected);
        }
    }

    #[tokio::test]
    async fn long_lines_are_passed_over_and_the_next_one_is_read() {
        let fits = vec![b'x'; LONGEST_LINE - 1];
        for length in [LONGEST_LINE, LONGEST_LINE + 1, 17 << 20] {
            let mut bytes = vec![b'x'; length];
            bytes.extend_from_slice(b"\nnext\n");
            bytes.extend_from_slice(&fits);
            bytes.push(b'\n');
            let lines = lines_of(&bytes).await;
            assert_eq!(lines.len(), 3, "{length}");
            assert_eq!(lines[0], Line::TooLong);
            assert_eq!(lines[1], whole("next"));
            assert_eq!(lines[2], Line::Whole(fits.clone()));
        }
        let endless = vec![b'x'; 2 * LONGEST_LINE];
        assert_eq!(lines_of(&endless).await, [Line::TooLong]);
    }

    #[tokio::test]
    async fn a_line_survives_that_reading_is_broken_off() {
        let (mut writer, input) = tokio::io::duplex(64);
        let mut reader = LineReader::new(input, LONGEST_LINE);
        writer.write_all(b"half of ").await.expect("room");
        {
            let mut next = Box::pin(reader.next());
            assert!(futures::poll!(&mut next).is_pending());
        }
        writer.write_all(b"a line\n").await.expect("room");
        assert_eq!(reader.next().await, whole("half of a line"));
        drop(writer);
        assert_eq!(reader.next().await, Line::End);
    }
}
