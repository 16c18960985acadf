//! Files that are closed to commands: those that may hold secrets look empty.

use std::path::PathBuf;
use std::time::Duration;

use super::{ToolError, render};
use crate::jail::{Jail, is_secret_path};
use crate::permission::Rules;
use crate::sandbox::{Exit, RunOutput};

/// How long files of secrets are looked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Most files that are hidden; each takes a fifth of a millisecond.
const MOST_HIDDEN: usize = 2000;

/// Most hidden files that are named.
const MOST_TOLD: usize = 3;

/// Folders of tests: keys and certificates in them are made for the tests, which need them.
const TEST_FOLDERS: &[&str] = &[
    "__tests__",
    "fixture",
    "fixtures",
    "spec",
    "test",
    "testdata",
    "tests",
];

/// Endings of keys and certificates.
const KEYS: &[&str] = &[".crt", ".der", ".jks", ".key", ".p12", ".pem", ".pfx"];

/// Files that are closed to commands: paths below the root.
pub(super) struct ClosedFiles {
    /// They look empty: files of secrets that no rule opens, and what a rule keeps from being read.
    pub hidden: Vec<PathBuf>,
    /// They are not written: a rule says so.
    pub unwritable: Vec<PathBuf>,
}

/// Looks for the files that are closed to commands.
///
/// What lies so deep that it was not looked at in time is not among them. Too many are an error: what is
/// beyond a limit would be seen, and a command can make as many as it likes.
pub(super) fn closed_files(jail: &Jail, rules: &Rules) -> Result<ClosedFiles, ToolError> {
    let is_denied = |path: &str, reading: bool| {
        let full = jail.root().join(path);
        let mut denied = rules.denied_paths();
        denied.any(|denied| denied.reading == reading && denied.names(&full))
    };
    let has_rules = rules.denied_paths().next().is_some();
    let is_closed = |path: &str| has_rules && (is_denied(path, true) || is_denied(path, false));
    let others = if has_rules {
        format!("{:?}", rules.denied_paths().collect::<Vec<_>>())
    } else {
        String::new()
    };
    let found = jail.secret_files_and(PATIENCE, &others, is_closed);
    let (mut hidden, mut unwritable) = (Vec::new(), Vec::new());
    for path in found.paths {
        let name = path.to_string_lossy();
        let is_secret = is_secret_path(&name) && !is_fixture(&name) && !rules.opens_secret(&name);
        if is_denied(&name, false) {
            unwritable.push(path.clone());
        }
        if is_secret || is_denied(&name, true) {
            hidden.push(path.clone());
        }
    }
    if hidden.len() > MOST_HIDDEN {
        return Err(ToolError::TellModel(format!(
            "the command did not run: {} files may contain secrets, going by their names, or are \
             hidden by rules, and at most {MOST_HIDDEN} can be hidden from a command. The user \
             can allow some with a `read` rule in config.toml, or delete them",
            hidden.len()
        )));
    }
    Ok(ClosedFiles { hidden, unwritable })
}

/// Whether a file is closed to commands, as it is or as git has it.
pub(super) fn is_closed_path(jail: &Jail, rules: &Rules, path: &str) -> bool {
    let full = jail.root().join(path);
    let mut denied = rules.denied_paths().filter(|denied| denied.reading);
    denied.any(|denied| denied.names(&full))
        || (is_secret_path(path) && !is_fixture(path) && !rules.opens_secret(path))
}

/// Whether a key or a certificate belongs to tests, which need it.
fn is_fixture(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    folders
        .split('/')
        .any(|folder| TEST_FOLDERS.contains(&folder))
        && KEYS.iter().any(|ending| name.ends_with(ending))
}

/// Says that files looked empty, where that may matter: the command names one of them, or failed.
pub(super) fn hidden_note(command: &str, output: &RunOutput, hidden: &[PathBuf]) -> String {
    let names = hidden.iter().map(|path| path.to_string_lossy());
    let is_named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        command.contains(name) || output.stderr.text.contains(name)
    };
    let told: Vec<_> = names
        .filter(|path| output.exit != Exit::Code(0) || is_named(path))
        .take(MOST_TOLD)
        .map(|path| render::name(&path))
        .collect();
    if told.is_empty() {
        return String::new();
    }
    let more = if hidden.len() > told.len() {
        " and others"
    } else {
        ""
    };
    format!(
        "({}{more} may contain secrets and looked empty to the command; the user can allow it \
         with a `read` rule in config.toml)\n",
        told.join(", ")
    )
}
