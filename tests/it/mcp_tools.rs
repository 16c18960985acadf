//! Tools of MCP servers from end to end: the binary, a scripted Ollama, and a scripted server.

#![cfg(target_os = "linux")]

mod calling;
mod changing;
mod listing;
mod trusting;

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::terminal::{PROMPT, Terminal};
use crate::support::{Environment, Output};

/// The scripted server.
const SCRIPT: &str = include_str!("mcp_tools/server.py");

/// Where an interpreter is that a confined program may run, too.
const PYTHONS: &[&str] = &["/usr/bin/python3", "/usr/local/bin/python3", "/bin/python3"];

/// A workspace with a server `docs`, which has a tool `search`.
struct Lab {
    environment: Environment,
    server: ChatServer,
    python: &'static str,
}

impl Lab {
    /// `None` where there is no Python, which is said.
    fn new(script: Vec<Reply>) -> Option<Lab> {
        let lab = Lab::without_servers(script)?;
        lab.configure("");
        Some(lab)
    }

    /// The same without a server in the settings.
    fn without_servers(script: Vec<Reply>) -> Option<Lab> {
        let python = PYTHONS.iter().find(|path| Path::new(path).exists());
        let Some(python) = python else {
            let _ = writeln!(std::io::stderr(), "mcp tools: not tried, no python3");
            return None;
        };
        let server = ChatServer::start(script);
        let environment = Environment::new()
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_MODEL", CHAT_MODEL);
        environment.write("server.py", SCRIPT);
        let lab = Lab {
            environment,
            server,
            python,
        };
        lab.give(&json!([search("Searches the documents.")]));
        Some(lab)
    }

    /// Writes the settings with the server, and more lines about it.
    fn configure(&self, more: &str) {
        let python = self.python;
        let folder = self.environment.outside().join("config/ollacode");
        fs::create_dir_all(&folder).expect("a folder");
        let text = format!(
            "[mcp.docs]\ncommand = [\"{python}\", \"-u\", \"server.py\", \"tools.json\"]\n{more}\n"
        );
        fs::write(folder.join("config.toml"), text).expect("settings");
    }

    /// The tools that the server has from now on.
    fn give(&self, tools: &Value) {
        self.environment.write("tools.json", tools.to_string());
    }

    /// How often the server was started.
    fn starts(&self) -> usize {
        self.lines("starts").len()
    }

    /// The calls that the server got: name and arguments.
    fn calls(&self) -> Vec<Value> {
        let read = |line: String| serde_json::from_str(&line).expect("a call");
        self.lines("calls").into_iter().map(read).collect()
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.environment.workspace().join(file));
        let text = text.unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Asks a question, and gives what was said.
    fn ask(&self, flags: &[&str]) -> Output {
        let mut arguments = vec![
            "chat",
            "--json",
            "--no-rag",
            "-p",
            "What do the documents say?",
        ];
        arguments.extend(flags);
        self.environment.run(&arguments).expect_success()
    }

    /// The calls of a turn with their outcomes: `use_tool done`.
    #[track_caller]
    fn outcomes(&self, output: &Output) -> Vec<String> {
        let events = output.json_lines();
        let of = |kind: &str| {
            let events = events.iter().filter(|event| event["event"] == kind);
            events.cloned().collect::<Vec<Value>>()
        };
        let both = of("tool_started").into_iter().zip(of("tool_finished"));
        both.map(|(start, end)| {
            assert_eq!(start["id"], end["id"], "{output:#?}");
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", word(&start["tool"]), word(&end["outcome"]))
        })
        .collect()
    }

    /// The texts of the results in the last request.
    fn results(&self) -> Vec<String> {
        let requests = self.server.requests();
        let messages = requests.last().expect("a request")["messages"].clone();
        let messages = messages.as_array().cloned().unwrap_or_default();
        let results = messages.iter().filter(|message| message["role"] == "tool");
        results
            .filter_map(|message| message["content"].as_str().map(str::to_owned))
            .collect()
    }

    /// A conversation in a terminal.
    fn talk(&self) -> Terminal {
        let terminal = Terminal::start(&self.environment, &["chat", "--no-rag"]);
        terminal.expect("/help lists the");
        terminal.expect_end(PROMPT);
        terminal
    }
}

/// The tool that searches for a `query`.
fn search(description: &str) -> Value {
    json!({
        "name": "search",
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
            "required": ["query"],
            "additionalProperties": false,
        },
    })
}

/// A reply that calls a tool of a server.
fn use_tool(name: &str, arguments: &str) -> Reply {
    Reply::text("").call("use_tool", json!({"name": name, "arguments": arguments}))
}

fn more_tools(query: &str) -> Reply {
    Reply::text("").call("more_tools", json!({"query": query}))
}

/// The names of the tools in a request.
fn offered(request: &Value) -> Vec<String> {
    let tools = request["tools"].as_array().cloned().unwrap_or_default();
    let name = |tool: &Value| tool["function"]["name"].as_str().map(str::to_owned);
    tools.iter().filter_map(name).collect()
}
