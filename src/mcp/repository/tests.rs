use std::fs;

use serde_json::json;

use super::*;

fn parsed(value: &Value) -> Brought {
    Brought::parse(value.to_string().as_bytes()).expect("a file that can be read")
}

/// The one server of a file.
#[track_caller]
fn server(value: Value) -> BroughtServer {
    let mut brought = parsed(&json!({"mcpServers": {"a": value}}));
    assert_eq!(brought.refused, Vec::<(String, String)>::new());
    assert_eq!(brought.servers.len(), 1);
    brought.servers.remove(0)
}

/// Why the one server of a file is refused.
#[track_caller]
fn refused(name: &str, value: Value) -> String {
    let mut brought = parsed(&json!({"mcpServers": {name: value}}));
    assert!(brought.servers.is_empty(), "{brought:?}");
    assert_eq!(brought.refused.len(), 1);
    brought.refused.remove(0).1
}

fn values(name: &str) -> Option<String> {
    let known = [("TOKEN", "secret"), ("PORT", "80"), ("LINES", "a\nb")];
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| (*value).to_owned())
}

#[track_caller]
fn command(server: &BroughtServer) -> (Vec<String>, Vec<String>, bool) {
    match server.usable(false, &values).expect("usable").0.transport {
        McpTransport::Command { argv, env, network } => (argv, env, network),
        McpTransport::Http { .. } => panic!("it is an address"),
    }
}

#[test]
fn a_program_is_read_with_its_variables() {
    let server = server(json!({
        "command": "npx",
        "args": ["-y", "some server", "--port", "${PORT:-99}", "${HOST:-here}"],
        "env": {"TOKEN": "${TOKEN}", "LOG": "debug", "KEY": "x-${env:TOKEN}"},
        "autoApprove": ["all"],
    }));
    assert_eq!(server.name, "repo-a");
    assert_eq!(server.unused, ["autoApprove"]);
    let variables: Vec<&str> = server.variables().into_iter().collect();
    assert_eq!(variables, ["HOST", "PORT", "TOKEN"]);
    let (argv, env, network) = command(&server);
    assert_eq!(
        argv,
        [
            "env",
            "KEY=x-secret",
            "LOG=debug",
            "npx",
            "-y",
            "some server",
            "--port",
            "80",
            "here"
        ]
    );
    assert_eq!((env, network), (vec!["TOKEN".to_owned()], false));
}

#[test]
fn a_program_without_values_is_started_itself() {
    let server =
        server(json!({"type": "stdio", "command": "./serve", "env": {"TOKEN": "${TOKEN}"}}));
    assert_eq!(command(&server).0, ["./serve"]);
    let (server, values) = server.usable(true, &|_| None).expect("usable");
    assert!(values.is_empty());
    assert_eq!(server.timeout, TIMEOUT);
    assert!(matches!(
        server.transport,
        McpTransport::Command { network: true, .. }
    ));
}

#[test]
fn an_address_is_read_with_its_headers() {
    let server = server(json!({
        "type": "http",
        "url": "https://example.org/${PORT}/mcp",
        "headers": {"Authorization": "Bearer ${TOKEN}", "X-Team": "${TEAM}"},
    }));
    let (used, values) = server.usable(false, &values).expect("usable");
    let McpTransport::Http { url, header_env } = used.transport else {
        panic!("it is a program");
    };
    assert_eq!(url.as_str(), "https://example.org/80/mcp");
    let holder = ".mcp.json: Authorization of repo-a";
    let headers: Vec<(&str, &str)> = header_env
        .iter()
        .map(|(name, variable)| (name.as_str(), variable.as_str()))
        .collect();
    assert_eq!(headers, [("Authorization", holder), ("X-Team", "TEAM")]);
    assert_eq!(values.get(holder), Some(&OsString::from("Bearer secret")));
}

/// Asserts that the file of one such server says why it is refused.
#[track_caller]
fn check_refused(rows: &[(Value, &str)]) {
    for (value, why) in rows {
        let said = refused("a", value.clone());
        assert!(said.contains(why), "{value}: {said}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_and_named() {
    check_refused(&[
        (json!(1), "it must be an object"),
        (json!({}), "it has neither a `command` nor a `url`"),
        (
            json!({"command": ["a"]}),
            "its `command` must have texts only",
        ),
        (
            json!({"command": "a\u{202e}b"}),
            "characters that cannot be seen",
        ),
        (json!({"command": "a\nb"}), "characters that cannot be seen"),
        (
            json!({"command": "a", "args": "b"}),
            "its `args` must be a list",
        ),
        (
            json!({"command": "a", "args": [1]}),
            "its `args` must have texts only",
        ),
        (
            json!({"command": "a", "args": ["${X"]}),
            "has a `${` without its `}`",
        ),
        (
            json!({"command": "a", "args": ["${in:x}"]}),
            "`${in:x}`, which names no variable",
        ),
        (
            json!({"command": "a", "env": []}),
            "its `env` must be an object",
        ),
        (
            json!({"command": "a", "env": {"a=b": "c"}}),
            "`a=b` is no name of a variable",
        ),
        (
            json!({"command": "a", "env": {"LD_PRELOAD": "x"}}),
            "it must not set `LD_PRELOAD`",
        ),
        (
            json!({"command": "a", "env": {"PATH": "x"}}),
            "it must not set `PATH`",
        ),
    ]);
}

#[test]
fn addresses_that_cannot_be_used_are_refused() {
    let url = "http://localhost";
    check_refused(&[
        (
            json!({"command": "a", "url": url}),
            "it has both a `command` and a `url`",
        ),
        (
            json!({"type": "sse", "url": url}),
            "its `type` `sse` is not supported",
        ),
        (
            json!({"url": url, "headers": {"Host": "x"}}),
            "it must not set the header `Host`",
        ),
        (
            json!({"url": url, "headers": {"Mcp-A": "x"}}),
            "it must not set the header `Mcp-A`",
        ),
        (
            json!({"url": url, "headers": {"a b": "x"}}),
            "it must not set the header `a b`",
        ),
        (
            json!({"url": "http://example.org", "headers": {"A": "${TOKEN}"}}),
            "sent only over `https://` or to this machine",
        ),
        (
            json!({"url": "https://${HOST}", "headers": {"A": "${OLLACODE_TOKEN}"}}),
            "must not be given `OLLACODE_TOKEN`",
        ),
        (
            json!({"url": "ftp://example.org"}),
            "its `url` is no address",
        ),
    ]);
    let hidden = json!({"url": "${SCHEME:-http}://example.org", "headers": {"A": "${TOKEN}"}});
    let why = server(hidden).usable(false, &values);
    let why = why.expect_err("it would be sent over http");
    assert!(why.contains("only over `https://`"), "{why}");
    for url in ["http://127.0.0.1:${PORT}", "https://example.org"] {
        let given = server(json!({"url": url, "headers": {"A": "${TOKEN}"}}));
        assert!(given.usable(false, &values).is_ok(), "{url}");
    }
}

#[test]
fn what_a_server_is_given_can_be_known_again() {
    let program = json!({"command": "a", "env": {"B": "x-${TOKEN}"}, "args": ["${HOST:-here}"]});
    let (_, known) = server(program).usable(false, &values).expect("usable");
    let secret = ("TOKEN".to_owned(), OsString::from("secret"));
    assert_eq!(known, BTreeMap::from([secret]));
}

#[test]
fn names_that_cannot_be_used_are_refused() {
    for (name, why) in [
        ("é", "its name must consist of letters"),
        ("", "its name must have 1 to 27 characters"),
        (
            "abcdefghijklmnopqrstuvwxyz12",
            "its name must have 1 to 27 characters",
        ),
    ] {
        let said = refused(name, json!({"command": "a"}));
        assert!(said.contains(why), "{name}: {said}");
    }
}

#[test]
fn what_comes_out_with_values_is_checked_again() {
    let empty = |name: &str| (name == "EMPTY").then(String::new);
    for (value, why) in [
        (
            json!({"command": "${GONE}"}),
            "the variable `GONE` is not set",
        ),
        (
            json!({"command": "${EMPTY}"}),
            "its `command` is no program",
        ),
        (
            json!({"command": "${DASH:--x}"}),
            "its `command` is no program",
        ),
        (json!({"command": "a=b", "env": {"C": "d"}}), "contains `=`"),
        (json!({"url": "${EMPTY}"}), "is no address"),
    ] {
        let error = server(value.clone()).usable(false, &empty);
        let error = error.expect_err("it cannot be used");
        assert!(error.contains(why), "{value}: {error}");
    }
    let lines = server(json!({"command": "a", "args": ["${LINES}"]}));
    let error = lines.usable(false, &values).expect_err("two lines");
    assert!(error.contains("more than one line"), "{error}");
    // What has no values to fill in is checked when the file is read.
    for (url, why) in [
        ("file:///etc/passwd", "is no address"),
        ("https://a:b@example.org", "has a user"),
    ] {
        let said = refused("a", json!({ "url": url }));
        assert!(said.contains(why), "{url}: {said}");
    }
}

#[test]
fn names_are_those_of_no_server_of_the_user() {
    let brought = parsed(&json!({"mcpServers": {
        "GitHub": {"command": "a"}, "git-hub": {"command": "b"}, "git_hub": {"command": "c"},
        "my.docs": {"command": "d"}, "off": {"command": "e", "disabled": true},
    }}));
    let names: Vec<&str> = brought.servers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["repo-github", "repo-git-hub", "repo-my-docs"]);
    let taken = "another server has the name `repo-git_hub`".to_owned();
    assert_eq!(brought.refused, [("git_hub".to_owned(), taken)]);
}

#[test]
fn a_file_that_is_none_says_so() {
    for (content, why) in [
        ("".to_owned(), "is no JSON"),
        ("[]".to_owned(), "has no object `mcpServers`"),
        (
            "{\"mcpServers\": []}".to_owned(),
            "has no object `mcpServers`",
        ),
        ("[".repeat(1_000), "is no JSON"),
        (" ".repeat(MOST_BYTES + 1), "is larger than"),
    ] {
        let error = Brought::parse(content.as_bytes()).expect_err("no file of servers");
        assert!(error.contains(why), "{error}");
    }
    let many: Map<String, Value> = (0..20)
        .map(|at| (format!("s{at}"), json!({"command": "a"})))
        .collect();
    let brought = parsed(&json!({ "mcpServers": many }));
    assert_eq!(
        (brought.servers.len(), brought.refused.len()),
        (MOST_SERVERS, 4)
    );
}

#[test]
fn the_file_is_read_beneath_the_jail() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("w");
    fs::create_dir(&root).expect("a folder");
    let jail = Jail::open(&root).expect("a jail");
    assert_eq!(Brought::read(&jail), Ok(None));
    let content = json!({"mcpServers": {"a": {"command": "b"}}}).to_string();
    fs::write(root.join(FILE), &content).expect("a file");
    let brought = Brought::read(&jail).expect("a file").expect("servers");
    assert_eq!(brought.content, content.as_bytes());
    #[cfg(unix)]
    {
        fs::remove_file(root.join(FILE)).expect("removed");
        fs::write(folder.path().join("outside.json"), content).expect("a file");
        std::os::unix::fs::symlink("../outside.json", root.join(FILE)).expect("a link");
        let error = Brought::read(&jail).expect_err("it leads out");
        assert!(error.contains("cannot be read"), "{error}");
    }
}
