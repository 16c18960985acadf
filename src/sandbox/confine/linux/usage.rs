//! Limits the total memory and disk space of a command, which limits per process cannot.

use std::fs;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rustix_linux::fs::fstatvfs;
use rustix_linux::process::{Pid, Signal, getpid, kill_process};

use super::super::{Exceeded, ResourceLimits};

/// Interval of the checks.
const PAUSE: Duration = Duration::from_millis(250);

/// The limit that a command has exceeded, if any.
#[derive(Clone, Debug, Default)]
pub struct ResourceUsage(Arc<OnceLock<Exceeded>>);

impl ResourceUsage {
    /// The exceeded limit.
    pub fn exceeded(&self) -> Option<Exceeded> {
        self.0.get().copied()
    }

    /// Checks on its own thread, and has a command killed that exceeds a limit. With
    /// `sees_only_its_own`, all visible processes except this one and its parent belong to the
    /// command; otherwise the descendants of this one.
    pub fn watch(
        limits: ResourceLimits,
        folders: Vec<OwnedFd>,
        sees_only_its_own: bool,
    ) -> ResourceUsage {
        let usage = ResourceUsage::default();
        let told = usage.clone();
        let free_at_first: Vec<Option<u64>> = folders.iter().map(free).collect();
        let memory = limits.memory.or_else(three_quarters_of_memory);
        let look = move || {
            loop {
                thread::sleep(PAUSE);
                let processes = processes(sees_only_its_own);
                let used: u64 = processes.iter().copied().filter_map(own_memory).sum();
                let has_filled = folders.iter().zip(&free_at_first).any(|(folder, before)| {
                    let filled = before
                        .zip(free(folder))
                        .map(|(before, now)| before.saturating_sub(now));
                    filled.is_some_and(|filled| filled > limits.disk)
                });
                let exceeded = if memory.is_some_and(|most| used > most) {
                    Exceeded::Memory
                } else if has_filled {
                    Exceeded::Disk
                } else {
                    continue;
                };
                let _ = told.0.set(exceeded);
                for process in processes {
                    // An error means that it is gone.
                    let _ = kill_process(process, Signal::Kill);
                }
            }
        };
        // Without the thread there is no limit, and nothing else is wrong.
        let _ = thread::Builder::new().spawn(look);
        usage
    }
}

/// Free bytes on the disk of a folder.
fn free(folder: &OwnedFd) -> Option<u64> {
    let found = fstatvfs(folder.as_fd()).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Private memory of a process, in bytes.
fn own_memory(process: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    kibibytes(&status, "RssAnon:")
}

fn three_quarters_of_memory() -> Option<u64> {
    let all = kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    Some(all / 4 * 3)
}

/// Parses a line such as `MemTotal:   8000000 kB` to bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

/// The processes of the command.
fn processes(sees_only_its_own: bool) -> Vec<Pid> {
    if !sees_only_its_own {
        return descendants();
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(Pid::from_raw)
        .filter(|id| !id.is_init())
        .collect()
}

fn descendants() -> Vec<Pid> {
    let mut found = vec![getpid()];
    let mut known = 0;
    while known < found.len() {
        let id = found[known].as_raw_nonzero();
        known += 1;
        let tasks = fs::read_dir(format!("/proc/{id}/task"))
            .into_iter()
            .flatten();
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_ascii_whitespace();
            found.extend(children.filter_map(|id| id.parse().ok().and_then(Pid::from_raw)));
        }
    }
    found.split_off(1)
}
