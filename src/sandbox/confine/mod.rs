//! Confines commands with features of the operating system: what they see, change and reach.
//!
//! On Linux, ollacode runs itself as a helper (`enter`). The helper puts the command into
//! namespaces, restricts it with Landlock and seccomp, and stays outside to end it. It never runs a
//! command with less confinement than requested.

mod channel;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
mod policy;
mod readable;
mod write_policy;

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::permission::Confinement;

pub use channel::{ConfinementReport, Helper, Refusal, RefusalKind};
pub use policy::{Exceeded, GitAccess, ResourceLimits, SandboxPolicy};
pub use readable::readable;

/// The hidden subcommand that makes this program the helper.
const SUBCOMMAND: &str = "__confine";

/// The helper's exit code if the command did not run. The report says why: a command may exit with
/// it too.
pub const NOT_RUN: u8 = 125;

/// How long a probe may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The confinement that works here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveConfinement {
    /// The best available level.
    pub level: Confinement,
    /// Why it is not full, for the user.
    pub why_not_full: Option<String>,
}

/// A command prepared to run under confinement.
///
/// Start the program with the arguments, and with the variables in addition to those of the
/// command. Its child must [`keep`] the inherited descriptors, and only [`Helper::end`] may end it,
/// so that it can clean up the workspace.
#[derive(Debug)]
pub struct ConfinedCommand {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Variables that the command needs.
    pub variables: Vec<(&'static str, OsString)>,
    /// Descriptors that only the child inherits. To be dropped after the start.
    pub inherited: Vec<OwnedFd>,
    /// The connection to the helper; `None` if there is none and the command is confined directly.
    pub helper: Option<Helper>,
}

/// A command for a waiting helper.
#[derive(Clone, Copy, Debug)]
pub struct HelperCommand<'a> {
    /// Its bounds.
    pub bounds: &'a SandboxPolicy,
    /// Its confinement.
    pub level: Confinement,
    /// The program, by its absolute path.
    pub program: &'a str,
    pub arguments: &'a [OsString],
    /// All its variables; those of the confinement are added.
    pub variables: &'a [(OsString, OsString)],
}

impl ConfinedCommand {
    /// Numbers of the inherited descriptors, for [`keep`].
    pub fn inherited_numbers(&self) -> Vec<RawFd> {
        self.inherited.iter().map(AsRawFd::as_raw_fd).collect()
    }
}

/// The best level that works, tested at the first call, which takes some milliseconds, with the
/// bounds of that call.
pub fn level(bounds: &SandboxPolicy) -> &'static ActiveConfinement {
    static REACHED: OnceLock<ActiveConfinement> = OnceLock::new();
    REACHED.get_or_init(|| probe(bounds))
}

/// Tests which level works for some bounds.
pub fn probe(bounds: &SandboxPolicy) -> ActiveConfinement {
    let why_not_full = match try_level(bounds, Confinement::Full) {
        Ok(()) => {
            return ActiveConfinement {
                level: Confinement::Full,
                why_not_full: None,
            };
        }
        Err(why) => why,
    };
    let (level, why) = match try_level(bounds, Confinement::Landlock) {
        Ok(()) => (Confinement::Landlock, why_not_full),
        Err(why) if why == why_not_full => (Confinement::None, why),
        Err(why) => (Confinement::None, format!("{why_not_full}; and {why}")),
    };
    ActiveConfinement {
        level,
        why_not_full: Some(why),
    }
}

/// Runs a command that does nothing.
fn try_level(bounds: &SandboxPolicy, level: Confinement) -> Result<(), String> {
    #[cfg(target_os = "linux")]
    linux::can_supervise()?;
    let arguments = ["-c", ":"].map(OsString::from);
    let prepared = prepare(bounds, level, "/bin/sh", &arguments)
        .map_err(|error| format!("the helper cannot be prepared: {error}"))?;
    let numbers = prepared.inherited_numbers();
    let mut command = Command::new(&prepared.program);
    command
        .args(&prepared.arguments)
        .env_clear()
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&bounds.root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    {
        use std::os::unix::process::CommandExt;
        // SAFETY: between fork and exec, `keep` only makes system calls.
        unsafe {
            command.pre_exec(move || keep(&numbers));
        }
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("the helper does not start: {error}"))?;
    drop(prepared.inherited);
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(None) => {
                // It may be gone already, and then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err("the helper does not end".to_owned());
            }
            Err(error) => return Err(format!("cannot wait for the helper: {error}")),
        }
    };
    let Some(helper) = prepared.helper else {
        return if status.success() {
            Ok(())
        } else {
            Err(format!("a command that does nothing fails with {status}"))
        };
    };
    let report = helper.report();
    match report.failed {
        Some(why) => Err(why),
        None if report.is_confined && status.success() => Ok(()),
        None => Err(format!("the helper does not answer ({status})")),
    }
}

/// Lets a child keep inherited descriptors. Call it between fork and exec: it makes only system
/// calls.
pub fn keep(numbers: &[RawFd]) -> io::Result<()> {
    use rustix::io::{FdFlags, fcntl_setfd};
    for number in numbers {
        // SAFETY: the numbers are those of `ConfinedCommand::inherited`, which is open until after the
        // start.
        let descriptor = unsafe { std::os::fd::BorrowedFd::borrow_raw(*number) };
        fcntl_setfd(descriptor, FdFlags::empty())?;
    }
    Ok(())
}

/// Prepares a command: a program, by its absolute path, and its arguments.
///
/// [`Confinement::None`] is refused: there is nothing to prepare for it.
#[cfg(target_os = "linux")]
pub fn prepare(
    bounds: &SandboxPolicy,
    level: Confinement,
    program: &str,
    arguments: &[OsString],
) -> io::Result<ConfinedCommand> {
    linux::prepare(bounds, level, program, arguments)
}

/// Prepares a command: a program, by its absolute path, and its arguments.
///
/// [`Confinement::Landlock`] and [`Confinement::None`] are refused: there is no such level here.
#[cfg(target_os = "macos")]
pub fn prepare(
    bounds: &SandboxPolicy,
    level: Confinement,
    program: &str,
    arguments: &[OsString],
) -> io::Result<ConfinedCommand> {
    macos::prepare(bounds, level, program, arguments)
}

/// Starts a helper before there is a command; `None` if there are no helpers. Starting a program as
/// large as this one takes as long as all the rest, so one should wait before it is needed. It gets
/// no variables; [`Helper::start`] sends it its command.
pub fn prepare_ahead() -> io::Result<Option<ConfinedCommand>> {
    #[cfg(target_os = "linux")]
    return linux::prepare_ahead().map(Some);
    #[cfg(not(target_os = "linux"))]
    Ok(None)
}

impl Helper {
    /// Sends a waiting helper its command. Only once.
    pub fn start(&self, run: &HelperCommand<'_>) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        return linux::start_command(self, run);
        #[cfg(not(target_os = "linux"))]
        return Err(io::Error::other(format!(
            "there are no helpers here: {run:?}"
        )));
    }
}

/// Fails: commands cannot be confined on this system.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn prepare(
    _bounds: &SandboxPolicy,
    _level: Confinement,
    _program: &str,
    _arguments: &[OsString],
) -> io::Result<ConfinedCommand> {
    Err(io::Error::other(
        "ollacode knows no way to confine commands on this system",
    ))
}

/// Becomes the helper if this process was started as one. Must be called first: before threads, and
/// before anything slow.
///
/// Returns `None` in every other process.
pub fn enter() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != SUBCOMMAND {
        return None;
    }
    #[cfg(target_os = "linux")]
    let code = linux::enter(arguments);
    #[cfg(not(target_os = "linux"))]
    let code = ExitCode::from(NOT_RUN);
    Some(code)
}
