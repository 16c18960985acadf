//! Files that may hold secrets, and look empty to commands.

use std::path::PathBuf;
use std::time::Duration;

use super::{ToolError, shown};
use crate::jail::Jail;
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

/// The files of secrets that a command does not see: those that no rule opens.
///
/// What lies so deep that it was not looked at in time is not among them. Too many are an error: what is
/// beyond a limit would be seen, and a command can make as many as it likes.
pub(super) fn hidden_files(jail: &Jail, rules: &Rules) -> Result<Vec<PathBuf>, ToolError> {
    let found = jail.secret_files(PATIENCE);
    let is_kept = |path: &PathBuf| {
        let name = path.to_string_lossy();
        !is_fixture(&name) && !rules.opens_secret(&name)
    };
    let hidden: Vec<PathBuf> = found.paths.into_iter().filter(is_kept).collect();
    if hidden.len() > MOST_HIDDEN {
        return Err(ToolError::TellModel(format!(
            "the command did not run: {} files look like files of secrets by their names, and at most \
             {MOST_HIDDEN} can be hidden from a command. The user can open some by a rule for reading \
             in config.toml, or delete them",
            hidden.len()
        )));
    }
    Ok(hidden)
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
        .map(|path| shown::name(&path))
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
        "({}{more} may hold secrets and looked empty to the command; a rule in config.toml can open it)\n",
        told.join(", ")
    )
}
