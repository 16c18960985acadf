//! The inner process: sets up the view and the rights of the command, and then runs it.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix_linux::event::{PollFd, PollFlags, poll};
use rustix_linux::process::{
    DumpableBehavior, Gid, Pid, Signal, Uid, WaitOptions, set_dumpable_behavior,
    set_parent_process_death_signal, setsid, wait,
};

use super::super::NOT_RUN;
use super::super::channel::HelperMessage;
use super::existing::Existing;
use super::helper::HelperTask;
use super::landlock_rules::LandlockRules;
use super::mount_plan::MountPlan;
use super::supervisor::Area;
use super::{
    ConfinementFailure, FailureStep, ProcessEnd, landlock_rules, mounts, notify, privileges,
    seccomp_filter, supervised, system,
};

/// What the inner process needs from the outer one.
pub struct ParentProcess {
    pub user: Uid,
    pub group: Gid,
    /// Where to report how the command ended. It closes when the outer process is gone.
    pub line: UnixStream,
}

/// How often, and at what interval, to check whether processes of a command end as well.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(5);

/// Runs a command as the first process of its namespaces. All others end with it.
pub fn run_first(
    task: &HelperTask,
    plan: &MountPlan,
    area: Area,
    existing: &[Existing],
    outside: &ParentProcess,
) -> ! {
    let ran = die_with(&outside.line)
        .and_then(|()| enter(task, plan, existing, outside))
        .and_then(|()| start_and_wait(task, area));
    match ran {
        Ok(ended) => {
            // If the receiver is gone, the report is not needed.
            let _ = (&outside.line).write_all(&ended.to_bytes());
            system::exit(0);
        }
        Err(failure) => fail(task, &failure),
    }
}

/// Runs a command in the view of the host, replacing this process.
pub fn run_in_place(
    task: &HelperTask,
    rules: &LandlockRules,
    area: &Area,
    supervisor: &UnixStream,
) -> ! {
    let restricted = privileges::limit(&task.bounds.limits)
        .and_then(|()| privileges::give_up())
        .and_then(|()| rules.apply())
        .and_then(|()| seccomp_filter::apply(task.bounds.network))
        .and_then(|()| {
            HelperMessage::Confined
                .send(&task.line)
                .step("tell that all is ready")
        });
    let Err(failure) = restricted.and_then(|()| execute(task, area, supervisor));
    fail(task, &failure)
}

/// Ties this process to the outer one: its death kills everything inside.
fn die_with(line: &UnixStream) -> Result<(), ConfinementFailure> {
    set_parent_process_death_signal(Some(Signal::Kill)).step("follow the helper")?;
    // It may have died before that.
    let mut watched = [PollFd::new(line, PollFlags::IN)];
    let ready = poll(&mut watched, 0).step("look for the helper")?;
    if ready > 0 {
        return Err(io::Error::other("it is gone")).step("follow the helper");
    }
    Ok(())
}

/// Enters the view and gives up everything else.
fn enter(
    task: &HelperTask,
    plan: &MountPlan,
    existing: &[Existing],
    outside: &ParentProcess,
) -> Result<(), ConfinementFailure> {
    let bounds = &task.bounds;
    privileges::keep_user(outside.user, outside.group)?;
    if !bounds.network {
        system::bring_up_loopback().step("bring up the loopback")?;
    }
    mounts::build(bounds, plan, existing)?;
    privileges::limit(&bounds.limits)?;
    privileges::give_up()?;
    LandlockRules::for_view(plan).apply()?;
    // A command can look neither into this process nor change it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("hide the helper")?;
    seccomp_filter::apply(true)?;
    HelperMessage::Confined
        .send(&task.line)
        .step("tell that all is ready")
}

/// Starts the command and waits for it and for orphans.
fn start_and_wait(task: &HelperTask, area: Area) -> Result<ProcessEnd, ConfinementFailure> {
    let (ours, theirs) = UnixStream::pair().step("make a line")?;
    let Some(command) = system::fork().step("start a process")? else {
        drop(ours);
        let Err(failure) = execute(task, &area, &theirs);
        fail(task, &failure)
    };
    drop(theirs);
    let supervised = supervised::start(task, &ours, area)?;
    let ended = loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended == command => break ProcessEnd::new(status),
            Ok(_) | Err(rustix_linux::io::Errno::INTR) => {}
            Err(error) => return Err(error).step("wait for the command"),
        }
    };
    supervised.tell(left_running(), &task.line);
    Ok(ended)
}

/// The number of processes still running, after those about to end have ended.
fn left_running() -> usize {
    let mut left = 0;
    for _ in 0..LOOKS {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let others = ids.filter_map(Pid::from_raw).filter(|id| !id.is_init());
        left = others.filter(|id| supervised::is_running(*id)).count();
        if left == 0 {
            break;
        }
        thread::sleep(PAUSE);
    }
    left
}

/// Becomes the command. From here on, the supervisor creates names and opens files to write for it,
/// except in the open folders.
fn execute(
    task: &HelperTask,
    area: &Area,
    supervisor: &UnixStream,
) -> Result<Infallible, ConfinementFailure> {
    landlock_rules::leave_names_to_supervisor(&area.open)?;
    let also = notify::OptionalSyscalls {
        removing: !area.kept.is_empty(),
        executing: !area.denied.is_empty(),
    };
    notify::ask_supervisor(supervisor, also).step("have the supervisor be asked")?;
    system::close_rest_at_exec().step("close files")?;
    // Where nothing was entered, it leads a session already.
    let _ = setsid();
    let mut command = Command::new(&task.program);
    command.args(&task.arguments);
    if let Some(variables) = &task.variables {
        let variables = variables.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(variables);
    }
    Err(command.exec()).step(format!("run `{}`", task.program.to_string_lossy()))
}

fn fail(task: &HelperTask, failure: &ConfinementFailure) -> ! {
    // If the receiver is gone, nothing waits for it.
    let _ = HelperMessage::Failed(failure.to_string()).send(&task.line);
    system::exit(NOT_RUN)
}
