//! `ollacode task` from end to end: a plan, its steps, what is asked between them, and what is left
//! of a task when the program is killed.

mod asking;
mod broken_off;
mod checked;
mod unasked;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const GOAL: &str = "Change all the files";
/// What only an earlier conversation has.
const BIRD: &str = "cassowary";

fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    for name in ["a", "b", "c"] {
        environment.write(&format!("{name}.txt"), format!("{name} is old\n"));
    }
    environment
}

/// A reply with a plan, a step for each file.
fn plan(files: &[&str]) -> Reply {
    let steps: Vec<Value> = files
        .iter()
        .map(|file| json!({"text": format!("Change {file}"), "files": [file], "check": ""}))
        .collect();
    Reply::text(&json!({ "steps": steps }).to_string())
}

/// A reply that changes one of the files.
fn edit(file: &str) -> Reply {
    let arguments = json!({"path": file, "search": "old", "replace": "new"});
    Reply::text("").call("edit_file", arguments)
}

/// The replies of a step that is done.
fn step(file: &str) -> [Reply; 2] {
    [edit(file), Reply::text(&format!("{file} is new."))]
}

fn messages(request: &Value) -> &[Value] {
    request["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// The text of the last message of a request.
fn last_text(request: &Value) -> &str {
    let last = messages(request).last();
    last.and_then(|message| message["content"].as_str())
        .unwrap_or_default()
}

/// Runs `ollacode task --json` where nobody can be asked; gives its events.
#[track_caller]
fn run(environment: &Environment, arguments: &[&str], code: i32) -> Vec<Value> {
    let mut all = vec!["task", "--json", "--no-rag"];
    all.extend(arguments);
    let output = environment.run(&all).expect_code(code);
    output.json_lines()
}

/// The states of the steps in the last event about the task: `done pending`.
fn states(events: &[Value]) -> String {
    let last = events.iter().rev().find(|event| event["event"] == "task");
    let steps = last.and_then(|event| event["steps"].as_array());
    let states = steps.into_iter().flatten();
    let states: Vec<&str> = states.filter_map(|step| step["state"].as_str()).collect();
    states.join(" ")
}

/// All that was said.
fn said(events: &[Value]) -> String {
    let texts = events.iter().filter(|event| event["event"] == "text");
    texts.filter_map(|event| event["text"].as_str()).collect()
}
