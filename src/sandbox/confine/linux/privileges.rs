//! Drops privileges that a command does not need: capabilities and resources over its limits.

use std::fs;
use std::io;

use rustix_linux::process::{Gid, Resource, Rlimit, Uid, getrlimit, setrlimit};
use rustix_linux::thread::{
    CapabilitiesSecureBits, CapabilityFlags, CapabilitySets, clear_ambient_capability_set,
    set_capabilities, set_capabilities_secure_bits, set_no_new_privs,
};

use super::super::ResourceLimits;
use super::{ConfinementFailure, FailureStep, system};

/// Upper bound of capability numbers.
const MOST_CAPABILITIES: u32 = 64;

/// Maps the user to itself in this user namespace, and nobody else.
pub fn keep_user(user: Uid, group: Gid) -> Result<(), ConfinementFailure> {
    let line = |id: u32| format!("{id} {id} 1\n");
    // A user without rights may map groups only if they cannot be given up.
    fs::write("/proc/self/setgroups", "deny").step("keep the groups")?;
    fs::write("/proc/self/gid_map", line(group.as_raw())).step("keep the group")?;
    fs::write("/proc/self/uid_map", line(user.as_raw())).step("keep the user")
}

/// Sets resource limits, none higher than before.
pub fn limit(limits: &ResourceLimits) -> Result<(), ConfinementFailure> {
    for (name, resource, most) in [
        // With nothing at all, a program of the system that collects dumps would be started.
        ("core dumps", Resource::Core, 1),
        ("processes", Resource::Nproc, limits.processes),
        ("open files", Resource::Nofile, limits.open_files),
        ("the size of files", Resource::Fsize, limits.file_size),
    ] {
        let now = getrlimit(resource);
        let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
        let new = Rlimit {
            current: lower(now.current),
            maximum: lower(now.maximum),
        };
        setrlimit(resource, new).step(format!("limit {name}"))?;
    }
    Ok(())
}

/// Drops all capabilities permanently, also those that root regains by running a program.
pub fn give_up() -> Result<(), ConfinementFailure> {
    set_no_new_privs(true).step("refuse new rights")?;
    let no_root = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::NO_SETUID_FIXUP
        | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    match give_up_bounds().and_then(|()| Ok(set_capabilities_secure_bits(no_root)?)) {
        // Who has no right to change this has no rights to give up either.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        done => done.step("refuse the rights of root")?,
    }
    clear_ambient_capability_set().step("give up rights")?;
    let none = CapabilitySets {
        effective: CapabilityFlags::empty(),
        permitted: CapabilityFlags::empty(),
        inheritable: CapabilityFlags::empty(),
    };
    set_capabilities(None, none).step("give up rights")
}

fn give_up_bounds() -> io::Result<()> {
    for number in 0..MOST_CAPABILITIES {
        match system::drop_from_bounding_set(number) {
            // There are no more.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
            done => done?,
        }
    }
    Ok(())
}
