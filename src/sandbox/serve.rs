//! Children that stay, such as a language server: confined and ended like commands, with pipes.

use std::any::Any;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::capture::{HeadAndTail, READ_BUFFER_SIZE};
use super::confine::{Exceeded, Refusal};
use super::{
    CapturedOutput, CommandAccess, Exit, GRACE, Input, ProcessHandle, RunError, Sandbox, ShellLine,
    exit_of, must_have_been_confined,
};

/// Becomes the program that its parameters name: it finds it in `PATH`, and reads nothing of them as
/// a shell does.
const BECOME: &str = "exec \"$@\"";

/// How messages of the shell name the shell.
const SHELL_NAME: &str = "ollacode";

/// A program that stays. Not `Debug`: its variables may be secret.
#[derive(Clone, Copy)]
pub struct ServedProgram<'a> {
    /// The program, by its path or as it is found in `PATH`, and its arguments.
    pub argv: &'a [String],
    /// Variables beside those of every command.
    pub variables: &'a [(String, OsString)],
}

/// A child that stays. Dropping it kills the child with everything that it started, as the end of
/// the program does.
pub struct Served {
    /// Writes to the child. Whoever takes it ends the input by dropping it.
    pub input: Option<ChildStdin>,
    /// Reads what the child writes. A child that is not read stops at a full pipe.
    pub output: Option<ChildStdout>,
    errors: Arc<Mutex<HeadAndTail>>,
    reading: Reading,
    // Before the child: its processes are found while it is still in the table of processes.
    reins: ProcessHandle,
    child: Child,
    /// What has to last as long as it runs.
    _kept: Option<Arc<dyn Any + Send + Sync>>,
}

/// How a child that stayed has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedEnd {
    /// [`Exit::Stopped`] if it did not end by itself in time.
    pub exit: Exit,
    /// The last of what it wrote to its errors.
    pub errors: CapturedOutput,
    /// The first names that it was not allowed to make or to write.
    pub refused: Vec<Refusal>,
    /// How many of its processes were still running when it had ended, and were ended with it.
    pub left_running: usize,
    /// What it used too much of, so that it was ended.
    pub exceeded: Option<Exceeded>,
}

impl Sandbox {
    /// Has another program become the helper, for programs that do not call [`confine::enter`].
    ///
    /// [`confine::enter`]: super::confine::enter
    #[must_use]
    pub fn with_helper(self, program: PathBuf) -> Sandbox {
        Sandbox {
            helper: Some(program),
            ..self
        }
    }

    /// Starts a command in a shell that stays until it is stopped or dropped. Of its errors, the
    /// last bytes are kept, as many as `errors` says.
    ///
    /// To be called within a runtime. A command that cannot be confined does not run: its output
    /// ends at once, and [`Served::stop`] gives the error.
    pub fn serve(
        &self,
        command: &str,
        access: &CommandAccess,
        errors: usize,
    ) -> Result<Served, RunError> {
        self.serve_line(&ShellLine::new(command), access, errors)
    }

    /// The same for a program with its arguments.
    pub fn serve_program(
        &self,
        program: ServedProgram<'_>,
        access: &CommandAccess,
        errors: usize,
    ) -> Result<Served, RunError> {
        let mut words = vec![SHELL_NAME.to_owned()];
        words.extend_from_slice(program.argv);
        let line = ShellLine {
            text: BECOME,
            words: &words,
            variables: program.variables,
        };
        self.serve_line(&line, access, errors)
    }

    fn serve_line(
        &self,
        line: &ShellLine<'_>,
        access: &CommandAccess,
        errors: usize,
    ) -> Result<Served, RunError> {
        let (mut child, reins) = self.start(line, access, Input::Piped)?;
        let kept = Arc::new(Mutex::new(HeadAndTail::tail_only(errors)));
        let reading = keep(child.stderr.take(), Arc::clone(&kept));
        Ok(Served {
            input: child.stdin.take(),
            output: child.stdout.take(),
            errors: kept,
            reading: Reading(tokio::spawn(reading)),
            reins,
            child,
            _kept: self.kept.clone(),
        })
    }
}

impl Served {
    /// The last of what the child has written to its errors so far.
    pub fn errors(&self) -> CapturedOutput {
        self.errors.lock().clone().finish()
    }

    /// Ends the child's input, waits until it ends by itself, and kills what is left then.
    ///
    /// Input that was taken has to be dropped before, else the child is killed when the time is over.
    ///
    /// # Errors
    ///
    /// As of [`Sandbox::run`]: the child could not be confined, or its end is not known.
    pub async fn stop(mut self, grace: Duration) -> Result<ServedEnd, RunError> {
        drop(self.input.take());
        let exit = match timeout(grace, self.child.wait()).await {
            Ok(status) => status.map(exit_of).map_err(RunError::Wait),
            Err(_) => Ok(Exit::Stopped),
        };
        let is_helper = matches!(self.reins, ProcessHandle::Helper(_));
        let report = self.reins.end(&mut self.child).await;
        // Somebody who cannot be found may hold the pipe open.
        let _ = timeout(GRACE, &mut self.reading.0).await;
        // Unless its end is looked at, it stays in the table of processes.
        let _ = timeout(GRACE, self.child.wait()).await;
        let exit = exit?;
        if is_helper {
            must_have_been_confined(&report, exit)?;
        }
        let errors = self.errors.lock().clone().finish();
        Ok(ServedEnd {
            exit,
            errors,
            refused: report.refused,
            left_running: report.left_running,
            exceeded: report.exceeded,
        })
    }
}

/// What reads the errors of a child, until it is dropped.
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the end of what comes out of a pipe.
async fn keep(pipe: Option<ChildStderr>, kept: Arc<Mutex<HeadAndTail>>) {
    let Some(mut pipe) = pipe else {
        return;
    };
    let mut buffer = vec![0; READ_BUFFER_SIZE];
    // A read error ends the output like the end of the pipe.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        kept.lock().push(&buffer[..length]);
    }
}
