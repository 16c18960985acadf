//! `ollacode acp` from end to end: the binary, an editor that is a test, and a scripted Ollama.

mod answering;
mod asking;
mod cancelling;
mod ending;
mod peer;
mod peers;
mod sessions;
mod skills;
mod speaking;
mod typed;
mod unsaved;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

use peer::Peer;

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

/// A message of the user in words.
fn words(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

fn write(path: &str, content: &str) -> Reply {
    Reply::text("").call("write_file", json!({"path": path, "content": content}))
}

fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// The address of a file of the workspace.
fn uri(environment: &Environment, path: &str) -> String {
    format!("file://{}", environment.workspace().join(path).display())
}

/// The text of a request's last message of the user.
fn asked(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    let mut of_user = messages.iter().filter(|message| message["role"] == "user");
    let last = of_user.next_back().expect("a message of the user");
    last["content"].as_str().unwrap_or_default().to_owned()
}
