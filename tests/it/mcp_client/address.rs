//! A server at an address that does as it is told, request by request.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request, as it came.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub verb: String,
    pub path: String,
    /// Names are in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The method of the protocol.
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    /// The name of the tool that is called.
    pub fn tool(&self) -> &str {
        self.body["params"]["name"].as_str().unwrap_or_default()
    }
}

/// What is answered.
pub enum Answer {
    /// Status, headers as they are written, and body.
    Plain(u16, String, String),
    /// The beginning of a stream of events, which does not end.
    Open(String),
    /// A stream that repeats a piece for ever.
    Endless(String),
    /// Nothing, for ever.
    Silence,
}

impl Answer {
    pub fn json(value: &Value) -> Answer {
        Answer::with(
            200,
            "content-type: application/json\r\n",
            &value.to_string(),
        )
    }

    pub fn with(status: u16, headers: &str, body: &str) -> Answer {
        Answer::Plain(status, headers.to_owned(), body.to_owned())
    }

    /// A stream of events that ends.
    pub fn events(messages: &[Value]) -> Answer {
        let events: String = messages.iter().map(event).collect();
        Answer::with(
            200,
            "content-type: text/event-stream; charset=utf-8\r\n",
            &events,
        )
    }
}

/// A message as an event.
pub fn event(message: &Value) -> String {
    format!("event: message\r\ndata: {message}\r\n\r\n")
}

/// The answer to a request of the protocol.
pub fn result(asked: &Asked, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": result})
}

pub fn error(asked: &Asked, code: i64) -> Value {
    let error = json!({"code": code, "message": "it is refused"});
    json!({"jsonrpc": "2.0", "id": asked.body["id"], "error": error})
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A server on this machine.
pub struct Address {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Address {
    pub async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let heard = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&script), Arc::clone(&heard)));
            }
        });
        Address {
            port,
            asked,
            serving,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// What it was asked until now.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }

    /// The methods of the protocol that it was asked for.
    pub fn methods(&self) -> Vec<String> {
        let asked = self.asked();
        let methods = asked.iter().map(|asked| asked.method().to_owned());
        methods.filter(|method| !method.is_empty()).collect()
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers the one request of a connection.
async fn answer(mut stream: TcpStream, script: Arc<Script>, heard: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    heard.lock().push(asked.clone());
    let head = |status: u16, headers: &str| {
        format!("HTTP/1.1 {status} Scripted\r\nconnection: close\r\n{headers}\r\n")
    };
    let events = "content-type: text/event-stream\r\n";
    match script(&asked) {
        Answer::Plain(status, headers, body) => {
            let headers = format!("{headers}content-length: {}\r\n", body.len());
            let text = format!("{}{body}", head(status, &headers));
            // A client that has gone does not matter, here and below.
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Answer::Open(begin) => {
            let text = format!("{}{begin}", head(200, events));
            let _ = stream.write_all(text.as_bytes()).await;
            // Until the client goes.
            let _ = stream.read(&mut [0]).await;
        }
        Answer::Endless(piece) => {
            let _ = stream.write_all(head(200, events).as_bytes()).await;
            while stream.write_all(piece.as_bytes()).await.is_ok() {}
        }
        Answer::Silence => {
            let _ = stream.read(&mut [0]).await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        match end {
            Some(end) => break end + 4,
            None => more(stream, &mut bytes).await?,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (verb, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length");
    let length = length.and_then(|length| length.parse::<usize>().ok());
    while bytes.len() < head_end + length.unwrap_or_default() {
        more(stream, &mut bytes).await?;
    }
    let body = serde_json::from_slice(&bytes[head_end..]).unwrap_or_default();
    Some(Asked {
        verb,
        path,
        headers,
        body,
    })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 8 << 10];
    let length = stream.read(&mut buffer).await.ok()?;
    bytes.extend_from_slice(&buffer[..length]);
    (length > 0).then_some(())
}
