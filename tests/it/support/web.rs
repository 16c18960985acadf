//! `ollacode web` while it runs, and a client of HTTP/1.1 on a socket: each header is sent as often
//! as a test wants it, and nothing else is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::chat_server::{CHAT_MODEL, ChatServer, Reply};
use super::{Environment, Output, PATIENCE, Running, wait_for};

/// A web page that is served, with what it talks to.
pub struct Web {
    // Dropped in this order: the program goes before its server.
    running: Option<Running>,
    pub environment: Environment,
    pub server: ChatServer,
    pub port: u16,
    pub token: String,
}

impl Web {
    /// Serves the page of an empty workspace, with a model that gives these replies.
    pub fn start(script: Vec<Reply>) -> Web {
        Web::start_with(ChatServer::start(script), |environment| environment, &[])
    }

    /// The same with other settings, files and flags.
    pub fn start_with(
        server: ChatServer,
        change: impl FnOnce(Environment) -> Environment,
        flags: &[&str],
    ) -> Web {
        let environment = Environment::new()
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_MODEL", CHAT_MODEL);
        let mut web = Web {
            running: None,
            environment: change(environment),
            server,
            port: 0,
            token: String::new(),
        };
        web.go(flags);
        web
    }

    /// Starts the program, on any free port unless the flags name one, and waits for its address.
    #[track_caller]
    pub fn go(&mut self, flags: &[&str]) {
        let mut arguments = vec!["web"];
        if !flags.contains(&"--port") {
            arguments.extend(["--port", "0"]);
        }
        arguments.extend(flags);
        let mut running = self.environment.start(&arguments);
        (self.port, self.token) = wait_for("the address of the page", || {
            let said = running.stderr_so_far();
            assert!(running.is_running(), "it ended: {said}");
            address_in(&said)
        });
        self.running = Some(running);
    }

    /// Ends the program as a service manager would, and gives what it said.
    #[track_caller]
    pub fn end(&mut self) -> Output {
        let running = self.running.take().expect("it runs");
        running.signal("TERM");
        running.finish()
    }

    /// Ends the program as a power cut would.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.kill();
    }

    /// What the program said on stderr until now.
    pub fn said(&self) -> String {
        let running = self.running.as_ref();
        running.map(Running::stderr_so_far).unwrap_or_default()
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").id()
    }

    /// What a browser sends as `Host`.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address that was printed.
    pub fn address(&self) -> String {
        format!("http://{}/#token={}", self.authority(), self.token)
    }

    /// The value of `Authorization`.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Asks for a path, with the token.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        let (host, bearer) = (self.authority(), self.bearer());
        let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
        self.send("GET", path, &headers, b"")
    }

    /// Posts JSON, with the token.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.raw(&self.post_bytes(path, body, ""))
    }

    /// A request that posts JSON with the token, and with further lines in its head.
    pub fn post_bytes(&self, path: &str, body: &Value, further: &str) -> Vec<u8> {
        let body = body.to_string();
        let (host, bearer) = (self.authority(), self.bearer());
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n{further}\r\n{body}"
        )
        .into_bytes()
    }

    /// Sends a request with these headers only, and `Content-Length` if there is a body.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut request = request.into_bytes();
        request.extend_from_slice(body);
        self.raw(&request)
    }

    /// Sends bytes, and reads the answer.
    #[track_caller]
    pub fn raw(&self, request: &[u8]) -> Answer {
        self.try_raw(request).unwrap_or_else(|| {
            let shown = String::from_utf8_lossy(&request[..request.len().min(300)]);
            panic!("no answer to {shown}")
        })
    }

    /// Sends bytes, and reads the answer; `None` if the connection is closed without one.
    pub fn try_raw(&self, request: &[u8]) -> Option<Answer> {
        self.several(request, 1).pop()
    }

    /// Sends bytes with several requests on one connection, and reads as many answers.
    pub fn several(&self, requests: &[u8], number: usize) -> Vec<Answer> {
        let mut stream = self.connect();
        // What is refused may be answered before all of it was sent.
        let _ = stream.write_all(requests);
        let has_body = !requests.starts_with(b"HEAD ");
        let mut reader = BufReader::new(stream);
        let read = |_| Answer::read(&mut reader, has_body);
        (0..number).map_while(read).collect()
    }

    /// Reads the lines of a stream of JSON.
    #[track_caller]
    pub fn stream(&self, path: &str) -> Lines {
        let (host, bearer) = (self.authority(), self.bearer());
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
             Accept: application/x-ndjson\r\n\r\n"
        );
        self.lines(head.as_bytes())
    }

    /// Sends bytes, and reads the answer as a stream of JSON.
    #[track_caller]
    pub fn lines(&self, request: &[u8]) -> Lines {
        let mut stream = self.connect();
        stream.write_all(request).expect("a request");
        Lines::read(stream)
    }

    /// A connection on which nothing was sent yet.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.authority()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit");
        stream
    }
}

/// The port and the token in what the program said, once the line is whole.
fn address_in(said: &str) -> Option<(u16, String)> {
    let (whole, _) = said.rsplit_once('\n')?;
    let (_, address) = whole.split_once("open http://127.0.0.1:")?;
    let (port, token) = address.lines().next()?.split_once("/#token=")?;
    Some((port.parse().expect("a port"), token.trim().to_owned()))
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer; `None` if there is none.
    pub fn read(reader: &mut impl BufRead, has_body: bool) -> Option<Answer> {
        let mut answer = Answer::read_head(reader)?;
        if has_body {
            let mut body = Vec::new();
            answer.read_body(reader, |piece| {
                body.extend_from_slice(piece);
                true
            });
            answer.body = body;
        }
        Some(answer)
    }

    fn read_head(reader: &mut impl BufRead) -> Option<Answer> {
        let status = loop {
            let line = line_of(reader)?;
            let status: u16 = line.split(' ').nth(1)?.parse().expect("a status");
            if status != 100 {
                break status;
            }
            // The line after "100 Continue".
            line_of(reader)?;
        };
        let mut headers = Vec::new();
        loop {
            let line = line_of(reader)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Some(Answer {
            status,
            headers,
            body: Vec::new(),
        })
    }

    /// Hands on the pieces of the body, until the end or until they are not wanted.
    fn read_body(&self, reader: &mut impl BufRead, mut hand_on: impl FnMut(&[u8]) -> bool) {
        if self.header("transfer-encoding") == Some("chunked") {
            while let Some(size) = line_of(reader) {
                let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
                let mut chunk = vec![0; size];
                let is_whole = reader.read_exact(&mut chunk).is_ok() && line_of(reader).is_some();
                if size == 0 || !is_whole || !hand_on(&chunk) {
                    return;
                }
            }
            return;
        }
        let length = self.header("content-length");
        let length = length.map_or(u64::MAX, |length| length.parse().expect("a length"));
        let mut body = Vec::new();
        let _ = reader.take(length).read_to_end(&mut body);
        hand_on(&body);
    }

    /// A header that is there at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        read.unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The code of an error.
    #[track_caller]
    pub fn code(&self) -> String {
        let code = self.json()["error"]["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| panic!("no code: {} {}", self.status, self.text()))
    }

    /// Demands a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// The next line; `None` at the end.
fn line_of(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let length = reader.read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A stream of JSON, a value a line; closed when dropped.
pub struct Lines {
    socket: TcpStream,
    lines: Receiver<Value>,
    /// The head of the answer.
    pub answer: Answer,
    /// What came until now.
    pub seen: Vec<Value>,
}

impl Lines {
    #[track_caller]
    fn read(stream: TcpStream) -> Lines {
        let socket = stream.try_clone().expect("a second handle");
        let mut reader = BufReader::new(stream);
        let answer = Answer::read_head(&mut reader).expect("an answer");
        socket.set_read_timeout(None).expect("no limit");
        let (sender, lines) = channel();
        let head = answer.clone();
        thread::spawn(move || send_lines(&head, &mut reader, &sender));
        Lines {
            socket,
            lines,
            answer,
            seen: Vec::new(),
        }
    }

    /// The next line within a time; `None` if there was none, or the stream has ended.
    pub fn next_within(&mut self, time: Duration) -> Option<Value> {
        let line = self.lines.recv_timeout(time).ok()?;
        self.seen.push(line.clone());
        Some(line)
    }

    /// Waits for a line that is wanted, and skips those before it.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.next_within(left) {
                Some(line) if wanted(&line) => return line,
                Some(_) => {}
                None => panic!("waited in vain for {what}: {:#?}", self.seen),
            }
        }
    }

    /// Waits for an event of this name.
    #[track_caller]
    pub fn event(&mut self, name: &str) -> Value {
        self.wait_for(name, |line| line["event"] == name)
    }

    /// Waits for the end of the stream.
    #[track_caller]
    pub fn wait_for_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("the stream goes on: {:#?}", self.seen),
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn send_lines(head: &Answer, reader: &mut BufReader<TcpStream>, sender: &Sender<Value>) {
    let mut pending = Vec::new();
    head.read_body(reader, |piece| {
        pending.extend_from_slice(piece);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = serde_json::from_slice(&line).expect("a line of JSON");
            if sender.send(line).is_err() {
                return false;
            }
        }
        true
    });
}
