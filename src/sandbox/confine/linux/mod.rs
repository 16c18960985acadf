//! Confinement on Linux, in the order in which it happens.
//!
//! - [`start`]: what ollacode gives to the helper.
//! - [`helper`]: the process outside: it starts, watches and ends the command.
//! - [`init`]: the process inside, which is the first one of its own namespace: it builds what
//!   the command sees ([`mount_plan`], [`repository`], [`mounts`], [`existing`], [`overlays`], [`hidden`]), gives up
//!   all rights ([`privileges`], [`landlock_rules`], [`seccomp_filter`]), and runs the command.
//! - [`supervisor`], asked by [`notify`]: makes names and opens files for the command, and refuses what
//!   may not be written; [`supervised`] joins the two, and [`usage`] ends what takes too much.
//! - [`system`]: calls that no library has.

mod existing;
mod helper;
mod hidden;
mod init;
mod landlock_rules;
mod mount_plan;
mod mounts;
mod notify;
mod overlays;
mod privileges;
mod repository;
mod seccomp_filter;
mod start;
mod supervised;
mod supervisor;
mod system;
mod usage;

use std::fmt::Display;
use std::io;

use rustix_linux::process::WaitStatus;

pub(super) use helper::enter;
pub(super) use start::{prepare, prepare_ahead, start as start_command};

/// Why the supervisor cannot work here, if it cannot.
pub(super) fn can_supervise() -> Result<(), String> {
    const SETTING: &str = "/proc/sys/kernel/yama/ptrace_scope";
    let scope = std::fs::read_to_string(SETTING).ok();
    let scope = scope.and_then(|scope| scope.trim().parse::<u32>().ok());
    match scope {
        // From two on, only an administrator may look into another process.
        Some(scope) if scope >= 2 => Err(format!(
            "processes may not read each other here (`kernel.yama.ptrace_scope` is {scope})"
        )),
        _ => Ok(()),
    }
}

/// A failed step. Displayed as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {source}")]
struct ConfinementFailure {
    step: String,
    source: io::Error,
}

/// Adds the failed step to an error.
trait FailureStep<T> {
    /// `step` follows the word "cannot".
    fn step(self, step: impl Display) -> Result<T, ConfinementFailure>;
}

impl<T, E: Into<io::Error>> FailureStep<T> for Result<T, E> {
    fn step(self, step: impl Display) -> Result<T, ConfinementFailure> {
        self.map_err(|error| ConfinementFailure {
            step: step.to_string(),
            source: error.into(),
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessEnd {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl ProcessEnd {
    fn new(status: WaitStatus) -> ProcessEnd {
        let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        match status.terminating_signal() {
            Some(signal) => ProcessEnd::Signal(small(signal)),
            None => ProcessEnd::Code(small(status.exit_status().unwrap_or_default())),
        }
    }

    /// Encodes it for another process.
    fn to_bytes(self) -> [u8; 5] {
        let (kind, number) = match self {
            ProcessEnd::Code(code) => (0, code),
            ProcessEnd::Signal(signal) => (1, signal),
        };
        let [first, second, third, fourth] = number.to_ne_bytes();
        [kind, first, second, third, fourth]
    }

    fn from_bytes([kind, number @ ..]: [u8; 5]) -> ProcessEnd {
        let number = i32::from_ne_bytes(number);
        if kind == 0 {
            ProcessEnd::Code(number)
        } else {
            ProcessEnd::Signal(number)
        }
    }
}
