//! Finds all processes of a command, so that none outlives it.
//!
//! A process belongs to a run if it has the run's mark in its environment, is in its session,
//! writes to its pipes, or was started by one that belongs to it. So one that left the session, and
//! whose parent is gone, is found as well.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Child;

/// The variable that marks the processes of a run.
pub(super) const MARK: &str = "OLLACODE_RUN";

/// Time limit for killing: a process that waits for a device dies only then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pause between two searches for remaining processes.
const PAUSE: Duration = Duration::from_millis(1);

/// A unique mark for a run.
pub(super) fn new_mark() -> String {
    // The standard library seeds each of them from the system's random numbers.
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The processes of one run. When it is dropped, they are killed.
pub(super) struct ProcessTree {
    run: Arc<RunIdentity>,
    has_ended: bool,
}

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only /proc tells more")
)]
struct RunIdentity {
    /// The shell: leader of its session and process group.
    leader: Option<Pid>,
    /// The mark as an environment entry.
    mark: Vec<u8>,
    /// The pipes, as link targets in `/proc`.
    pipes: Vec<String>,
}

impl ProcessTree {
    /// Tracks a command that leads its own session and has its output piped.
    pub fn new(child: &Child, mark: &str) -> ProcessTree {
        let leader = child.id().and_then(|id| i32::try_from(id).ok());
        let run = RunIdentity {
            leader: leader.and_then(Pid::from_raw),
            mark: format!("{MARK}={mark}").into_bytes(),
            pipes: pipes(child),
        };
        ProcessTree {
            run: Arc::new(run),
            has_ended: false,
        }
    }

    /// Kills the remaining processes of the run and returns their number.
    pub async fn end(mut self) -> usize {
        let run = Arc::clone(&self.run);
        let killed = tokio::task::spawn_blocking(move || run.kill()).await;
        self.has_ended = killed.is_ok();
        killed.unwrap_or_default()
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        if !self.has_ended {
            self.run.kill();
        }
    }
}

impl RunIdentity {
    /// Kills until nothing is left or can be killed. Returns how many were killed.
    fn kill(&self) -> usize {
        let began = Instant::now();
        let mut all = BTreeSet::new();
        loop {
            if let Some(leader) = self.leader {
                // An error means that the group is gone.
                let _ = kill_process_group(leader, Signal::KILL);
            }
            let members = self.members().into_iter();
            let killed: Vec<Pid> = members
                .filter(|member| kill_process(*member, Signal::KILL).is_ok())
                .collect();
            all.extend(killed.iter().map(|member| member.as_raw_nonzero()));
            if killed.is_empty() || began.elapsed() > PATIENCE {
                return all.len();
            }
            thread::sleep(PAUSE);
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn members(&self) -> Vec<Pid> {
        Vec::new()
    }

    /// Finds the processes that belong to the run and are alive.
    #[cfg(target_os = "linux")]
    fn members(&self) -> Vec<Pid> {
        let (mut members, mut others): (Vec<_>, Vec<_>) = linux::processes()
            .into_iter()
            .partition(|process| self.owns(process));
        // Then what those have started, and so on.
        let mut known = 0;
        while known < members.len() {
            let parents: Vec<_> = members[known..].iter().map(|member| member.id).collect();
            known = members.len();
            let (children, rest) = others
                .into_iter()
                .partition(|process| parents.contains(&process.parent));
            others = rest;
            members.extend::<Vec<_>>(children);
        }
        members.into_iter().map(|member| member.id).collect()
    }

    /// Whether a process belongs to the run by itself.
    #[cfg(target_os = "linux")]
    fn owns(&self, process: &linux::Process) -> bool {
        self.leader.is_some_and(|leader| process.session == leader)
            || process.environment_has(&self.mark)
            || process.writes_to(&self.pipes)
    }
}

/// Names the pipes to which a command writes.
fn pipes(child: &Child) -> Vec<String> {
    let stdout = child.stdout.as_ref().map(rustix::fs::fstat);
    let stderr = child.stderr.as_ref().map(rustix::fs::fstat);
    let known = [stdout, stderr].into_iter().flatten().flatten();
    known
        .map(|pipe| format!("pipe:[{}]", pipe.st_ino))
        .collect()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::fs;

    use rustix::process::{Pid, getpid};

    /// A process in `/proc`.
    pub(super) struct Process {
        pub id: Pid,
        pub parent: Pid,
        pub session: Pid,
    }

    /// Lists the processes that are alive, without this one and without those of the kernel.
    pub(super) fn processes() -> Vec<Process> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let own = getpid();
        let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter_map(Process::read)
            .filter(|process| process.id != own)
            .collect()
    }

    impl Process {
        /// Parses `id (name) state parent group session …`; a name may contain anything.
        fn read(id: i32) -> Option<Process> {
            let line = fs::read(format!("/proc/{id}/stat")).ok()?;
            let line = String::from_utf8_lossy(&line);
            let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
            let state = fields.next()?;
            let mut next = || fields.next()?.parse().ok().and_then(Pid::from_raw);
            let (parent, _group, session) = (next()?, next()?, next()?);
            // Dead, and waiting for its parent to notice.
            if matches!(state, "Z" | "X") {
                return None;
            }
            Some(Process {
                id: Pid::from_raw(id)?,
                parent,
                session,
            })
        }

        /// Whether the environment of the process has a variable with its value.
        pub fn environment_has(&self, variable: &[u8]) -> bool {
            let environment = fs::read(format!("/proc/{}/environ", self.id.as_raw_nonzero()));
            environment.is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == variable)
            })
        }

        /// Whether its output or its errors go to one of some pipes.
        pub fn writes_to(&self, pipes: &[String]) -> bool {
            [1, 2].iter().any(|number| {
                let path = format!("/proc/{}/fd/{number}", self.id.as_raw_nonzero());
                let target = fs::read_link(path);
                target.is_ok_and(|target| pipes.iter().any(|pipe| target == OsStr::new(pipe)))
            })
        }
    }
}
