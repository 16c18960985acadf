//! Runs commands: with an emptied environment, without input, and without leftover processes;
//! confined by [`confine`] as far as the system can. Nothing else in the project starts processes.
//! [`Sandbox::run`] runs one to its end; [`Sandbox::serve`] starts one that stays.

mod access;
mod capture;
pub mod confine;
mod ending;
mod environment;
mod given;
mod input;
mod live;
mod process_tree;
mod serve;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::any::Any;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::Mode;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::permission::Confinement;

pub use access::{CommandAccess, WorkspaceAccess};
pub use capture::CapturedOutput;
pub use environment::CommandEnvironment;
pub use live::LiveOutput;
pub use serve::{Served, ServedEnd, ServedProgram};

use capture::HeadAndTail;
use confine::{ConfinementReport, Exceeded, Helper, Refusal, SandboxPolicy};
use ending::{ProcessHandle, exit_of, must_have_been_confined, watch};
use input::GivenInput;
use process_tree::ProcessTree;

/// Shells, best first. Not searched in `PATH`.
const SHELLS: &[(&str, &[&str])] = &[
    ("/bin/bash", &["--noprofile", "--norc"]),
    ("/usr/bin/bash", &["--noprofile", "--norc"]),
    ("/bin/sh", &[]),
];

/// How long the output may stay open when all known processes are gone.
const GRACE: Duration = Duration::from_millis(200);

/// Runs commands in one folder.
#[derive(Clone, Debug)]
pub struct Sandbox {
    root: PathBuf,
    base: CommandEnvironment,
    confinement: Confinement,
    /// The bounds of commands; `None` if they are not confined.
    bounds: Option<SandboxPolicy>,
    /// The program that becomes the helper, if it is not the one that runs.
    helper: Option<PathBuf>,
    /// A helper for the next command.
    spare: Arc<Mutex<Option<SpareHelper>>>,
    /// All paths hidden so far: they stay hidden.
    hidden: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// What the running command prints.
    live: LiveOutput,
    /// Kept alive as long as commands can run.
    kept: Option<Arc<dyn Any + Send + Sync>>,
}

/// Limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// When the command is killed.
    pub timeout: Duration,
    /// Bytes kept of its stdout, and as many of its stderr.
    pub output: usize,
}

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutput {
    pub exit: Exit,
    pub stdout: CapturedOutput,
    pub stderr: CapturedOutput,
    pub took: Duration,
    /// The first refusals.
    pub refused: Vec<Refusal>,
    /// Number of its processes that were still running when it had ended, and were killed.
    pub left_running: usize,
    /// The limit that it exceeded, if it was ended for that.
    pub exceeded: Option<Exceeded>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself; zero is success.
    Code(i32),
    /// By a signal that we did not send.
    Signal(i32),
    /// Killed after the timeout.
    TimedOut,
    /// Killed because it was stopped.
    Stopped,
}

/// Why a command could not run. A failing command is not such an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The shell did not start, for example because the command has a NUL or is too long.
    #[error("cannot start `{shell}` in {folder}")]
    Start {
        shell: &'static str,
        /// The folder of the command.
        folder: PathBuf,
        source: io::Error,
    },
    /// The command could not be confined as required, and did not run.
    #[error("the command did not run, because it cannot be confined: {0}")]
    Confine(String),
    /// The exit status is not available.
    #[error("cannot tell how the command ended")]
    Wait(#[source] io::Error),
}

impl Sandbox {
    /// A sandbox for unconfined commands in a folder.
    pub fn new(root: PathBuf, base: CommandEnvironment) -> Sandbox {
        Sandbox {
            root,
            base,
            confinement: Confinement::None,
            bounds: None,
            helper: None,
            spare: Arc::default(),
            hidden: Arc::default(),
            live: LiveOutput::default(),
            kept: None,
        }
    }

    /// A sandbox for commands in a folder, confined at a level; see [`confine::level`].
    pub fn confined(
        bounds: SandboxPolicy,
        level: Confinement,
        base: CommandEnvironment,
    ) -> Sandbox {
        Sandbox {
            root: bounds.root.clone(),
            base,
            confinement: level,
            bounds: (level != Confinement::None).then_some(bounds),
            helper: None,
            spare: Arc::default(),
            hidden: Arc::default(),
            live: LiveOutput::default(),
            kept: None,
        }
    }

    /// Keeps something alive as long as commands can run, such as their folder.
    #[must_use]
    pub fn keeping(self, kept: Arc<dyn Any + Send + Sync>) -> Sandbox {
        Sandbox {
            kept: Some(kept),
            ..self
        }
    }

    /// Adds files to those hidden from commands, and returns all of them. A command may have made
    /// it impossible to find them again.
    pub fn remember_hidden(&self, found: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut hidden = self.hidden.lock();
        hidden.extend(found);
        hidden.iter().cloned().collect()
    }

    /// The confinement of commands.
    pub fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// What the running command prints.
    pub fn live(&self) -> &LiveOutput {
        &self.live
    }

    /// Whether commands have network access without a rule.
    pub fn opens_network(&self) -> bool {
        self.bounds.as_ref().is_none_or(|bounds| bounds.network)
    }

    /// Runs a command in a shell, and kills its remaining processes when it has ended.
    ///
    /// If the future is dropped, the command is killed with all its processes.
    pub async fn run(
        &self,
        command: &str,
        access: &CommandAccess,
        limits: &RunLimits,
        stop: &CancellationToken,
    ) -> Result<RunOutput, RunError> {
        let _is_live = self.live.begin();
        let kept = || HeadAndTail::new(limits.output).with_live_output(&self.live);
        let output = (kept(), kept());
        self.run_to_end(command, access, limits.timeout, output, None, stop)
            .await
    }

    async fn run_to_end(
        &self,
        command: &str,
        access: &CommandAccess,
        limit: Duration,
        (mut stdout, mut stderr): (HeadAndTail, HeadAndTail),
        input: Option<Vec<u8>>,
        stop: &CancellationToken,
    ) -> Result<RunOutput, RunError> {
        let began = Instant::now();
        let mut report = ConfinementReport::default();
        let exit = if stop.is_cancelled() {
            Exit::Stopped
        } else {
            let kind = match input {
                Some(_) => Input::Piped,
                None => Input::Empty,
            };
            let (mut child, reins) = self.start(&ShellLine::new(command), access, kind)?;
            let _giving = input
                .zip(child.stdin.take())
                .map(|(input, pipe)| GivenInput::start(pipe, input));
            let is_helper = matches!(reins, ProcessHandle::Helper(_));
            let output = (&mut stdout, &mut stderr);
            let (exit, told) = watch(child, reins, output, limit, stop).await?;
            report = told;
            if is_helper {
                self.prepare_next();
                must_have_been_confined(&report, exit)?;
            }
            exit
        };
        Ok(RunOutput {
            exit,
            stdout: stdout.finish(),
            stderr: stderr.finish(),
            took: began.elapsed(),
            refused: report.refused,
            left_running: report.left_running,
            exceeded: report.exceeded,
        })
    }

    fn start(
        &self,
        line: &ShellLine<'_>,
        access: &CommandAccess,
        input: Input,
    ) -> Result<(Child, ProcessHandle), RunError> {
        let (shell, options) = shell();
        let failed = |source| RunError::Start {
            shell,
            folder: self.root.clone(),
            source,
        };
        // What follows `--` is the command, even if it begins with `-`.
        let words = options.iter().copied().chain(["-c", "--", line.text]);
        let words = words.chain(line.words.iter().map(String::as_str));
        let arguments: Vec<OsString> = words.map(OsString::from).collect();
        let mark = process_tree::new_mark();
        let variables = self.variables(line, access, &mark)?;
        let Some(bounds) = self.bounds_for(access) else {
            let mut process = Command::new(shell);
            process.args(&arguments).env_clear().envs(variables);
            let child = self.spawn(process, &[], input).map_err(failed)?;
            let tree = ProcessTree::new(&child, &mark);
            return Ok((child, ProcessHandle::Processes(tree)));
        };
        let waiting = match input {
            Input::Empty => self.waiting_helper(),
            Input::Piped => self.start_helper(input),
        };
        if let Some(waiting) = waiting.map_err(failed)? {
            let run = confine::HelperCommand {
                bounds: &bounds,
                level: self.confinement,
                program: shell,
                arguments: &arguments,
                variables: &variables,
            };
            waiting.helper.start(&run).map_err(failed)?;
            return Ok((waiting.child, ProcessHandle::Helper(waiting.helper)));
        }
        let prepared = confine::prepare(&bounds, self.confinement, shell, &arguments);
        let prepared = prepared.map_err(failed)?;
        let mut process = Command::new(&prepared.program);
        process
            .args(&prepared.arguments)
            .env_clear()
            .envs(variables);
        process.envs(prepared.variables.iter().map(|(name, value)| (name, value)));
        let child = self.spawn(process, &[], input).map_err(failed)?;
        let tree = ProcessTree::new(&child, &mark);
        Ok((child, ProcessHandle::Processes(tree)))
    }

    /// The waiting helper, or a new one.
    fn waiting_helper(&self) -> io::Result<Option<SpareHelper>> {
        let mut waiting = {
            let mut spare = self.spare.lock();
            spare.take()
        };
        match waiting.as_mut().map(|waiting| waiting.child.try_wait()) {
            Some(Ok(None)) => Ok(waiting),
            // There is none, or it is gone.
            _ => self.start_helper(Input::Empty),
        }
    }

    /// Starts a helper for the next command. If that fails, the next command reports it.
    fn prepare_next(&self) {
        if self.bounds.is_none() {
            return;
        }
        let mut spare = self.spare.lock();
        if spare.is_none() {
            *spare = self.start_helper(Input::Empty).ok().flatten();
        }
    }

    fn start_helper(&self, input: Input) -> io::Result<Option<SpareHelper>> {
        let Some(prepared) = confine::prepare_ahead()? else {
            return Ok(None);
        };
        let mut process = Command::new(self.helper.as_ref().unwrap_or(&prepared.program));
        process.args(&prepared.arguments).env_clear();
        let child = self.spawn(process, &prepared.inherited_numbers(), input)?;
        let helper = prepared.helper;
        Ok(helper.map(|helper| SpareHelper { child, helper }))
    }

    /// Starts a process in its own session. If it inherits descriptors, it is a helper, which ends
    /// by itself when its connection closes.
    fn spawn(&self, mut process: Command, inherited: &[RawFd], input: Input) -> io::Result<Child> {
        let inherited = inherited.to_owned();
        process
            .current_dir(&self.root)
            .stdin(match input {
                Input::Empty => Stdio::null(),
                Input::Piped => Stdio::piped(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(inherited.is_empty());
        // SAFETY: between fork and exec, only functions that are safe in signal handlers may be
        // called: these are bare system calls, and nothing is allocated.
        unsafe {
            process.pre_exec(move || {
                // A session of its own has no terminal.
                rustix::process::setsid()?;
                rustix::process::umask(Mode::WGRP | Mode::WOTH);
                confine::keep(&inherited)
            });
        }
        process.spawn()
    }
}

/// What a shell is given.
struct ShellLine<'a> {
    text: &'a str,
    /// Its positional parameters, from `$0`.
    words: &'a [String],
    /// Variables beside those of every command.
    variables: &'a [(String, OsString)],
}

impl<'a> ShellLine<'a> {
    fn new(text: &'a str) -> ShellLine<'a> {
        ShellLine {
            text,
            words: &[],
            variables: &[],
        }
    }
}

/// The standard input of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Empty,
    Piped,
}

/// A helper without a command.
#[derive(Debug)]
struct SpareHelper {
    child: Child,
    helper: Helper,
}

fn shell() -> (&'static str, &'static [&'static str]) {
    let found = SHELLS.iter().find(|(shell, _)| Path::new(shell).exists());
    *found.unwrap_or(&SHELLS[SHELLS.len() - 1])
}
