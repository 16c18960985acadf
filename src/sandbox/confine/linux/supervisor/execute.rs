//! Executing programs: what a rule denies is refused, whatever starts it.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix_linux::fs::{Mode, OFlags, openat};
use rustix_linux::io::Errno;

use super::super::super::{Refusal, RefusalKind};
use super::area::path_of;
use super::caller::UNREADABLE;
use super::calls::{CONTINUE, SupervisedCall, SyscallRefusal, SyscallResult, reopen};

impl SupervisedCall<'_> {
    /// Refuses to execute what a rule denies, by the names and the arguments of the program. The
    /// kernel executes the rest: a program with several threads could change its arguments at that
    /// moment.
    pub(super) fn execute(
        &self,
        argument: (u64, u64),
        words: u64,
        by_descriptor: bool,
    ) -> SyscallResult {
        // The first one is the shell that runs the command.
        if !self.area.has_started.replace(true) {
            return Ok(CONTINUE);
        }
        // What cannot be read cannot be judged, and here the kernel would refuse nothing.
        let readable = |error| match error {
            UNREADABLE => Errno::ACCESS,
            error => error,
        };
        let path = match self.caller.path(argument.1) {
            Err(Errno::NOENT) if by_descriptor => PathBuf::from("."),
            path => path.map_err(readable)?,
        };
        let words = self.caller.words(words).map_err(readable)?;
        self.confirm()?;
        let look = OFlags::PATH | OFlags::CLOEXEC;
        let from = self.caller.beginning_of_program(argument.0, &path)?;
        // What is not there is not executed.
        let found = match by_descriptor && path == Path::new(".") {
            true => from,
            false => openat(&from, &path, look, Mode::empty())?,
        };
        let real = path_of(&found)?;
        let first = first_words(&found);
        match self.area.denied.refusal(&path, &real, &words, &first) {
            None => Ok(CONTINUE),
            Some(denied) => Err(SyscallRefusal::ByPolicy(Refusal {
                path: denied,
                why: "is denied by a rule of the user".to_owned(),
                kind: RefusalKind::Execute,
                is_in_workspace: false,
            })),
        }
    }
}

/// The words of the first line of a script, which precede its path.
fn first_words(program: &OwnedFd) -> Vec<String> {
    let mut start = [0; 256];
    let file = reopen(program, OFlags::RDONLY | OFlags::NONBLOCK).map(File::from);
    let read = file.and_then(|mut file| file.read(&mut start).map_err(|_| Errno::IO));
    let text = String::from_utf8_lossy(&start[..read.unwrap_or_default()]);
    let line = text.strip_prefix("#!").and_then(|text| text.lines().next());
    let words = line.unwrap_or_default().split_whitespace();
    words.map(str::to_owned).collect()
}
