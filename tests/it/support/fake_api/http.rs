//! As much of HTTP/1.1 as a Bot API server needs: one request a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Map, Value};

/// A client that sends nothing for so long has gone wrong.
const LONGEST_REQUEST: Duration = Duration::from_secs(10);

/// What was asked.
pub struct Request {
    pub path: String,
    /// Parameters of the body: JSON, or the fields of a form.
    pub fields: Value,
    /// Files of a form: the field, the file's name, its contents.
    pub files: Vec<(String, String, Vec<u8>)>,
}

/// Reads the request of a connection.
pub fn read(stream: &mut TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(LONGEST_REQUEST)).ok()?;
    stream.set_nodelay(true).ok()?;
    let mut bytes = Vec::new();
    let head_end = loop {
        match find(&bytes, b"\r\n\r\n") {
            Some(end) => break end,
            None => more(stream, &mut bytes)?,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let path = head.lines().next()?.split(' ').nth(1)?.to_owned();
    let header = |wanted: &str| {
        let headers = head.lines().filter_map(|line| line.split_once(':'));
        let mut found = headers.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.trim().to_owned())
    };
    let mut body = bytes.split_off(head_end + 4);
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        body = chunked(stream, body)?;
    } else {
        let length = header("content-length").and_then(|length| length.parse().ok());
        while body.len() < length.unwrap_or(0_usize) {
            more(stream, &mut body)?;
        }
    }
    let kind = header("content-type").unwrap_or_default();
    let (fields, files) = match kind.split_once("boundary=") {
        Some((_, boundary)) => form(&body, boundary.trim_matches('"')),
        None => (
            serde_json::from_slice(&body).unwrap_or(Value::Null),
            Vec::new(),
        ),
    };
    Some(Request {
        path,
        fields,
        files,
    })
}

/// Answers with bytes. A client that has gone does not matter.
pub fn answer(stream: &mut TcpStream, status: u16, kind: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

/// Whether the client has gone.
pub fn is_closed(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let is_closed = match stream.peek(&mut [0]) {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    };
    is_closed || stream.set_nonblocking(false).is_err()
}

fn chunked(stream: &mut TcpStream, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(&bytes, b"\r\n") else {
            more(stream, &mut bytes)?;
            continue;
        };
        let length = std::str::from_utf8(&bytes[..end]).ok()?;
        let length = usize::from_str_radix(length.split(';').next()?.trim(), 16).ok()?;
        while bytes.len() < end + 2 + length + 2 {
            more(stream, &mut bytes)?;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes.drain(..end + 2 + length + 2);
        if length == 0 {
            return Some(body);
        }
    }
}

type Form = (Value, Vec<(String, String, Vec<u8>)>);

fn form(body: &[u8], boundary: &str) -> Form {
    let (mut fields, mut files) = (Map::new(), Vec::new());
    let border = format!("--{boundary}");
    let mut rest = body;
    while let Some(start) = find(rest, border.as_bytes()) {
        rest = &rest[start + border.len()..];
        let Some(end) = find(rest, border.as_bytes()) else {
            break;
        };
        let part = &rest[..end];
        let Some(head_end) = find(part, b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&part[..head_end]);
        let contents = &part[head_end + 4..part.len().saturating_sub(2)];
        let attribute = |wanted: &str| {
            let start = head.find(&format!("; {wanted}=\""))? + wanted.len() + 4;
            head[start..].split('"').next().map(str::to_owned)
        };
        let name = attribute("name").unwrap_or_default();
        match attribute("filename") {
            Some(file) => files.push((name, file, contents.to_vec())),
            None => {
                let text = String::from_utf8_lossy(contents);
                // Numbers and objects are written as JSON, texts as they are.
                let value = serde_json::from_str(&text)
                    .ok()
                    .filter(|value: &Value| !value.is_string());
                fields.insert(
                    name,
                    value.unwrap_or_else(|| Value::String(text.into_owned())),
                );
            }
        }
    }
    (Value::Object(fields), files)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16 << 10];
    let read = stream.read(&mut buffer).ok().filter(|&read| read > 0)?;
    bytes.extend_from_slice(&buffer[..read]);
    Some(())
}
