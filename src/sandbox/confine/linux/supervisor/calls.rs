//! Makes the calls that were asked about, for the process that made them.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix_linux::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, fcntl_setfl, fstat, ftruncate, linkat,
    mkdirat, mknodat, openat, readlinkat, renameat_with, statat, symlinkat,
};
use rustix_linux::io::Errno;

use super::super::super::Refusal;
use super::super::notify::{Listener, SyscallRequest, SyscallResponse};
use super::area::{Area, CallClass, path_in, path_of};
use super::caller::{Caller, split};

/// Most dangling links followed.
const MOST_LINKS: usize = 8;

/// The descriptor argument of calls that have none.
const CURRENT: u64 = libc::AT_FDCWD as u64;

/// The result of a call.
pub enum SyscallOutcome {
    /// The answer for the process.
    Answer(SyscallResponse),
    /// Waits until somebody reads from this pipe.
    WaitForReader(OwnedFd, OFlags),
}

/// Why a call fails.
pub enum SyscallRefusal {
    /// An error of the system.
    By(Errno),
    /// The policy refuses it.
    ByPolicy(Refusal),
}

impl From<Errno> for SyscallRefusal {
    fn from(error: Errno) -> SyscallRefusal {
        SyscallRefusal::By(error)
    }
}

impl From<Refusal> for SyscallRefusal {
    fn from(refusal: Refusal) -> SyscallRefusal {
        SyscallRefusal::ByPolicy(refusal)
    }
}

pub(super) type SyscallResult<T = SyscallOutcome> = Result<T, SyscallRefusal>;

pub(super) const CONTINUE: SyscallOutcome = SyscallOutcome::Answer(SyscallResponse::Continue);
const DONE: SyscallOutcome = SyscallOutcome::Answer(SyscallResponse::Done);

/// Judges a call and makes it.
pub fn carry_out(listener: &Listener, area: &Area, question: &SyscallRequest) -> SyscallResult {
    let call = SupervisedCall {
        caller: Caller::new(question.thread),
        listener,
        area,
        question,
    };
    let [a, b, c, d, e, _] = question.arguments;
    match question.call {
        libc::SYS_openat => call.open(a, b, c, d),
        libc::SYS_mkdirat => call.make_folder(a, b, c),
        libc::SYS_mknodat => call.make_node(a, b, c),
        libc::SYS_renameat2 => call.rename((a, b), (c, d), e),
        libc::SYS_linkat => call.link((a, b), (c, d), e),
        libc::SYS_symlinkat => call.symlink(a, b, c),
        libc::SYS_truncate => call.truncate(a, b),
        libc::SYS_unlinkat => call.remove((a, b)),
        libc::SYS_execve => call.execute((CURRENT, a), b, false),
        libc::SYS_execveat => call.execute((a, b), c, e & libc::AT_EMPTY_PATH as u64 != 0),
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        libc::SYS_renameat => call.rename((a, b), (c, d), 0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => call.open(CURRENT, a, b, c),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => {
            let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
            call.open(CURRENT, a, flags as u64, b)
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir => call.make_folder(CURRENT, a, b),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mknod => call.make_node(CURRENT, a, b),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => call.rename((CURRENT, a), (CURRENT, b), 0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_link => call.link((CURRENT, a), (CURRENT, b), 0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink => call.remove((CURRENT, a)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_symlink => call.symlink(a, CURRENT, b),
        _ => Err(Errno::NOSYS.into()),
    }
}

/// Opens a pipe for writing. `NXIO` if nobody reads from it.
pub fn open_pipe(pipe: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    let file = reopen(pipe, flags | OFlags::NONBLOCK)?;
    if !flags.contains(OFlags::NONBLOCK) {
        fcntl_setfl(&file, flags & OFlags::APPEND)?;
    }
    Ok(file)
}

/// Reopens a descriptor that was opened with `O_PATH`.
pub(super) fn reopen(found: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    let only_for_names = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let flags = (flags - only_for_names) | OFlags::CLOEXEC | OFlags::NOCTTY;
    let link = format!("/proc/self/fd/{}", found.as_raw_fd());
    openat(CWD, link, flags, Mode::empty())
}

/// A name in an open folder.
struct ResolvedEntry {
    folder: OwnedFd,
    name: OsString,
    path: PathBuf,
}

impl ResolvedEntry {
    fn kind(&self) -> Result<FileType, Errno> {
        let found = statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(found.st_mode))
    }

    /// The names in it, if it is a folder.
    fn names(&self) -> Result<Vec<OsString>, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(&self.folder, &self.name, flags, Mode::empty())?;
        let entries = Dir::read_from(&folder)?;
        entries
            .map(|entry| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned()))
            .collect()
    }
}

pub(super) struct SupervisedCall<'a> {
    pub(super) caller: Caller,
    listener: &'a Listener,
    pub(super) area: &'a Area,
    question: &'a SyscallRequest,
}

impl SupervisedCall<'_> {
    /// Ensures that what was read and opened is the caller's: its id may have been reused.
    pub(super) fn confirm(&self) -> Result<(), Errno> {
        if self.listener.is_waiting(self.question) {
            Ok(())
        } else {
            Err(Errno::SRCH)
        }
    }

    /// A path argument, and the folder where it begins.
    fn path(&self, (descriptor, path): (u64, u64)) -> Result<(OwnedFd, PathBuf), Errno> {
        let path = self.caller.path(path)?;
        let from = self.caller.beginning(descriptor, &path)?;
        self.confirm()?;
        Ok((from, path))
    }

    /// A path argument for a new name. `no_name` if it ends without one.
    fn entry(&self, argument: (u64, u64), no_name: Errno) -> Result<ResolvedEntry, Errno> {
        let (from, path) = self.path(argument)?;
        entry(&from, &path)?.ok_or(no_name)
    }

    /// Whether the kernel makes a call on these paths.
    fn leaves(&self, paths: &[&Path]) -> bool {
        let mut classes = paths.iter().map(|path| self.area.class(path));
        classes.clone().all(|class| class == CallClass::Open)
            || (self.area.leaves_others && classes.any(|class| class == CallClass::Other))
    }

    fn open(&self, descriptor: u64, path: u64, flags: u64, mode: u64) -> SyscallResult {
        let flags = OFlags::from_bits_retain(flags as u32);
        if flags.contains(OFlags::PATH) {
            return Ok(CONTINUE);
        }
        let (mut from, mut path) = self.path((descriptor, path))?;
        if flags.contains(OFlags::TMPFILE) {
            return self.open_unnamed(&from, &path);
        }
        let makes = flags.contains(OFlags::CREATE);
        let keeps_links = flags.contains(OFlags::NOFOLLOW) || is_exclusive(flags);
        let follow = if keeps_links {
            OFlags::NOFOLLOW
        } else {
            OFlags::empty()
        };
        for _ in 0..MOST_LINKS {
            let look = OFlags::PATH | OFlags::CLOEXEC | follow;
            match openat(&from, &path, look, Mode::empty()) {
                Err(Errno::NOENT) if makes => {}
                Err(error) => return Err(error.into()),
                Ok(found) => return self.open_existing(found, flags),
            }
            let entry = entry(&from, &path)?.ok_or(Errno::ISDIR)?;
            match readlinkat(&entry.folder, &entry.name, Vec::new()) {
                // A link that leads to nothing: the file is made where it leads to.
                Ok(text) if !keeps_links => {
                    path = PathBuf::from(OsStr::from_bytes(text.as_bytes()));
                    from = entry.folder;
                }
                Ok(_) => return Err(Errno::LOOP.into()),
                Err(_) => match self.make_file(&entry, flags, mode) {
                    // Somebody made it meanwhile.
                    Err(SyscallRefusal::By(Errno::EXIST)) if !is_exclusive(flags) => {
                        from = entry.folder;
                        path = PathBuf::from(entry.name);
                    }
                    made => return made,
                },
            }
        }
        Err(Errno::LOOP.into())
    }

    /// Unnamed files are not created where names are judged; programs then use one with a name.
    fn open_unnamed(&self, from: &OwnedFd, path: &Path) -> SyscallResult {
        let look = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(from, path, look, Mode::empty())?;
        if self.leaves(&[&path_of(&folder)?]) {
            return Ok(CONTINUE);
        }
        Err(Errno::OPNOTSUPP.into())
    }

    fn open_existing(&self, found: OwnedFd, flags: OFlags) -> SyscallResult {
        let kind = FileType::from_raw_mode(fstat(&found)?.st_mode);
        if is_exclusive(flags) {
            return Err(Errno::EXIST.into());
        }
        match kind {
            FileType::Symlink => return Err(Errno::LOOP.into()),
            FileType::Directory => return Err(Errno::ISDIR.into()),
            _ if flags.contains(OFlags::DIRECTORY) => return Err(Errno::NOTDIR.into()),
            _ => {}
        }
        let path = path_of(&found)?;
        // What has no path, such as a pipe between two processes, is the process's own.
        if !path.is_absolute() || self.leaves(&[&path]) {
            return Ok(CONTINUE);
        }
        self.area.judge(&path)?;
        let waits = kind == FileType::Fifo && !flags.intersects(OFlags::RDWR | OFlags::NONBLOCK);
        let file = if waits {
            match open_pipe(&found, flags) {
                Err(Errno::NXIO) => return Ok(SyscallOutcome::WaitForReader(found, flags)),
                opened => opened?,
            }
        } else {
            reopen(&found, flags)?
        };
        Ok(file_response(file, flags))
    }

    fn make_file(&self, entry: &ResolvedEntry, flags: OFlags, mode: u64) -> SyscallResult {
        if self.leaves(&[&entry.path]) {
            return Ok(CONTINUE);
        }
        if ends_with_slash(&entry.name) {
            return Err(Errno::ISDIR.into());
        }
        self.area.judge(&entry.path)?;
        let make = (flags - OFlags::DIRECTORY) | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(&entry.folder, &entry.name, make, self.caller.mode(mode))?;
        Ok(file_response(file, flags))
    }

    fn make_folder(&self, descriptor: u64, path: u64, mode: u64) -> SyscallResult {
        let judge = Area::judge_new_folder;
        let Some(entry) = self.new_entry((descriptor, path), judge)? else {
            return Ok(CONTINUE);
        };
        mkdirat(&entry.folder, &entry.name, self.caller.mode(mode))?;
        self.area.note_made(&entry.path);
        Ok(DONE)
    }

    fn make_node(&self, descriptor: u64, path: u64, mode: u64) -> SyscallResult {
        let kind = match mode as u32 & libc::S_IFMT {
            0 | libc::S_IFREG => FileType::RegularFile,
            libc::S_IFIFO => FileType::Fifo,
            libc::S_IFSOCK => FileType::Socket,
            _ => return Err(Errno::PERM.into()),
        };
        let Some(entry) = self.new_entry((descriptor, path), Area::judge)? else {
            return Ok(CONTINUE);
        };
        let mode = self.caller.mode(mode);
        mknodat(&entry.folder, &entry.name, kind, mode, 0)?;
        Ok(DONE)
    }

    fn symlink(&self, text: u64, descriptor: u64, path: u64) -> SyscallResult {
        let text = self.caller.text(text)?;
        let Some(entry) = self.new_entry((descriptor, path), Area::judge)? else {
            return Ok(CONTINUE);
        };
        self.area.judge_link(&entry.path)?;
        symlinkat(&text, &entry.folder, &entry.name)?;
        Ok(DONE)
    }

    /// A new name that may be created. `None` if the kernel creates it.
    fn new_entry(
        &self,
        argument: (u64, u64),
        judge: fn(&Area, &Path) -> Result<(), Refusal>,
    ) -> SyscallResult<Option<ResolvedEntry>> {
        let entry = self.entry(argument, Errno::EXIST)?;
        if self.leaves(&[&entry.path]) {
            return Ok(None);
        }
        if entry.kind().is_ok() {
            return Err(Errno::EXIST.into());
        }
        judge(self.area, &entry.path)?;
        Ok(Some(entry))
    }

    fn rename(&self, from: (u64, u64), to: (u64, u64), flags: u64) -> SyscallResult {
        let (from, to) = (self.entry(from, Errno::BUSY)?, self.entry(to, Errno::BUSY)?);
        if self.leaves(&[&from.path, &to.path]) {
            return Ok(CONTINUE);
        }
        let flags = RenameFlags::from_bits(flags as u32).ok_or(Errno::INVAL)?;
        if flags.contains(RenameFlags::WHITEOUT) {
            return Err(Errno::INVAL.into());
        }
        let exchanges = flags.contains(RenameFlags::EXCHANGE);
        if self.area.is_pinned(&from.path) || (exchanges && self.area.is_pinned(&to.path)) {
            return Err(Errno::BUSY.into());
        }
        self.judge_new_name(&from, &to)?;
        if exchanges {
            self.judge_new_name(&to, &from)?;
        }
        renameat_with(&from.folder, &from.name, &to.folder, &to.name, flags)?;
        Ok(DONE)
    }

    /// Judges renaming or linking something to another entry.
    fn judge_new_name(&self, from: &ResolvedEntry, to: &ResolvedEntry) -> SyscallResult<()> {
        let kind = from.kind()?;
        self.area.judge(&to.path)?;
        if kind == FileType::Symlink {
            self.area.judge_link(&to.path)?;
        }
        if kind != FileType::Directory {
            return Ok(());
        }
        if !self.area.is_judged_alike(&from.path, &to.path) {
            return Err(Errno::XDEV.into());
        }
        self.area.judge_folder(&from.names()?, &to.path)?;
        Ok(())
    }

    fn link(&self, from: (u64, u64), to: (u64, u64), flags: u64) -> SyscallResult {
        let flags = AtFlags::from_bits_retain(flags as u32);
        let (start, path) = self.path(from)?;
        let to = self.entry(to, Errno::EXIST)?;
        let mut look = OFlags::PATH | OFlags::CLOEXEC;
        if !flags.contains(AtFlags::SYMLINK_FOLLOW) {
            look |= OFlags::NOFOLLOW;
        }
        let file = openat(&start, &path, look, Mode::empty())?;
        let found = path_of(&file)?;
        if self.leaves(&[&found, &to.path]) {
            return Ok(CONTINUE);
        }
        if to.kind().is_ok() {
            return Err(Errno::EXIST.into());
        }
        // By its other name it could be written.
        self.area.judge(&found)?;
        self.area.judge(&to.path)?;
        // What was judged is linked: the path may lead elsewhere by now.
        let judged = format!("/proc/self/fd/{}", file.as_raw_fd());
        linkat(CWD, judged, &to.folder, &to.name, AtFlags::SYMLINK_FOLLOW)?;
        Ok(DONE)
    }

    /// Removing is left to the kernel: a protected file that is removed cannot be created again.
    fn remove(&self, argument: (u64, u64)) -> SyscallResult {
        let entry = self.entry(argument, Errno::INVAL)?;
        self.area.judge_removal(&entry.path)?;
        Ok(CONTINUE)
    }

    fn truncate(&self, path: u64, length: u64) -> SyscallResult {
        let (from, path) = self.path((CURRENT, path))?;
        let look = OFlags::PATH | OFlags::CLOEXEC;
        let found = openat(&from, &path, look, Mode::empty())?;
        let path = path_of(&found)?;
        if self.leaves(&[&path]) {
            return Ok(CONTINUE);
        }
        match FileType::from_raw_mode(fstat(&found)?.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(Errno::ISDIR.into()),
            _ => return Err(Errno::INVAL.into()),
        }
        self.area.judge(&path)?;
        ftruncate(&reopen(&found, OFlags::WRONLY)?, length)?;
        Ok(DONE)
    }
}

fn file_response(file: OwnedFd, flags: OFlags) -> SyscallOutcome {
    SyscallOutcome::Answer(SyscallResponse::File {
        file,
        close_at_exec: flags.contains(OFlags::CLOEXEC),
    })
}

fn is_exclusive(flags: OFlags) -> bool {
    flags.contains(OFlags::CREATE | OFlags::EXCL)
}

fn ends_with_slash(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(b"/")
}

/// Opens the folder of a path's last name. `None` if it ends without a name.
fn entry(from: &OwnedFd, path: &Path) -> Result<Option<ResolvedEntry>, Errno> {
    let Some((parent, name)) = split(path) else {
        return Ok(None);
    };
    let look = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(from, parent, look, Mode::empty())?;
    let path = path_in(&folder, &name)?;
    Ok(Some(ResolvedEntry { folder, name, path }))
}
