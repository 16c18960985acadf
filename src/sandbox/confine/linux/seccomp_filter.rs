//! The seccomp filter: refuses system calls that reach beyond the sandbox or deep into the kernel,
//! and that no build and no test needs.

use std::collections::BTreeMap;
use std::io;

use libc::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET,
    CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS, NETLINK_ROUTE, TIOCLINUX, TIOCSTI,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter, sock_filter,
};

use super::{ConfinementFailure, FailureStep};

/// Refused with any arguments, as not permitted.
const REFUSED: &[i64] = &[
    // Mounts and roots.
    libc::SYS_chroot,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_setns,
    libc::SYS_umount2,
    libc::SYS_unshare,
    // Other processes.
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    // Files by their numbers, and events of a whole file system.
    libc::SYS_fanotify_init,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    // Keys, and the insides of the kernel.
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_perf_event_open,
    libc::SYS_request_key,
    libc::SYS_syslog,
    libc::SYS_userfaultfd,
    // The system itself.
    libc::SYS_acct,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_nfsservctl,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_vhangup,
];

/// Those of this processor only.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] = &[
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_kexec_file_load,
    libc::SYS_modify_ldt,
];

/// Those of this processor only.
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// Refused as not available, so that programs use calls that can be checked.
const ABSENT: &[i64] = &[
    // Their flags are in memory, where a filter cannot see them.
    libc::SYS_clone3,
    libc::SYS_openat2,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
];

/// Calls that set the mode of a file, with the argument that is the mode.
const MODES: &[(i64, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (FCHMODAT2, 2),
    (libc::SYS_mkdirat, 2),
    (libc::SYS_mknodat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_creat, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mknod, 1),
];

/// Calls that may create a file, with the argument that says so; the next one is the mode.
const OPENINGS: &[(i64, u8)] = &[
    (libc::SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
];

/// `fchmodat2`: it has this number everywhere.
const FCHMODAT2: i64 = 452;

/// The part of `O_TMPFILE` that no other flag has.
const TEMPORARY: u64 = (libc::O_TMPFILE & !libc::O_DIRECTORY) as u64;

/// The setuid bit: a command could leave such a file in the workspace for somebody else.
const SET_USER: u64 = libc::S_ISUID as u64;

/// Namespaces that cannot be created.
const NAMESPACES: [libc::c_int; 7] = [
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
];

/// Harmless arguments of `personality`: the query and two values.
const PERSONALITIES: [u64; 3] = [0xffff_ffff, 0, libc::ADDR_NO_RANDOMIZE as u64];

/// First call number of the x32 interface on x86-64.
#[cfg(target_arch = "x86_64")]
const OTHER_INTERFACE: u32 = 0x4000_0000;

/// Restricts this process and its children permanently.
///
/// `internet`: whether internet sockets can be made.
pub fn apply(internet: bool) -> Result<(), ConfinementFailure> {
    let programs = programs(internet).map_err(io::Error::other);
    for program in programs.step("make the filter of system calls")? {
        let applied = apply_filter(&program).map_err(io::Error::other);
        applied.step("filter system calls by seccomp")?;
    }
    Ok(())
}

type SyscallRules = BTreeMap<i64, Vec<SeccompRule>>;

fn programs(internet: bool) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let refused = compile(refused()?, libc::EPERM)?;
    let absent = ABSENT.iter().map(|call| (*call, Vec::new())).collect();
    let absent = compile(absent, libc::ENOSYS)?;
    let sockets = compile(sockets(internet)?, libc::EAFNOSUPPORT)?;
    Ok(vec![without_other_interface(refused), absent, sockets])
}

fn compile(rules: SyscallRules, error: libc::c_int) -> Result<BpfProgram, seccompiler::Error> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let action = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture)?;
    Ok(BpfProgram::try_from(filter)?)
}

fn refused() -> Result<SyscallRules, seccompiler::Error> {
    let all = REFUSED.iter().chain(REFUSED_HERE);
    let mut rules: SyscallRules = all.map(|call| (*call, Vec::new())).collect();
    let namespaces: Result<Vec<_>, _> = NAMESPACES
        .iter()
        .map(|flag| {
            let flag = u64::from(flag.unsigned_abs());
            rule(&[(0, Is::MaskedEq(flag), flag)])
        })
        .collect();
    rules.insert(libc::SYS_clone, namespaces?);
    // Typing into a terminal on somebody's behalf.
    let requests = [TIOCSTI, TIOCLINUX].map(|request| rule(&[(1, Is::Eq, request)]));
    rules.insert(
        libc::SYS_ioctl,
        requests.into_iter().collect::<Result<_, _>>()?,
    );
    let set_user = Is::MaskedEq(SET_USER);
    for (call, mode) in MODES {
        rules.insert(*call, vec![rule(&[(*mode, set_user.clone(), SET_USER)])?]);
    }
    for (call, flags) in OPENINGS {
        // Where no file is made, there is no mode.
        let made = [libc::O_CREAT as u64, TEMPORARY].map(|flag| {
            let is_made = (*flags, Is::MaskedEq(flag), flag);
            rule(&[is_made, (flags + 1, set_user.clone(), SET_USER)])
        });
        rules.insert(*call, made.into_iter().collect::<Result<_, _>>()?);
    }
    let others = PERSONALITIES.map(|known| (0, Is::Ne, known));
    rules.insert(libc::SYS_personality, vec![rule(&others)?]);
    Ok(rules)
}

/// Allowed sockets: local ones, internet ones, and the one that lists interfaces.
fn sockets(internet: bool) -> Result<SyscallRules, seccompiler::Error> {
    let family = |family: libc::c_int| u64::from(family.unsigned_abs());
    let mut known = vec![AF_UNIX];
    if internet {
        known.extend([AF_INET, AF_INET6, AF_NETLINK]);
    }
    let others: Vec<_> = known
        .into_iter()
        .map(|known| (0, Is::Ne, family(known)))
        .collect();
    let route = family(NETLINK_ROUTE);
    let other_netlink = [(0, Is::Eq, family(AF_NETLINK)), (2, Is::Ne, route)];
    let pairs = [(0, Is::Ne, family(AF_UNIX))];
    Ok(SyscallRules::from([
        (
            libc::SYS_socket,
            vec![rule(&others)?, rule(&other_netlink)?],
        ),
        (libc::SYS_socketpair, vec![rule(&pairs)?]),
    ]))
}

/// A rule with conditions that must all hold: argument index, comparison, value. The kernel uses 32
/// bits of these arguments, so only these are compared.
fn rule(conditions: &[(u8, Is, u64)]) -> Result<SeccompRule, seccompiler::Error> {
    let conditions: Result<Vec<_>, _> = conditions
        .iter()
        .map(|(argument, is, value)| {
            SeccompCondition::new(*argument, Length::Dword, is.clone(), *value)
        })
        .collect();
    Ok(SeccompRule::new(conditions?)?)
}

/// Prepends a check to a program: calls of x32 have other numbers and would pass.
#[cfg(target_arch = "x86_64")]
fn without_other_interface(program: BpfProgram) -> BpfProgram {
    let instruction = |code: u32, jt: u8, jf: u8, k: u32| sock_filter {
        code: u16::try_from(code).unwrap_or_default(),
        jt,
        jf,
        k,
    };
    let missing = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    // The number of the call is the first field of what a filter sees.
    let check = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(
            libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K,
            0,
            1,
            OTHER_INTERFACE,
        ),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, missing),
    ];
    check.into_iter().chain(program).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn without_other_interface(program: BpfProgram) -> BpfProgram {
    program
}
