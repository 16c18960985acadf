//! `ollacode mcp install`: what it prints for each client, and what it does to files that are absent, in
//! use, commented, broken or somewhere else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::terminal::Terminal;
use crate::support::{Environment, Output, wait_until};

/// A client, its file below the folder that has home and settings, and the name of the object that servers
/// are in.
type Client = (&'static str, &'static str, &'static str);

const CLIENTS: [Client; 10] = [
    ("claude-code", "home/.claude.json", "mcpServers"),
    (
        "claude-desktop",
        "config/Claude/claude_desktop_config.json",
        "mcpServers",
    ),
    ("codex", "home/.codex/config.toml", "mcp_servers"),
    ("opencode", "config/opencode/opencode.json", "mcp"),
    ("zed", "config/zed/settings.json", "context_servers"),
    ("cursor", "home/.cursor/mcp.json", "mcpServers"),
    ("vscode", "config/Code/User/mcp.json", "servers"),
    ("gemini-cli", "home/.gemini/settings.json", "mcpServers"),
    (
        "windsurf",
        "home/.codeium/windsurf/mcp_config.json",
        "mcpServers",
    ),
    ("goose", "config/goose/config.yaml", "extensions"),
];

/// Settings of other servers, with comments, as people have them.
const COMMENTED: &str = "// mine\n{\n    /* servers */\n    \"KEY\": {\n        \"other\": { \"command\": \"x\" }, \
    // keep this\n    },\n    \"theme\": \"dark\" // for the night\n}\n// the end";
const COMMENTED_TOML: &str =
    "# mine\nmodel = \"x\" # for now\n\n[mcp_servers.other]\ncommand = 'x'\n# the end";
const COMMENTED_YAML: &str = "# mine\nGOOSE_MODEL: x\nextensions: # all\n  other: # keep this\n    enabled: true\n\
    last: |\n  # no comment\n";

/// The program, as settings name it.
fn program() -> String {
    let path = fs::canonicalize(env!("CARGO_BIN_EXE_ollacode")).expect("the program");
    path.to_str().expect("a plain path").to_owned()
}

/// The file of a client.
fn file_of(environment: &Environment, client: Client) -> PathBuf {
    environment.outside().join(client.1)
}

/// Other settings for a client, in its format.
fn commented(client: Client) -> String {
    match client.0 {
        "codex" => COMMENTED_TOML.to_owned(),
        "goose" => COMMENTED_YAML.to_owned(),
        _ => COMMENTED.replace("KEY", client.2),
    }
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn install(environment: &Environment, client: Client, more: &[&str]) -> Output {
    environment.run(&[&["mcp", "install", client.0][..], more].concat())
}

fn write(environment: &Environment, client: Client) -> Output {
    install(environment, client, &["--write", "--yes"])
}

/// The settings that are printed.
#[track_caller]
fn printed(environment: &Environment, client: Client, more: &[&str]) -> String {
    let output = install(environment, client, more).expect_success();
    let file = file_of(environment, client);
    assert!(
        output.stderr.contains(file.to_str().expect("plain")),
        "{output:#?}"
    );
    assert!(!file.exists(), "nothing is written");
    output.stdout
}

/// Demands that the bytes of a text are in another one, in their order.
#[track_caller]
fn is_kept(before: &str, after: &str) {
    let mut rest = after.bytes();
    let is_there = before.bytes().all(|byte| rest.any(|other| other == byte));
    assert!(is_there, "something is gone\n{before}\n{after}");
}

#[test]
fn each_client_gets_the_settings_that_it_reads() {
    let environment = Environment::new();
    let program = program();
    let folder = environment.workspace();
    let folder = folder.to_str().expect("plain");
    let plain = |key: &str, arguments: &str| {
        format!(
            "{{\n  \"{key}\": {{\n    \"ollacode\": {{\n      \"command\": \"{program}\",\n      \"args\": \
             [\"mcp\"{arguments}]\n    }}\n  }}\n}}\n"
        )
    };
    let here = format!(", \"--workspace\", \"{folder}\"");
    for (client, wanted) in [
        (
            "claude-code",
            plain("mcpServers", "")
                .replace("\"command\"", "\"type\": \"stdio\",\n      \"command\""),
        ),
        ("claude-desktop", plain("mcpServers", &here)),
        (
            "codex",
            format!("[mcp_servers.ollacode]\ncommand = \"{program}\"\nargs = [\"mcp\"]\n"),
        ),
        (
            "opencode",
            format!(
                "{{\n  \"mcp\": {{\n    \"ollacode\": {{\n      \"type\": \"local\",\n      \"command\": \
                 [\"{program}\", \"mcp\"],\n      \"enabled\": true\n    }}\n  }}\n}}\n"
            ),
        ),
        ("zed", plain("context_servers", "")),
        ("cursor", plain("mcpServers", &here)),
        (
            "vscode",
            plain("servers", ", \"--workspace\", \"${workspaceFolder}\"")
                .replace("\"command\"", "\"type\": \"stdio\",\n      \"command\""),
        ),
        ("gemini-cli", plain("mcpServers", "")),
        ("windsurf", plain("mcpServers", &here)),
        (
            "goose",
            format!(
                "extensions:\n  ollacode:\n    enabled: true\n    type: \"stdio\"\n    name: \"ollacode\"\n    \
                 description: \"Search in the code of this project\"\n    cmd: \"{program}\"\n    args: [\"mcp\"]\n    \
                 envs: {{}}\n    timeout: 300\n"
            ),
        ),
    ] {
        let known = CLIENTS.iter().find(|known| known.0 == client);
        let known = *known.expect("a client of this test");
        assert_eq!(printed(&environment, known, &[]), wanted, "{client}");
        let text = printed(&environment, known, &["--workspace", folder]);
        assert!(
            text.contains("--workspace") && text.contains(folder),
            "{text}"
        );
        assert!(!text.contains("workspaceFolder"), "{text}");
    }
}

#[test]
fn an_absent_file_is_made_and_not_made_again() {
    for client in CLIENTS {
        let environment = Environment::new();
        let wanted = printed(&environment, client, &[]);
        let file = file_of(&environment, client);
        let output = write(&environment, client).expect_success();
        assert!(output.stdout.contains("\"mcp\""), "a diff: {output:#?}");
        assert_eq!(text_of(&file), wanted, "{}", client.0);
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", client.0);
        let again = write(&environment, client).expect_success();
        assert_eq!(again.stdout, "", "{}", client.0);
        again.expect_words(&["has these settings already"]);
        assert_eq!(text_of(&file), wanted, "{}", client.0);
        let folder = fs::read_dir(file.parent().expect("a folder")).expect("a folder");
        let beside = folder.filter(|entry| entry.as_ref().is_ok_and(|it| it.path().is_file()));
        assert_eq!(beside.count(), 1, "{}", client.0);
    }
}

#[test]
fn what_is_in_a_file_stays_as_it_is() {
    for client in CLIENTS {
        let environment = Environment::new();
        let file = file_of(&environment, client);
        let before = commented(client);
        put(&file, &before);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("rights");
        write(&environment, client).expect_success();
        let after = text_of(&file);
        is_kept(&before, &after);
        assert!(after.contains(&program()), "{after}");
        assert!(after.len() > before.len() + program().len());
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{}", client.0);
        write(&environment, client)
            .expect_success()
            .expect_words(&["has these settings already"]);
        assert_eq!(text_of(&file), after, "{}", client.0);
    }
}

#[test]
fn a_commented_file_has_our_server_after_the_others() {
    let environment = Environment::new();
    let client = CLIENTS[4];
    let file = file_of(&environment, client);
    put(&file, &commented(client));
    write(&environment, client).expect_success();
    let ours = format!(
        "        \"other\": {{ \"command\": \"x\" }}, // keep this\n        \"ollacode\": {{\n            \
         \"command\": \"{}\",\n            \"args\": [\"mcp\"]\n        }}\n    }},\n",
        program()
    );
    let wanted = commented(client).replace(
        "        \"other\": { \"command\": \"x\" }, // keep this\n    },\n",
        &ours,
    );
    assert_eq!(text_of(&file), wanted);
}

#[test]
fn another_program_or_folder_replaces_the_one_before() {
    let environment = Environment::new();
    let client = CLIENTS[5];
    let file = file_of(&environment, client);
    put(
        &file,
        r#"{"mcpServers": {"ollacode": {"command": "/old", "args": [], "env": {"A": "b"}}, "z": {}}}"#,
    );
    write(&environment, client).expect_success();
    let folder = environment.workspace();
    let wanted = format!(
        r#"{{"mcpServers": {{"ollacode": {{"command": "{}", "args": ["mcp", "--workspace", "{}"], "env": {{"A": "b"}}}}, "z": {{}}}}}}"#,
        program(),
        folder.display()
    );
    assert_eq!(text_of(&file), wanted);
}

#[test]
fn a_broken_file_is_left_alone_and_the_settings_are_printed() {
    for client in CLIENTS {
        let environment = Environment::new();
        let wanted = printed(&environment, client, &[]);
        let file = file_of(&environment, client);
        let before = "a = 1\n{ [ \"broken\": \n";
        put(&file, before);
        let output = write(&environment, client).expect_code(1);
        assert_eq!(output.stdout, wanted, "{}", client.0);
        output.expect_words(&["nothing was written", "yourself", "line"]);
        assert_eq!(text_of(&file), before, "{}", client.0);
    }
    let environment = Environment::new();
    let file = file_of(&environment, CLIENTS[0]);
    put(
        &file,
        r#"{"mcpServers": {"ollacode": {"type": "http", "url": "http://x"}}}"#,
    );
    let output = write(&environment, CLIENTS[0]).expect_code(1);
    output.expect_words(&["has an address (`url`)", "nothing was written"]);
}

#[test]
fn without_a_yes_nothing_is_written() {
    let environment = Environment::new();
    let client = CLIENTS[2];
    let file = file_of(&environment, client);
    let output = install(&environment, client, &["--write"]).expect_code(1);
    assert!(
        output.stdout.contains("+[mcp_servers.ollacode]"),
        "{output:#?}"
    );
    output.expect_words(&["nothing was written", "`--yes`"]);
    assert!(!file.exists());
    let arguments = ["mcp", "install", client.0, "--write"];
    let terminal = Terminal::start_sized(&environment, &arguments, 40, 200);
    terminal.expect("Write this into");
    terminal.answer("n\r");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(1), "{screen}");
    assert!(!file.exists());
    let terminal = Terminal::start_sized(&environment, &arguments, 40, 200);
    terminal.expect("[y/N]");
    terminal.answer("y\r");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("was written"), "{screen}");
    wait_until("the file", || file.exists());
    // A yes to nothing is none.
    let output = install(&environment, client, &["--yes"]);
    output.expect_code(2).expect_words(&["--write"]);
}

#[test]
fn secrets_beside_the_change_are_not_shown() {
    let secret = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let environment = Environment::new();
    let client = CLIENTS[5];
    let file = file_of(&environment, client);
    let before = format!(
        "{{\n  \"mcpServers\": {{\n    \"github\": {{\n      \"command\": \"x\",\n      \"env\": \
         {{ \"GITHUB_TOKEN\": \"{secret}\" }}\n    }}\n  }}\n}}\n"
    );
    put(&file, &before);
    let output = write(&environment, client).expect_success();
    assert!(output.stdout.contains("GITHUB_TOKEN"), "{output:#?}");
    assert!(!output.stdout.contains(&secret), "{output:#?}");
    assert!(text_of(&file).contains(&secret));
}

#[test]
fn a_link_that_leads_out_is_not_followed() {
    let environment = Environment::new();
    let client = CLIENTS[5];
    let file = file_of(&environment, client);
    let outside = environment.workspace().join("theirs.json");
    put(&outside, "{}");
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    symlink(&outside, &file).expect("a link");
    let output = write(&environment, client).expect_code(1);
    output.expect_words(&["leads to", "not in your home folder"]);
    assert_eq!(text_of(&outside), "{}");
    // Dotfiles that are kept elsewhere in the home folder are edited there.
    fs::remove_file(&file).expect("deleted");
    let dotfiles = environment.outside().join("home/dotfiles/cursor.json");
    put(&dotfiles, "{}");
    symlink(&dotfiles, &file).expect("a link");
    write(&environment, client).expect_success();
    assert!(fs::symlink_metadata(&file).expect("the link").is_symlink());
    assert!(text_of(&dotfiles).contains("ollacode"));
}

#[test]
fn variables_of_the_clients_say_where_their_files_are() {
    let environment = Environment::new();
    let codex = environment.outside().join("codex");
    let environment = environment
        .with("CODEX_HOME", codex.to_str().expect("plain"))
        .with("CLAUDE_CONFIG_DIR", "relative");
    write(&environment, CLIENTS[2]).expect_success();
    assert!(text_of(&codex.join("config.toml")).contains("[mcp_servers.ollacode]"));
    // A relative one would lead into the workspace.
    write(&environment, CLIENTS[0]).expect_success();
    assert!(file_of(&environment, CLIENTS[0]).exists());
    // The second name of a file counts where it is there.
    let second = environment.outside().join("config/opencode/opencode.jsonc");
    put(&second, "{ /* mine */ }");
    write(&environment, CLIENTS[3]).expect_success();
    assert!(text_of(&second).contains("/* mine */"));
    assert!(text_of(&second).contains("\"local\""));
    assert!(!file_of(&environment, CLIENTS[3]).exists());
}

#[test]
fn an_unknown_client_is_told_those_that_are_known() {
    let environment = Environment::new();
    let names: Vec<&str> = CLIENTS.iter().map(|client| client.0).collect();
    let output = environment.run(&["mcp", "install", "emacs"]);
    output.expect_code(2).expect_words(&names);
    environment.run(&["mcp", "install"]).expect_code(2);
}

#[test]
fn the_home_folder_is_no_project_to_serve() {
    let environment = Environment::new();
    let home = environment.outside().join("home");
    let output = environment.run_in(&home, &["mcp", "install", "claude-desktop"]);
    output.expect_code(1).expect_words(&["--workspace"]);
    // This client starts the server in the folder of the project.
    environment
        .run_in(&home, &["mcp", "install", "codex"])
        .expect_success();
}

#[test]
fn what_is_written_starts_the_server() {
    let environment = Environment::new();
    let client = CLIENTS[5];
    write(&environment, client).expect_success();
    let written: Value =
        serde_json::from_str(&text_of(&file_of(&environment, client))).expect("JSON");
    let server = &written["mcpServers"]["ollacode"];
    assert_eq!(server["command"], program().as_str());
    let arguments = server["args"].as_array().expect("arguments").iter();
    let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    let start = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let output = environment.run_with_input(&arguments, format!("{start}\n").as_bytes());
    let answer: Value = serde_json::from_str(output.stdout.lines().next().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {output:#?}"));
    assert_eq!(
        answer["result"]["protocolVersion"], "2025-11-25",
        "{answer:#}"
    );
}
