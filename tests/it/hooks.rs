//! Hooks from end to end: the binary, settings, a scripted Ollama, and the examples of `docs/hooks.md`.

mod bounds;
mod committing;
mod examples;
mod repository;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::generated::read;

const SOURCE: &str = "fn main() {\n    println!(\"hello\");\n}\n";

/// A workspace with a file, and a folder in which the user has programs.
fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("src/main.rs", SOURCE);
    let programs = environment.outside().join("programs");
    fs::create_dir(&programs).expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    environment.with("PATH", &format!("{}:{path}", programs.display()))
}

/// Writes the user's settings.
fn settings(environment: &Environment, text: &str) {
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("config.toml"), text).expect("a file");
}

/// Makes a program of the user.
fn program(environment: &Environment, name: &str, script: &str) {
    let path = environment.outside().join("programs").join(name);
    fs::write(&path, script).expect("a file");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, mode).expect("it can be run");
}

/// The first block of code in a language behind a heading of `docs/hooks.md`.
#[track_caller]
fn example(heading: &str, language: &str) -> String {
    let page = read("docs/hooks.md");
    let block = page
        .split_once(&format!("\n### {heading}\n"))
        .and_then(|(_, rest)| rest.split_once(&format!("```{language}\n")))
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let (block, _) = block.unwrap_or_else(|| panic!("no {language} behind `{heading}`"));
    format!("{block}\n")
}

fn edit(search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": "src/main.rs", "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// The events of a question.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["chat", "--json", "--no-rag", "-p", "Change it, please."];
    arguments.extend(flags);
    environment.run(&arguments).expect_success().json_lines()
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let events = events.iter();
    events.filter(|event| event["event"] == kind).collect()
}

/// The calls, in order: `edit_file done`.
fn calls(events: &[Value]) -> Vec<String> {
    let (started, ended) = (of(events, "tool_started"), of(events, "tool_finished"));
    let both = started.into_iter().zip(ended);
    both.map(|(tool, end)| {
        let name = tool["tool"].as_str().unwrap_or_default();
        format!("{name} {}", end["outcome"].as_str().unwrap_or_default())
    })
    .collect()
}

/// The texts of notices.
fn notices(events: &[Value]) -> Vec<&str> {
    let notices = of(events, "notice").into_iter();
    notices.filter_map(|event| event["text"].as_str()).collect()
}

/// The results in the last request.
fn results(server: &ChatServer) -> Vec<String> {
    let requests = server.requests();
    let messages = requests.last().expect("a request")["messages"].clone();
    let messages = messages.as_array().cloned().unwrap_or_default();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results
        .filter_map(|message| Some(message["content"].as_str()?.to_owned()))
        .collect()
}

/// What hooks ran, from `ollacode log --json`: `after_edit: rustfmt a.rs: done`.
#[track_caller]
fn ran(environment: &Environment) -> Vec<String> {
    let output = environment.run(&["log", "--json"]).expect_success();
    let entries = output.json_lines();
    let hooks = entries.iter().filter(|entry| entry["tool"] == "hook");
    hooks
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap_or_default();
            format!("{}: {}", word("what"), word("outcome"))
        })
        .collect()
}
