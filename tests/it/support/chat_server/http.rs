//! As much of HTTP/1.1 as the scripted server needs: one request a connection, and answers that
//! may break off anywhere.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A client that sends no request for so long has gone wrong.
const LONGEST_REQUEST: Duration = Duration::from_secs(10);

/// How often is looked whether the client is still there.
const LOOK: Duration = Duration::from_millis(2);

/// What was asked.
pub struct Request {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
}

/// A connection whose request was read.
pub struct Exchange<'a> {
    stream: TcpStream,
    stopped: &'a AtomicBool,
    began: bool,
    /// The type of a stream's content.
    kind: &'static str,
}

impl<'a> Exchange<'a> {
    /// Reads the request of a connection.
    pub fn begin(
        mut stream: TcpStream,
        stopped: &'a AtomicBool,
    ) -> Option<(Request, Exchange<'a>)> {
        stream.set_read_timeout(Some(LONGEST_REQUEST)).ok()?;
        stream.set_nodelay(true).ok()?;
        let request = read(&mut stream)?;
        let exchange = Exchange {
            stream,
            stopped,
            began: false,
            kind: "application/x-ndjson",
        };
        Some((request, exchange))
    }

    /// Streams are server-sent events, not lines.
    pub fn with_events(&mut self) {
        self.kind = "text/event-stream";
    }

    /// Answers with one value.
    pub fn answer(&mut self, status: u16, body: &Value) {
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        // A client that has gone does not matter here.
        let _ = self.stream.write_all(format!("{head}{body}").as_bytes());
    }

    /// Answers with a stream of lines.
    pub fn lines(&mut self, lines: &[Value]) {
        for line in lines {
            self.piece(format!("{line}\n").as_bytes());
        }
        self.end();
    }

    /// Sends the next piece of a stream; `false` if the client has gone.
    pub fn piece(&mut self, piece: &[u8]) -> bool {
        if self.is_closed() {
            return false;
        }
        if piece.is_empty() {
            // Written down, that would be the end.
            return true;
        }
        let mut bytes = Vec::new();
        if !self.began {
            self.began = true;
            bytes.extend_from_slice(self.stream_head().as_bytes());
        }
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
        self.stream.write_all(&bytes).is_ok()
    }

    /// Sends a whole answer as it is; `false` if the client has gone.
    pub fn raw(&mut self, answer: &[u8]) -> bool {
        self.began = true;
        self.stream.write_all(answer).is_ok()
    }

    /// Sends the headers of a stream and nothing more; `false` if the client has gone.
    pub fn head(&mut self) -> bool {
        self.began = true;
        let head = self.stream_head();
        self.stream.write_all(head.as_bytes()).is_ok()
    }

    fn stream_head(&self) -> String {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\
             connection: close\r\n\r\n",
            self.kind
        )
    }

    /// Sends headers until the client goes, which is what this returns.
    pub fn endless_headers(&mut self) -> bool {
        self.began = true;
        let mut sent = self.stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while sent.is_ok() && !self.stopped.load(Ordering::SeqCst) {
            sent = self.stream.write_all(b"x-more: and more of the same\r\n");
        }
        sent.is_ok()
    }

    /// Ends a stream as it should end.
    pub fn end(&mut self) {
        if !self.began {
            self.began = true;
            let head =
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
            let _ = self.stream.write_all(head);
        }
        // The client may leave after the last line.
        let _ = self.stream.write_all(b"0\r\n\r\n");
    }

    /// Drops the connection in the middle of everything.
    pub fn drop_connection(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Waits so long; `false` if the client has gone meanwhile.
    pub fn wait(&self, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        while Instant::now() < deadline && !self.stopped.load(Ordering::SeqCst) {
            if self.is_closed() {
                return false;
            }
            thread::sleep(LOOK.min(duration));
        }
        true
    }

    fn is_closed(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let seen = self.stream.peek(&mut [0]);
        let is_closed = match seen {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        is_closed || self.stream.set_nonblocking(false).is_err()
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes)?;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse().ok())
        .unwrap_or(0_usize);
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        more(stream, &mut body)?;
    }
    Some(Request { method, path, body })
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16 << 10];
    let read = stream.read(&mut buffer).ok().filter(|&read| read > 0)?;
    bytes.extend_from_slice(&buffer[..read]);
    Some(())
}
