//! The clients of the official SDKs and the inspector, in both eras.

use std::process::Command;

use serde_json::Value;

use super::served::{MODERN, NOTES, Served};
use crate::support::peers::{Peers, peers};

/// What a client of the legacy era asks for.
const LEGACY: &str = "2025-11-25";

const TYPESCRIPT: &str = r#"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
const [url, token, mode] = process.argv.slice(1);
const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
const requestInit = { headers: { Authorization: `Bearer ${token}` } };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
const { tools } = await client.listTools();
const result = await client.callTool({ name: "read_lines", arguments: { path: "notes.txt" } });
const version = client.getNegotiatedProtocolVersion();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), result, version }));
await client.close();
"#;

const FIRST_TYPESCRIPT: &str = r#"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
const [url, token] = process.argv.slice(1);
const client = new Client({ name: "test", version: "1" });
const requestInit = { headers: { Authorization: `Bearer ${token}` } };
const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
await client.connect(transport);
const { tools } = await client.listTools();
const result = await client.callTool({ name: "read_lines", arguments: { path: "notes.txt" } });
const version = transport.protocolVersion;
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), result, version }));
await client.close();
"#;

const PYTHON: &str = r#"
import asyncio, json, sys
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

url, token, mode = sys.argv[1:]

async def main():
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            tools = (await client.list_tools()).tools
            result = await client.call_tool("read_lines", {"path": "notes.txt"})
            print(json.dumps({
                "tools": [tool.name for tool in tools],
                "result": result.model_dump(mode="json", by_alias=True),
                "version": client.protocol_version,
            }))

asyncio.run(main())
"#;

/// The packages of others, and a server for them; `None` if there are none.
fn served() -> Option<(Peers, Served)> {
    Some((peers()?, Served::start()))
}

/// Runs a client to its end, and reads what it prints.
#[track_caller]
fn printed(mut client: Command) -> Value {
    let output = client.output().expect("the client starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Demands that a client has seen the tools, and read a file.
#[track_caller]
fn has_read(client: Command, version: &str) {
    let seen = printed(client);
    assert_eq!(seen["version"], version, "{seen:#}");
    let tools = seen["tools"].to_string();
    for tool in ["\"search_codebase\"", "\"read_lines\"", "\"index_status\""] {
        assert!(tools.contains(tool), "{tool} is not in {tools}");
    }
    let text = seen["result"]["content"][0]["text"].to_string();
    assert!(text.contains(NOTES.trim()), "{seen:#}");
    assert_ne!(seen["result"]["isError"], true, "{seen:#}");
}

#[test]
fn the_typescript_sdk_talks_in_both_eras() {
    let Some((peers, served)) = served() else {
        return;
    };
    let (url, token) = (served.url(), served.token.as_str());
    has_read(peers.node(TYPESCRIPT, &[&url, token, "auto"]), MODERN);
    has_read(peers.node(TYPESCRIPT, &[&url, token, "legacy"]), LEGACY);
    has_read(peers.node(FIRST_TYPESCRIPT, &[&url, token]), LEGACY);
    let refused = peers.node(FIRST_TYPESCRIPT, &[&url, "wrong"]).output();
    let refused = refused.expect("the client starts");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("the token is missing or wrong"), "{said}");
}

#[test]
fn the_python_sdk_talks_in_both_eras() {
    let Some((peers, served)) = served() else {
        return;
    };
    let (url, token) = (served.url(), served.token.as_str());
    has_read(peers.python_script(PYTHON, &[&url, token, "auto"]), MODERN);
    has_read(
        peers.python_script(PYTHON, &[&url, token, "legacy"]),
        LEGACY,
    );
}

#[test]
fn the_inspector_finds_nothing_wrong_with_the_tools() {
    let Some((peers, served)) = served() else {
        return;
    };
    let bearer = format!("Authorization: Bearer {}", served.token);
    let inspect = |arguments: &[&str]| {
        let mut command = Command::new("node");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", served.environment.outside().join("home"))
            .arg(peers.node_program("mcp-inspector"))
            .args(["--cli", &served.url(), "--transport", "http"])
            .args(["--header", &bearer])
            .args(arguments);
        printed(command)
    };
    let listed = inspect(&["--method", "tools/list", "--strict"]);
    assert!(
        listed["tools"]
            .as_array()
            .is_some_and(|tools| tools.len() >= 8)
    );
    let call = [
        "--method",
        "tools/call",
        "--tool-name",
        "read_lines",
        "--tool-arg",
        "path=notes.txt",
    ];
    let read = inspect(&call)["content"][0]["text"].to_string();
    assert!(read.contains(NOTES.trim()), "{read}");
}
