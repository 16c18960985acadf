//! Events of a stream over HTTP, read in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use rmcp::transport::common::client_side_sse::BoxedSseResponse;
use rmcp::transport::streamable_http_client::SseError;

use super::message::{LARGEST, is_bounded};
use super::screen::Screen;

/// Least and most milliseconds that a server may have us wait before the stream is opened again.
const RETRY: (u64, u64) = (1_000, 60_000);

/// Names what a result holds.
pub(super) trait Holds {
    type Held;
}

impl<T, E> Holds for Result<T, E> {
    type Held = T;
}

/// An event, as the protocol's library has it: it does not name the type.
pub(super) type SseEvent = <<BoxedSseResponse as Stream>::Item as Holds>::Held;

/// Why a stream ends before its end.
#[derive(Debug, thiserror::Error)]
enum StreamProblem {
    #[error("an event is too large")]
    TooLarge,
    #[error("the server was given up")]
    GivenUp,
    #[error(transparent)]
    Broken(reqwest::Error),
}

/// Reads a stream of events, line by line.
#[derive(Default)]
struct EventReader {
    /// The line that has no end yet.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, so that a line feed belongs to it.
    was_return: bool,
    event: SseEvent,
    /// Whether the event has anything in it.
    is_begun: bool,
    /// Bytes of the event.
    size: usize,
}

impl EventReader {
    /// Reads bytes, and gives the events that end in them.
    fn read(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, StreamProblem> {
        let mut events = Vec::new();
        for byte in bytes {
            let belongs_to_return = std::mem::take(&mut self.was_return) && *byte == b'\n';
            match byte {
                b'\n' if belongs_to_return => {}
                b'\n' | b'\r' => {
                    self.was_return = *byte == b'\r';
                    events.extend(self.end_line()?);
                }
                _ => {
                    self.size += 1;
                    if self.size > LARGEST {
                        return Err(StreamProblem::TooLarge);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(events)
    }

    /// Takes the line into the event, which an empty line ends.
    fn end_line(&mut self) -> Result<Option<SseEvent>, StreamProblem> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.size = 0;
            let event = std::mem::take(&mut self.event);
            if !std::mem::take(&mut self.is_begun) {
                return Ok(None);
            }
            let data = event.data.as_deref().unwrap_or_default();
            return match is_bounded(data.as_bytes()) {
                true => Ok(Some(event)),
                false => Err(StreamProblem::TooLarge),
            };
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let (field, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.event.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                none => *none = Some(value.to_owned()),
            },
            "event" => self.event.event = Some(value.to_owned()),
            "id" => self.event.id = Some(value.to_owned()),
            "retry" => {
                let (least, most) = RETRY;
                let wait = value.parse::<u64>().ok();
                self.event.retry = wait.map(|wait| wait.clamp(least, most));
            }
            // A comment, or something newer than this.
            _ => {
                self.size -= line.len().min(self.size);
                return Ok(None);
            }
        }
        self.is_begun = true;
        Ok(None)
    }
}

/// The events of an answer.
pub(super) fn events(response: reqwest::Response, screen: Arc<Screen>) -> BoxedSseResponse {
    let bytes = response.bytes_stream().map(|piece| match piece {
        Ok(piece) => Ok(piece.to_vec()),
        Err(error) => Err(StreamProblem::Broken(error.without_url())),
    });
    events_of(bytes.boxed(), screen)
}

/// What a stream is read with.
struct Reading {
    bytes: BoxStream<'static, Result<Vec<u8>, StreamProblem>>,
    reader: EventReader,
    ready: VecDeque<SseEvent>,
    screen: Arc<Screen>,
    has_ended: bool,
}

impl Reading {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Result<SseEvent, StreamProblem>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.has_ended {
                return None;
            }
            let piece = match self.bytes.next().await? {
                Ok(piece) => piece,
                Err(problem) => return Some(self.end(problem)),
            };
            self.screen.counts(piece.len());
            if self.screen.why_given_up().is_some() {
                return Some(self.end(StreamProblem::GivenUp));
            }
            match self.reader.read(&piece) {
                Ok(events) => self.ready.extend(events),
                Err(problem) => return Some(self.end(problem)),
            }
        }
    }

    fn end(&mut self, problem: StreamProblem) -> Result<SseEvent, StreamProblem> {
        self.has_ended = true;
        Err(problem)
    }
}

fn events_of(
    bytes: BoxStream<'static, Result<Vec<u8>, StreamProblem>>,
    screen: Arc<Screen>,
) -> BoxedSseResponse {
    let reading = Reading {
        bytes,
        reader: EventReader::default(),
        ready: VecDeque::new(),
        screen,
        has_ended: false,
    };
    futures::stream::unfold(reading, |mut reading| async move {
        let event = reading.next().await?;
        let event = event.map_err(|problem| SseError::Body(Box::new(problem)));
        Some((event, reading))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a text, with their names, data and numbers.
    fn read(pieces: &[&str]) -> Vec<(Option<String>, Option<String>, Option<String>)> {
        let mut reader = EventReader::default();
        let mut events = Vec::new();
        for piece in pieces {
            events.extend(reader.read(piece.as_bytes()).expect("it is not too large"));
        }
        let events = events.into_iter();
        events.map(|it| (it.event, it.data, it.id)).collect()
    }

    fn owned(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn events_are_read_whatever_ends_their_lines() {
        let plain =
            "event: message\ndata: {\"a\":\ndata:1}\nid: 7\n\n: a comment\n\ndata\n\nx: y\n\n";
        let expected = vec![
            (owned("message"), owned("{\"a\":\n1}"), owned("7")),
            (None, owned(""), None),
        ];
        for end in ["\n", "\r\n", "\r"] {
            let text = plain.replace('\n', end);
            assert_eq!(read(&[&text]), expected, "{end:?}");
            for cut in 1..text.len() {
                let (begin, rest) = text.split_at(cut);
                assert_eq!(read(&[begin, rest]), expected, "{end:?} {cut}");
            }
        }
        assert_eq!(read(&["data: no end\n"]), []);
    }

    #[test]
    fn a_server_cannot_have_us_hurry_or_wait_for_long() {
        let retry = |text: &str| {
            let mut reader = EventReader::default();
            let events = reader.read(format!("retry: {text}\n\n").as_bytes());
            events.expect("an event").remove(0).retry
        };
        assert_eq!(retry("0"), Some(1_000));
        assert_eq!(retry("5000"), Some(5_000));
        assert_eq!(retry("99999999"), Some(60_000));
        assert_eq!(retry("soon"), None);
    }

    #[test]
    fn what_is_too_large_ends_the_stream() {
        let mut reader = EventReader::default();
        let piece = "x".repeat(1 << 20);
        for _ in 0..4 {
            assert!(reader.read(piece.as_bytes()).is_ok());
        }
        assert!(reader.read(b"x").is_err());
        let mut reader = EventReader::default();
        let line = format!("data: {piece}\n");
        for _ in 0..3 {
            assert!(reader.read(line.as_bytes()).is_ok());
        }
        assert!(reader.read(line.as_bytes()).is_err());
        let mut reader = EventReader::default();
        let values = format!("data: {}\n\n", "[],".repeat(100_001));
        assert!(reader.read(values.as_bytes()).is_err());
        // Comments keep a connection open, however long it is.
        let mut reader = EventReader::default();
        let comment = format!(": {}\n", "x".repeat(1 << 20));
        for _ in 0..10 {
            assert!(reader.read(comment.as_bytes()).is_ok());
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_too_much_ends_with_an_error() {
        let screen = Arc::new(Screen::new());
        let comment = format!(": {}\n", "x".repeat(1 << 20)).into_bytes();
        let endless = futures::stream::repeat_with(move || Ok(comment.clone()));
        let mut events = events_of(endless.boxed(), Arc::clone(&screen));
        let event = events.next().await.expect("an error");
        assert!(matches!(event, Err(SseError::Body(_))));
        assert!(events.next().await.is_none());
        assert!(screen.why_given_up().is_some());
    }
}
