//! What a hostile server reaches at the level `full`: nothing outside, no network, no variables.

use std::net::TcpListener;

use ollacode::permission::Confinement;
use ollacode::sandbox::confine::{self, SandboxPolicy};
use serde_json::json;

use super::*;
use crate::confinement::is_full;

const CANARY: &str = "canary-8d1c7f";

impl Lab {
    /// The scripted server alone, fully confined in a session's way.
    fn confined(&self, network: bool) -> McpServers {
        let mut server = self.server("modern");
        if let McpTransport::Command {
            network: wanted, ..
        } = &mut server.transport
        {
            *wanted = network;
        }
        let (root, top) = (self.root(), self.top());
        let setup = setup(move |server| {
            let McpTransport::Command { network, .. } = &server.transport else {
                return Err("it is no program".to_owned());
            };
            let base = [("PATH", "/usr/bin:/bin"), ("SECRET", CANARY)];
            let base = base.map(|(name, value)| (name.into(), value.into()));
            let base = CommandEnvironment::from_variables(base, None, &root);
            let ours = top.join("ours");
            fs::create_dir_all(&ours).expect("a folder");
            let mut bounds = SandboxPolicy::new(&root, &ours);
            bounds.readable = confine::readable(None, base.variables());
            let sandbox = Sandbox::confined(bounds, Confinement::Full, base)
                .with_helper(PathBuf::from(env!("CARGO_BIN_EXE_ollacode")));
            Ok(ProgramPlace {
                sandbox,
                access: CommandAccess {
                    network: *network,
                    hidden: vec![PathBuf::from(".env")],
                    ..CommandAccess::default()
                },
            })
        });
        McpServers::new(vec![server], setup).starting_within(Duration::from_secs(60))
    }
}

#[tokio::test]
async fn a_server_gets_the_variables_that_it_names_and_no_others() {
    if !is_full("a_server_gets_the_variables_that_it_names_and_no_others") {
        return;
    }
    let Some(lab) = Lab::new("a_server_gets_the_variables_that_it_names_and_no_others") else {
        return;
    };
    let servers = lab.confined(false);
    let variables = data(call(&servers, "environment", no_arguments()).await);
    assert_eq!(variables["TOKEN"], "a token");
    assert_eq!(variables["PATH"], "/usr/bin:/bin");
    assert!(!variables.to_string().contains(CANARY), "{variables}");
    let known = [
        "LANG",
        "LC_CTYPE",
        "LSAN_OPTIONS",
        "OLDPWD",
        "OLLACODE_RUN",
        "PATH",
        "PWD",
        "SHLVL",
        "TERM",
        "TMPDIR",
        "TOKEN",
        "_",
        "npm_config_fetch_retries",
    ];
    let variables = variables.as_object().expect("variables");
    let others: Vec<&String> = variables
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert_eq!(others, Vec::<&String>::new());
}

#[tokio::test]
async fn a_server_has_the_network_only_if_the_user_says_so() {
    if !is_full("a_server_has_the_network_only_if_the_user_says_so") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    for network in [false, true] {
        let Some(lab) = Lab::new("a_server_has_the_network_only_if_the_user_says_so") else {
            return;
        };
        let servers = lab.confined(network);
        let result = call(&servers, "connect", argument("port", port)).await;
        assert_eq!(text(result) == "connected", network);
    }
}

#[tokio::test]
async fn a_server_writes_nothing_outside_and_nothing_protected() {
    if !is_full("a_server_writes_nothing_outside_and_nothing_protected") {
        return;
    }
    let Some(lab) = Lab::new("a_server_writes_nothing_outside_and_nothing_protected") else {
        return;
    };
    let (root, top) = (lab.root(), lab.top());
    fs::write(top.join("outside"), "as it was\n").expect("a file");
    fs::create_dir_all(root.join(".git/hooks")).expect("folders");
    fs::create_dir(root.join(".vscode")).expect("a folder");
    let servers = lab.confined(false);
    let write = async |path: &Path| {
        let path = path.to_str().expect("a plain path");
        text(call(&servers, "write", argument("path", path)).await)
    };
    assert_eq!(write(&root.join("inside")).await, "written");
    assert_eq!(lab.file("inside"), "evil\n");
    for path in [
        root.join(".git/hooks/pre-commit"),
        root.join(".git/config"),
        root.join(".vscode/tasks.json"),
        root.join(".envrc"),
        PathBuf::from("/usr/bin/evil"),
    ] {
        let said = write(&path).await;
        assert_ne!(said, "written", "{}", path.display());
    }
    // It has folders of its own in place of those for temporary files: what it writes there is not here.
    for path in [top.join("outside"), top.join("new")] {
        write(&path).await;
    }
    let outside = fs::read_to_string(top.join("outside")).expect("a file");
    assert_eq!(outside, "as it was\n");
    for path in [
        "new",
        "workspace/.git/hooks/pre-commit",
        "workspace/.git/config",
        "workspace/.envrc",
    ] {
        assert!(!top.join(path).exists(), "{path}");
    }
}

#[tokio::test]
async fn a_server_reads_no_secrets() {
    if !is_full("a_server_reads_no_secrets") {
        return;
    }
    let Some(lab) = Lab::new("a_server_reads_no_secrets") else {
        return;
    };
    let (root, top) = (lab.root(), lab.top());
    fs::write(root.join("code.txt"), "code").expect("a file");
    fs::write(root.join(".env"), CANARY).expect("a file");
    fs::write(top.join("private"), CANARY).expect("a file");
    let servers = lab.confined(false);
    for (path, expected) in [
        (root.join("code.txt"), Some("code")),
        (root.join(".env"), None),
        (top.join("private"), None),
        (PathBuf::from("/proc/1/environ"), None),
    ] {
        let path = path.to_str().expect("a plain path");
        let said = call(&servers, "read", argument("path", path)).await;
        let said = said.expect("a result");
        assert!(!format!("{said:?}").contains(CANARY), "{path}: {said:?}");
        if let Some(expected) = expected {
            assert_eq!(said.parts, [ServerPart::Text(expected.to_owned())]);
        }
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_confined_server() {
    if !is_full("nothing_is_left_of_a_confined_server") {
        return;
    }
    for is_dropped in [false, true] {
        let Some(lab) = Lab::new("nothing_is_left_of_a_confined_server") else {
            return;
        };
        let servers = lab.confined(false);
        // Its numbers are those of its own namespace: what it writes tells whether it goes on.
        assert_eq!(
            data(call(&servers, "echo", json!({"a": 1})).await),
            json!({"a": 1})
        );
        let helpers = || helpers_of(&lab.root());
        assert!(!helpers().is_empty(), "it runs");
        if is_dropped {
            drop(servers);
        } else {
            servers.end().await;
        }
        until("its processes are gone", || helpers().is_empty()).await;
    }
}

/// Processes that run the script in a folder, as this machine numbers them.
fn helpers_of(root: &Path) -> Vec<u64> {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    let script = root.join("scripted.py");
    let script = script.to_str().expect("a plain path").to_owned();
    numbers
        .filter(|number| {
            let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&script) && is_alive(*number)
        })
        .collect()
}
