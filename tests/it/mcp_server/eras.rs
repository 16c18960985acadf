//! Both eras of the protocol, line by line.

use serde_json::{Value, json};

use super::client::{Client, NEWER, OLDER, text_of};
use super::{TOOLS, calls, output_schemas, shop};

/// The versions of the older era.
const OLDER_VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", OLDER];

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

#[test]
fn every_version_of_the_older_era_is_spoken() {
    let environment = shop();
    for version in OLDER_VERSIONS {
        let mut client = Client::start(&environment);
        let greeting = client.greet(version);
        assert_eq!(greeting["protocolVersion"], version);
        assert_eq!(greeting["serverInfo"]["name"], "ollacode");
        assert_eq!(greeting["capabilities"], json!({"tools": {}}));
        let instructions = greeting["instructions"].as_str().expect("instructions");
        assert!(
            instructions.split_whitespace().count() <= 120,
            "{instructions}"
        );
        assert!(instructions.contains("grep"), "{instructions}");
        assert_eq!(client.request("ping", json!({}))["result"], json!({}));
        let listed = client.request("tools/list", json!({}))["result"].clone();
        assert_eq!(names(&listed), TOOLS);
        for field in ["resultType", "ttlMs", "cacheScope", "_meta"] {
            assert!(listed.get(field).is_none(), "{field} in {version}");
        }
        let result = client.call("outline", &json!({"path": "src/cart.rs"}));
        assert!(result.get("resultType").is_none(), "{result:#}");
        assert!(
            text_of(&result).contains("pub fn total_price"),
            "{result:#}"
        );
        let ended = client.end();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(ended.rest, Vec::<Value>::new());
    }
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["tools"].as_array().expect("tools");
    tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect()
}

#[test]
fn a_version_that_is_not_known_is_answered_with_the_newest_of_the_era() {
    let environment = shop();
    for version in ["1999-01-01", "2099-01-01", NEWER, ""] {
        let mut client = Client::start(&environment);
        let greeting = client.greet(version);
        assert_eq!(greeting["protocolVersion"], OLDER, "{version}");
        // What was agreed on is what is spoken.
        let listed = client.request("tools/list", json!({}));
        assert!(listed["result"].get("resultType").is_none(), "{listed:#}");
        assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    }
}

#[test]
fn the_newer_era_needs_no_greeting() {
    let environment = shop();
    let mut client = Client::start(&environment);
    let listed = client.modern("tools/list", json!({}))["result"].clone();
    assert_eq!(names(&listed), TOOLS);
    assert_eq!(listed["resultType"], "complete");
    assert_eq!(listed["ttlMs"], 3_600_000);
    assert_eq!(listed["cacheScope"], "public");
    assert_eq!(listed["_meta"][SERVER_INFO]["name"], "ollacode");
    let found = client.modern("server/discover", json!({}))["result"].clone();
    let mut versions: Vec<&str> = OLDER_VERSIONS.to_vec();
    versions.push(NEWER);
    assert_eq!(found["supportedVersions"], json!(versions));
    assert_eq!(found["resultType"], "complete");
    assert_eq!(found["capabilities"], json!({"tools": {}}));
    assert_eq!(found["ttlMs"], 3_600_000);
    assert_eq!(found["cacheScope"], "public");
    assert_eq!(found["_meta"][SERVER_INFO]["name"], "ollacode");
    assert!(found["instructions"].is_string(), "{found:#}");
    let call = json!({"name": "outline", "arguments": {"path": "src/cart.rs"}});
    let result = client.modern("tools/call", call)["result"].clone();
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["isError"], false);
    assert_eq!(result["_meta"][SERVER_INFO]["name"], "ollacode");
    let ping = client.modern("ping", json!({}));
    assert_eq!(ping["error"]["code"], -32601, "{ping:#}");
}

#[test]
fn requests_of_the_newer_era_are_checked() {
    let environment = shop();
    let mut client = Client::start(&environment);
    let meta = |version: &str| {
        json!({"_meta": {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }})
    };
    let unknown = client.request("tools/list", meta("2099-01-01"));
    assert_eq!(unknown["error"]["code"], -32022, "{unknown:#}");
    assert_eq!(unknown["error"]["data"]["requested"], "2099-01-01");
    let supported = unknown["error"]["data"]["supported"].as_array();
    assert!(
        supported.is_some_and(|all| all.contains(&json!(NEWER))),
        "{unknown:#}"
    );
    let lacking = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": NEWER}});
    let lacking = client.request("tools/list", lacking);
    assert_eq!(lacking["error"]["code"], -32602, "{lacking:#}");
    let well = client.request("tools/list", meta(NEWER));
    assert_eq!(names(&well["result"]), TOOLS);
}

#[test]
fn a_client_that_asked_first_may_still_greet() {
    let environment = shop();
    let mut client = Client::start(&environment);
    let found = client.modern("server/discover", json!({}));
    assert!(found["result"].is_object(), "{found:#}");
    let bare = client.request("server/discover", json!({}));
    assert!(bare["error"]["code"].is_i64(), "{bare:#}");
    assert_eq!(client.greet(OLDER)["protocolVersion"], OLDER);
    let listed = client.request("tools/list", json!({}));
    assert_eq!(names(&listed["result"]), TOOLS);
}

#[test]
fn what_is_not_offered_is_an_error_of_the_protocol() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    for (method, params, code, words) in [
        (
            "tools/call",
            json!({"name": "run_command", "arguments": {}}),
            -32602,
            "no tool `run_command`",
        ),
        ("tools/call", json!({"name": ""}), -32602, "no tool ``"),
        ("tools/call", json!({"arguments": {}}), -32602, "not valid"),
        ("tools/call", json!({"name": 7}), -32602, "not valid"),
        (
            "tools/call",
            json!({"name": "outline", "arguments": [1]}),
            -32602,
            "not valid",
        ),
        ("tools/list", json!({"cursor": "2"}), -32602, "cursor"),
        ("initialize", json!({}), -32602, "not valid"),
        ("prompts/list", json!({}), -32601, "prompts/list"),
        ("resources/list", json!({}), -32601, "resources/list"),
        (
            "logging/setLevel",
            json!({"level": "debug"}),
            -32601,
            "logging/setLevel",
        ),
        (
            "no/such/method",
            json!({}),
            -32601,
            "no method `no/such/method`",
        ),
    ] {
        let answer = client.request(method, params);
        assert_eq!(answer["error"]["code"], code, "{method}: {answer:#}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{method}: {message}");
    }
}

#[test]
fn wrong_arguments_are_said_to_the_model() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for (tool, arguments, words) in [
        ("search_codebase", json!({}), "needs the argument `query`"),
        ("search_codebase", json!({"query": " "}), "`query` is empty"),
        (
            "search_codebase",
            json!({"query": "a", "depth": 3}),
            "has no argument `depth`",
        ),
        (
            "search_codebase",
            json!({"query": {"a": 1}}),
            "must be a string",
        ),
        (
            "search_codebase",
            json!({"query": "a", "language": "klingon"}),
            "known languages: ",
        ),
        (
            "search_codebase",
            json!({"query": "a", "path": "a[b"}),
            "not a valid glob",
        ),
        ("find_symbol", json!({"name": "()"}), "one name"),
        (
            "read_lines",
            json!({"path": "src/cart.rs", "start_line": 99}),
            "has only 10 lines",
        ),
        (
            "read_lines",
            json!({"path": "src/crat.rs"}),
            "similar paths: `src/cart.rs`",
        ),
        ("read_lines", json!({"path": "src"}), "is a folder; grep"),
        ("outline", json!({"path": 7}), "does not exist"),
        (
            "related_files",
            json!({"path": "src/none.rs"}),
            "no indexed file is called",
        ),
        (
            "map",
            json!({"path": "src/none.rs"}),
            "no indexed file is called",
        ),
        (
            "index_status",
            json!({"deep": true}),
            "has no argument `deep`",
        ),
    ] {
        let said = client.failed(tool, &arguments);
        assert!(said.contains(words), "{tool} {arguments}: {said}");
        for ours in ["read_file", "grep_search", "list_directory", "search_files"] {
            assert!(!said.contains(ours), "{tool} {arguments}: {said}");
        }
    }
}

#[test]
fn every_result_has_the_form_that_its_tool_declares() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    let schemas = output_schemas(&mut client);
    assert_eq!(schemas.len(), TOOLS.len());
    client.wait_for_the_index();
    let more = [
        ("search_codebase", json!({"query": "quux_nowhere_at_all"})),
        (
            "search_codebase",
            json!({"query": "cart", "path": "none/", "language": "python"}),
        ),
        ("find_symbol", json!({"name": "quux_nowhere_at_all"})),
        ("find_symbol", json!({"name": "prices"})),
        ("find_references", json!({"name": "quux_nowhere_at_all"})),
        ("outline", json!({"path": "README.md"})),
        ("read_lines", json!({"path": "README.md"})),
        ("map", json!({"path": "src"})),
    ];
    for (tool, arguments) in calls().into_iter().chain(more) {
        let (text, data) = client.found(tool, &arguments);
        assert!(!text.is_empty() && text.len() <= 8_192, "{tool}: {text}");
        let faults = super::schema::faults(&schemas[tool], &data);
        assert!(
            faults.is_empty(),
            "{tool} {arguments}: {faults:#?}\n{data:#}"
        );
    }
}
