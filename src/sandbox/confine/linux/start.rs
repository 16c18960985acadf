//! Starts helpers and passes tasks to them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix_linux::fs::{MemfdFlags, memfd_create};

use super::super::channel::HelperRequest;
use super::super::{ConfinedCommand, Helper, HelperCommand, SUBCOMMAND, SandboxPolicy};
use super::mount_plan::private_temporary;
use crate::permission::Confinement;

/// Names of the levels in the helper's arguments.
const LEVELS: [(&str, Confinement); 2] = [
    ("full", Confinement::Full),
    ("landlock", Confinement::Landlock),
];

/// The helper's argument to wait for its command.
pub(super) const AHEAD: &str = "ahead";

/// This program, which becomes the helper by [`super::super::enter`].
///
/// # Errors
///
/// If this process should be a helper itself: its program does not call that function, so that each
/// helper would start another one, without end.
fn helper_program() -> io::Result<PathBuf> {
    let first = std::env::args_os().nth(1);
    if first.is_some_and(|argument| argument == SUBCOMMAND) {
        return Err(io::Error::other(
            "this program cannot confine commands, since it does not call `confine::enter` first",
        ));
    }
    Ok(PathBuf::from("/proc/self/exe"))
}

/// Prepares a command; see [`super::super::prepare`].
pub fn prepare(
    bounds: &SandboxPolicy,
    level: Confinement,
    program: &str,
    arguments: &[OsString],
) -> io::Result<ConfinedCommand> {
    let Some((name, _)) = LEVELS.iter().find(|row| row.1 == level) else {
        return Err(io::Error::other(
            "there is nothing to prepare without confinement",
        ));
    };
    let mut told = File::from(memfd_create("bounds", MemfdFlags::CLOEXEC)?);
    told.write_all(&serde_json::to_vec(bounds)?)?;
    told.rewind()?;
    let (ours, theirs) = UnixStream::pair()?;
    let inherited = [OwnedFd::from(told), OwnedFd::from(theirs)];
    let mut all = vec![OsString::from(SUBCOMMAND)];
    all.extend(
        inherited
            .iter()
            .map(|fd| OsString::from(fd.as_raw_fd().to_string())),
    );
    all.push(OsString::from(name));
    all.push(OsString::from(program));
    all.extend(arguments.iter().cloned());
    Ok(ConfinedCommand {
        program: helper_program()?,
        arguments: all,
        variables: variables(bounds, level),
        inherited: Vec::from(inherited),
        helper: Some(Helper::new(ours)),
    })
}

/// Prepares a helper that waits for its command; see [`super::super::prepare_ahead`].
pub fn prepare_ahead() -> io::Result<ConfinedCommand> {
    let (ours, theirs) = UnixStream::pair()?;
    let theirs = OwnedFd::from(theirs);
    let number = OsString::from(theirs.as_raw_fd().to_string());
    Ok(ConfinedCommand {
        program: helper_program()?,
        arguments: vec![OsString::from(SUBCOMMAND), OsString::from(AHEAD), number],
        variables: Vec::new(),
        inherited: vec![theirs],
        helper: Some(Helper::new(ours)),
    })
}

/// Sends a waiting helper its command; see [`super::super::Helper::start`].
pub fn start(helper: &Helper, run: &HelperCommand<'_>) -> io::Result<()> {
    let Some((name, _)) = LEVELS.iter().find(|row| row.1 == run.level) else {
        return Err(io::Error::other(
            "there is nothing to start without confinement",
        ));
    };
    let own = variables(run.bounds, run.level).into_iter();
    let own = own.map(|(name, value)| (OsString::from(name), value));
    let order = HelperRequest {
        bounds: run.bounds.clone(),
        level: (*name).to_owned(),
        program: OsString::from(run.program),
        arguments: run.arguments.to_vec(),
        variables: run.variables.iter().cloned().chain(own).collect(),
    };
    order.send(helper.line())
}

/// The level of a name.
pub(super) fn level(name: &str) -> Option<Confinement> {
    let row = LEVELS.iter().find(|row| row.0 == name);
    row.map(|row| row.1)
}

/// Variables for tools: where to put temporary files and caches.
fn variables(bounds: &SandboxPolicy, level: Confinement) -> Vec<(&'static str, OsString)> {
    // It would have to look into other processes.
    let mut all = vec![("LSAN_OPTIONS", OsString::from("detect_leaks=0"))];
    if !bounds.network {
        // It would try for more than a minute.
        all.push(("npm_config_fetch_retries", "0".into()));
    }
    if level == Confinement::Full {
        all.push(("TMPDIR", private_temporary(&bounds.root).into()));
        return all;
    }
    let cache = |path: &str| OsString::from(bounds.cache.join(path));
    all.extend([
        ("GOCACHE", cache("go-build")),
        ("PIP_CACHE_DIR", cache("pip")),
        ("TMPDIR", bounds.temporary.join("tmp").into()),
        ("XDG_CACHE_HOME", bounds.cache.clone().into()),
        ("npm_config_cache", cache("npm")),
    ]);
    all
}
