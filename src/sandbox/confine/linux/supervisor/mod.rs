//! The supervisor: makes the calls of a command on names and files that must be judged.
//!
//! The command's own rights ([`super::landlock_rules`]) let it neither create a name nor write a file in the
//! guarded folders. The kernel asks this process instead ([`super::notify`]), which reads the path
//! once, judges it, and creates the name or opens the file itself. So the command cannot change the
//! path in between, and a forbidden name does not appear even for a moment. Calls are handled one
//! at a time: no name changes between judging and acting.

mod area;
mod caller;
mod calls;
mod execute;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use rustix_linux::event::{PollFd, PollFlags, poll};
use rustix_linux::fs::OFlags;
use rustix_linux::io::Errno;

use super::super::Refusal;
use super::notify::{Listener, SyscallRequest, SyscallResponse};
use super::system;
pub use area::Area;

/// Most refusals reported.
const MOST_TOLD: usize = 20;

/// Most processes waiting for a reader of a pipe; each takes a descriptor.
const MOST_PIPES: usize = 256;

/// Interval of checks for a reader of a pipe, in milliseconds.
const PIPE_PAUSE: i32 = 5;

/// The refusals, for the report.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<RefusalLog>>);

#[derive(Debug, Default)]
struct RefusalLog {
    paths: BTreeSet<String>,
    first: Vec<Refusal>,
}

impl Refusals {
    fn add(&self, refusal: Refusal) {
        let mut told = self.0.lock();
        if told.first.len() < MOST_TOLD && told.paths.insert(refusal.path.clone()) {
            told.first.push(refusal);
        }
    }

    pub fn first(&self) -> Vec<Refusal> {
        let told = self.0.lock();
        told.first.clone()
    }
}

/// Answers notifications on its own thread.
pub fn start(listener: Listener, area: Area) -> io::Result<Refusals> {
    let refusals = Refusals::default();
    let supervisor = Supervisor {
        listener,
        area,
        refusals: refusals.clone(),
        pipes: Vec::new(),
    };
    // A file that grows too large is the caller's matter.
    system::ignore_large_files();
    // It ends with this process, or when no process is left that could ask.
    thread::Builder::new().spawn(move || supervisor.run())?;
    Ok(refusals)
}

struct Supervisor {
    listener: Listener,
    area: Area,
    refusals: Refusals,
    /// Processes waiting for a reader of a pipe.
    pipes: Vec<WaitingForReader>,
}

/// A process that opens a named pipe for writing and waits for a reader.
struct WaitingForReader {
    question: SyscallRequest,
    pipe: OwnedFd,
    flags: OFlags,
}

impl Supervisor {
    fn run(mut self) {
        loop {
            let mut watched = [PollFd::new(&self.listener, PollFlags::IN)];
            let limit = if self.pipes.is_empty() {
                -1
            } else {
                PIPE_PAUSE
            };
            match poll(&mut watched, limit) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            let found = watched[0].revents();
            if found.contains(PollFlags::IN) {
                match self.listener.receive() {
                    Ok(Some(question)) => self.reply(question),
                    Ok(None) => {}
                    Err(_) => return,
                }
            } else if found.intersects(PollFlags::HUP | PollFlags::ERR) {
                return;
            }
            self.open_pipes();
        }
    }

    fn reply(&mut self, question: SyscallRequest) {
        match calls::carry_out(&self.listener, &self.area, &question) {
            Ok(calls::SyscallOutcome::Answer(answer)) => self.listener.answer(&question, answer),
            Ok(calls::SyscallOutcome::WaitForReader(..)) if self.pipes.len() >= MOST_PIPES => {
                self.listener
                    .answer(&question, SyscallResponse::Failed(Errno::AGAIN));
            }
            Ok(calls::SyscallOutcome::WaitForReader(pipe, flags)) => {
                self.pipes.push(WaitingForReader {
                    question,
                    pipe,
                    flags,
                })
            }
            // The kernel carries it out, with rights that let nothing guarded be written.
            Err(calls::SyscallRefusal::By(caller::UNREADABLE)) => {
                self.listener.answer(&question, SyscallResponse::Continue);
            }
            Err(calls::SyscallRefusal::By(error)) => {
                self.listener
                    .answer(&question, SyscallResponse::Failed(error));
            }
            Err(calls::SyscallRefusal::ByPolicy(refusal)) => {
                self.refusals.add(refusal);
                self.listener
                    .answer(&question, SyscallResponse::Failed(Errno::ACCESS));
            }
        }
    }

    fn open_pipes(&mut self) {
        let listener = &self.listener;
        self.pipes.retain(|waiting| {
            if !listener.is_waiting(&waiting.question) {
                return false;
            }
            match calls::open_pipe(&waiting.pipe, waiting.flags) {
                Err(Errno::NXIO) => true,
                opened => {
                    let answer = match opened {
                        Ok(file) => SyscallResponse::File {
                            file,
                            close_at_exec: waiting.flags.contains(OFlags::CLOEXEC),
                        },
                        Err(error) => SyscallResponse::Failed(error),
                    };
                    listener.answer(&waiting.question, answer);
                    false
                }
            }
        });
    }
}
