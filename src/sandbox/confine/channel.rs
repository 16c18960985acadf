//! Messages from the helper: one line of JSON each, over a private socket.

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Exceeded, SandboxPolicy};

/// Time to wait for the rest of a report when the helper is gone.
const PATIENCE: Duration = Duration::from_millis(500);

/// Most bytes of a report.
const LONGEST: u64 = 1 << 20;

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has a helper")
)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum HelperMessage {
    /// The sandbox is set up; the command starts next.
    Confined,
    /// A step failed and nothing ran: the step and the reason.
    Failed(String),
    /// The command has ended.
    Ended {
        /// Number of its processes that were still running.
        left_running: usize,
        /// The first refusals.
        refused: Vec<Refusal>,
        /// The limit that it exceeded, if it was ended for that.
        exceeded: Option<Exceeded>,
    },
}

/// A command for a waiting helper.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has a helper")
)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HelperRequest {
    pub bounds: SandboxPolicy,
    pub level: String,
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub variables: Vec<(OsString, OsString)>,
}

impl HelperRequest {
    /// Sends its length and then the command.
    pub fn send(&self, mut line: &UnixStream) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        line.write_all(&(text.len() as u64).to_ne_bytes())?;
        line.write_all(&text)
    }

    /// Waits for a command; `None` if there will be none.
    pub fn receive(mut line: &UnixStream) -> Option<HelperRequest> {
        let mut length = [0; 8];
        line.read_exact(&mut length).ok()?;
        let mut text = Vec::new();
        let rest = line.take(u64::from_ne_bytes(length));
        BufReader::new(rest).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Something that a command was not allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The path below the guarded folder, or the words of a command.
    pub path: String,
    /// Why: the end of a sentence that begins with the path.
    pub why: String,
    pub kind: RefusalKind,
    /// Whether it is a complete path of the workspace.
    pub is_in_workspace: bool,
}

/// The kind of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// Creating or writing a path.
    Write,
    /// The same in the git folder, which only git may write.
    Git,
    /// Executing what a rule denies.
    Execute,
}

/// The report of a confined run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfinementReport {
    /// Whether the sandbox was set up before the command started. If not, it did not run.
    pub is_confined: bool,
    /// Why the command did not run, with the failed step.
    pub failed: Option<String>,
    /// The first refusals.
    pub refused: Vec<Refusal>,
    /// Number of its processes that were still running when it had ended, and were killed.
    pub left_running: usize,
    /// The limit that it exceeded, if it was ended for that.
    pub exceeded: Option<Exceeded>,
}

/// Our end of the connection to a helper. If it is dropped, the helper ends the command.
#[derive(Debug)]
pub struct Helper {
    line: UnixStream,
}

impl Helper {
    pub(super) fn new(line: UnixStream) -> Helper {
        Helper { line }
    }

    pub(super) fn line(&self) -> &UnixStream {
        &self.line
    }

    /// Tells the helper to kill the command with all its processes and to exit. Does not wait for
    /// that.
    pub fn end(&self) {
        // An error means that the helper is gone already.
        let _ = self.line.shutdown(Shutdown::Write);
    }

    /// Reads the report, after the helper has exited.
    pub fn report(self) -> ConfinementReport {
        let mut report = ConfinementReport::default();
        let mut text = Vec::new();
        // What cannot be read was not said, so the command counts as not confined.
        let _ = self.line.set_read_timeout(Some(PATIENCE));
        let _ = self.line.take(LONGEST).read_to_end(&mut text);
        for line in text.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(HelperMessage::Confined) => report.is_confined = true,
                Ok(HelperMessage::Failed(why)) => report.failed = Some(why),
                Ok(HelperMessage::Ended {
                    left_running,
                    refused,
                    exceeded,
                }) => {
                    report.exceeded = exceeded;
                    report.left_running = left_running;
                    report.refused = refused;
                }
                Err(_) => {}
            }
        }
        if report.failed.is_some() {
            report.is_confined = false;
        }
        report
    }
}

impl AsFd for Helper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has a helper")
)]
impl HelperMessage {
    /// Sends the message in one write.
    pub fn send(&self, mut line: &UnixStream) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        line.write_all(&text)
    }
}
