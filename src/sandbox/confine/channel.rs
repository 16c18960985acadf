//! What the helper tells: a line of JSON a message, over a socket that it alone has.

use std::ffi::OsString;
use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bounds, Exceeded};

/// How long the rest of a report is waited for when the helper is gone.
const PATIENCE: Duration = Duration::from_millis(500);

/// Most bytes of a report.
const LONGEST: u64 = 1 << 20;

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has a helper")
)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// Everything that was promised holds; the command is next.
    Confined,
    /// A step failed, and nothing ran: the step, and why.
    Failed(String),
    /// The command has ended.
    Ended {
        /// How many of its processes were still running.
        left_running: usize,
        /// The first names that it was refused.
        refused: Vec<Refusal>,
        /// What it used too much of, so that it was ended.
        exceeded: Option<Exceeded>,
    },
}

/// A command, as it is told to a helper that waits for one.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux has a helper")
)]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub bounds: Bounds,
    pub level: String,
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub variables: Vec<(OsString, OsString)>,
}

impl Order {
    /// Sends it: its length, and then itself.
    pub fn send(&self, mut line: &UnixStream) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        line.write_all(&(text.len() as u64).to_ne_bytes())?;
        line.write_all(&text)
    }

    /// Waits for one; `None` if there will be none.
    pub fn receive(mut line: &UnixStream) -> Option<Order> {
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
    /// Why: the path and these words are a sentence.
    pub why: String,
    pub kind: RefusalKind,
    /// Whether it is a path of the workspace, and whole.
    pub is_in_workspace: bool,
}

/// What a command was not allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// To make or to write a name.
    Write,
    /// The same in git's folder, which is open to git alone.
    Git,
    /// To execute what a rule denies.
    Execute,
}

/// How a confined run went, beside how the command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether everything that was promised held before the command began. If not, it did not run.
    pub is_confined: bool,
    /// Why the command did not run: a sentence that names the step.
    pub failed: Option<String>,
    /// The first names that the command was refused.
    pub refused: Vec<Refusal>,
    /// How many of its processes were still running when it had ended, and were ended with it.
    pub left_running: usize,
    /// What it used too much of, so that it was ended.
    pub exceeded: Option<Exceeded>,
}

/// Our end of the line to a helper. If it is dropped, the helper ends the command.
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

    /// Has the helper kill the command with everything that it started, and exit. It does not wait
    /// for that.
    pub fn end(&self) {
        // An error means that the helper is gone already.
        let _ = self.line.shutdown(Shutdown::Write);
    }

    /// Reads how it went. To be called when the helper has exited.
    pub fn report(self) -> Report {
        let mut report = Report::default();
        let mut text = Vec::new();
        // What cannot be read was not said, so the command counts as not confined.
        let _ = self.line.set_read_timeout(Some(PATIENCE));
        let _ = self.line.take(LONGEST).read_to_end(&mut text);
        for line in text.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Message::Confined) => report.is_confined = true,
                Ok(Message::Failed(why)) => report.failed = Some(why),
                Ok(Message::Ended {
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
impl Message {
    /// Sends it, in one write.
    pub fn send(&self, mut line: &UnixStream) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        line.write_all(&text)
    }
}
