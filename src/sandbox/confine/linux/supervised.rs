//! A command with its supervisor, from the first notification to the report.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix_linux::fs::CWD;
use rustix_linux::process::Pid;

use super::super::channel::HelperMessage;
use super::helper::HelperTask;
use super::mounts::step_into;
use super::notify::receive_listener;
use super::supervisor::{self, Area, Refusals};
use super::usage::ResourceUsage;
use super::{ConfinementFailure, FailureStep};

/// A supervised command.
#[derive(Debug)]
pub struct Supervised {
    refusals: Refusals,
    usage: ResourceUsage,
}

/// Receives the kernel's notifications from the process that will be the command, and answers them
/// on its own thread.
///
/// It also watches memory and disk space.
pub fn start(
    task: &HelperTask,
    line: &UnixStream,
    area: Area,
) -> Result<Supervised, ConfinementFailure> {
    let folder = |path: &Path| step_into(CWD, path.as_os_str()).ok();
    let written = [task.bounds.root.as_path(), &task.temporary()];
    let folders = written.into_iter().filter_map(folder).collect();
    let usage = ResourceUsage::watch(task.bounds.limits, folders, task.has_own_processes());
    let listener = receive_listener(line).step("take over what the command asks")?;
    let refusals = match listener {
        Some(listener) => supervisor::start(listener, area).step("start the supervisor")?,
        // The process has failed before it could ask, and has said why.
        None => Refusals::default(),
    };
    Ok(Supervised { refusals, usage })
}

impl Supervised {
    /// Reports refusals, and how many processes were still running at the end.
    pub fn tell(&self, left_running: usize, line: &UnixStream) {
        let message = HelperMessage::Ended {
            left_running,
            refused: self.refusals.first(),
            exceeded: self.usage.exceeded(),
        };
        // If the receiver is gone, the report is not needed.
        let _ = message.send(line);
    }
}

/// Whether a process is alive and not a zombie.
pub fn is_running(process: Pid) -> bool {
    let stat = fs::read(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    // `id (name) state …`; a name may hold anything.
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|rest| !rest.starts_with(['Z', 'X']))
}
