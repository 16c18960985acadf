//! An editor, line by line: it checks that nothing but messages comes on stdout.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Environment, PATIENCE, wait_for};

/// The program, and what it said so far.
pub struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    /// Messages that no test has looked at yet.
    unread: VecDeque<Value>,
    /// All messages, in order.
    pub said: Vec<Value>,
    last: u64,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub took: Duration,
    pub stderr: String,
    /// All messages, in order.
    pub said: Vec<Value>,
}

impl Peer {
    /// Starts the program, and says nothing yet.
    pub fn start(environment: &Environment, flags: &[&str]) -> Peer {
        let mut arguments = vec!["acp"];
        arguments.extend(flags);
        let mut command = environment.command(&arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("ollacode starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let line = line.expect("a line in UTF-8");
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        Peer {
            stdin: child.stdin.take(),
            child,
            lines,
            stderr: Some(stderr),
            unread: VecDeque::new(),
            said: Vec::new(),
            last: 0,
        }
    }

    /// Starts the program as an editor without special abilities.
    pub fn greeted(environment: &Environment, flags: &[&str]) -> Peer {
        Peer::able(environment, flags, json!({}))
    }

    /// The same with these abilities of the editor.
    pub fn able(environment: &Environment, flags: &[&str], abilities: Value) -> Peer {
        let mut peer = Peer::start(environment, flags);
        let parameters = json!({"protocolVersion": 1, "clientCapabilities": abilities});
        peer.call("initialize", parameters);
        peer
    }

    /// Writes a line as it is.
    pub fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("an open pipe");
        writeln!(stdin, "{line}").expect("the program reads");
        stdin.flush().expect("the program reads");
    }

    pub fn send(&mut self, message: &Value) {
        self.line(&message.to_string());
    }

    pub fn notify(&mut self, method: &str, parameters: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": parameters}));
    }

    /// Sends a request, and gives its id.
    pub fn request(&mut self, method: &str, parameters: Value) -> u64 {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}));
        id
    }

    /// Answers a request of the program.
    pub fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }

    /// Waits for a message that fits, among those that were not looked at.
    #[track_caller]
    pub fn wait(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unread.iter().position(&fits) {
                return self.unread.remove(at).expect("a message");
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("waited in vain for {what}; it said {:#?}", self.said);
            };
            self.take(&line);
        }
    }

    #[track_caller]
    fn take(&mut self, line: &str) {
        let message: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}, where a message is wanted: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        self.said.push(message.clone());
        self.unread.push_back(message);
    }

    /// Waits for the response to a request.
    #[track_caller]
    pub fn response(&mut self, id: u64) -> Value {
        self.wait(&format!("the response to {id}"), |message| {
            message["id"] == id && message.get("method").is_none()
        })
    }

    /// Waits for the result of a request.
    #[track_caller]
    pub fn result(&mut self, id: u64) -> Value {
        let response = self.response(id);
        assert!(response.get("error").is_none(), "{response:#}");
        response["result"].clone()
    }

    /// Sends a request, and waits for its result.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.request(method, parameters);
        self.result(id)
    }

    /// Sends a request that must fail, and gives the error.
    #[track_caller]
    pub fn refused(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.request(method, parameters);
        let response = self.response(id);
        assert!(response.get("result").is_none(), "{response:#}");
        response["error"].clone()
    }

    /// Begins a session in the workspace, and gives its id.
    #[track_caller]
    pub fn session(&mut self, environment: &Environment) -> String {
        let begun = self.call(
            "session/new",
            json!({"cwd": environment.workspace(), "mcpServers": []}),
        );
        begun["sessionId"].as_str().expect("an id").to_owned()
    }

    /// Sends a message of the user, and gives the id of the request.
    pub fn prompt(&mut self, session: &str, blocks: Value) -> u64 {
        self.request(
            "session/prompt",
            json!({"sessionId": session, "prompt": blocks}),
        )
    }

    /// Sends words, and waits for the end of the turn: why it stopped.
    #[track_caller]
    pub fn ask(&mut self, session: &str, text: &str) -> String {
        let id = self.prompt(session, super::words(text));
        self.stopped(id)
    }

    /// Waits for the end of a turn: why it stopped.
    #[track_caller]
    pub fn stopped(&mut self, id: u64) -> String {
        let result = self.result(id);
        result["stopReason"].as_str().expect("a reason").to_owned()
    }

    /// Cancels what runs in a session.
    pub fn cancel(&mut self, session: &str) {
        self.notify("session/cancel", json!({ "sessionId": session }));
    }

    /// Waits for a request of the program.
    #[track_caller]
    pub fn wanted(&mut self, method: &str) -> Value {
        self.wait(method, |message| message["method"] == method)
    }

    /// Waits for a request for approval, and chooses.
    #[track_caller]
    pub fn choose(&mut self, option: &str) -> Value {
        let request = self.wanted("session/request_permission");
        self.answer(
            &request,
            json!({"outcome": {"outcome": "selected", "optionId": option}}),
        );
        request
    }

    /// Waits for an update of a session of some kind.
    #[track_caller]
    pub fn update(&mut self, kind: &str) -> Value {
        let message = self.wait(kind, |message| {
            message["params"]["update"]["sessionUpdate"] == kind
        });
        message["params"]["update"].clone()
    }

    /// Waits until a session has said something.
    #[track_caller]
    pub fn heard(&mut self, session: &str, text: &str) {
        while !self.text(session).contains(text) {
            self.wait(text, |message| {
                message["params"]["update"]["sessionUpdate"] == "agent_message_chunk"
            });
        }
    }

    /// All updates of a session, in order.
    pub fn updates(&self, session: &str) -> Vec<Value> {
        let of_session = |message: &&Value| {
            message["method"] == "session/update" && message["params"]["sessionId"] == session
        };
        let updates = self.said.iter().filter(of_session);
        updates
            .map(|message| message["params"]["update"].clone())
            .collect()
    }

    /// The updates of a session of one kind.
    pub fn updates_of(&self, session: &str, kind: &str) -> Vec<Value> {
        let mut updates = self.updates(session);
        updates.retain(|update| update["sessionUpdate"] == kind);
        updates
    }

    /// All that a session said to the user.
    pub fn text(&self, session: &str) -> String {
        let chunks = self.updates_of(session, "agent_message_chunk").into_iter();
        chunks
            .filter_map(|chunk| chunk["content"]["text"].as_str().map(str::to_owned))
            .collect()
    }

    /// Stops reading and writing, as an editor that dies does.
    pub fn die(mut self) -> Ended {
        self.lines = channel().1;
        self.close()
    }

    /// Closes stdin, and waits for the end.
    #[track_caller]
    pub fn close(mut self) -> Ended {
        drop(self.stdin.take());
        self.ended()
    }

    /// Waits for the end, but not for ever.
    #[track_caller]
    pub fn ended(mut self) -> Ended {
        let begun = Instant::now();
        let status = wait_for("the end of the program", || {
            self.child.try_wait().expect("the state of the program")
        });
        let took = begun.elapsed();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.take(&line);
        }
        let stderr = self.stderr.take().map(|thread| thread.join());
        Ended {
            code: status.code(),
            took,
            stderr: stderr.expect("it was read").expect("a reader"),
            said: std::mem::take(&mut self.said),
        }
    }

    /// Sends a signal to the program.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let mut kill = std::process::Command::new("sh");
        kill.args(["-c", "kill -\"$1\" \"$0\"", &pid, name]);
        assert!(kill.status().expect("sh starts").success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
