//! Runs commands: with an emptied environment, without input, and without anything that outlives
//! them. Nothing else in the project starts processes.

mod capture;
mod environment;
#[cfg(all(test, target_os = "linux"))]
mod tests;
mod tree;

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures::future::{Either, select};
use rustix::fs::Mode;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::permission::command::risk;
use crate::permission::{CommandRisk, Confinement};

pub use capture::Captured;
pub use environment::CommandEnvironment;

use capture::Kept;
use tree::Tree;

/// Shells, best first. They are not looked for in `PATH`.
const SHELLS: &[(&str, &[&str])] = &[
    ("/bin/bash", &["--noprofile", "--norc"]),
    ("/usr/bin/bash", &["--noprofile", "--norc"]),
    ("/bin/sh", &[]),
];

/// How long the output may stay open when all processes are gone that could be found.
const GRACE: Duration = Duration::from_millis(200);

/// Runs commands in one folder.
#[derive(Clone, Debug)]
pub struct Sandbox {
    root: PathBuf,
    base: CommandEnvironment,
}

/// How far a command may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Then it is killed.
    pub timeout: Duration,
    /// Bytes that are kept of its output, and as many of its errors.
    pub output: usize,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutput {
    /// How it ended.
    pub exit: Exit,
    /// Its output.
    pub stdout: Captured,
    /// Its errors.
    pub stderr: Captured,
    /// How long it ran.
    pub took: Duration,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself; zero is success.
    Code(i32),
    /// By a signal, of this number, that did not come from here.
    Signal(i32),
    /// It was killed, since its time was over.
    TimedOut,
    /// It was killed, since it was to stop.
    Stopped,
}

/// Why a command could not be run. That it failed is no such error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The shell did not start; a command with a NUL in it, or one that is too long, does that.
    #[error("cannot start `{shell}` in {folder}")]
    Start {
        /// The shell.
        shell: &'static str,
        /// Where it should run.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system does not say how the command ended.
    #[error("cannot tell how the command ended")]
    Wait(#[source] io::Error),
}

impl Sandbox {
    /// Makes a sandbox for commands that run in a folder.
    pub fn new(root: PathBuf, base: CommandEnvironment) -> Sandbox {
        Sandbox { root, base }
    }

    /// Tells how well commands are held back.
    pub fn confinement(&self) -> Confinement {
        Confinement::None
    }

    /// Runs a command in a shell, and kills what is left of it when it has ended.
    ///
    /// When the future is dropped, the command is killed with everything that it started.
    pub async fn run(
        &self,
        command: &str,
        limits: &RunLimits,
        stop: &CancellationToken,
    ) -> Result<RunOutput, RunError> {
        let began = Instant::now();
        let mut stdout = Kept::new(limits.output);
        let mut stderr = Kept::new(limits.output);
        let exit = if stop.is_cancelled() {
            Exit::Stopped
        } else {
            let (child, tree) = self.start(command)?;
            let output = (&mut stdout, &mut stderr);
            watch(child, tree, output, limits.timeout, stop).await?
        };
        Ok(RunOutput {
            exit,
            stdout: stdout.finish(),
            stderr: stderr.finish(),
            took: began.elapsed(),
        })
    }

    fn start(&self, command: &str) -> Result<(Child, Tree), RunError> {
        let (shell, options) = shell();
        let mark = tree::new_mark();
        let mut process = Command::new(shell);
        process
            .args(options)
            // What follows is the command, even if it begins with `-`.
            .args(["-c", "--", command])
            .current_dir(&self.root)
            .env_clear()
            .envs(self.base.variables())
            .env(tree::MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if risk(command) == CommandRisk::KnownSafe {
            process.envs(environment::harmless_git());
        }
        // SAFETY: between fork and exec, only functions that are safe in signal handlers may be
        // called: these two are bare system calls, and nothing is allocated.
        unsafe {
            process.pre_exec(|| {
                // A session of its own has no terminal.
                rustix::process::setsid()?;
                rustix::process::umask(Mode::WGRP | Mode::WOTH);
                Ok(())
            });
        }
        let child = process.spawn().map_err(|source| RunError::Start {
            shell,
            folder: self.root.clone(),
            source,
        })?;
        let tree = Tree::new(&child, &mark);
        Ok((child, tree))
    }
}

fn shell() -> (&'static str, &'static [&'static str]) {
    let found = SHELLS.iter().find(|(shell, _)| Path::new(shell).exists());
    *found.unwrap_or(&SHELLS[SHELLS.len() - 1])
}

/// Reads the output of a command until it ends, or must.
async fn watch(
    mut child: Child,
    tree: Tree,
    (stdout, stderr): (&mut Kept, &mut Kept),
    limit: Duration,
    stop: &CancellationToken,
) -> Result<Exit, RunError> {
    let pipes = (child.stdout.take(), child.stderr.take());
    let reading = async { tokio::join!(stdout.read(pipes.0), stderr.read(pipes.1)) };
    let exit = {
        let ending = async {
            tokio::select! {
                biased;
                status = child.wait() => status.map(exit_of).map_err(RunError::Wait),
                () = stop.cancelled() => Ok(Exit::Stopped),
                () = tokio::time::sleep(limit) => Ok(Exit::TimedOut),
            }
        };
        match select(pin!(ending), pin!(reading)).await {
            Either::Left((exit, reading)) => {
                tree.end().await;
                // Somebody who cannot be found may hold the pipes open.
                let _ = timeout(GRACE, reading).await;
                exit
            }
            Either::Right((_, ending)) => {
                let exit = ending.await;
                tree.end().await;
                exit
            }
        }
    };
    // The shell is dead; unless its end is looked at, it stays in the table of processes.
    let _ = timeout(GRACE, child.wait()).await;
    exit
}

fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}
