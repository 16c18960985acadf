//! Servers that do not answer: what is said, how often they are started, and what is left of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Map;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::*;
use crate::permission::{McpTransport, Nobody};
use crate::sandbox::{CommandAccess, CommandEnvironment, Sandbox};

/// A folder in which servers run, unconfined.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The one server of this place.
    fn servers(&self, server: McpServer) -> McpServers {
        McpServers::new(vec![server], self.setup()).starting_within(Duration::from_secs(30))
    }

    fn setup(&self) -> McpSetup {
        let root = self.folder.path().to_owned();
        McpSetup {
            programs: Arc::new(move |_: &McpServer| {
                let base = CommandEnvironment::from_variables([], None, &root);
                Ok(ProgramPlace {
                    sandbox: Sandbox::new(root.clone(), base),
                    access: CommandAccess::default(),
                })
            }),
            variables: BTreeMap::from([("SET".to_owned(), OsString::from("x"))]),
            offline: true,
        }
    }

    /// What a server wrote into a file, once it is whole.
    async fn written(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if text.ends_with('\n') {
                return text;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{name}: not yet");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn script(text: &str) -> McpServer {
    McpServer {
        name: "a".to_owned(),
        transport: McpTransport::Command {
            argv: ["sh", "-c", text].map(str::to_owned).to_vec(),
            env: vec!["SET".to_owned(), "UNSET".to_owned()],
            network: false,
        },
        expose: Vec::new(),
        timeout: Duration::from_secs(30),
    }
}

/// Why a server does not run.
fn why(error: McpError) -> String {
    match error {
        McpError::NotRunning(name, why) => {
            assert_eq!(name, "a");
            why
        }
        other => panic!("it does not run: {other}"),
    }
}

#[tokio::test]
async fn a_server_that_ends_is_started_twice_and_then_only_after_a_reset() {
    let place = Place::new();
    let servers = place.servers(script(
        "echo \"$SET$UNSET\" >> starts; echo no token >&2; exit 3",
    ));
    let stop = CancellationToken::new();
    assert_eq!(servers.status("a"), Some(ServerStatus::NotStarted));
    assert_eq!(servers.missing_variables("a"), ["UNSET"]);
    for _ in 0..2 {
        let why = why(servers.tools("a", &stop).await.expect_err("no tools"));
        for words in [
            "it ended with exit code 3",
            "its last words:\nno token",
            "the environment variable `UNSET`, which it is to get, is not set",
        ] {
            assert!(why.contains(words), "{why}");
        }
        assert_eq!(servers.status("a"), Some(ServerStatus::Ended(why)));
    }
    for _ in 0..3 {
        let why = why(servers.tools("a", &stop).await.expect_err("no tools"));
        assert!(why.contains("not started a third time"), "{why}");
        assert!(why.contains("it ended with exit code 3"), "{why}");
    }
    let starts = || fs::read_to_string(place.folder.path().join("starts"));
    assert_eq!(starts().expect("a file"), "x\nx\n");
    assert!(servers.reset("a"));
    assert_eq!(servers.status("a"), Some(ServerStatus::NotStarted));
    let why = why(servers.tools("a", &stop).await.expect_err("no tools"));
    assert!(why.contains("exit code 3"), "{why}");
    assert_eq!(starts().expect("a file"), "x\nx\nx\n");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_ended_with_its_processes() {
    let place = Place::new();
    let server = script("echo $$ > shell; sleep 1000 & echo $! > child; wait");
    let servers = place
        .servers(server)
        .starting_within(Duration::from_secs(1));
    let stop = CancellationToken::new();
    let why = why(servers.tools("a", &stop).await.expect_err("no tools"));
    assert!(why.starts_with("it did not answer within 1 s"), "{why}");
    for name in ["shell", "child"] {
        let process = place.written(name).await;
        is_gone(process.trim()).await;
    }
}

#[tokio::test]
async fn starting_can_be_stopped() {
    let place = Place::new();
    let servers = place.servers(script("echo $$ > shell; exec sleep 1000"));
    let stop = CancellationToken::new();
    let stopping = async {
        let process = place.written("shell").await;
        stop.cancel();
        process
    };
    let (tools, process) = tokio::join!(servers.tools("a", &stop), stopping);
    assert_eq!(tools, Err(McpError::Stopped));
    is_gone(process.trim()).await;
    // It has not failed: nobody waited for it.
    assert_eq!(servers.status("a"), Some(ServerStatus::NotStarted));
}

/// Waits until a process is gone, or dead and not looked at.
async fn is_gone(process: &str) {
    let began = Instant::now();
    loop {
        let status = fs::read_to_string(format!("/proc/{process}/stat"));
        let state = status.ok().and_then(|status| {
            let (_, rest) = status.rsplit_once(") ")?;
            rest.chars().next()
        });
        if matches!(state, None | Some('Z' | 'X')) {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{process} goes on"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_and_one_that_may_not_run_are_said() {
    let place = Place::new();
    let stop = CancellationToken::new();
    let mut server = script("");
    server.transport = McpTransport::Command {
        argv: vec!["there-is-no-such-program".to_owned()],
        env: Vec::new(),
        network: false,
    };
    let servers = place.servers(server.clone());
    let why_missing = why(servers.tools("a", &stop).await.expect_err("no tools"));
    assert!(why_missing.contains("exit code 127"), "{why_missing}");
    assert!(why_missing.contains("not found"), "{why_missing}");
    let setup = McpSetup {
        programs: Arc::new(|_: &McpServer| Err("a rule forbids it".to_owned())),
        ..place.setup()
    };
    let servers = McpServers::new(vec![server], setup);
    let refused = servers.tools("a", &stop).await.expect_err("no tools");
    assert_eq!(why(refused), "a rule forbids it");
}

#[tokio::test]
async fn nothing_far_away_is_connected_to_offline_and_nothing_unknown_at_all() {
    let place = Place::new();
    let stop = CancellationToken::new();
    let mut server = script("");
    server.transport = McpTransport::Http {
        url: Url::parse("https://example.invalid/mcp").expect("an address"),
        header_env: BTreeMap::new(),
    };
    let servers = place.servers(server);
    let offline = McpError::Offline("a".to_owned());
    assert_eq!(servers.tools("a", &stop).await, Err(offline.clone()));
    let call = servers.call("a", "x", Map::new(), &Nobody, &stop).await;
    assert_eq!(call, Err(offline));
    let unknown = McpError::Unknown("b".to_owned());
    assert_eq!(servers.tools("b", &stop).await, Err(unknown.clone()));
    let call = servers.call("b", "x", Map::new(), &Nobody, &stop).await;
    assert_eq!(call, Err(unknown));
    assert_eq!(servers.status("b"), None);
    assert!(!servers.reset("b"));
    servers.end().await;
}
