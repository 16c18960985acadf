//! The packages that tests of MCP and ACP talk to: their versions are exact, and what is installed is
//! of these versions and starts.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::support::peers::peers;

const PACKAGES: &str = include_str!("peers/package.json");
const LOCK: &str = include_str!("peers/package-lock.json");
const REQUIREMENTS: &str = include_str!("peers/requirements.txt");
const OLDER: &str = include_str!("peers/requirements-older.txt");

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The packages of npm that are wanted, and their versions.
fn packages() -> BTreeMap<String, String> {
    let packages = parsed(PACKAGES)["dependencies"].clone();
    serde_json::from_value(packages).expect("names and versions")
}

/// The packages of PyPI that a list wants, and their versions.
fn requirements(list: &str) -> BTreeMap<String, String> {
    let lines = list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| {
        let (name, version) = line.split_once("==").expect("a name and a version");
        (name.to_owned(), version.to_owned())
    });
    pairs.collect()
}

/// What a command prints; it must succeed.
#[track_caller]
fn printed(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn versions_are_exact_and_those_of_the_lock_file() {
    let lock = parsed(LOCK);
    let digits = |version: &str| version.split('.').all(|part| part.parse::<u32>().is_ok());
    for (name, version) in packages() {
        assert!(digits(&version), "{name} {version} is not exact");
        let locked = &lock["packages"][format!("node_modules/{name}")];
        assert_eq!(locked["version"], version.as_str(), "{name}");
        assert_eq!(
            lock["packages"][""]["dependencies"][&name],
            version.as_str()
        );
    }
    for (path, package) in lock["packages"].as_object().expect("packages") {
        let has_hash = package["integrity"].is_string();
        assert!(has_hash || path.is_empty(), "{path} has no hash");
    }
    for (name, version) in requirements(REQUIREMENTS)
        .into_iter()
        .chain(requirements(OLDER))
    {
        // Its versions are dates, rebuilt now and then.
        assert!(digits(&version) || name == "certifi", "{name} {version}");
    }
}

#[test]
fn what_is_installed_is_what_is_listed() {
    let Some(peers) = peers() else {
        return;
    };
    for (name, version) in packages() {
        let file = peers.node_module(&name).join("package.json");
        let found = parsed(&std::fs::read_to_string(file).expect("a package"));
        assert_eq!(found["version"], version.as_str(), "{name}");
    }
    let script = "import importlib.metadata, json, sys\n\
                  print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))";
    for (list, python) in [
        (REQUIREMENTS, peers.python()),
        (OLDER, peers.older_python()),
    ] {
        let wanted = requirements(list);
        let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let found = parsed(&printed(peers.script_in(&python, script, &names)));
        for (name, version) in &wanted {
            let found = found[name].as_str().expect("a version");
            assert!(
                found.starts_with(version.trim_end_matches('*')),
                "{name} {found}"
            );
        }
    }
}

#[test]
fn the_sdks_can_be_imported_and_the_programs_start() {
    let Some(peers) = peers() else {
        return;
    };
    let script = "const [name] = process.argv.slice(1);\n\
                  console.log(typeof (await import(name)));";
    for name in [
        "@agentclientprotocol/sdk",
        "@modelcontextprotocol/client",
        "@modelcontextprotocol/sdk/client/index.js",
    ] {
        assert_eq!(printed(peers.node(script, &[name])), "object\n", "{name}");
    }
    assert_eq!(
        printed(peers.python_script("import mcp, sys; print(sys.argv[1:])", &["a b"])),
        "['a b']\n"
    );
    let mut inspector = Command::new("node");
    inspector.arg(peers.node_program("mcp-inspector"));
    inspector.args(["--cli", "--help"]);
    assert!(printed(inspector).contains("--tool-name"));
    let mut server = Command::new(peers.python_program("mcp-server-git"));
    server.arg("--help");
    assert!(printed(server).contains("--repository"));
}
