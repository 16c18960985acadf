//! Seccomp user notifications: before a confined process opens a file to write or changes a name,
//! the kernel asks the supervisor.
//!
//! The interface is that of `seccomp_unotify(2)`. A process waits until its call is answered.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix_linux::fd::{AsFd, BorrowedFd};
use rustix_linux::io::Errno;
use rustix_linux::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// System calls that create, rename or link a name, or truncate a file by name: always asked.
const NAMING: &[i64] = &[
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_renameat2,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    libc::SYS_renameat,
];

/// System calls that remove a name.
const REMOVING: &[i64] = &[
    libc::SYS_unlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
];

/// System calls that execute a program.
const EXECUTING: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

/// Further calls to ask about: rarely needed, and often made.
#[derive(Clone, Copy, Debug)]
pub struct OptionalSyscalls {
    pub removing: bool,
    pub executing: bool,
}

/// System calls that open a file, with the argument that has the flags: asked if a file may be
/// changed.
const OPENING: &[(i64, u8)] = &[
    (libc::SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 1),
];

/// The action `SECCOMP_RET_TRACE` without data: seccompiler has no action for notifications, which
/// replaces it.
const TRACE: u32 = libc::SECCOMP_RET_TRACE;

/// A call to judge.
#[derive(Clone, Copy, Debug)]
pub struct SyscallRequest {
    /// The kernel's id of the notification.
    pub id: u64,
    /// The calling thread.
    pub thread: u32,
    /// The number of its system call.
    pub call: i64,
    /// The arguments of the call.
    pub arguments: [u64; 6],
}

/// The answer to a call.
#[derive(Debug)]
pub enum SyscallResponse {
    /// The kernel makes the call, with the rights of the process.
    Continue,
    Done,
    /// The call succeeded, and this is the new file.
    File {
        file: OwnedFd,
        /// Whether it is closed when the process runs another program.
        close_at_exec: bool,
    },
    Failed(Errno),
}

#[derive(Debug)]
pub struct Listener(OwnedFd);

impl Listener {
    /// Waits for a notification. `None` if it was withdrawn.
    pub fn receive(&self) -> io::Result<Option<SyscallRequest>> {
        // SAFETY: zeros are a valid value of this structure, and the kernel wants them.
        let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        match self.request(libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notification) {
            Ok(()) => Ok(Some(SyscallRequest {
                id: notification.id,
                thread: notification.pid,
                call: i64::from(notification.data.nr),
                arguments: notification.data.args,
            })),
            // The process was killed, or a signal arrived.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the process still waits, so that its id was not reused.
    pub fn is_waiting(&self, question: &SyscallRequest) -> bool {
        let mut id = question.id;
        let asked = self.request(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw mut id);
        asked.is_ok()
    }

    /// Answers. A process that is gone by now needs no answer.
    pub fn answer(&self, question: &SyscallRequest, answer: SyscallResponse) {
        let (error, flags) = match answer {
            SyscallResponse::Continue => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE),
            SyscallResponse::Done => (0, 0),
            SyscallResponse::Failed(error) => (-error.raw_os_error(), 0),
            SyscallResponse::File {
                file,
                close_at_exec,
            } => match self.give(question, &file, close_at_exec) {
                Ok(()) => return,
                Err(error) => (-error.raw_os_error().unwrap_or(libc::EIO), 0),
            },
        };
        let mut response = libc::seccomp_notif_resp {
            id: question.id,
            val: 0,
            error,
            flags: u32::try_from(flags).unwrap_or_default(),
        };
        // An error means that the process is gone.
        let _ = self.request(libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response);
    }

    /// Passes a file to the process as the result of its call.
    fn give(
        &self,
        question: &SyscallRequest,
        file: &OwnedFd,
        close_at_exec: bool,
    ) -> io::Result<()> {
        let number = |value: i64| u32::try_from(value).unwrap_or_default();
        let mut addition = libc::seccomp_notif_addfd {
            id: question.id,
            flags: u32::try_from(libc::SECCOMP_ADDFD_FLAG_SEND).unwrap_or_default(),
            srcfd: number(file.as_raw_fd().into()),
            newfd: 0,
            newfd_flags: if close_at_exec {
                number(libc::O_CLOEXEC.into())
            } else {
                0
            },
        };
        self.request(libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw mut addition)
    }

    fn request<T>(&self, request: libc::Ioctl, argument: *mut T) -> io::Result<()> {
        // SAFETY: each caller passes the structure that the request takes, and it lives until
        // the call returns.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), request, argument) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Turns notifications on for this process and its children, permanently, and sends the
/// supervisor's descriptor over a socket. No privileges can be gained any more, which the kernel
/// requires.
pub fn ask_supervisor(line: &UnixStream, also: OptionalSyscalls) -> io::Result<()> {
    let listener = listen(also)?;
    let files = [listener.as_fd()];
    let mut space = [0; rustix_linux::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&files));
    let data = [io::IoSlice::new(&[0])];
    sendmsg(line, &data, &mut control, SendFlags::empty())?;
    Ok(())
}

/// Receives the supervisor's descriptor from a socket. `None` if the process ended without sending
/// it.
pub fn receive_listener(line: &UnixStream) -> io::Result<Option<Listener>> {
    let mut space = [0; rustix_linux::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut data = [io::IoSliceMut::new(&mut byte)];
    recvmsg(line, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    Ok(files.find_map(|mut files| files.next()).map(Listener))
}

fn listen(also: OptionalSyscalls) -> io::Result<OwnedFd> {
    let program = program(also).map_err(io::Error::other)?;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    let asks = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // Without the second flag, which Linux 5.19 brought, a signal can interrupt a call that is
    // carried out already, so that it is carried out twice.
    let flags = [asks | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, asks];
    let mut error = io::ErrorKind::Unsupported.into();
    for flags in flags {
        // SAFETY: the program lives until the call returns, and its length is right.
        let listener = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            )
        };
        match RawFd::try_from(listener) {
            // SAFETY: the kernel just made it for this process.
            Ok(listener) if listener >= 0 => return Ok(unsafe { OwnedFd::from_raw_fd(listener) }),
            _ => error = io::Error::last_os_error(),
        }
        if error.raw_os_error() != Some(libc::EINVAL) {
            break;
        }
    }
    Err(error)
}

fn program(also: OptionalSyscalls) -> Result<BpfProgram, seccompiler::Error> {
    let some = |asked: bool, calls: &'static [i64]| if asked { calls } else { &[] };
    let always = NAMING
        .iter()
        .chain(some(also.removing, REMOVING))
        .chain(some(also.executing, EXECUTING));
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        always.map(|call| (*call, Vec::new())).collect();
    let bits = |bits: libc::c_int| u64::from(bits.unsigned_abs());
    let modes = u64::from(libc::O_ACCMODE.unsigned_abs());
    for (call, flags) in OPENING {
        let any_of = [
            (modes, bits(libc::O_WRONLY)),
            (modes, bits(libc::O_RDWR)),
            (modes, bits(libc::O_ACCMODE)),
            (bits(libc::O_CREAT), bits(libc::O_CREAT)),
            (bits(libc::O_TRUNC), bits(libc::O_TRUNC)),
        ];
        let asked: Result<Vec<_>, seccompiler::Error> = any_of
            .into_iter()
            .map(|(mask, value)| {
                let is = Is::MaskedEq(mask);
                let condition = SeccompCondition::new(*flags, Length::Dword, is, value)?;
                Ok(SeccompRule::new(vec![condition])?)
            })
            .collect();
        rules.insert(*call, asked?);
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let (allow, trace) = (SeccompAction::Allow, SeccompAction::Trace(0));
    let mut program = BpfProgram::try_from(SeccompFilter::new(rules, allow, trace, architecture)?)?;
    let returns = u16::try_from(libc::BPF_RET | libc::BPF_K).unwrap_or_default();
    for instruction in &mut program {
        if instruction.code == returns && instruction.k == TRACE {
            instruction.k = libc::SECCOMP_RET_USER_NOTIF;
        }
    }
    Ok(program)
}
