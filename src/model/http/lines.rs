//! Reads an answer: as a whole, or line by line.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use tokio_util::bytes::BytesMut;
use tokio_util::codec::{AnyDelimiterCodec, Decoder};

use super::error_text::{error_text, not_json};
use super::{ServerError, ServerKind};

/// Longest line of a stream. The longest plausible ones are calls that write a file, which are
/// limited by the tokens of a reply.
const MAX_LINE: usize = 512 << 10;

/// Splits a stream of bytes into lines.
///
/// It works on bytes, because a piece of a stream may end inside a character.
#[derive(Debug)]
pub struct LineSplitter {
    buffer: BytesMut,
    codec: AnyDelimiterCodec,
}

/// A line is too long.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than {0} bytes")]
pub struct LineTooLong(pub usize);

impl Default for LineSplitter {
    fn default() -> LineSplitter {
        LineSplitter::with_limit(MAX_LINE)
    }
}

impl LineSplitter {
    /// Makes a splitter that takes lines of up to `limit` bytes.
    pub fn with_limit(limit: usize) -> LineSplitter {
        LineSplitter {
            buffer: BytesMut::new(),
            codec: AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), Vec::new(), limit),
        }
    }

    /// Adds the next piece of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line without its end; blank lines are skipped.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        loop {
            let line = self.codec.decode(&mut self.buffer);
            let line = line.map_err(|_| LineTooLong(self.codec.max_length()))?;
            let line = line.map(|line| line.trim_ascii().to_vec());
            if line.as_ref().is_none_or(|line| !line.is_empty()) {
                return Ok(line);
            }
        }
    }

    /// What came after the last returned line.
    fn rest(&self) -> &[u8] {
        &self.buffer
    }

    /// What came after the last newline, when the stream has ended.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let rest = self.buffer.trim_ascii().to_vec();
        *self = LineSplitter::with_limit(self.codec.max_length());
        (!rest.is_empty()).then_some(rest)
    }
}

/// The lines of an answer that is a stream.
#[derive(Debug)]
pub struct ResponseLines {
    body: ResponseBody,
    splitter: LineSplitter,
    /// Bytes that came since the last line.
    pending: usize,
    /// Length of the last line.
    length: usize,
}

impl ResponseLines {
    pub(super) fn new(body: ResponseBody) -> ResponseLines {
        ResponseLines {
            body,
            splitter: LineSplitter::default(),
            pending: 0,
            length: 0,
        }
    }

    /// The next line, or `None` after the last one.
    ///
    /// A line that reports an error is an error. The caller checks whether the last line came: a
    /// server may end a stream at any line. The server's time is up when nothing useful came for
    /// it; the caller reports useful lines with [`ResponseLines::advanced`].
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ServerError> {
        loop {
            let line = self.splitter.next_line();
            if let Some(line) = line.map_err(|error| endless_response(&error.to_string()))? {
                self.pending = 0;
                self.length = line.len();
                return self.read_line(&line, self.splitter.rest()).map(Some);
            }
            if self.pending > MAX_LINE {
                return Err(endless_response("blank lines and nothing else"));
            }
            if let Some(piece) = self.body.piece().await? {
                self.pending += piece.len();
                self.splitter.push(&piece);
                continue;
            }
            let Some(rest) = self.splitter.finish() else {
                return Ok(None);
            };
            return match self.read_line(&rest, &[]) {
                // The stream was cut inside its last line.
                Err(ServerError::BadAnswer { .. }) if !is_json(&rest) => {
                    Err(ServerError::Incomplete)
                }
                line => line.map(Some),
            };
        }
    }

    /// Parses a line. `rest` is what came after it, since a page of HTML says more than its first
    /// line.
    fn read_line<T: DeserializeOwned>(&self, line: &[u8], rest: &[u8]) -> Result<T, ServerError> {
        let server = self.body.server;
        let bad = |error| not_json(server, &[line, b"\n", rest].concat(), &error);
        let value: serde_json::Value = serde_json::from_slice(line).map_err(bad)?;
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(ServerError::Failed {
                server,
                message: error_text(line),
            });
        }
        serde_json::from_value(value).map_err(bad)
    }

    /// Length of the last line, in bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Restarts the server's time, since the last line was useful.
    pub fn advanced(&mut self) {
        self.body.advanced();
    }
}

/// The error for an answer that is too long.
pub(crate) fn endless_response(what: &str) -> ServerError {
    ServerError::Endless {
        what: what.to_owned(),
    }
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// The body of an answer, with a time limit.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    response: Response,
    limit: Duration,
    until: Instant,
    host: String,
    server: ServerKind,
}

impl ResponseBody {
    pub(super) fn new(
        response: Response,
        limit: Duration,
        host: String,
        server: ServerKind,
    ) -> ResponseBody {
        ResponseBody {
            response,
            limit,
            until: Instant::now() + limit,
            host,
            server,
        }
    }

    /// The next piece; `None` after the last.
    pub(crate) async fn piece(&mut self) -> Result<Option<Vec<u8>>, ServerError> {
        let (server, host) = (self.server, || self.host.clone());
        match timeout_at(self.until, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece.map(Vec::from)),
            Ok(Err(error)) => Err(ServerError::ConnectionLost {
                server,
                host: host(),
                source: error.without_url(),
            }),
            Err(_) => Err(ServerError::TimedOut {
                server,
                host: host(),
                limit: self.limit,
            }),
        }
    }

    /// Restarts the server's time, since something useful came.
    pub(crate) fn advanced(&mut self) {
        self.until = Instant::now() + self.limit;
    }

    /// Gives the server more or less time for what comes next, from now on.
    pub(crate) fn wait_for(&mut self, time: Duration) {
        self.until = Instant::now() + time;
    }

    /// Whether the answer is one JSON value, or a page, and no stream, according to its headers.
    pub(crate) fn is_whole(&self) -> bool {
        let kind = self.response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().trim_start().to_ascii_lowercase();
        ["application/json", "text/html"]
            .iter()
            .any(|whole| kind.starts_with(whole))
    }

    /// The kind of the server.
    pub(crate) fn server(&self) -> ServerKind {
        self.server
    }

    /// Reads all of it, up to `most` bytes.
    pub(crate) async fn whole(mut self, most: usize) -> Result<Vec<u8>, ServerError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece().await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > most {
                return Err(endless_response(&format!("over {most} bytes")));
            }
        }
        Ok(bytes)
    }

    /// Reads up to about `limit` bytes; stops at errors.
    pub(super) async fn beginning(mut self, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < limit {
            let Ok(Some(piece)) = self.piece().await else {
                break;
            };
            bytes.extend_from_slice(&piece);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.push(piece);
            while let Some(line) = splitter.next_line().expect("short lines") {
                lines.push(line);
            }
        }
        lines.extend(splitter.finish());
        lines
            .into_iter()
            .map(|line| String::from_utf8(line).expect("UTF-8"))
            .collect()
    }

    #[test]
    fn lines_are_the_same_wherever_the_stream_is_cut() {
        let stream = "{\"a\":\"에이😀\"}\n\n{\"b\":1}\r\n{\"c\":2}".as_bytes();
        let expected = ["{\"a\":\"에이😀\"}", "{\"b\":1}", "{\"c\":2}"];
        for cut in 0..=stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(lines_of(&[left, right]), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(lines_of(&bytes), expected);
    }

    #[test]
    fn an_endless_line_is_an_error() {
        let mut splitter = LineSplitter::with_limit(4);
        splitter.push(b"abcd\nabc");
        assert_eq!(splitter.next_line(), Ok(Some(b"abcd".to_vec())));
        assert_eq!(splitter.next_line(), Ok(None));
        splitter.push(b"de");
        assert_eq!(splitter.next_line(), Err(LineTooLong(4)));
    }

    #[test]
    fn a_finished_splitter_is_empty() {
        let mut splitter = LineSplitter::default();
        splitter.push(b"a\nb");
        assert_eq!(splitter.finish(), Some(b"a\nb".to_vec()));
        assert_eq!(splitter.finish(), None);
    }
}
