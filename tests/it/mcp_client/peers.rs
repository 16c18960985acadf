//! Servers that others have published, from npm and PyPI: confined where that is possible.

use ollacode::permission::Confinement;
use ollacode::sandbox::confine::{self, SandboxPolicy};
use serde_json::json;

use super::address::{Address, Answer};
use super::*;
use crate::confinement::is_full;
use crate::support::peers::{Peers, peers};

/// A folder for servers of others to run in.
struct PeerLab {
    folder: TempDir,
    peers: Peers,
    is_full: bool,
}

impl PeerLab {
    fn new(test: &str) -> Option<PeerLab> {
        let peers = peers()?;
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["workspace", "ours"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let is_full = is_full(test);
        Some(PeerLab {
            folder,
            peers,
            is_full,
        })
    }

    fn root(&self) -> PathBuf {
        let root = self.folder.path().join("workspace");
        root.canonicalize().expect("a folder")
    }

    /// A server alone, with as little as it needs.
    fn servers(&self, argv: &[&str], network: bool) -> McpServers {
        let server = McpServer {
            name: "peer".to_owned(),
            transport: McpTransport::Command {
                argv: argv.iter().map(|word| (*word).to_owned()).collect(),
                env: Vec::new(),
                network,
            },
            expose: Vec::new(),
            timeout: Duration::from_secs(60),
        };
        let (root, is_full) = (self.root(), self.is_full);
        let ours = self.folder.path().join("ours").canonicalize();
        let ours = ours.expect("a folder");
        let peers = self.peers.folder.clone();
        let setup = setup(move |_| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let base = [("PATH".into(), path)];
            let base = CommandEnvironment::from_variables(base, None, &root);
            let sandbox = if is_full {
                let mut bounds = SandboxPolicy::new(&root, &ours);
                bounds.readable = confine::readable(None, base.variables());
                bounds.readable.push(peers.clone());
                bounds.readable.extend(interpreter(&peers));
                Sandbox::confined(bounds, Confinement::Full, base)
                    .with_helper(PathBuf::from(env!("CARGO_BIN_EXE_ollacode")))
            } else {
                Sandbox::new(root.clone(), base)
            };
            Ok(ProgramPlace {
                sandbox,
                access: CommandAccess {
                    network,
                    ..CommandAccess::default()
                },
            })
        });
        McpServers::new(vec![server], setup).starting_within(Duration::from_secs(60))
    }

    fn node(&self, program: &str, arguments: &[&str]) -> McpServers {
        let program = self.peers.node_program(program);
        let program = program.to_str().expect("a plain path");
        self.servers(&[&["node", program][..], arguments].concat(), false)
    }

    fn python(&self, program: &str, arguments: &[&str], network: bool) -> McpServers {
        let program = self.peers.python_program(program);
        let program = program.to_str().expect("a plain path");
        self.servers(&[&[program][..], arguments].concat(), network)
    }
}

/// The folder of the interpreter that the environment of the packages was made with.
fn interpreter(peers: &Path) -> Option<PathBuf> {
    let real = peers.join("python/bin/python").canonicalize().ok()?;
    Some(real.parent()?.parent()?.to_owned())
}

/// All texts of a result.
#[track_caller]
fn texts(result: Result<ServerResult, McpError>) -> String {
    let result = result.expect("a result");
    let texts = result.parts.iter().filter_map(|part| match part {
        ServerPart::Text(text) => Some(text.as_str()),
        ServerPart::Image { .. } | ServerPart::Other(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_server_of_files_works_in_its_folder_only() {
    let Some(lab) = PeerLab::new("the_server_of_files_works_in_its_folder_only") else {
        return;
    };
    let root = lab.root();
    fs::write(root.join("a.txt"), "hello").expect("a file");
    fs::write(lab.folder.path().join("outside"), "as it was").expect("a file");
    let allowed = root.to_str().expect("a plain path");
    // It allows itself everything: the sandbox holds.
    let servers = lab.node("mcp-server-filesystem", &["/"]);
    let names = tool_names(&servers).await.expect("tools");
    assert!(names.contains(&"read_text_file".to_owned()), "{names:?}");
    let arguments = json!({"path": format!("{allowed}/a.txt")});
    let read = texts(call(&servers, "read_text_file", arguments).await);
    assert_eq!(read, "hello");
    let arguments = json!({"path": format!("{allowed}/b.txt"), "content": "new"});
    texts(call(&servers, "write_file", arguments).await);
    let written = fs::read_to_string(root.join("b.txt")).expect("a file");
    assert_eq!(written, "new");
    let outside = lab.folder.path().join("outside");
    let arguments = json!({"path": outside.to_str(), "content": "evil"});
    // What it writes beside the workspace, it writes in a folder of its own.
    let tried = call(&servers, "write_file", arguments).await;
    if lab.is_full {
        tried.expect("a result");
        assert_eq!(fs::read_to_string(&outside).expect("a file"), "as it was");
    }
    servers.end().await;
}

#[tokio::test]
async fn the_server_of_everything_shows_parts_of_every_kind() {
    let Some(lab) = PeerLab::new("the_server_of_everything_shows_parts_of_every_kind") else {
        return;
    };
    let servers = lab.node("mcp-server-everything", &[]);
    let names = tool_names(&servers).await.expect("tools");
    assert!(names.contains(&"echo".to_owned()), "{names:?}");
    let offered = |name: &str| names.iter().any(|known| known == name);
    // What it offers only to clients that let it use the model.
    assert!(!offered("trigger-sampling-request"), "{names:?}");
    let echo = texts(call(&servers, "echo", json!({"message": "hello"})).await);
    assert_eq!(echo, "Echo: hello");
    let wrong = call(&servers, "echo", json!({"message": 7})).await;
    assert!(wrong.is_err() || wrong.is_ok_and(|result| result.is_error));
    let image = call(&servers, "get-tiny-image", no_arguments()).await;
    let image = image.expect("a result");
    let is_image = |part: &ServerPart| matches!(part, ServerPart::Image { mime, bytes } if mime == "image/png" && bytes.starts_with(b"\x89PNG"));
    assert!(image.parts.iter().any(is_image), "{:?}", image.parts.len());
    let structured = call(
        &servers,
        "get-structured-content",
        json!({"location": "Chicago"}),
    )
    .await;
    let structured = structured.expect("a result").structured;
    assert!(structured.is_some_and(|data| data["temperature"].is_number()));
    let links = call(&servers, "get-resource-links", json!({"count": 2})).await;
    let links = links.expect("a result");
    let is_link = |part: &&ServerPart| matches!(part, ServerPart::Other(words) if words.starts_with("a link to a resource"));
    assert_eq!(links.parts.iter().filter(is_link).count(), 2);
    let environment = texts(call(&servers, "get-env", no_arguments()).await);
    assert!(environment.contains("OLLACODE_RUN"), "{environment}");
    assert!(!environment.contains("CARGO_MANIFEST_DIR"), "{environment}");
}

#[tokio::test]
async fn the_server_of_everything_asks_the_user() {
    let Some(lab) = PeerLab::new("the_server_of_everything_asks_the_user") else {
        return;
    };
    let servers = lab.node("mcp-server-everything", &[]);
    let user = User::answering(&["Ann"]);
    let tool = "trigger-elicitation-request";
    let asked = texts(ask(&servers, tool, no_arguments(), &user).await);
    let questions = user.questions();
    let head = "The MCP server `peer` asks, in its own words: “Please provide inputs for the \
                following fields:”";
    assert!(questions[0].starts_with(head), "{questions:?}");
    // It stops with the first field that is not answered.
    assert_eq!(questions.len(), 2, "{questions:?}");
    assert!(asked.contains("declined"), "{asked}");
    let nobody = texts(call(&servers, tool, no_arguments()).await);
    assert!(nobody.contains("declined"), "{nobody}");
}

#[tokio::test]
async fn the_server_of_git_shows_a_repository() {
    let Some(lab) = PeerLab::new("the_server_of_git_shows_a_repository") else {
        return;
    };
    let root = lab.root();
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        let status = git.args(arguments).current_dir(&root).output();
        assert!(status.expect("git").status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    fs::write(root.join("a.txt"), "hello").expect("a file");
    git(&["add", "a.txt"]);
    git(&["commit", "-q", "-m", "the first commit"]);
    let path = root.to_str().expect("a plain path").to_owned();
    let servers = lab.python("mcp-server-git", &["--repository", &path], false);
    let names = tool_names(&servers).await.expect("tools");
    assert!(names.contains(&"git_log".to_owned()), "{names:?}");
    let log = texts(call(&servers, "git_log", json!({"repo_path": path})).await);
    assert!(log.contains("the first commit"), "{log}");
}

#[tokio::test]
async fn the_server_of_pages_has_the_network_only_if_it_is_given() {
    let Some(lab) = PeerLab::new("the_server_of_pages_has_the_network_only_if_it_is_given") else {
        return;
    };
    let address = Address::start(|_| {
        let headers = "content-type: text/plain\r\n";
        Answer::with(200, headers, "a page of ours")
    })
    .await;
    let arguments = json!({"url": format!("http://127.0.0.1:{}/page", address.port)});
    for network in [false, true] {
        let ignoring = ["--ignore-robots-txt", "--allow-private-ips"];
        let servers = lab.python("mcp-server-fetch", &ignoring, network);
        let result = call(&servers, "fetch", arguments.clone()).await;
        let has_page = format!("{result:?}").contains("a page of ours");
        assert_eq!(has_page, network || !lab.is_full, "{network}: {result:?}");
        if !network && lab.is_full {
            assert!(address.asked().is_empty(), "{:?}", address.asked());
        }
    }
    assert!(!address.asked().is_empty());
}

#[tokio::test]
async fn the_server_of_tables_answers_a_query() {
    let Some(lab) = PeerLab::new("the_server_of_tables_answers_a_query") else {
        return;
    };
    let file = lab.root().join("a.db");
    let file = file.to_str().expect("a plain path");
    let servers = lab.python("mcp-server-sqlite", &["--db-path", file], false);
    let names = tool_names(&servers).await.expect("tools");
    assert!(names.contains(&"read_query".to_owned()), "{names:?}");
    let arguments = json!({"query": "SELECT 6 * 7 AS answer"});
    let answer = texts(call(&servers, "read_query", arguments).await);
    assert!(answer.contains("42"), "{answer}");
}
