//! Confinement on Linux, in the order in which it happens.
//!
//! - [`start`]: what ollacode gives to the helper.
//! - [`helper`]: the process outside: it starts, watches and ends the command.
//! - [`inside`]: the process inside, which is the first one of its own namespace: it builds what
//!   the command sees ([`plan`], [`repository`], [`view`], [`existing`], [`covers`], [`hidden`]), gives up
//!   all rights ([`privileges`], [`rules`], [`filter`]), and runs the command.
//! - [`supervisor`], asked by [`notify`]: makes names and opens files for the command, and refuses what
//!   may not be written; [`supervised`] joins the two, and [`usage`] ends what takes too much.
//! - [`system`]: calls that no library has.

mod covers;
mod existing;
mod filter;
mod helper;
mod hidden;
mod inside;
mod notify;
mod plan;
mod privileges;
mod repository;
mod rules;
mod start;
mod supervised;
mod supervisor;
mod system;
mod usage;
mod view;

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
struct Failure {
    step: String,
    source: io::Error,
}

/// Adds the failed step to an error.
trait Step<T> {
    /// `step` follows the word "cannot".
    fn step(self, step: impl Display) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            step: step.to_string(),
            source: error.into(),
        })
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl Ended {
    fn new(status: WaitStatus) -> Ended {
        let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        match status.terminating_signal() {
            Some(signal) => Ended::Signal(small(signal)),
            None => Ended::Code(small(status.exit_status().unwrap_or_default())),
        }
    }

    /// Encodes it for another process.
    fn to_bytes(self) -> [u8; 5] {
        let (kind, number) = match self {
            Ended::Code(code) => (0, code),
            Ended::Signal(signal) => (1, signal),
        };
        let [first, second, third, fourth] = number.to_ne_bytes();
        [kind, first, second, third, fourth]
    }

    fn from_bytes([kind, number @ ..]: [u8; 5]) -> Ended {
        let number = i32::from_ne_bytes(number);
        if kind == 0 {
            Ended::Code(number)
        } else {
            Ended::Signal(number)
        }
    }
}
