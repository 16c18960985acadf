use super::super::file::parse_user;
use super::*;

#[track_caller]
fn parsed(text: &str) -> (Vec<McpServer>, Vec<String>) {
    let (user, problems) = parse_user(text, &"config.toml", None);
    let problems = problems.into_iter();
    let said = problems.map(|problem| format!("{}: {}", problem.line, problem.what));
    (user.servers, said.collect())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn servers_are_read() {
    let (servers, problems) = parsed(
        "[mcp.files]\ncommand = [\"npx\", \"-y\", \"some server\"]\n\n[mcp.git-hub_2]\ncommand = \
         ['github-mcp']\nenv = ['GITHUB_TOKEN', '_x']\nnetwork = true\nexpose = ['search', \
         'a.b/c-d_e']\ntimeout = 3600\n\n[mcp.docs]\nurl = \"https://example.org/mcp?a=b\"\n\
         header_env = { Authorization = \"DOCS_AUTH\", X-Team = 'TEAM' }\ntimeout = 1\n\n\
         [mcp.here]\nurl = 'http://127.0.0.1:8000/mcp'\nheader_env = { A = 'B' }\n",
    );
    assert_eq!(problems, Vec::<String>::new());
    let header = |name: &str, variable: &str| (name.to_owned(), variable.to_owned());
    let program = |name: &str, argv: &[&str]| McpServer {
        name: name.to_owned(),
        transport: McpTransport::Command {
            argv: owned(argv),
            env: Vec::new(),
            network: false,
        },
        expose: Vec::new(),
        timeout: Duration::from_secs(60),
    };
    let expected = [
        program("files", &["npx", "-y", "some server"]),
        McpServer {
            transport: McpTransport::Command {
                argv: owned(&["github-mcp"]),
                env: owned(&["GITHUB_TOKEN", "_x"]),
                network: true,
            },
            expose: owned(&["search", "a.b/c-d_e"]),
            timeout: Duration::from_secs(3600),
            ..program("git-hub_2", &[])
        },
        McpServer {
            transport: McpTransport::Http {
                url: Url::parse("https://example.org/mcp?a=b").expect("an address"),
                header_env: BTreeMap::from([
                    header("Authorization", "DOCS_AUTH"),
                    header("X-Team", "TEAM"),
                ]),
            },
            timeout: Duration::from_secs(1),
            ..program("docs", &[])
        },
        McpServer {
            transport: McpTransport::Http {
                url: Url::parse("http://127.0.0.1:8000/mcp").expect("an address"),
                header_env: BTreeMap::from([header("A", "B")]),
            },
            ..program("here", &[])
        },
    ];
    let named = |name: &str| servers.iter().find(|server| server.name == name);
    for server in &expected {
        assert_eq!(named(&server.name), Some(server));
    }
    assert_eq!(servers.len(), expected.len());
    assert_eq!(
        named("git-hub_2").map(McpServer::variables),
        Some(vec!["GITHUB_TOKEN", "_x"])
    );
    assert_eq!(
        named("docs").map(McpServer::variables),
        Some(vec!["DOCS_AUTH", "TEAM"])
    );
    let locals = ["files", "docs", "here"].map(|name| named(name).map(McpServer::is_local));
    assert_eq!(locals, [Some(true), Some(false), Some(true)]);
    assert_eq!(parsed(""), (Vec::new(), Vec::new()));
}

/// What is wrong, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    ("mcp = 1", "1: servers are tables with a name"),
    ("[[mcp]]\ncommand = ['a']", "servers are tables with a name"),
    (
        "[mcp]\ncommand = ['a']",
        "2: servers are tables with a name",
    ),
    ("[mcp.A]\ncommand = ['a']", "1: `A` is no name of a server"),
    ("[mcp.'']\ncommand = ['a']", "1: `` is no name of a server"),
    (
        "[mcp.'a.b']\ncommand = ['a']",
        "`a.b` is no name of a server",
    ),
    ("[mcp.'é']\ncommand = ['a']", "is no name of a server"),
    (
        "[mcp.aaaaaaaaaabbbbbbbbbbccccccccccddd]\ncommand = ['a']",
        "is no name of a server",
    ),
    ("[mcp.a]\n", "1: `[mcp.a]` needs `command = [\"…\"]`"),
    ("[mcp.a]\ntimeout = 5", "1: `[mcp.a]` needs `command"),
    (
        "[mcp.a]\ncommand = 'npx x'",
        "2: `command` must be a list of words",
    ),
    (
        "[mcp.a]\ncommand = []",
        "2: `command` must be a list of words",
    ),
    (
        "[mcp.a]\ncommand = ['a', 1]",
        "2: `command` must be a list of words",
    ),
    (
        "[mcp.a]\ncommand = ['']",
        "2: the first word of `command` must be a program",
    ),
    (
        "[mcp.a]\ncommand = ['-c', 'x']",
        "2: the first word of `command` must be a program",
    ),
    (
        "[mcp.a]\ncommand = ['a', \"b\\nc\"]",
        "no line breaks or hidden characters",
    ),
    (
        "[mcp.a]\ncommand = ['a', \"b\\u0000\"]",
        "no line breaks or hidden characters",
    ),
    (
        "[mcp.a]\ncommand = ['a', \"b\\u202e\"]",
        "no line breaks or hidden characters",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = 'X'",
        "3: `env` must be a list of names",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = [1]",
        "3: `env` must be a list of names",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['A=b']",
        "3: `A=b` is no name of an environment variable",
    ),
    ("[mcp.a]\ncommand = ['a']\nenv = ['1A']", "`1A` is no name"),
    ("[mcp.a]\ncommand = ['a']\nenv = ['']", "`` is no name"),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['A', 'A']",
        "3: `A` is named twice",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['LD_PRELOAD']",
        "`LD_PRELOAD` cannot be handed on: it makes programs run other code",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['DYLD_INSERT_LIBRARIES']",
        "it makes programs run other code",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['BASH_ENV']",
        "it makes programs run other code",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['PATH']",
        "`PATH` cannot be handed on: the sandbox sets it",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenv = ['OLLACODE_DATA_DIR']",
        "it belongs to ollacode",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nnetwork = 'yes'",
        "3: `network` must be true or false",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nurl = 'http://x'",
        "3: a server has either a `command` or a `url`",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nheader_env = { A = 'B' }",
        "3: `header_env` belongs to servers with a `url`",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nenv = ['A']",
        "3: `env` belongs to servers that a `command` starts",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nnetwork = true",
        "3: `network` belongs to servers that a `command` starts",
    ),
    ("[mcp.a]\nurl = 1", "2: `url` must be an address"),
    ("[mcp.a]\nurl = 'x/mcp'", "2: `url` must be an address"),
    (
        "[mcp.a]\nurl = 'file:///etc/passwd'",
        "2: `url` must be an address",
    ),
    ("[mcp.a]\nurl = 'ws://x'", "2: `url` must be an address"),
    (
        "[mcp.a]\nurl = 'https://me:pass@x'",
        "2: `url` must not have a user name or password",
    ),
    (
        "[mcp.a]\nurl = 'https://me@x'",
        "2: `url` must not have a user name or password",
    ),
    (
        "[mcp.a]\nurl = 'https://x/#a'",
        "2: `url` must not have a `#` part",
    ),
    (
        "[mcp.a]\nurl = 'http://x'\nheader_env = { A = 'B' }",
        "2: headers of `header_env` are sent only over `https://`",
    ),
    (
        "[mcp.a]\nurl = 'http://localhost.example.org'\nheader_env = { A = 'B' }",
        "are sent only over",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = 'A'",
        "3: `header_env` must be a table",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { A = 1 }",
        "3: `header_env` must be a table",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { 'a b' = 'B' }",
        "3: `a b` is no name of a header",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { Host = 'B' }",
        "the header `Host` is set by the connection",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { Transfer-Encoding = 'B' }",
        "is set by the connection",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { Mcp-Session-Id = 'B' }",
        "is set by the connection",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { A = 'B', a = 'C' }",
        "`a` is named twice",
    ),
    (
        "[mcp.a]\nurl = 'https://x'\nheader_env = { A = 'Bearer x' }",
        "`Bearer x` is no name of an environment variable",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nexpose = 'x'",
        "3: `expose` must be a list of tools",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nexpose = ['x y']",
        "3: `x y` is no name of a tool",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nexpose = ['x', 'x']",
        "3: `x` is named twice",
    ),
    (
        "[mcp.a]\ncommand = ['a']\ntimeout = 0",
        "3: `timeout` must be a number of seconds from 1 to 3600",
    ),
    (
        "[mcp.a]\ncommand = ['a']\ntimeout = 3601",
        "3: `timeout` must be",
    ),
    (
        "[mcp.a]\ncommand = ['a']\ntimeout = -1",
        "3: `timeout` must be",
    ),
    (
        "[mcp.a]\ncommand = ['a']\ntimeout = 1.5",
        "3: `timeout` must be",
    ),
    (
        "[mcp.a]\ncommand = ['a']\ntimeout = '60'",
        "3: `timeout` must be",
    ),
    (
        "[mcp.a]\ncomand = ['a']",
        "2: there is no key `comand`; did you mean `command`?",
    ),
    (
        "[mcp.a]\ncommand = ['a']\nenvironment = 1",
        "3: there is no key `environment`",
    ),
];

/// Every mistake is said once, with its line, and its server is left out.
#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, expected) in MISTAKES {
        let (servers, problems) = parsed(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{text}: {problems:?}");
        assert_eq!(servers, Vec::new(), "{text}");
    }
}

#[test]
fn names_that_look_alike_are_refused() {
    let (servers, problems) =
        parsed("[mcp.my-server]\ncommand = ['a']\n[mcp.my_server]\ncommand = ['b']\n");
    assert_eq!(servers.len(), 1);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains("differ only in `-` and `_`"),
        "{problems:?}"
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let table = |number: usize| format!("[mcp.s{number}]\ncommand = ['a']\n");
    let tables: String = (0..MOST_SERVERS).map(table).collect();
    let (servers, problems) = parsed(&tables);
    assert_eq!((servers.len(), problems.len()), (MOST_SERVERS, 0));
    let (servers, problems) = parsed(&format!("{tables}{}", table(MOST_SERVERS)));
    assert_eq!((servers.len(), problems.len()), (MOST_SERVERS, 1));
    assert!(problems[0].contains("more than 32 servers"), "{problems:?}");
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("'A{number}'")).collect();
        names.join(", ")
    };
    for (text, expected) in [
        (
            format!("command = [{}]", many(65)),
            "has more than 64 words",
        ),
        (
            format!("command = ['a', '{}']", "b".repeat(4_001)),
            "at most 4000 bytes",
        ),
        (
            format!("command = ['a']\nenv = [{}]", many(33)),
            "at most 32 can be named",
        ),
        (
            format!("command = ['a']\nexpose = [{}]", many(33)),
            "at most 32 can be named",
        ),
        (
            format!("command = ['a']\nenv = ['{}']", "A".repeat(129)),
            "is no name of an environment variable",
        ),
    ] {
        let (_, problems) = parsed(&format!("[mcp.a]\n{text}\n"));
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{text}: {problems:?}");
    }
}

/// A mistake in one table leaves the others as they are.
#[test]
fn every_mistake_is_said() {
    let (servers, problems) = parsed(
        "[mcp.a]\ncommand = 1\ntimeout = 0\n\n[mcp.b]\ncommand = ['b']\n\n[mcp.c]\nurl = 'x'\n",
    );
    let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["b"]);
    let lines: Vec<&str> = problems
        .iter()
        .filter_map(|problem| Some(problem.split_once(':')?.0))
        .collect();
    assert_eq!(lines, ["2", "3", "9"], "{problems:?}");
}
