//! How commands end: by themselves, by their time, because they are stopped; and what is left of them.

use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::process::Child;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::capture::HeadAndTail;
use super::confine::{ConfinementReport, Helper};
use super::process_tree::ProcessTree;
use super::{Exit, GRACE, RunError};

/// How long a helper may take to end a command.
const HELPER_GRACE: Duration = Duration::from_secs(2);

/// How to end a command.
pub(super) enum ProcessHandle {
    /// By its helper, which also ends it if this is dropped.
    Helper(Helper),
    /// By killing all its processes.
    Processes(ProcessTree),
}

impl ProcessHandle {
    /// Ends all remaining processes of a command.
    pub(super) async fn end(self, child: &mut Child) -> ConfinementReport {
        match self {
            ProcessHandle::Processes(tree) => ConfinementReport {
                left_running: tree.end().await,
                ..ConfinementReport::default()
            },
            ProcessHandle::Helper(helper) => {
                helper.end();
                if timeout(HELPER_GRACE, child.wait()).await.is_err() {
                    // The kernel kills the command with its helper. An error means that it is
                    // gone by now.
                    let _ = child.start_kill();
                    let _ = timeout(GRACE, child.wait()).await;
                }
                helper.report()
            }
        }
    }
}

/// Returns an error if the command did not run confined.
pub(super) fn must_have_been_confined(
    report: &ConfinementReport,
    exit: Exit,
) -> Result<(), RunError> {
    let was_ended = matches!(exit, Exit::TimedOut | Exit::Stopped);
    match &report.failed {
        Some(why) => Err(RunError::Confine(why.clone())),
        // It may have been ended before it began.
        None if report.is_confined || was_ended => Ok(()),
        None => Err(RunError::Confine("its helper does not answer".to_owned())),
    }
}

/// Reads the output of a command until it ends or must end.
pub(super) async fn watch(
    mut child: Child,
    reins: ProcessHandle,
    (stdout, stderr): (&mut HeadAndTail, &mut HeadAndTail),
    limit: Duration,
    stop: &CancellationToken,
) -> Result<(Exit, ConfinementReport), RunError> {
    let pipes = (child.stdout.take(), child.stderr.take());
    let mut reading = Box::pin(async { tokio::join!(stdout.read(pipes.0), stderr.read(pipes.1)) });
    let mut has_read_all = false;
    let exit = {
        let ending = async {
            tokio::select! {
                biased;
                status = child.wait() => status.map(exit_of).map_err(RunError::Wait),
                () = stop.cancelled() => Ok(Exit::Stopped),
                () = tokio::time::sleep(limit) => Ok(Exit::TimedOut),
            }
        };
        match select(pin!(ending), &mut reading).await {
            Either::Left((exit, _)) => exit,
            Either::Right((_, ending)) => {
                has_read_all = true;
                ending.await
            }
        }
    };
    let report = reins.end(&mut child).await;
    if !has_read_all {
        // Somebody who cannot be found may hold the pipes open.
        let _ = timeout(GRACE, reading).await;
    }
    // The shell is dead; unless its end is looked at, it stays in the table of processes.
    let _ = timeout(GRACE, child.wait()).await;
    Ok((exit?, report))
}

pub(super) fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}
