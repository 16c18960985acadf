//! What never goes out: secrets, what rules hide, what is outside, and anything that is no message.

use std::fs;

use serde_json::{Value, json};

use super::client::Client;
use super::{calls, fill, shop};
use crate::support::Environment;

const CANARY: &str = "marmalade-kettle-42";

/// Everything that a server said.
fn all(client: &Client) -> String {
    client
        .seen
        .iter()
        .map(Value::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn no_tool_shows_a_secret() {
    let environment = shop();
    let key = format!("AKIA{}", "Q3EGHVFH7TXUBM5K");
    environment.write(".env", format!("DB_PASSWORD={CANARY}\n"));
    environment.write(
        "src/config.rs",
        format!("pub const PASSWORD: &str = \"{CANARY}\";\npub const AWS_KEY: &str = \"{key}\";\npub fn connect() {{}}\n"),
    );
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for query in [CANARY, &key, "PASSWORD", "connect to the database"] {
        client.call("search_codebase", &json!({"query": query}));
    }
    for name in ["PASSWORD", "AWS_KEY", "connect", "marmalade"] {
        client.call("find_symbol", &json!({"name": name}));
        client.call("find_references", &json!({"name": name}));
    }
    let (text, data) = client.found("read_lines", &json!({"path": "src/config.rs"}));
    assert!(text.contains("[redacted: "), "{text}");
    assert!(
        data["text"]
            .as_str()
            .is_some_and(|text| text.contains("[redacted: ")),
        "{data:#}"
    );
    client.call("outline", &json!({"path": "src/config.rs"}));
    client.call("map", &json!({"path": "src/config.rs"}));
    for tool in ["read_lines", "outline"] {
        let why = client.failed(tool, &json!({"path": ".env"}));
        assert!(why.contains("`.env` may hold secrets"), "{why}");
    }
    // Of what was asked for, the client knows already.
    let said = client.seen.iter().map(|message| {
        let mut message = message.clone();
        if let Some(data) = message["result"]["structuredContent"].as_object_mut() {
            data.remove("query");
        }
        message.to_string()
    });
    for line in said {
        assert!(!line.contains(&key), "{line}");
        assert!(!line.contains(CANARY), "{line}");
    }
}

#[test]
fn what_rules_hide_is_nowhere() {
    let environment = shop();
    fs::create_dir_all(environment.outside().join("config/ollacode")).expect("a folder");
    fs::write(
        environment.outside().join("config/ollacode/config.toml"),
        "[[deny]]\nread = 'deep/**'\n\n[[ask]]\nread = 'odd/**'\n",
    )
    .expect("rules");
    environment.write(
        "deep/plan.rs",
        "pub fn hidden_plan() {\n    total_price();\n}\n",
    );
    environment.write("odd/idea.rs", "pub fn odd_idea() {}\n");
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for (tool, arguments) in calls() {
        client.call(tool, &arguments);
    }
    for name in ["hidden_plan", "total_price"] {
        client.call("search_codebase", &json!({"query": name}));
        client.call("find_symbol", &json!({"name": name}));
        client.call("find_references", &json!({"name": name}));
    }
    let said = all(&client);
    assert!(!said.contains("deep/plan.rs"), "{said}");
    assert!(!said.contains("pub fn hidden_plan"), "{said}");
    for tool in ["read_lines", "outline"] {
        let why = client.failed(tool, &json!({"path": "deep/plan.rs"}));
        assert!(
            why.starts_with("denied: the rule ") && why.ends_with(" forbids it"),
            "{why}"
        );
        let why = client.failed(tool, &json!({"path": "odd/idea.rs"}));
        assert!(why.contains("nobody can be asked here"), "{why}");
    }
}

#[test]
fn nothing_outside_is_read_whatever_a_rule_allows() {
    let environment = shop();
    fs::create_dir_all(environment.outside().join("config/ollacode")).expect("a folder");
    fs::write(
        environment.outside().join("config/ollacode/config.toml"),
        "[[allow]]\nread = '/usr/**'\n",
    )
    .expect("rules");
    fs::write(
        environment.outside().join("outside.rs"),
        "fn outside() {}\n",
    )
    .expect("a file");
    std::os::unix::fs::symlink("../outside.rs", environment.workspace().join("link.rs"))
        .expect("a link");
    let mut client = Client::greeted(&environment);
    for path in [
        "../outside.rs",
        "link.rs",
        "/etc/passwd",
        "/usr/bin/env",
        "src/../../outside.rs",
    ] {
        for tool in ["read_lines", "outline"] {
            let why = client.failed(tool, &json!({"path": path}));
            assert!(!why.contains("fn outside"), "{path}: {why}");
        }
    }
    // The full path of a file inside is another name of it.
    let full = environment.workspace().join("src/cart.rs");
    let (text, _) = client.found("read_lines", &json!({"path": full}));
    assert!(text.starts_with("src/cart.rs, lines 1-10 of 10:"), "{text}");
}

#[test]
fn each_of_several_workspaces_is_named() {
    let environment = shop();
    let other = environment.outside().join("other/workspace");
    fs::create_dir_all(other.join("src")).expect("a folder");
    fs::write(other.join("src/badger.rs"), "pub fn count_badgers() {}\n").expect("a file");
    let shop_folder = environment.workspace().display().to_string();
    let other = other.display().to_string();
    let folders = [
        "--workspace",
        &shop_folder,
        "--workspace",
        &other,
        "--workspace",
        &shop_folder,
    ];
    let arguments = [&["mcp"][..], &folders[..]].concat();
    let mut client = Client::run(&environment, environment.command(&arguments));
    let greeting = client.greet(super::client::OLDER);
    let instructions = greeting["instructions"].as_str().expect("instructions");
    assert!(
        instructions.ends_with("The workspaces are `workspace`, `workspace-2`."),
        "{instructions}"
    );
    client.wait_for_the_index();
    let schemas = super::output_schemas(&mut client);
    let why = client.failed("search_codebase", &json!({"query": "count_badgers"}));
    assert!(why.contains("needs the argument `workspace`"), "{why}");
    let why = client.failed("map", &json!({"workspace": "none"}));
    assert!(
        why.contains("there are `workspace`, `workspace-2`"),
        "{why}"
    );
    for (tool, mut arguments) in calls().into_iter().take(7) {
        arguments["workspace"] = json!("workspace");
        let (text, data) = client.found(tool, &arguments);
        assert!(
            text.starts_with("Workspace `workspace`.\n"),
            "{tool}: {text}"
        );
        assert_eq!(data["workspace"], "workspace", "{tool}");
        let faults = super::schema::faults(&schemas[tool], &data);
        assert!(faults.is_empty(), "{tool}: {faults:?}");
    }
    let there = json!({"query": "count_badgers", "workspace": "workspace-2"});
    let (_, data) = client.found("search_codebase", &there);
    assert_eq!(data["hits"][0]["path"], "src/badger.rs");
    assert_eq!(data["hits"][0]["workspace"], "workspace-2");
    let path = json!({"path": "src/badger.rs", "workspace": "workspace"});
    client.failed("read_lines", &path);
    let (_, data) = client.found("index_status", &json!({"workspace": "workspace-2"}));
    assert_eq!(data["workspaces"][0]["files"], 1);
}

#[test]
fn a_folder_that_is_none_ends_the_program_with_words() {
    let environment = shop();
    let arguments = ["mcp", "--workspace", ".", "--workspace", "none"];
    environment
        .run(&arguments)
        .expect_words(&["cannot open the workspace none"]);
}

#[test]
fn the_home_folder_is_refused_in_answers() {
    let environment = Environment::new();
    let home = environment.outside().join("home");
    fs::write(home.join("diary.md"), "# Diary\n").expect("a file");
    let mut command = environment.command(&["mcp"]);
    command.current_dir(&home);
    let mut client = Client::run(&environment, command);
    client.greet(super::client::OLDER);
    for (tool, arguments) in [
        ("search_codebase", json!({"query": "diary"})),
        ("find_references", json!({"name": "Diary"})),
        ("read_lines", json!({"path": "diary.md"})),
        ("map", json!({})),
    ] {
        let why = client.failed(tool, &arguments);
        assert!(why.contains("`--workspace`"), "{tool}: {why}");
    }
    let (text, data) = client.found("index_status", &json!({}));
    assert!(text.contains("`--workspace`"), "{text}");
    assert_eq!(data["workspaces"][0]["index_complete"], false);
    let ended = client.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(environment.index_folders().is_empty());
}

#[test]
fn stdout_has_messages_only_whatever_is_logged() {
    let environment = shop().with("OLLACODE_LOG", "trace");
    // Something to warn of.
    environment.write(".ollacode/config.toml", "sandbox = 'off'\n");
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for (tool, arguments) in calls() {
        client.found(tool, &arguments);
    }
    client.write(&json!("no request"));
    let ended = client.end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("TRACE"), "nothing was logged");
    assert!(
        ended.stderr.contains("a repository cannot set"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_list_of_tools_is_the_same_every_time() {
    let environment = Environment::new();
    fill(&environment);
    let lists: Vec<Value> = (0..2)
        .map(|_| Client::greeted(&environment).request("tools/list", json!({}))["result"].clone())
        .collect();
    assert_eq!(lists[0], lists[1]);
    for tool in lists[0]["tools"].as_array().expect("tools") {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool:#}");
        assert_eq!(tool["annotations"]["destructiveHint"], false);
        assert_eq!(tool["annotations"]["openWorldHint"], false);
        assert_eq!(tool["inputSchema"]["type"], "object");
        assert_eq!(tool["outputSchema"]["type"], "object");
    }
}
