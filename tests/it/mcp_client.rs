//! The MCP client against servers: a scripted one that behaves as badly as it can, scripted addresses,
//! and real servers of others.

#![cfg(target_os = "linux")]

mod address;
mod asking;
mod calling;
mod confined;
mod ending;
mod over_http;
mod peers;
mod results;
mod settings;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode::mcp::{
    McpError, McpServers, McpSetup, ProgramPlace, ServerPart, ServerResult, ServerStatus,
};
use ollacode::permission::{ApprovalRequest, Approver, Decision, McpServer, McpTransport};
use ollacode::sandbox::{CommandAccess, CommandEnvironment, Sandbox};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The scripted server.
const SCRIPT: &str = include_str!("mcp_client/scripted.py");

/// Where an interpreter is that a confined program may run, too.
const PYTHONS: &[&str] = &["/usr/bin/python3", "/usr/local/bin/python3", "/bin/python3"];

/// Says something even if the test succeeds.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "mcp client: {text}");
}

/// A folder for servers to run in.
struct Lab {
    folder: TempDir,
    python: &'static str,
}

impl Lab {
    /// `None` where there is no Python, which is said.
    fn new(test: &str) -> Option<Lab> {
        let mut pythons = PYTHONS.iter().copied();
        let python = pythons.find(|path| Path::new(path).exists());
        let Some(python) = python else {
            say(&format!("`{test}` is not tried: no python3"));
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("workspace");
        fs::create_dir(&root).expect("a folder");
        fs::write(root.join("scripted.py"), SCRIPT).expect("a script");
        Some(Lab { folder, python })
    }

    /// The folder around the one in which servers run, without links.
    fn top(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("a folder")
    }

    /// The folder in which servers run.
    fn root(&self) -> PathBuf {
        self.top().join("workspace")
    }

    /// The scripted server in a way to behave.
    fn server(&self, mode: &str) -> McpServer {
        let script = self.root().join("scripted.py");
        let script = script.to_str().expect("a plain path");
        McpServer {
            name: "lab".to_owned(),
            transport: McpTransport::Command {
                argv: [self.python, "-u", script, mode]
                    .map(str::to_owned)
                    .to_vec(),
                env: vec!["TOKEN".to_owned()],
                network: false,
            },
            expose: Vec::new(),
            timeout: Duration::from_secs(60),
        }
    }

    /// It alone, unconfined.
    fn servers(&self, mode: &str) -> McpServers {
        self.with(self.server(mode))
    }

    /// A server alone, unconfined.
    fn with(&self, server: McpServer) -> McpServers {
        let root = self.root();
        let setup = setup(move |_| {
            let base = CommandEnvironment::from_variables([], None, &root);
            Ok(ProgramPlace {
                sandbox: Sandbox::new(root.clone(), base),
                access: CommandAccess::default(),
            })
        });
        McpServers::new(vec![server], setup).starting_within(Duration::from_secs(60))
    }

    /// What a server has written into a file of its folder.
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.root().join(name)).unwrap_or_default()
    }

    /// How often the scripted server was started.
    fn starts(&self) -> usize {
        self.file("starts").lines().count()
    }

    /// The messages that the scripted server got.
    fn heard(&self) -> Vec<Value> {
        let heard = self.file("heard");
        let read = |line| serde_json::from_str(line).expect("a message");
        heard.lines().map(read).collect()
    }

    /// The methods of those messages.
    fn methods(&self) -> Vec<String> {
        let heard = self.heard().into_iter();
        heard
            .filter_map(|message| message["method"].as_str().map(str::to_owned))
            .collect()
    }
}

/// What servers that are programs need, with one variable that is set.
fn setup(
    place: impl Fn(&McpServer) -> Result<ProgramPlace, String> + Send + Sync + 'static,
) -> McpSetup {
    McpSetup {
        programs: Arc::new(place),
        variables: BTreeMap::from([("TOKEN".to_owned(), OsString::from("a token"))]),
        offline: false,
    }
}

/// Calls a tool of the one server, with nobody to be asked.
async fn call(
    servers: &McpServers,
    tool: &str,
    arguments: Value,
) -> Result<ServerResult, McpError> {
    ask(servers, tool, arguments, &User::default()).await
}

/// Calls a tool of the one server, with a user.
async fn ask(
    servers: &McpServers,
    tool: &str,
    arguments: Value,
    user: &User,
) -> Result<ServerResult, McpError> {
    let server = servers.configured()[0].name.clone();
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    let stop = CancellationToken::new();
    servers.call(&server, tool, arguments, user, &stop).await
}

/// The names of the tools of the one server.
async fn tool_names(servers: &McpServers) -> Result<Vec<String>, McpError> {
    let server = servers.configured()[0].name.clone();
    let tools = servers.tools(&server, &CancellationToken::new()).await?;
    Ok(tools.into_iter().map(|tool| tool.name).collect())
}

/// The one text of a result.
#[track_caller]
fn text(result: Result<ServerResult, McpError>) -> String {
    let result = result.expect("a result");
    match result.parts.as_slice() {
        [ServerPart::Text(text)] => text.clone(),
        other => panic!("one text is wanted: {other:?}"),
    }
}

/// The one text of a result as data.
#[track_caller]
fn data(result: Result<ServerResult, McpError>) -> Value {
    serde_json::from_str(&text(result)).expect("data")
}

/// Why a server does not run.
#[track_caller]
fn why_not_running<T: std::fmt::Debug>(result: Result<T, McpError>) -> String {
    match result {
        Err(McpError::NotRunning(_, why)) => why,
        other => panic!("it is not to run: {other:?}"),
    }
}

/// Why a server refused.
#[track_caller]
fn why_refused(result: Result<ServerResult, McpError>) -> String {
    match result {
        Err(McpError::Refused(_, why)) => why,
        other => panic!("it is to refuse: {other:?}"),
    }
}

/// A user with answers.
#[derive(Default)]
struct User {
    /// `None`: nobody is there.
    answers: Option<Mutex<VecDeque<String>>>,
    asked: Mutex<Vec<String>>,
    /// How long an answer takes.
    wait: Duration,
    /// A file that is made when something is asked, which is never answered then.
    asked_file: Option<PathBuf>,
}

impl User {
    fn answering(answers: &[&str]) -> User {
        let answers = answers.iter().map(|answer| (*answer).to_owned());
        User {
            answers: Some(Mutex::new(answers.collect())),
            ..User::default()
        }
    }

    /// Somebody who never answers, and says in a file that there was a question.
    fn pondering(asked_file: PathBuf) -> User {
        User {
            asked_file: Some(asked_file),
            ..User::answering(&[])
        }
    }

    fn questions(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

impl Approver for User {
    fn decide<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async { Decision::Deny(None) }.boxed()
    }

    fn answer<'a>(&'a self, question: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        async move {
            self.asked.lock().push(question.to_owned());
            if let Some(file) = &self.asked_file {
                fs::write(file, "").expect("a file");
                return std::future::pending().await;
            }
            tokio::time::sleep(self.wait).await;
            self.answers.as_ref()?.lock().pop_front()
        }
        .boxed()
    }

    fn can_ask(&self) -> bool {
        self.answers.is_some()
    }
}

/// Looks again and again, for a bounded time, until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}: not yet");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process is there, and not only waiting to be looked at.
fn is_alive(process: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| {
        let state = status.rsplit_once(") ").map(|(_, rest)| rest);
        state.is_some_and(|state| !state.starts_with(['Z', 'X']))
    })
}

fn no_arguments() -> Value {
    Value::Object(Map::new())
}

/// Arguments with one field.
fn argument(name: &str, value: impl Into<Value>) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.into())]))
}
