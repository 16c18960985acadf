//! Skills from end to end: the binary, folders on disk, and a scripted Ollama.

mod hostile;
mod managing;
mod shipped;
mod talking;
mod telling;

use std::fs;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

/// A skill of somebody.
const TIDY: &str = "---\nname: tidy\ndescription: Tidies a file.\nargument-hint: PATH\n---\n\
                    Tidy $ARGUMENTS.\n\n1. Read it.\n2. Remove what nobody uses.\n";

/// An environment with a chat server, without checks.
fn environment(server: &ChatServer) -> Environment {
    Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL)
        .with("OLLACODE_CHECK", "off")
        .with("MAX_CONTEXT_TOKENS", "32768")
}

/// Writes a file beside the workspace, with its folders.
fn write_outside(environment: &Environment, path: &str, text: &str) {
    let path = environment.outside().join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("a file");
}

/// Writes a skill of the user.
fn add_own(environment: &Environment, name: &str, text: &str) {
    let path = format!("config/ollacode/skills/{name}/SKILL.md");
    write_outside(environment, &path, text);
}

/// Asks without the index, and reads the events.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str], prompt: &str, code: i32) -> Vec<Value> {
    let mut arguments = vec!["chat", "--json", "--no-rag", "-p", prompt];
    arguments.extend(flags);
    environment.run(&arguments).expect_code(code).json_lines()
}

/// The outcome of each call: `read_file done`.
fn calls(events: &[Value]) -> Vec<String> {
    let of = |kind: &str| -> Vec<&Value> {
        let events = events.iter();
        events.filter(|event| event["event"] == kind).collect()
    };
    let both = of("tool_started").into_iter().zip(of("tool_finished"));
    both.map(|(started, finished)| {
        assert_eq!(started["id"], finished["id"], "calls overlap: {events:#?}");
        let [tool, outcome] = [&started["tool"], &finished["outcome"]];
        format!(
            "{} {}",
            tool.as_str().unwrap_or_default(),
            outcome.as_str().unwrap_or_default()
        )
    })
    .collect()
}

/// The messages of a request with a role, as texts.
fn texts(request: &Value, role: &str) -> Vec<String> {
    let messages = request["messages"].as_array().into_iter().flatten();
    messages
        .filter(|message| message["role"] == role)
        .filter_map(|message| message["content"].as_str().map(str::to_owned))
        .collect()
}

/// The last message of the user in a request.
#[track_caller]
fn question(request: &Value) -> String {
    texts(request, "user").pop().expect("a question")
}

fn read(path: &str) -> Reply {
    Reply::text("").call("read_file", json!({ "path": path }))
}

fn grep(regex: &str) -> Reply {
    Reply::text("").call("grep_search", json!({ "regex": regex }))
}

fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}
