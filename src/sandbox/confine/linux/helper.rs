//! The outer process: starts, watches and ends a command.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use rustix_linux::event::{PollFd, PollFlags, poll};
use rustix_linux::io::{Errno, FdFlags, fcntl_setfd};
use rustix_linux::process::{
    Pid, PidfdFlags, Signal, WaitOptions, chdir, getgid, getuid, kill_process, pidfd_open,
    set_child_subreaper, wait, waitpid,
};

use super::super::channel::{HelperMessage, HelperRequest};
use super::super::{NOT_RUN, SandboxPolicy};
use super::existing::Existing;
use super::init::{self, ParentProcess};
use super::landlock_rules::LandlockRules;
use super::mount_plan::{MountPlan, private_temporary};
use super::repository::WorktreeRepository;
use super::supervisor::Area;
use super::{ConfinementFailure, FailureStep, ProcessEnd, privileges, start, supervised, system};
use crate::permission::Confinement;

/// The task of a helper.
pub struct HelperTask {
    /// The policy of the command.
    pub bounds: SandboxPolicy,
    /// The connection to ollacode.
    pub line: UnixStream,
    level: Confinement,
    pub program: OsString,
    pub arguments: Vec<OsString>,
    /// The command's variables, if they are not those of the helper.
    pub variables: Option<Vec<(OsString, OsString)>>,
}

/// Runs as a helper; see [`super::super::enter`].
pub fn enter(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // Only ollacode starts helpers, so there is no user to report to.
    let Some(task) = HelperTask::parse(arguments) else {
        return ExitCode::from(NOT_RUN);
    };
    match run(&task) {
        Ok(ended) => exit_like(ended),
        Err(failure) => {
            // If the receiver is gone, nothing waits for it.
            let _ = HelperMessage::Failed(failure.to_string()).send(&task.line);
            ExitCode::from(NOT_RUN)
        }
    }
}

impl HelperTask {
    /// Whether the command has its own process namespace.
    pub fn has_own_processes(&self) -> bool {
        self.level == Confinement::Full
    }

    /// The command's folder for temporary files, as the command sees it.
    pub fn temporary(&self) -> PathBuf {
        match self.level {
            Confinement::Full => private_temporary(&self.bounds.root),
            _ => self.bounds.temporary.join("tmp"),
        }
    }

    fn parse(arguments: impl Iterator<Item = OsString>) -> Option<HelperTask> {
        let mut arguments = arguments.peekable();
        if arguments.peek()? == start::AHEAD {
            return HelperTask::wait(&arguments.nth(1)?);
        }
        let (told, line) = (number(&arguments.next()?)?, number(&arguments.next()?)?);
        system::close_others(&[told.min(line), told.max(line)]);
        let (told, line) = (inherited(told)?, inherited(line)?);
        let level = start::level(arguments.next()?.to_str()?)?;
        let program = arguments.next()?;
        let mut text = Vec::new();
        File::from(told).read_to_end(&mut text).ok()?;
        Some(HelperTask {
            bounds: serde_json::from_slice(&text).ok()?,
            line: UnixStream::from(line),
            level,
            program,
            arguments: arguments.collect(),
            variables: None,
        })
    }

    /// Waits for the task.
    fn wait(line: &OsString) -> Option<HelperTask> {
        let line = number(line)?;
        system::close_others(&[line]);
        let line = UnixStream::from(inherited(line)?);
        let order = HelperRequest::receive(&line)?;
        Some(HelperTask {
            bounds: order.bounds,
            line,
            level: start::level(&order.level)?,
            program: order.program,
            arguments: order.arguments,
            variables: Some(order.variables),
        })
    }
}

fn number(text: &OsString) -> Option<RawFd> {
    text.to_str()?.parse().ok()
}

/// Takes ownership of an inherited descriptor.
fn inherited(number: RawFd) -> Option<OwnedFd> {
    if number < 3 {
        return None;
    }
    // SAFETY: whoever started this process says that the number was made for it. If nothing is
    // open there, the next line finds out, and nothing was closed.
    let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
    fcntl_setfd(descriptor, FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, as was just found, and nothing else in this process knows it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Runs the command and reports how it ended.
fn run(task: &HelperTask) -> Result<ProcessEnd, ConfinementFailure> {
    let bounds = &task.bounds;
    chdir(&bounds.root).step("go to the workspace")?;
    for folder in [&bounds.temporary.join("tmp"), &bounds.cache] {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.step("make a temporary folder")?;
    }
    let repository = WorktreeRepository::of(&bounds.root);
    let (ours, theirs) = UnixStream::pair().step("make a line")?;
    match task.level {
        Confinement::Full => {
            let plan = MountPlan::new(bounds, repository.as_ref());
            let mut area = Area::of_view(bounds, repository.as_ref(), &plan);
            let existing = existing(bounds, &area);
            area.kept = existing
                .iter()
                .flat_map(|found| found.links.clone())
                .collect();
            let (user, group) = (getuid(), getgid());
            let child = system::fork_into_namespaces(bounds.network).step("make namespaces")?;
            let Some(child) = child else {
                drop(ours);
                let outside = ParentProcess {
                    user,
                    group,
                    line: theirs,
                };
                init::run_first(task, &plan, area, &existing, &outside)
            };
            drop(theirs);
            let ended = watch(child, &task.line)?;
            Ok(read_process_end(ours).unwrap_or(ended))
        }
        Confinement::Landlock | Confinement::None => {
            set_child_subreaper(Some(rustix_linux::process::getpid())).step("take in orphans")?;
            let rules = LandlockRules::for_system(bounds, repository.as_ref());
            let area = Area::of_system(bounds, repository.as_ref());
            let Some(child) = system::fork().step("start a process")? else {
                drop(ours);
                init::run_in_place(task, &rules, &area, &theirs)
            };
            drop(theirs);
            // What is done for the command is done with no more rights than it has.
            let started = privileges::limit(&bounds.limits)
                .and_then(|()| privileges::give_up())
                .and_then(|()| supervised::start(task, &ours, area));
            let supervised = match started {
                Ok(supervised) => supervised,
                Err(failure) => {
                    kill_descendants();
                    return Err(failure);
                }
            };
            let ended = watch(child, &task.line)?;
            let left = kill_descendants();
            supervised.tell(left, &task.line);
            Ok(ended)
        }
    }
}

/// Finds protected paths in the guarded folders.
fn existing(bounds: &SandboxPolicy, area: &Area) -> Vec<Existing> {
    let guarded = area.guarded.iter();
    guarded
        .map(|guarded| Existing::find(&guarded.folder, &guarded.policy, &bounds.unwritable))
        .collect()
}

/// Waits for a process; kills it when the connection closes.
fn watch(child: Pid, line: &UnixStream) -> Result<ProcessEnd, ConfinementFailure> {
    let process = pidfd_open(child, PidfdFlags::empty()).step("watch the command")?;
    let mut is_watching = true;
    loop {
        let mut watched = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(line, PollFlags::IN),
        ];
        let watched = &mut watched[..if is_watching { 2 } else { 1 }];
        match poll(watched, -1) {
            Err(Errno::INTR) => continue,
            ready => ready.step("wait for the command")?,
        };
        if !watched[0].revents().is_empty() {
            break;
        }
        // Nothing is ever sent this way, so that it can only be the end.
        is_watching = false;
        // An error means that it is gone already.
        let _ = kill_process(child, Signal::Kill);
    }
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some(status)) => return Ok(ProcessEnd::new(status)),
            Ok(None) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).step("wait for the command"),
        }
    }
}

/// How the command ended, reported by the inner process.
fn read_process_end(mut line: UnixStream) -> Option<ProcessEnd> {
    let mut bytes = [0; 5];
    line.read_exact(&mut bytes).ok()?;
    Some(ProcessEnd::from_bytes(bytes))
}

/// Kills the processes that a command left, which become children of this process; returns their
/// number.
fn kill_descendants() -> usize {
    let mut killed = 0;
    loop {
        let Ok(children) = fs::read_to_string("/proc/thread-self/children") else {
            return killed;
        };
        for child in children.split_ascii_whitespace() {
            if let Some(child) = child.parse().ok().and_then(Pid::from_raw) {
                let is_running = supervised::is_running(child);
                // An error means that it is gone already.
                let is_killed = kill_process(child, Signal::Kill).is_ok();
                killed += usize::from(is_running && is_killed);
            }
        }
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return killed,
        }
    }
}

/// Ends this process with the status of another one.
fn exit_like(ended: ProcessEnd) -> ExitCode {
    match ended {
        ProcessEnd::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(NOT_RUN)),
        ProcessEnd::Signal(signal) => {
            system::die_of(signal);
            ExitCode::from(NOT_RUN)
        }
    }
}
