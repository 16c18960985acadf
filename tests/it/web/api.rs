//! The API over HTTP, against the program with a scripted Ollama.

mod agents;
mod answering;
mod commanding;
mod reading;
mod restarting;
mod skills;
mod streaming;
mod talking;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{ChatServer, Reply};
use crate::support::web::{Answer, Lines, Web};

/// A file that every test has, and that nothing else is like.
const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// A page whose model gives these replies.
fn web(script: Vec<Reply>) -> Web {
    web_with(script, &[])
}

fn web_with(script: Vec<Reply>, flags: &[&str]) -> Web {
    Web::start_with(ChatServer::start(script), with_notes, flags)
}

fn with_notes(environment: Environment) -> Environment {
    environment.write("notes.txt", NOTES);
    environment
}

/// A conversation by its id.
struct Talk<'a> {
    web: &'a Web,
    id: String,
}

impl<'a> Talk<'a> {
    /// Opens a new one.
    #[track_caller]
    fn open(web: &'a Web) -> Talk<'a> {
        Talk::opened(web, &json!({}))
    }

    /// Opens one that continues a session.
    #[track_caller]
    fn resume(web: &'a Web, session: &str) -> Talk<'a> {
        Talk::opened(web, &json!({ "session": session }))
    }

    #[track_caller]
    fn opened(web: &'a Web, given: &Value) -> Talk<'a> {
        let opened = web.post("/api/conversations", given).expect(200).json();
        let id = opened["id"].as_str().expect("an id").to_owned();
        Talk { web, id }
    }

    fn path(&self, name: &str) -> String {
        format!("/api/conversations/{}{name}", self.id)
    }

    #[track_caller]
    fn post(&self, name: &str, body: &Value) -> Answer {
        self.web.post(&self.path(name), body)
    }

    /// The state, with what was said before the events that are kept.
    #[track_caller]
    fn snapshot(&self) -> Value {
        self.web.get(&self.path("")).expect(200).json()
    }

    /// What was said and done so far: the history, and the events behind it.
    #[track_caller]
    fn snapshot_events(&self) -> Vec<Value> {
        let snapshot = self.snapshot();
        let mut all = snapshot["history"].as_array().expect("a history").clone();
        let last = snapshot["last"].as_u64().expect("a number");
        let mut events = self.events(0);
        if last > snapshot["after"].as_u64().expect("a number") {
            events.wait_for("the last event", |event| event["n"].as_u64() >= Some(last));
        }
        all.append(&mut events.seen);
        all
    }

    #[track_caller]
    fn events(&self, after: u64) -> Lines {
        self.web
            .stream(&self.path(&format!("/events?after={after}")))
    }

    /// Asks, and says what became of the question.
    #[track_caller]
    fn ask(&self, message: &str) -> Value {
        let asked = self.post("/ask", &json!({ "message": message }));
        asked.expect(202).json()["result"].clone()
    }

    /// Asks, and waits for the end of the turn.
    #[track_caller]
    fn ask_and_wait(&self, message: &str) -> Value {
        let after = self.snapshot()["last"].as_u64().expect("a number");
        assert_eq!(self.ask(message), "started");
        self.events(after).event("ended")
    }

    #[track_caller]
    fn answer(&self, id: &Value, decision: &str) -> Answer {
        self.post("/answer", &json!({"id": id, "decision": decision}))
    }

    /// Runs a command that must succeed.
    #[track_caller]
    fn command(&self, line: &str) -> Value {
        let answer = self.post("/command", &json!({ "line": line }));
        let result = answer.expect(200).json();
        assert!(result["kind"].is_string(), "{line}: {result:#}");
        result
    }
}

/// A reply that edits the notes.
fn edit(search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": "notes.txt", "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// A reply that runs a command.
fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// The replies of a turn that makes the notes colder.
fn colder() -> Vec<Reply> {
    vec![edit("ninety", "eighty"), Reply::text("It is eighty now.")]
}

fn cold_notes() -> String {
    NOTES.replace("ninety", "eighty")
}

/// The names of events.
fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| event["event"].as_str());
    names.collect()
}

/// All text of a node.
fn text_of(node: &Value) -> String {
    match node {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().skip(2).map(text_of).collect(),
        _ => String::new(),
    }
}

/// The text of the answers among some events: the last version of each block.
fn answer_in(events: &[Value]) -> String {
    let mut blocks: Vec<((i64, u64), String)> = Vec::new();
    for event in events.iter().filter(|event| event["event"] == "block") {
        let key = (
            event["reply"].as_i64().expect("a reply"),
            event["block"].as_u64().expect("a block"),
        );
        blocks.retain(|(known, _)| *known != key);
        blocks.push((key, text_of(&event["node"])));
    }
    blocks.sort();
    let texts: Vec<String> = blocks.into_iter().map(|(_, text)| text).collect();
    texts.join("\n")
}
