//! System calls that no library provides.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use rustix_linux::process::Pid;

/// Mount attributes: bits of `mount_setattr`.
pub mod attributes {
    /// Read-only.
    pub const READ_ONLY: u64 = 1;
    /// Ignores setuid bits.
    pub const NO_SETUID: u64 = 2;
    /// Ignores device files.
    pub const NO_DEVICES: u64 = 4;
}

/// `struct mount_attr` of the kernel.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// All namespaces of a command except the network one.
const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;

/// Forks a child into new namespaces. The child gets `None`.
pub fn fork_into_namespaces(network: bool) -> io::Result<Option<Pid>> {
    let own_network = if network { 0 } else { libc::CLONE_NEWNET };
    let flags = i64::from(NAMESPACES | own_network | libc::SIGCHLD);
    // SAFETY: without `CLONE_VM` the child has a copy of everything, as after fork, and this
    // process has one thread. All pointers may be null.
    let id = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if id < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(i32::try_from(id).ok().and_then(Pid::from_raw))
}

/// Forks. The child gets `None`.
pub fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: this process has one thread, so that everything is usable in the child.
    let id = unsafe { libc::fork() };
    if id < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(id))
}

/// Drops a capability from the bounding set, by its number.
pub fn drop_from_bounding_set(capability: u32) -> io::Result<()> {
    // SAFETY: it takes numbers only.
    let result = unsafe {
        libc::prctl(
            libc::PR_CAPBSET_DROP,
            libc::c_ulong::from(capability),
            0,
            0,
            0,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Ends this process at once.
pub fn exit(code: u8) -> ! {
    // SAFETY: nothing has to be undone: what is open is closed by the system.
    unsafe { libc::_exit(libc::c_int::from(code)) }
}

/// Sets attributes of a mount, and of all below it.
pub fn set_attributes(mount: impl AsFd, set: u64) -> io::Result<()> {
    change_attributes(mount, set, libc::AT_RECURSIVE)
}

/// Sets attributes of a mount, and not of those below it.
pub fn set_own_attributes(mount: impl AsFd, set: u64) -> io::Result<()> {
    change_attributes(mount, set, 0)
}

fn change_attributes(mount: impl AsFd, set: u64, flags: libc::c_int) -> io::Result<()> {
    let attributes = MountAttributes {
        set,
        clear: 0,
        propagation: 0,
        user_namespace: 0,
    };
    // SAFETY: the path is an empty string, and the attributes are a structure of the kernel's
    // layout, with its size.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | flags,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Closes all descriptors from 3 on, except some in ascending order.
pub fn close_others(kept: &[RawFd]) {
    let mut first: libc::c_uint = 3;
    let ends = kept
        .iter()
        .filter_map(|number| libc::c_uint::try_from(*number).ok());
    for number in ends.chain([libc::c_uint::MAX]) {
        if number > first {
            // SAFETY: it is called before this process opens anything, so that whatever is open
            // was inherited, and is nobody's.
            unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) };
        }
        first = number.saturating_add(1);
    }
}

/// Marks all descriptors from 3 on to be closed at exec.
pub fn close_rest_at_exec() -> io::Result<()> {
    // SAFETY: it only marks descriptors; none is closed here.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Brings up the loopback of this network namespace.
pub fn bring_up_loopback() -> io::Result<()> {
    let socket = rustix_linux::net::socket(
        rustix_linux::net::AddressFamily::INET,
        rustix_linux::net::SocketType::DGRAM,
        None,
    )?;
    // SAFETY: a request of zeros is valid, and is one without a name.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::try_from(*from).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or_default();
    // SAFETY: the request names an interface and its flags, as this one needs.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Ignores the signal for files larger than the limit.
pub fn ignore_large_files() {
    // SAFETY: to ignore a signal touches nothing else.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// Ends this process by a signal, if possible.
pub fn die_of(signal: libc::c_int) {
    // With nothing at all, a program of the system that collects dumps would be started.
    let none = libc::rlimit {
        rlim_cur: 1,
        rlim_max: 1,
    };
    // SAFETY: these set this process's own limit and handler, and send it a signal. Whatever is
    // wrong with the signal's number, they refuse it.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        libc::kill(libc::getpid(), signal);
    }
}
