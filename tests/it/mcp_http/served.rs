//! `ollacode mcp --http` while it runs, and requests to it over raw HTTP/1.1.

use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::web::Answer;
use crate::support::{Environment, Output, PATIENCE, Running, wait_for};

/// The version of the protocol without sessions.
pub const MODERN: &str = "2026-07-28";

/// A file that every workspace has.
pub const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// The server, on a port of its own.
pub struct Served {
    // Dropped in this order: the program goes before its folders.
    running: Option<Running>,
    pub environment: Environment,
    pub port: u16,
    pub token: String,
}

impl Served {
    /// Serves a workspace with one file.
    #[track_caller]
    pub fn start() -> Served {
        Served::over(workspace())
    }

    /// Serves the workspace of an environment.
    #[track_caller]
    pub fn over(environment: Environment) -> Served {
        let mut served = Served {
            running: None,
            environment,
            port: 0,
            token: String::new(),
        };
        served.go();
        served
    }

    /// Starts the program, and waits for its address.
    #[track_caller]
    pub fn go(&mut self) {
        let mut running = self.environment.start(&["mcp", "--http", "--port", "0"]);
        let (port, file) = wait_for("the address", || {
            let said = running.stderr_so_far();
            assert!(running.is_running(), "it ended: {said}");
            address_in(&said)
        });
        self.port = port;
        self.token = fs::read_to_string(file)
            .expect("the token")
            .trim()
            .to_owned();
        self.running = Some(running);
    }

    /// Ends the program as a service manager would, and gives what it said.
    #[track_caller]
    pub fn end(&mut self) -> Output {
        let running = self.running.take().expect("it runs");
        running.signal("TERM");
        running.finish()
    }

    /// What the program said on stderr until now.
    pub fn said(&self) -> String {
        let running = self.running.as_ref();
        running.map(Running::stderr_so_far).unwrap_or_default()
    }

    /// The file that has the token.
    pub fn token_file(&self) -> PathBuf {
        self.environment.data_folder().join("ollacode/mcp-token")
    }

    /// What clients send as `Host`.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where clients connect to.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.authority())
    }

    /// A connection on which nothing was sent yet.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.authority()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit");
        stream
    }

    /// Sends bytes, and reads the answer.
    #[track_caller]
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // What is refused may be answered before all of it was sent.
        let _ = stream.write_all(request);
        let has_body = !request.starts_with(b"HEAD ");
        let answer = Answer::read(&mut BufReader::new(stream), has_body);
        answer.unwrap_or_else(|| {
            let shown = String::from_utf8_lossy(&request[..request.len().min(300)]);
            panic!("no answer to {shown}")
        })
    }

    /// Sends a request with these headers only, and the length of its body.
    #[track_caller]
    pub fn send(&self, first: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{first} HTTP/1.1\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        self.raw(&[request.as_bytes(), body].concat())
    }

    /// Posts a text as a client with the token does, with further headers.
    #[track_caller]
    pub fn post_text(&self, body: &str, further: &[(&str, &str)]) -> Answer {
        let (host, bearer) = (self.authority(), format!("Bearer {}", self.token));
        let mut headers = vec![
            ("Host", host.as_str()),
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        // One that is given takes the place of ours.
        headers.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
        headers.extend(further);
        self.send("POST /mcp", &headers, body.as_bytes())
    }

    /// Posts a message of the era with sessions, which are not kept here.
    #[track_caller]
    pub fn post(&self, message: &Value) -> Answer {
        self.post_text(&message.to_string(), &[])
    }

    /// Posts a request of the newer era, with the headers that it has to have.
    #[track_caller]
    pub fn ask(&self, method: &str, params: Value) -> Answer {
        let name = params["name"].as_str().map(str::to_owned);
        let mut headers = vec![("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)];
        headers.extend(name.as_deref().map(|name| ("Mcp-Name", name)));
        self.post_text(&modern(method, params).to_string(), &headers)
    }
}

/// A workspace with one file.
pub fn workspace() -> Environment {
    let environment = Environment::new();
    environment.write("notes.txt", NOTES);
    environment
}

/// A request of the newer era.
pub fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// The arguments of a call that reads [`NOTES`].
pub fn reading() -> Value {
    json!({ "name": "read_lines", "arguments": { "path": "notes.txt" } })
}

/// The code of an error of JSON-RPC, which is demanded with a status.
#[track_caller]
pub fn failed(answer: &Answer, status: u16) -> i64 {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["jsonrpc"], "2.0", "{body}");
    body["error"]["code"].as_i64().expect("a code")
}

/// The port and the file of the token in what the program said, once both lines are whole.
fn address_in(said: &str) -> Option<(u16, PathBuf)> {
    let (whole, _) = said.rsplit_once('\n')?;
    let (_, address) = whole.split_once("over MCP at http://127.0.0.1:")?;
    let (port, _) = address.split_once("/mcp")?;
    let (_, file) = whole.split_once("the token is in ")?;
    let file = file.lines().next()?.trim();
    Some((port.parse().expect("a port"), PathBuf::from(file)))
}
