//! Server-sent events, read in bounded memory: the data of each event, whatever ends its lines and
//! wherever the stream is cut.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::http::{ResponseBody, ServerError, ServerKind, endless_response};

/// Longest event, and longest run of comments. The longest plausible events are calls that write a
/// file, which are limited by the tokens of a reply.
const MAX_EVENT: usize = 512 << 10;

/// What says that the stream is complete.
const END: &[u8] = b"[DONE]";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SseEvent {
    /// Its data; lines are joined by line feeds.
    pub data: Vec<u8>,
    /// Whether it is named as an error.
    pub is_error: bool,
}

impl SseEvent {
    /// Whether it says that the stream is complete.
    pub(super) fn is_end(&self) -> bool {
        self.data.trim_ascii() == END
    }
}

/// An event, or a line, is too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EventTooLong;

/// Splits a stream of bytes into events. One without the blank line after it is none.
#[derive(Debug, Default)]
pub(super) struct EventSplitter {
    /// The line that has no end yet.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, so that a line feed belongs to it.
    after_return: bool,
    /// Whether a line has ended.
    has_begun: bool,
    /// The event that has no end yet.
    event: Option<SseEvent>,
    ready: VecDeque<SseEvent>,
}

impl EventSplitter {
    /// Adds the next piece of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + line.len() > MAX_EVENT {
                return Err(EventTooLong);
            }
            self.line.extend_from_slice(line);
            rest = after;
            if let Some((&end, after)) = after.split_first() {
                self.after_return = end == b'\r';
                rest = after;
                self.end_line()?;
            }
        }
        Ok(())
    }

    /// The next whole event.
    pub(super) fn next_event(&mut self) -> Option<SseEvent> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) -> Result<(), EventTooLong> {
        let whole = std::mem::take(&mut self.line);
        let mut line = whole.as_slice();
        if !std::mem::replace(&mut self.has_begun, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.ready.extend(self.event.take());
            return Ok(());
        }
        // An error that was written as JSON alone, as some servers do within a stream.
        if line.starts_with(b"{") {
            return self.add(line, true);
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[..0]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.add(value, false),
            // llama-server once had a field for it.
            b"error" => self.add(value, true),
            b"event" if value == b"error" => {
                self.event.get_or_insert_default().is_error = true;
                Ok(())
            }
            // A comment, which keeps the connection open, or something without data.
            _ => Ok(()),
        }
    }

    fn add(&mut self, value: &[u8], is_error: bool) -> Result<(), EventTooLong> {
        let event = match &mut self.event {
            Some(event) if !event.data.is_empty() => {
                event.data.push(b'\n');
                event
            }
            event => event.get_or_insert_default(),
        };
        if event.data.len() + value.len() > MAX_EVENT {
            return Err(EventTooLong);
        }
        event.data.extend_from_slice(value);
        event.is_error |= is_error;
        Ok(())
    }
}

/// The events of an answer.
#[derive(Debug)]
pub(super) struct ResponseEvents {
    body: ResponseBody,
    splitter: EventSplitter,
    /// Bytes that came since the last event.
    pending: usize,
}

impl ResponseEvents {
    /// Reads an answer. `first` is how long its first event may take: comments keep a connection
    /// open while the model reads the request.
    pub(super) fn new(mut body: ResponseBody, first: Duration) -> ResponseEvents {
        body.wait_for(first);
        ResponseEvents {
            body,
            splitter: EventSplitter::default(),
            pending: 0,
        }
    }

    /// The next event; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<SseEvent>, ServerError> {
        loop {
            if let Some(event) = self.splitter.next_event() {
                self.pending = 0;
                return Ok(Some(event));
            }
            if self.pending > MAX_EVENT {
                return Err(endless_response("comments and nothing else"));
            }
            let Some(piece) = self.body.piece().await? else {
                return Ok(None);
            };
            self.pending += piece.len();
            let too_long = |EventTooLong| endless_response("an event is too long");
            self.splitter.push(&piece).map_err(too_long)?;
        }
    }

    /// Restarts the server's time, since the last event was useful.
    pub(super) fn advanced(&mut self) {
        self.body.advanced();
    }

    /// Waits no longer than this for the rest.
    pub(super) fn end_within(&mut self, time: Duration) {
        self.body.wait_for(time);
    }

    /// The kind of the server.
    pub(super) fn server(&self) -> ServerKind {
        self.body.server()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, bool)> {
        let mut splitter = EventSplitter::default();
        let mut events = Vec::new();
        for piece in pieces {
            splitter.push(piece).expect("short events");
            while let Some(event) = splitter.next_event() {
                let data = String::from_utf8(event.data).expect("UTF-8");
                events.push((data, event.is_error));
            }
        }
        events
    }

    /// Every trap of the format.
    const STREAM: &str = "\u{feff}data: {\"a\":\"에이😀\"}\n\n: a comment\n\ndata:{\ndata: \"b\":1}\n\
                          id: 7\nretry: 5\n\ndata\n\nevent: error\ndata: no\n\nerror: bad\n\n\
                          {\"error\":1}\n\n\n\ndata: [DONE]\n\ndata: unfinished";

    fn expected() -> Vec<(String, bool)> {
        [
            ("{\"a\":\"에이😀\"}", false),
            ("{\n\"b\":1}", false),
            ("", false),
            ("no", true),
            ("bad", true),
            ("{\"error\":1}", true),
            ("[DONE]", false),
        ]
        .map(|(data, is_error)| (data.to_owned(), is_error))
        .into()
    }

    #[test]
    fn events_are_the_same_whatever_ends_their_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', end);
            assert_eq!(events(&[stream.as_bytes()]), expected(), "{end:?}");
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(events(&bytes), expected(), "{end:?}");
        }
    }

    proptest! {
        #[test]
        fn events_are_the_same_wherever_the_stream_is_cut(
            cuts in proptest::collection::vec(0_usize..STREAM.len() + 20, 0..12),
            ends in 0_usize..3,
        ) {
            let stream = STREAM.replace('\n', ["\n", "\r\n", "\r"][ends]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % stream.len()).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts
                .windows(2)
                .map(|pair| &stream.as_bytes()[pair[0]..pair[1]])
                .collect();
            prop_assert_eq!(events(&pieces), expected());
        }
    }

    #[test]
    fn what_is_too_long_is_an_error() {
        let mut splitter = EventSplitter::default();
        assert_eq!(splitter.push(&vec![b'x'; MAX_EVENT]), Ok(()));
        assert_eq!(splitter.push(b"x"), Err(EventTooLong));
        let mut splitter = EventSplitter::default();
        let line = format!("data: {}\n", "x".repeat(MAX_EVENT / 2));
        assert_eq!(splitter.push(line.as_bytes()), Ok(()));
        assert_eq!(splitter.push(line.as_bytes()), Err(EventTooLong));
    }

    #[test]
    fn the_end_of_the_stream_is_known() {
        for (data, is_end) in [("[DONE]", true), (" [DONE] ", true), ("DONE", false)] {
            let event = SseEvent {
                data: data.as_bytes().to_vec(),
                is_error: false,
            };
            assert_eq!(event.is_end(), is_end, "{data}");
        }
    }
}
