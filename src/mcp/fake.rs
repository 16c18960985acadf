//! Servers for tests, which give what they are told to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::catalog::{ServerTools, ToolSource};
use super::pins::PinStore;
use super::{McpError, ServerPart, ServerResult, ServerTool};
use crate::permission::{Approver, McpServer, McpTransport};

/// Servers by name, with the tools that they give now.
#[derive(Default)]
pub(crate) struct FakeServers {
    configured: Vec<McpServer>,
    tools: Mutex<BTreeMap<String, Result<Vec<ServerTool>, McpError>>>,
    answer: Mutex<Option<Result<ServerResult, McpError>>>,
    /// What was done: `list SERVER`, `call SERVER.TOOL ARGUMENTS`.
    pub(crate) done: Mutex<Vec<String>>,
}

/// Servers with their tools, and a file of pins, deleted at the end.
pub(crate) struct Fake {
    pub(crate) servers: Arc<FakeServers>,
    pub(crate) tools: ServerTools,
    folder: TempDir,
}

pub(crate) fn tool(name: &str, description: &str, schema: Value) -> ServerTool {
    ServerTool {
        name: name.to_owned(),
        description: description.to_owned(),
        schema,
    }
}

/// A tool that searches for a `query`.
pub(crate) fn search(description: &str) -> ServerTool {
    let schema = json!({
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["query"],
        "additionalProperties": false,
    });
    tool("search", description, schema)
}

fn configured(name: &str) -> McpServer {
    McpServer {
        name: name.to_owned(),
        transport: McpTransport::Command {
            argv: vec![format!("run-{name}")],
            env: Vec::new(),
            network: false,
        },
        expose: Vec::new(),
        timeout: Duration::from_secs(1),
    }
}

impl Fake {
    pub(crate) fn new(servers: &[(&str, Vec<ServerTool>)]) -> Fake {
        let named = servers.iter().map(|(name, _)| configured(name));
        let tools = servers.iter().cloned();
        let tools = tools.map(|(name, tools)| (name.to_owned(), Ok(tools)));
        let fake = Arc::new(FakeServers {
            configured: named.collect(),
            tools: Mutex::new(tools.collect()),
            ..FakeServers::default()
        });
        let folder = tempfile::tempdir().expect("a folder");
        Fake {
            tools: catalog(&fake, folder.path()),
            servers: fake,
            folder,
        }
    }

    /// The same servers as another process sees them.
    pub(crate) fn again(&self) -> ServerTools {
        catalog(&self.servers, self.folder.path())
    }

    /// Makes the file of pins unreadable.
    pub(crate) fn damage_pins(&self) {
        std::fs::write(self.folder.path().join("pins.json"), "{").expect("written");
    }

    /// Gives other tools from now on.
    pub(crate) fn give(&self, server: &str, tools: Result<Vec<ServerTool>, McpError>) {
        self.servers.tools.lock().insert(server.to_owned(), tools);
    }

    /// Answers calls with something else than their arguments.
    pub(crate) fn answer(&self, answer: Result<ServerResult, McpError>) {
        *self.servers.answer.lock() = Some(answer);
    }

    /// What was done since the last time.
    pub(crate) fn done(&self) -> Vec<String> {
        std::mem::take(&mut *self.servers.done.lock())
    }
}

fn catalog(fake: &Arc<FakeServers>, folder: &Path) -> ServerTools {
    let source: Arc<dyn ToolSource> = fake.clone();
    let pins = PinStore::new(folder.join("pins.json"));
    ServerTools::new(source, pins, Path::new("/w"), &[])
}

/// A result of one text.
pub(crate) fn said(text: &str) -> ServerResult {
    ServerResult {
        parts: vec![ServerPart::Text(text.to_owned())],
        ..ServerResult::default()
    }
}

impl ToolSource for FakeServers {
    fn configured(&self) -> &[McpServer] {
        &self.configured
    }

    fn tools<'a>(
        &'a self,
        server: &'a str,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<ServerTool>, McpError>> {
        self.done.lock().push(format!("list {server}"));
        let tools = self.tools.lock().get(server).cloned();
        let unknown = || Err(McpError::Unknown(server.to_owned()));
        let tools = tools.unwrap_or_else(unknown);
        async move { tools }.boxed()
    }

    fn call<'a>(
        &'a self,
        server: &'a str,
        tool: &'a str,
        arguments: Map<String, Value>,
        _: &'a dyn Approver,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ServerResult, McpError>> {
        let arguments = Value::Object(arguments).to_string();
        self.done
            .lock()
            .push(format!("call {server}.{tool} {arguments}"));
        let answer = self.answer.lock().clone();
        let answer = answer.unwrap_or_else(|| Ok(said(&arguments)));
        async move { answer }.boxed()
    }
}
