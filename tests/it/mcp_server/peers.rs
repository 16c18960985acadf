//! The official SDKs and the inspector talk to the server. What they check, they check by themselves:
//! the messages of both eras, and each result against the schema of its tool.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{TOOLS, calls, shop};
use crate::support::Environment;
use crate::support::peers::{Peers, peers};

const LEGACY: &str = include_str!("peers/legacy.mjs");
const MODERN: &str = include_str!("peers/modern.mjs");
const PYTHON: &str = include_str!("peers/client.py");

/// How a peer starts the server: the command of our own tests, as data.
fn server(environment: &Environment) -> String {
    let command = environment.command(&["mcp"]);
    let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = value.map(|value| Value::from(text(value)))?;
        Some((text(name), value))
    });
    let variables: serde_json::Map<String, Value> = variables.collect();
    json!({
        "command": text(command.get_program()),
        "args": command.get_args().map(text).collect::<Vec<_>>(),
        "env": variables,
        "cwd": command.get_current_dir().map(Path::to_path_buf),
    })
    .to_string()
}

/// The calls of a peer: one of each tool, and one that fails.
fn calls_of_peers() -> String {
    let mut all: Vec<Value> = calls()
        .into_iter()
        .map(|(name, arguments)| json!({"name": name, "arguments": arguments}))
        .collect();
    all.push(json!({"name": "read_lines", "arguments": {"path": "src/none.rs"}}));
    json!(all).to_string()
}

/// What a peer printed.
#[track_caller]
fn said(mut command: Command) -> Value {
    let output = command.output().expect("the peer starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{}\n{stdout}\n{stderr}",
        output.status
    );
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"))
}

/// Demands that every call of a peer went well, but for the last one.
#[track_caller]
fn assert_results(said: &Value) {
    let results = said["results"].as_array().expect("results");
    let (wrong, right) = results.split_last().expect("results");
    assert_eq!(right.len(), TOOLS.len());
    for (result, tool) in right.iter().zip(TOOLS) {
        assert_ne!(result["isError"], true, "{tool}: {result:#}");
        assert!(
            result["structuredContent"].is_object(),
            "{tool}: {result:#}"
        );
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{tool}: {result:#}");
    }
    assert_eq!(wrong["isError"], true, "{wrong:#}");
    assert_eq!(said["unknown"]["code"], -32602, "{said:#}");
    // A progress that comes just before its result is too late for some of them.
    for error in said["errors"].as_array().into_iter().flatten() {
        assert!(error.to_string().contains("progress"), "{error}");
    }
}

/// A workspace whose index is there already.
fn indexed() -> Environment {
    let environment = shop();
    environment.index();
    environment
}

fn names(tools: &Value) -> Vec<&str> {
    let tools = tools.as_array().into_iter().flatten();
    tools.filter_map(|tool| tool["name"].as_str()).collect()
}

#[test]
fn the_typescript_sdk_of_the_older_era_talks_to_it() {
    let Some(peers) = peers() else { return };
    let environment = indexed();
    let said = said(peers.node(LEGACY, &[&server(&environment), &calls_of_peers()]));
    assert_eq!(said["server"]["name"], "ollacode");
    assert_eq!(names(&said["tools"]), TOOLS);
    assert_results(&said);
}

#[test]
fn the_typescript_sdk_of_the_newer_era_talks_to_it() {
    let Some(peers) = peers() else { return };
    let environment = indexed();
    let said = said(peers.node(MODERN, &[&server(&environment), &calls_of_peers()]));
    assert_eq!(said["version"], "2026-07-28");
    assert_eq!(said["server"]["name"], "ollacode");
    assert_eq!(said["discovered"]["cacheScope"], "public");
    assert_eq!(said["ttl"], 3_600_000);
    assert_eq!(names(&said["tools"]), TOOLS);
    assert_results(&said);
}

#[test]
fn the_python_sdk_talks_to_it_in_both_eras() {
    let Some(peers) = peers() else { return };
    let environment = indexed();
    for (mode, version) in [
        ("legacy", "2025-11-25"),
        ("auto", "2026-07-28"),
        ("2026-07-28", "2026-07-28"),
    ] {
        let arguments = [mode, &server(&environment), &calls_of_peers()];
        let said = said(peers.python_script(PYTHON, &arguments));
        assert_eq!(said["version"], version, "{mode}");
        assert_eq!(said["tools"], json!(TOOLS), "{mode}");
        assert_results(&said);
    }
}

/// The command line of the inspector, with the server behind its own arguments.
fn inspect(peers: &Peers, environment: &Environment, arguments: &[&str]) -> Command {
    let ours = environment.command(&["mcp"]);
    let mut command = Command::new("node");
    command
        .arg(peers.node_program("mcp-inspector"))
        .args(["--cli", "--format", "json", "--quiet"])
        .args(arguments)
        .arg("--cwd")
        .arg(environment.workspace());
    for (name, value) in ours.get_envs() {
        let (name, value) = (name.to_string_lossy(), value.unwrap_or_default());
        command.args(["-e", &format!("{name}={}", value.to_string_lossy())]);
    }
    command
        .arg(ours.get_program())
        .args(ours.get_args())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", environment.outside().join("home"))
        .current_dir(environment.outside());
    command
}

#[test]
fn the_inspector_finds_no_fault_in_either_era() {
    let Some(peers) = peers() else { return };
    let environment = indexed();
    for era in ["legacy", "modern"] {
        let list = ["--protocol-era", era, "--method", "tools/list", "--strict"];
        let listed = said(inspect(&peers, &environment, &list));
        assert_eq!(names(&listed["result"]["tools"]), TOOLS, "{era}");
        assert!(listed.get("schemaFindings").is_none(), "{era}: {listed:#}");
        let call = [
            "--protocol-era",
            era,
            "--method",
            "tools/call",
            "--tool-name",
            "find_symbol",
            "--tool-arg",
            "name=total_price",
        ];
        let called = said(inspect(&peers, &environment, &call));
        let found = &called["result"]["structuredContent"]["definitions"][0];
        assert_eq!(found["path"], "src/cart.rs", "{era}: {called:#}");
    }
}
