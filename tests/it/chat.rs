//! `ollacode chat -p` from end to end: the binary, a workspace on disk, and a scripted Ollama.

mod answering;
mod boundaries;
mod breaking;
mod calling;
mod commanding;
mod guarding;
mod proving;
mod settings;
mod talking;
mod understanding;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

/// A file of most tests, with text that is nowhere else.
const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// An environment with a chat server, and `notes.txt`.
fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("notes.txt", NOTES);
    environment
}

/// The output of a question.
#[derive(Debug)]
struct Told {
    events: Vec<Value>,
}

impl Told {
    /// Events of a kind, in order.
    fn of(&self, kind: &str) -> Vec<&Value> {
        let events = self.events.iter();
        events.filter(|event| event["event"] == kind).collect()
    }

    /// The outcome of each call: `read_file done`.
    fn calls(&self) -> Vec<String> {
        let tools = self.of("tool_started");
        let ends = self.of("tool_finished");
        assert_eq!(tools.len(), ends.len(), "a call has no end: {self:#?}");
        let both = tools.into_iter().zip(ends);
        both.map(|(tool, end)| {
            assert_eq!(tool["id"], end["id"], "calls overlap: {self:#?}");
            let name = tool["tool"].as_str().unwrap_or_default();
            format!("{name} {}", end["outcome"].as_str().unwrap_or_default())
        })
        .collect()
    }

    /// All pieces of text, joined.
    fn text(&self) -> String {
        let pieces = self.of("text").into_iter();
        pieces.filter_map(|event| event["text"].as_str()).collect()
    }

    /// Asserts how the turn ended.
    #[track_caller]
    fn expect_end(self, how: &str) -> Told {
        let last = self.events.last().unwrap_or(&Value::Null);
        assert_eq!(last["event"], "ended", "the last line of {self:#?}");
        assert_eq!(last["how"], how, "the end of {self:#?}");
        assert_eq!(self.of("ended").len(), 1, "it ends once: {self:#?}");
        self
    }
}

/// Asks with flags, and asserts the exit code.
#[track_caller]
fn ask_for_code(environment: &Environment, flags: &[&str], prompt: &str, code: i32) -> Told {
    let mut arguments = vec!["chat", "--json", "-p", prompt];
    arguments.extend(flags);
    let output = environment.run(&arguments).expect_code(code);
    let events = output.json_lines();
    assert_eq!(
        events[0]["event"], "started",
        "the first line of {output:#?}"
    );
    Told { events }
}

/// Asks with flags; there must be an answer.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str], prompt: &str) -> Told {
    ask_for_code(environment, flags, prompt, 0)
}

/// The messages of a request.
fn messages(request: &Value) -> &[Value] {
    request["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// The text of a request's last message.
fn last_text(request: &Value) -> &str {
    let last = messages(request).last();
    last.and_then(|message| message["content"].as_str())
        .unwrap_or_default()
}

/// The texts of the results of a request, in order.
fn results(request: &Value) -> Vec<&str> {
    let results = messages(request).iter();
    results
        .filter(|message| message["role"] == "tool")
        .filter_map(|message| message["content"].as_str())
        .collect()
}

/// The results in the last request.
fn results_at_last(server: &ChatServer) -> Vec<String> {
    let requests = server.requests();
    let last = requests.last().expect("a request");
    results(last).into_iter().map(str::to_owned).collect()
}

/// Asserts that every call in a request is followed by one result.
#[track_caller]
fn assert_every_call_has_a_result(request: &Value) {
    let all = messages(request);
    for (index, message) in all.iter().enumerate() {
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        for (offset, call) in calls.enumerate() {
            let result = all.get(index + 1 + offset).unwrap_or(&Value::Null);
            assert_eq!(result["tool_call_id"], call["id"], "in {request:#}");
        }
    }
}

/// Asserts that a text is in no request and in no journal.
#[track_caller]
fn assert_nowhere(server: &ChatServer, environment: &Environment, secret: &str) {
    for request in server.requests() {
        assert!(!request.to_string().contains(secret), "sent: {request:#}");
    }
    let journals = journals(&environment.data_folder());
    assert!(!journals.is_empty(), "there is no journal");
    for journal in journals {
        assert!(!journal.contains(secret), "written down: {journal}");
    }
}

/// The text of each journal in a folder.
fn journals(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(journals(&path));
        } else if path.file_name().is_some_and(|name| name == "journal.jsonl") {
            found.push(fs::read_to_string(path).expect("a journal"));
        }
    }
    found
}

/// A reply that reads a file.
fn read(path: &str) -> Reply {
    Reply::text("").call("read_file", json!({ "path": path }))
}

/// A reply that edits a file.
fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// A reply that runs a command.
fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}
