//! Programs of others that speak MCP and ACP: SDKs, servers and the inspector, from npm and PyPI.
//!
//! `OLLACODE_TEST_PEERS` names the folder where they are installed; `.ci/run` sets it where `CI` is set.
//! Where it is not set, tests that need them are skipped, which is said. What is installed must work.

#![allow(
    dead_code,
    reason = "which of these are used depends on the tests that there are"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder where they are installed.
#[derive(Clone, Debug)]
pub struct Peers {
    pub folder: PathBuf,
}

/// The installed peers, or `None` where there are none, which is said on stderr with the name of the test.
#[track_caller]
pub fn peers() -> Option<Peers> {
    let Some(folder) = std::env::var_os("OLLACODE_TEST_PEERS") else {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Past the capture of the test harness: it is said even if the test succeeds.
        let _ = writeln!(
            std::io::stderr(),
            "peers: `{test}` is skipped: OLLACODE_TEST_PEERS names no folder with the packages of tests/it/peers/"
        );
        return None;
    };
    let peers = Peers {
        folder: PathBuf::from(folder),
    };
    for needed in [peers.node_modules(), peers.python(), peers.older_python()] {
        assert!(
            peers.folder.is_absolute() && needed.exists(),
            "OLLACODE_TEST_PEERS is {}, but {} does not exist: see docs/development.md",
            peers.folder.display(),
            needed.display()
        );
    }
    Some(peers)
}

impl Peers {
    /// The folder of a package of npm.
    #[track_caller]
    pub fn node_module(&self, name: &str) -> PathBuf {
        let folder = self.node_modules().join(name);
        assert!(folder.is_dir(), "{} is not installed", folder.display());
        folder
    }

    /// A program of a package of npm, to be started with `node`.
    #[track_caller]
    pub fn node_program(&self, name: &str) -> PathBuf {
        existing(&self.node_modules().join(".bin").join(name))
    }

    /// The interpreter of Python that has the packages of PyPI.
    pub fn python(&self) -> PathBuf {
        self.folder.join("python/bin/python")
    }

    /// The one with the older library, for servers that do not go with the newer one.
    pub fn older_python(&self) -> PathBuf {
        self.folder.join("python-older/bin/python")
    }

    /// A program of a package of PyPI, with the library that it goes with.
    #[track_caller]
    pub fn python_program(&self, name: &str) -> PathBuf {
        let folders = ["python", "python-older"].map(|folder| self.folder.join(folder).join("bin"));
        let found = folders.map(|folder| folder.join(name));
        let found = found.iter().find(|program| program.exists());
        found
            .unwrap_or_else(|| panic!("{name} is not installed"))
            .clone()
    }

    /// A script of Node, with `import` of the packages, and its arguments as `process.argv.slice(1)`.
    pub fn node(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("node");
        command
            .args(["--input-type=module", "--eval", script, "--"])
            .args(arguments);
        self.prepared(command)
    }

    /// A script of Python, with `import` of the packages, and its arguments as `sys.argv[1:]`.
    pub fn python_script(&self, script: &str, arguments: &[&str]) -> Command {
        self.script_in(&self.python(), script, arguments)
    }

    /// The same with an interpreter.
    pub fn script_in(&self, python: &Path, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(python);
        command.args(["-I", "-c", script]).args(arguments);
        self.prepared(command)
    }

    /// In the folder of the packages, with nothing of our environment but where programs are.
    fn prepared(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            .env("NO_PROXY", "*")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&self.folder);
        command
    }

    fn node_modules(&self) -> PathBuf {
        self.folder.join("node_modules")
    }
}

#[track_caller]
fn existing(path: &Path) -> PathBuf {
    assert!(path.exists(), "{} is not installed", path.display());
    path.to_path_buf()
}
