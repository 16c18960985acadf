//! Runs git in the sandbox: without network, terminal or editor, with bytes in and out.
//!
//! A repository's own settings name programs: watchers, converters, filters, hooks. Where git only
//! reads, it starts none of them. Where it writes, hooks and filters run as the user has them, but
//! confined.

#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::permission::Confinement;
use crate::permission::command::shell_word;
use crate::sandbox::confine::GitAccess;
use crate::sandbox::{CommandAccess, Exit, RunError, Sandbox, WorkspaceAccess};

/// How long git may take to read something.
const READING: Duration = Duration::from_secs(30);
/// How long git may take to write something: hooks may run tests.
const WRITING: Duration = Duration::from_secs(600);
/// Most bytes of an output.
const MOST_OUTPUT: usize = 32 << 20;
/// Bytes that are kept of the end of what git writes to its errors.
const ERRORS: usize = 32 << 10;
/// The exit code of a shell that does not find a program.
const NOT_FOUND: i32 = 127;
/// How long the output may stay open when git has ended.
const GRACE: Duration = Duration::from_millis(500);

/// Settings for every call. They start nothing, and keep git in the folder: no repository around it
/// is read.
const ALWAYS: &str = "\
export GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_PAGER=cat GIT_EDITOR=true \
GIT_SEQUENCE_EDITOR=true GIT_CEILING_DIRECTORIES=\"${PWD%/*}\"\n";

/// Clears the filters of the repository, which git would start to compare files; and whatever its
/// settings say, the work tree is this folder.
const READS_ONLY: &str = r#"export LC_ALL=C GIT_WORK_TREE=.
while IFS= read -r key; do
[ -n "$key" ] || continue
export "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=$key" "GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT="
GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
done <<KEYS
$(git config --name-only --get-regexp '^filter\.')
KEYS
export GIT_CONFIG_COUNT
"#;

/// Settings of the repository that are overridden, also where git writes.
const SETTINGS: &[&str] = &[
    "color.ui=false",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.sshCommand=false",
    "diff.suppressBlankEmpty=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// Subcommands that can show a diff, with options under which it is git's own.
const DIFFING: &[(&str, &[&str])] = &[
    ("blame", &["--no-textconv"]),
    ("diff", PLAIN_DIFF),
    ("diff-files", PLAIN_DIFF),
    ("diff-index", PLAIN_DIFF),
    ("diff-tree", PLAIN_DIFF),
    ("log", PLAIN_DIFF),
    ("show", PLAIN_DIFF),
];
const PLAIN_DIFF: &[&str] = &["--no-ext-diff", "--no-textconv", "--no-color"];

/// Runs git in one folder, the workspace.
#[derive(Clone, Debug)]
pub struct GitRunner {
    sandbox: Arc<Sandbox>,
    root: PathBuf,
    /// The folder below that of the sandbox, if it is another one.
    folder: Option<String>,
    /// What git and its hooks may access, where it writes.
    access: CommandAccess,
}

/// How far a call of git may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitWrite {
    /// It changes nothing, and starts no program that the repository names.
    ReadOnly,
    /// It may write the index, objects, refs and the work tree, never settings; hooks and filters
    /// run, confined.
    Write,
}

/// What git printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitOutput {
    /// The exit code; 128 and the signal's number if a signal ended it.
    pub code: i32,
    /// All of it.
    pub stdout: Vec<u8>,
    /// The end of its errors, made readable; it may hold secrets.
    pub stderr: String,
}

/// Why there is no output of git. A failing git is no such error, except in [`GitRunner::read`].
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git could not be started")]
    Start(#[from] RunError),
    #[error("git is not installed, or commands cannot see it")]
    NotFound,
    #[error("git took more than {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("it was stopped")]
    Stopped,
    #[error("git printed more than {} MB", .0 >> 20)]
    TooLong(usize),
    #[error("the output of git cannot be read")]
    Pipe(#[source] io::Error),
    /// Git failed where it had to succeed.
    #[error("`git {subcommand}` failed with exit code {code}{}", said(.stderr))]
    Failed {
        subcommand: String,
        code: i32,
        /// What it said.
        stderr: String,
    },
}

/// The end of a sentence: what git said, if anything.
fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

impl GitOutput {
    /// Whether git succeeded.
    pub fn is_success(&self) -> bool {
        self.code == 0
    }

    /// The output as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl GitRunner {
    /// Runs git in a folder, which is that of the sandbox.
    pub fn new(sandbox: &Arc<Sandbox>, root: &Path) -> GitRunner {
        GitRunner {
            sandbox: Arc::clone(sandbox),
            root: root.to_owned(),
            folder: None,
            access: CommandAccess::default(),
        }
    }

    /// Says what git and its hooks may access where it writes: what is hidden from them, denied to
    /// them, and whether they have the network. Its access to `.git` is decided here.
    #[must_use]
    pub fn with_access(self, access: CommandAccess) -> GitRunner {
        GitRunner { access, ..self }
    }

    /// The same in a folder below, such as that of a submodule.
    #[must_use]
    pub fn in_folder(self, folder: &str) -> GitRunner {
        GitRunner {
            root: self.root.join(folder),
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder is the top of a work tree, by its looks.
    pub fn has_repository(&self) -> bool {
        self.root.join(".git").exists()
    }

    /// Whether git has the network where it writes, and with it its hooks.
    pub fn has_network(&self) -> bool {
        self.access.network || self.sandbox.confinement() != Confinement::Full
    }

    /// Runs git with arguments, the first of which is the subcommand, and gives it an input.
    ///
    /// # Errors
    ///
    /// Git could not be started or confined, was stopped, took too long (30 s, where it may write 10
    /// minutes), or printed more than 32 MB. An exit code is no error.
    pub async fn run(
        &self,
        arguments: &[&str],
        input: Option<&[u8]>,
        write: GitWrite,
        stop: &CancellationToken,
    ) -> Result<GitOutput, GitError> {
        if stop.is_cancelled() {
            return Err(GitError::Stopped);
        }
        let limit = match write {
            GitWrite::ReadOnly => READING,
            GitWrite::Write => WRITING,
        };
        let mut script = script(arguments, write);
        if let Some(folder) = &self.folder {
            let folder = shell_word(&format!("./{folder}"));
            script.insert_str(0, &format!("cd {folder} || exit 128\n"));
        }
        let mut served = self.sandbox.serve(&script, &self.access(write), ERRORS)?;
        let (stdin, stdout) = (served.input.take(), served.output.take());
        let giving = tokio::spawn(give(stdin, input.unwrap_or_default().to_vec()));
        let reading = tokio::spawn(take(stdout));
        // Dropping it ends git with all that it started, and so the two tasks.
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(GitError::Stopped),
            ended = served.stop(limit) => ended,
        };
        giving.abort();
        let read = timeout(GRACE, reading).await;
        let ended = ended?;
        let code = match ended.exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
            Exit::TimedOut | Exit::Stopped => return Err(GitError::TimedOut(limit)),
        };
        if code == NOT_FOUND {
            return Err(GitError::NotFound);
        }
        let stdout = match read {
            Ok(Ok(read)) => read?,
            Ok(Err(error)) => return Err(GitError::Pipe(io::Error::other(error))),
            // Somebody who cannot be found holds the pipe open: there may be more.
            Err(_) => return Err(GitError::Pipe(io::ErrorKind::TimedOut.into())),
        };
        Ok(GitOutput {
            code,
            stdout,
            stderr: ended.errors.text,
        })
    }

    /// The output of a call that only reads and has to succeed.
    ///
    /// # Errors
    ///
    /// As of [`GitRunner::run`], and if git fails.
    pub async fn read(
        &self,
        arguments: &[&str],
        stop: &CancellationToken,
    ) -> Result<Vec<u8>, GitError> {
        let output = self.run(arguments, None, GitWrite::ReadOnly, stop).await?;
        output.succeeded(arguments)
    }

    fn access(&self, write: GitWrite) -> CommandAccess {
        match write {
            GitWrite::ReadOnly => CommandAccess {
                workspace: match self.sandbox.confinement() {
                    Confinement::Full => WorkspaceAccess::ReadOnly,
                    // At the other levels nothing can be made read-only.
                    _ => WorkspaceAccess::ReadWrite,
                },
                harmless_git: true,
                ..CommandAccess::default()
            },
            GitWrite::Write => CommandAccess {
                git: GitAccess::WriteButHooksAndConfig,
                workspace: WorkspaceAccess::ReadWrite,
                harmless_git: false,
                ..self.access.clone()
            },
        }
    }
}

impl GitOutput {
    /// The output of a call that has to succeed.
    ///
    /// # Errors
    ///
    /// If it did not.
    pub fn succeeded(self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        match self.code {
            0 => Ok(self.stdout),
            code => Err(GitError::Failed {
                subcommand: (*arguments.first().unwrap_or(&"")).to_owned(),
                code,
                stderr: self.stderr,
            }),
        }
    }
}

/// What the shell runs.
fn script(arguments: &[&str], write: GitWrite) -> String {
    let mut script = ALWAYS.to_owned();
    if write == GitWrite::ReadOnly {
        script.push_str(READS_ONLY);
    }
    script.push_str("exec git");
    for setting in SETTINGS {
        script.push_str(" -c ");
        script.push_str(setting);
    }
    let mut words = arguments.iter();
    if let Some(subcommand) = words.next() {
        script.push(' ');
        script.push_str(&shell_word(subcommand));
        let plain = DIFFING.iter().find(|(name, _)| name == subcommand);
        for option in plain.into_iter().flat_map(|(_, options)| *options) {
            script.push(' ');
            script.push_str(option);
        }
    }
    for word in words {
        script.push(' ');
        script.push_str(&shell_word(word));
    }
    script
}

/// Gives git its input, and ends it. Git may end before it has read everything.
async fn give(pipe: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut pipe) = pipe {
        let _ = pipe.write_all(&input).await;
    }
}

/// Reads an output to its end, unless it is too long: then git ends at a closed pipe.
async fn take(pipe: Option<ChildStdout>) -> Result<Vec<u8>, GitError> {
    let mut bytes = Vec::new();
    let Some(pipe) = pipe else {
        return Ok(bytes);
    };
    let most = MOST_OUTPUT as u64 + 1;
    let read = pipe.take(most).read_to_end(&mut bytes).await;
    read.map_err(GitError::Pipe)?;
    if bytes.len() > MOST_OUTPUT {
        return Err(GitError::TooLong(MOST_OUTPUT));
    }
    Ok(bytes)
}
