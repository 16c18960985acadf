//! The environment of commands: only listed variables are passed.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// The path if `PATH` has no usable folder.
const STANDARD_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Variables passed unchanged, beside those that begin with `LC_`.
const PASSED: &[&str] = &["LANG", "LOGNAME", "SHELL", "USER"];

/// Variables that name tool folders. Passed if they are absolute and not in the workspace, whose
/// content must not decide which tools run.
const FOLDERS: &[&str] = &[
    "CARGO_HOME",
    "GOCACHE",
    "GOMODCACHE",
    "GOPATH",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "RUSTUP_HOME",
    "TMPDIR",
    "VIRTUAL_ENV",
];

/// Git settings that override those of a repository. With them, known-safe git commands run no
/// program that the repository names.
///
/// Only for those commands: a commit that the user approved should run its hooks.
const HARMLESS_GIT: &[(&str, &str)] = &[
    ("core.alternateRefsCommand", "false"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.sshCommand", "false"),
    ("diff.ignoreSubmodules", "all"),
    ("format.pretty", "medium"),
    ("gpg.openpgp.program", "false"),
    ("gpg.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.x509.program", "false"),
    ("log.showSignature", "false"),
    ("submodule.recurse", "false"),
];

/// The variables of commands. They contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEnvironment {
    variables: BTreeMap<OsString, OsString>,
}

impl CommandEnvironment {
    /// Selects from the variables of a process. The workspace should exist.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        home: Option<&Path>,
        workspace: &Path,
    ) -> CommandEnvironment {
        let workspace = workspace
            .canonicalize()
            .unwrap_or_else(|_| workspace.to_owned());
        let mut chosen: BTreeMap<OsString, OsString> = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let value = passed(&name, value, &workspace)?;
                Some((name, value))
            })
            .collect();
        let mut default = |name: &str, value: &OsStr| {
            let entry = chosen.entry(OsString::from(name));
            entry.or_insert_with(|| value.to_owned());
        };
        default("PATH", OsStr::new(STANDARD_PATH));
        default("TERM", OsStr::new("dumb"));
        // Without it, programs may write names that are not ASCII as question marks.
        default("LANG", OsStr::new("C.UTF-8"));
        if let Some(home) = home {
            default("HOME", home.as_os_str());
        }
        CommandEnvironment { variables: chosen }
    }

    /// Gives names and values.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let variables = self.variables.iter();
        variables.map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// The value passed for a variable, if any.
fn passed(name: &OsStr, value: OsString, workspace: &Path) -> Option<OsString> {
    let name = name.to_str()?;
    if name == "PATH" || FOLDERS.contains(&name) {
        return folders_outside(&value, workspace);
    }
    (PASSED.contains(&name) || name.starts_with("LC_")).then_some(value)
}

/// The usable folders of a list; `None` if there are none.
fn folders_outside(list: &OsStr, workspace: &Path) -> Option<OsString> {
    let folders: Vec<PathBuf> = env::split_paths(list)
        .filter(|folder| is_outside(folder, workspace))
        .collect();
    let list = env::join_paths(folders).ok()?;
    (!list.is_empty()).then_some(list)
}

/// Whether an absolute path is outside a real folder, with links followed.
fn is_outside(path: &Path, folder: &Path) -> bool {
    let climbs = path
        .components()
        .any(|component| component == Component::ParentDir);
    if !path.is_absolute() || climbs {
        return false;
    }
    // What does not exist yet is judged by where it would be.
    let real = path.ancestors().find_map(|ancestor| {
        let rest = path.strip_prefix(ancestor).ok()?;
        Some(ancestor.canonicalize().ok()?.join(rest))
    });
    real.is_some_and(|real| !real.starts_with(folder))
}

/// Variables that make git safe in any repository; see [`HARMLESS_GIT`].
pub(super) fn harmless_git() -> impl Iterator<Item = (String, String)> {
    let fixed = [
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_PAGER", "cat"),
    ];
    let fixed = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    fixed.chain(as_variables(HARMLESS_GIT))
}

/// Variables that turn git hooks off: only git itself may run where it may make repositories.
pub(super) fn git_without_hooks() -> impl Iterator<Item = (String, String)> {
    as_variables(&[("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null")])
}

/// Git settings as environment variables.
fn as_variables(
    settings: &'static [(&'static str, &'static str)],
) -> impl Iterator<Item = (String, String)> {
    let count = ("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string());
    let settings = settings.iter().enumerate().flat_map(|(at, (name, value))| {
        [
            (format!("GIT_CONFIG_KEY_{at}"), (*name).to_owned()),
            (format!("GIT_CONFIG_VALUE_{at}"), (*value).to_owned()),
        ]
    });
    settings.chain([count])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], workspace: &Path) -> BTreeMap<String, String> {
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let home = Path::new("/home/someone");
        let environment = CommandEnvironment::from_variables(variables, Some(home), workspace);
        let text = |text: &OsStr| text.to_str().expect("plain text").to_owned();
        environment
            .variables()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    fn map(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        variables.iter().map(owned).collect()
    }

    #[test]
    fn only_what_is_listed_gets_in() {
        let workspace = tempfile::tempdir().expect("a folder");
        let given = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/elsewhere"),
            ("LANG", "ko_KR.UTF-8"),
            ("LC_ALL", "C"),
            ("TERM", "xterm-256color"),
            ("USER", "someone"),
            ("SHELL", "/bin/zsh"),
            ("CARGO_HOME", "/home/someone/.cargo"),
            ("GITHUB_TOKEN", "x"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("AWS_SESSION_TOKEN", "x"),
            ("AZURE_STORAGE_ACCOUNT_KEY", "x"),
            ("AZURE_STORAGE_SAS_TOKEN", "x"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "x"),
            ("GOOGLE_SERVICE_ACCOUNT_KEY", "x"),
            ("ANTHROPIC_API_KEY", "x"),
            ("OLLAMA_API_KEY", "x"),
            ("OLLAMA_HOST", "x"),
            ("OLLACODE_SERVER", "x"),
            ("OLLACODE_SERVER_KEY", "x"),
            ("TELEGRAM_BOT_TOKEN", "x"),
            ("OLLACODE_DATA_DIR", "x"),
            ("OLLACODE_SHARED_CACHE", "x"),
            ("OLLACODE_SHARED_CACHE_KEY", "x"),
            ("LD_PRELOAD", "x"),
            ("LD_LIBRARY_PATH", "x"),
            ("DYLD_INSERT_LIBRARIES", "x"),
            ("BASH_ENV", "x"),
            ("ENV", "x"),
            ("BASH_FUNC_ls%%", "() { id; }"),
            ("PROMPT_COMMAND", "x"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_DIR", "x"),
            ("GIT_SSH_COMMAND", "x"),
            ("NODE_OPTIONS", "x"),
            ("PYTHONPATH", "x"),
            ("PYTHONSTARTUP", "x"),
            ("PERL5OPT", "x"),
            ("RUBYOPT", "x"),
            ("RUSTC_WRAPPER", "x"),
            ("CARGO_REGISTRY_TOKEN", "x"),
            ("RIPGREP_CONFIG_PATH", "x"),
            ("SSH_AUTH_SOCK", "x"),
            ("IFS", "x"),
            ("CDPATH", "x"),
            ("EDITOR", "x"),
            ("PAGER", "x"),
        ];
        assert_eq!(
            chosen(&given, workspace.path()),
            map(&[
                ("CARGO_HOME", "/home/someone/.cargo"),
                ("HOME", "/home/someone"),
                ("LANG", "ko_KR.UTF-8"),
                ("LC_ALL", "C"),
                ("PATH", "/usr/bin:/bin"),
                ("SHELL", "/bin/zsh"),
                ("TERM", "dumb"),
                ("USER", "someone"),
            ])
        );
    }

    #[test]
    fn no_program_is_looked_for_in_the_workspace() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("a real path");
        let workspace = folder.join("workspace");
        std::fs::create_dir_all(workspace.join("bin")).expect("a folder");
        std::fs::create_dir(folder.join("workspace-tools")).expect("a folder");
        std::os::unix::fs::symlink(&workspace, folder.join("link")).expect("a link");
        let entry = |name: &str| format!("{}/{name}", folder.display());
        let inside = [
            entry("workspace"),
            entry("workspace/bin"),
            entry("workspace/not/there"),
            entry("link/bin"),
            entry("link/not/there"),
            entry("workspace-tools/../workspace/bin"),
            String::new(),
            ".".to_owned(),
            "bin".to_owned(),
            "~/bin".to_owned(),
        ];
        let outside = [
            entry("workspace-tools"),
            entry("not/there"),
            "/usr/bin".to_owned(),
        ];
        let path = [inside.join(":"), outside.join(":")].join(":");
        let tools = entry("workspace/.cargo");
        let variables = [
            ("PATH", path.as_str()),
            ("CARGO_HOME", &tools),
            ("GOPATH", &path),
        ];
        let environment = chosen(&variables, &workspace);
        assert_eq!(environment["PATH"], outside.join(":"));
        assert_eq!(environment["GOPATH"], outside.join(":"));
        assert_eq!(environment.get("CARGO_HOME"), None);

        let path = inside.join(":");
        let environment = chosen(&[("PATH", &path)], &workspace);
        assert_eq!(environment["PATH"], STANDARD_PATH);
    }
}
