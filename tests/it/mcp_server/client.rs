//! A client of our own, which writes and reads lines as they are.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Environment, PATIENCE, wait_for};

/// The newest version of the protocol that has `initialize`.
pub const OLDER: &str = "2025-11-25";
/// The first one that has none.
pub const NEWER: &str = "2026-07-28";

/// A server with its client. It is killed when dropped.
pub struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    /// The folder around everything, which no line may name.
    outside: String,
    /// Every message that came.
    pub seen: Vec<Value>,
    last_id: i64,
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stderr: String,
    /// What it said that nobody had read.
    pub rest: Vec<Value>,
    /// From the end of its input.
    pub took: Duration,
}

impl Client {
    /// Starts `ollacode mcp` in the workspace.
    pub fn start(environment: &Environment) -> Client {
        Client::run(environment, environment.command(&["mcp"]))
    }

    /// Starts it, and greets it as a client of the older era does.
    pub fn greeted(environment: &Environment) -> Client {
        let mut client = Client::start(environment);
        client.greet(OLDER);
        client
    }

    pub fn run(environment: &Environment, mut command: Command) -> Client {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("ollacode starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { return };
                let line = String::from_utf8(line).expect("UTF-8");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = std::thread::spawn(move || {
            let mut said = Vec::new();
            // What was read until an error is enough.
            let _ = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        Client {
            stdin: child.stdin.take(),
            child,
            lines,
            stderr: Some(stderr),
            outside: environment.outside().display().to_string(),
            seen: Vec::new(),
            last_id: 0,
        }
    }

    /// Writes bytes. A server that has ended reads nothing.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("an open stdin");
        stdin.write_all(bytes).expect("the server reads");
        stdin.flush().expect("the server reads");
    }

    pub fn write(&mut self, message: &Value) {
        self.bytes(format!("{message}\n").as_bytes());
    }

    /// The next message, if there is one in time. Every line is one, and names nothing of this machine.
    #[track_caller]
    fn next(&mut self, patience: Duration) -> Option<Value> {
        let line = match self.lines.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        assert!(!line.contains(&self.outside), "an own path: {line}");
        let message: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error} in a line of stdout: {line}"));
        let parts = message.as_array().map_or_else(
            || std::slice::from_ref(&message).to_vec(),
            |parts| parts.clone(),
        );
        for part in parts {
            assert_eq!(part["jsonrpc"], "2.0", "{line}");
        }
        self.seen.push(message.clone());
        Some(message)
    }

    /// The next message.
    #[track_caller]
    pub fn message(&mut self) -> Value {
        let message = self.next(PATIENCE);
        message.unwrap_or_else(|| panic!("no message came; before: {:#?}", self.seen))
    }

    /// The answer to a request; notifications before it are passed over.
    #[track_caller]
    pub fn answer_to(&mut self, id: &Value) -> Value {
        loop {
            let message = self.message();
            if message.get("id") == Some(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// A number for a request.
    pub fn id(&mut self) -> Value {
        self.last_id += 1;
        json!(self.last_id)
    }

    /// Sends a request of the older era, and waits for its answer.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.id();
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.answer_to(&id)
    }

    /// Sends a request of the newer era, and waits for its answer.
    #[track_caller]
    pub fn modern(&mut self, method: &str, mut params: Value) -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": NEWER,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        });
        self.request(method, params)
    }

    /// Greets the server in a version of the older era; gives its answer.
    #[track_caller]
    pub fn greet(&mut self, version: &str) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        let answer = self.request("initialize", params);
        self.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        answer["result"].clone()
    }

    /// Begins a call, which asks for progress; gives the id of the request.
    pub fn begin_call(&mut self, tool: &str, arguments: &Value) -> Value {
        let id = self.id();
        let meta = json!({"progressToken": format!("progress {id}")});
        let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
        id
    }

    /// Calls a tool; gives the result, whatever it is.
    #[track_caller]
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.request("tools/call", params);
        let result = answer["result"].clone();
        assert!(result.is_object(), "{answer:#}");
        result
    }

    /// Calls a tool, which must succeed; gives its text and its data.
    #[track_caller]
    pub fn found(&mut self, tool: &str, arguments: &Value) -> (String, Value) {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        (text_of(&result), result["structuredContent"].clone())
    }

    /// Calls a tool, which must fail; gives its words.
    #[track_caller]
    pub fn failed(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        assert!(result.get("structuredContent").is_none(), "{result:#}");
        text_of(&result)
    }

    /// Waits until the index has caught up with the files.
    #[track_caller]
    pub fn wait_for_the_index(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, status) = self.found("index_status", &json!({}));
            let workspaces = status["workspaces"].as_array().expect("workspaces");
            let is_complete = |workspace: &Value| workspace["index_complete"] == true;
            if workspaces.iter().all(is_complete) {
                return;
            }
            assert!(Instant::now() < deadline, "{status:#}");
        }
    }

    /// The progress that was told for a call.
    pub fn progress_of(&self, id: &Value) -> Vec<&Value> {
        let token = json!(format!("progress {id}"));
        self.seen
            .iter()
            .filter(|message| message["method"] == "notifications/progress")
            .map(|message| &message["params"])
            .filter(|params| params["progressToken"] == token)
            .collect()
    }

    /// Sends a signal that ends it, and waits for that while its input stays open; gives the exit code.
    #[track_caller]
    pub fn terminate(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -TERM \"$0\"", &pid]);
        assert!(kill.status().expect("sh starts").success());
        let ended = || self.child.try_wait().expect("its state");
        wait_for("the server to end", ended).code()
    }

    /// Ends the input, and waits for the end of the server.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let begun = Instant::now();
        drop(self.stdin.take());
        let mut rest = Vec::new();
        while let Some(message) = self.next(PATIENCE) {
            rest.push(message);
        }
        let status = self.child.wait().expect("the server ends");
        let took = begun.elapsed();
        let stderr = self.stderr.take().map(JoinHandle::join);
        Ended {
            code: status.code(),
            stderr: stderr.expect("once").expect("a reader"),
            rest,
            took,
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a result.
#[track_caller]
pub fn text_of(result: &Value) -> String {
    let content = result["content"].as_array().expect("content");
    assert_eq!(content.len(), 1, "{result:#}");
    assert_eq!(content[0]["type"], "text");
    content[0]["text"].as_str().expect("a text").to_owned()
}
