//! The events of a room as a stream: a line of JSON each, or server-sent events.
//!
//! A stream holds a position in the log and nothing else. It is read when the client takes more, so
//! that a slow client slows down nothing but itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, interval_at};

use super::room::log::{LogBatch, LogReader, WebEvent};

/// How often a stream without events gives a sign.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Most bytes of events that are written at once, give or take an event.
const MOST_AT_ONCE: usize = 64 << 10;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFormat {
    /// One object a line.
    Lines,
    /// `text/event-stream`.
    ServerSent,
}

/// Counts a stream while it is open.
struct StreamCount(Arc<AtomicUsize>);

impl StreamCount {
    fn new(count: &Arc<AtomicUsize>) -> StreamCount {
        count.fetch_add(1, Ordering::Relaxed);
        StreamCount(Arc::clone(count))
    }
}

impl Drop for StreamCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StreamFormat {
    /// The format of a stream that a request accepts; `None` if it does not accept one.
    pub fn accepted(headers: &HeaderMap) -> Option<StreamFormat> {
        let accepted = headers.get_all(ACCEPT).iter();
        let mut accepted = accepted.filter_map(|value| value.to_str().ok());
        accepted.find_map(|value| {
            if value.contains("text/event-stream") {
                Some(StreamFormat::ServerSent)
            } else if value.contains("application/x-ndjson") {
                Some(StreamFormat::Lines)
            } else {
                None
            }
        })
    }

    /// A response whose body is a stream.
    pub fn response<S>(self, pieces: S) -> Response
    where
        S: Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
    {
        let kind = match self {
            StreamFormat::Lines => "application/x-ndjson",
            StreamFormat::ServerSent => "text/event-stream",
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            // A proxy must not hold it back.
            (
                HeaderName::from_static("x-accel-buffering"),
                HeaderValue::from_static("no"),
            ),
        ];
        (headers, Body::from_stream(pieces)).into_response()
    }

    /// Writes an event; one without a number cannot be asked for again.
    pub fn write(self, out: &mut Vec<u8>, number: Option<u64>, event: &WebEvent) {
        match self {
            StreamFormat::Lines => {
                write_json(out, number, &event.json);
                out.push(b'\n');
            }
            StreamFormat::ServerSent => {
                if let Some(number) = number {
                    out.extend_from_slice(format!("id: {number}\n").as_bytes());
                }
                out.extend_from_slice(format!("event: {}\ndata: ", event.name).as_bytes());
                write_json(out, number, &event.json);
                out.extend_from_slice(b"\n\n");
            }
        }
    }

    fn write_batch(self, batch: &LogBatch) -> Bytes {
        let mut out = Vec::new();
        if let Some(gap) = batch.gap {
            let gap = json!({"event": "gap", "from": gap.from, "to": gap.to});
            self.write(&mut out, None, &gap.into());
        }
        for (number, event) in &batch.events {
            self.write(&mut out, Some(*number), event);
        }
        if let Some(live) = &batch.live {
            self.write(&mut out, None, live);
        }
        out.into()
    }

    /// A sign of life.
    fn heartbeat(self) -> Bytes {
        Bytes::from_static(match self {
            StreamFormat::Lines => b"{\"event\":\"alive\"}\n".as_slice(),
            StreamFormat::ServerSent => b": alive\n\n".as_slice(),
        })
    }
}

/// Writes an object with its number as the first field.
fn write_json(out: &mut Vec<u8>, number: Option<u64>, json: &str) {
    match (number, json.strip_prefix('{')) {
        (Some(number), Some(rest)) => {
            out.extend_from_slice(format!("{{\"n\":{number},").as_bytes());
            out.extend_from_slice(rest.as_bytes());
        }
        _ => out.extend_from_slice(json.as_bytes()),
    }
}

/// The number that a client has seen last: `after` in the address, or what server-sent events say
/// when they go on.
pub fn position(after: Option<u64>, headers: &HeaderMap) -> u64 {
    let last = || {
        let value = headers.get("last-event-id")?;
        value.to_str().ok()?.trim().parse().ok()
    };
    after.or_else(last).unwrap_or(0)
}

/// Streams what is behind a position of a log, and then what is added, until the room ends.
pub fn events(log: LogReader, format: StreamFormat, count: &Arc<AtomicUsize>) -> Response {
    let state = EventStream {
        log,
        format,
        heartbeat: interval_at(Instant::now() + HEARTBEAT, HEARTBEAT),
        is_over: false,
        _count: StreamCount::new(count),
    };
    format.response(stream::unfold(state, EventStream::next))
}

struct EventStream {
    log: LogReader,
    format: StreamFormat,
    heartbeat: Interval,
    is_over: bool,
    _count: StreamCount,
}

impl EventStream {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, EventStream)> {
        loop {
            let batch = self.log.read(MOST_AT_ONCE);
            if !batch.is_empty() {
                self.heartbeat.reset();
                return Some((Ok(self.format.write_batch(&batch)), self));
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                is_open = self.log.changed() => self.is_over = !is_open,
                _ = self.heartbeat.tick() => {
                    return Some((Ok(self.format.heartbeat()), self));
                }
            }
        }
    }
}

/// Streams objects with the field `event` as they come.
pub fn values<S>(format: StreamFormat, values: S) -> Response
where
    S: Stream<Item = Value> + Send + 'static,
{
    let mut number = 0;
    let pieces = futures::StreamExt::map(values, move |value: Value| {
        number += 1;
        let mut out = Vec::new();
        // Scripts read lines of `chat --json`; only server-sent events are numbered.
        let id = (format == StreamFormat::ServerSent).then_some(number);
        format.write(&mut out, id, &WebEvent::from(value));
        Ok::<Bytes, Infallible>(out.into())
    });
    format.response(pieces)
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::super::room::log::RoomLog;
    use super::*;

    fn written(format: StreamFormat, number: Option<u64>) -> String {
        let mut out = Vec::new();
        let event = WebEvent::from(json!({"event": "notice", "text": "a\nb"}));
        format.write(&mut out, number, &event);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn an_event_is_one_line_in_both_formats() {
        let json = r#"{"n":7,"event":"notice","text":"a\nb"}"#;
        assert_eq!(written(StreamFormat::Lines, Some(7)), format!("{json}\n"));
        assert_eq!(
            written(StreamFormat::ServerSent, Some(7)),
            format!("id: 7\nevent: notice\ndata: {json}\n\n")
        );
        let json = r#"{"event":"notice","text":"a\nb"}"#;
        assert_eq!(written(StreamFormat::Lines, None), format!("{json}\n"));
        assert_eq!(
            written(StreamFormat::ServerSent, None),
            format!("event: notice\ndata: {json}\n\n")
        );
    }

    #[test]
    fn the_format_is_the_one_that_is_accepted() {
        for (accept, expected) in [
            (None, None),
            (Some("application/json"), None),
            (Some("*/*"), None),
            (Some("application/x-ndjson"), Some(StreamFormat::Lines)),
            (
                Some("application/json, text/event-stream"),
                Some(StreamFormat::ServerSent),
            ),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(StreamFormat::accepted(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_client_says_where_it_was() {
        let mut headers = HeaderMap::new();
        assert_eq!(position(None, &headers), 0);
        headers.insert("last-event-id", HeaderValue::from_static("12"));
        assert_eq!(position(None, &headers), 12);
        assert_eq!(position(Some(3), &headers), 3);
    }

    #[tokio::test]
    async fn streams_are_counted_while_they_are_open_and_end_with_the_room() {
        let log = Arc::new(RoomLog::default());
        let count = Arc::new(AtomicUsize::new(0));
        let open = || events(log.reader(0), StreamFormat::Lines, &count).into_body();
        let streams: Vec<Body> = (0..200).map(|_| open()).collect();
        assert_eq!(count.load(Ordering::Relaxed), 200);
        drop(streams);
        assert_eq!(count.load(Ordering::Relaxed), 0);
        log.push(json!({"event": "a"}));
        let mut body = open().into_data_stream();
        let piece = body.next().await.expect("a piece").expect("bytes");
        assert_eq!(piece.as_ref(), b"{\"n\":1,\"event\":\"a\"}\n");
        log.push(json!({"event": "b"}));
        log.close();
        let piece = body.next().await.expect("a piece").expect("bytes");
        assert_eq!(piece.as_ref(), b"{\"n\":2,\"event\":\"b\"}\n");
        assert!(body.next().await.is_none());
        drop(body);
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }
}
