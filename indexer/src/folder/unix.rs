//! Folders as file descriptors.

use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};

use super::{FileKind, Stat};

pub(super) type Handle = OwnedFd;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    Ok(rustix::fs::open(path, FOLDER, Mode::empty())?)
}

pub(super) fn open_folder(folder: &Handle, name: &OsStr) -> io::Result<Handle> {
    let flags = FOLDER.union(OFlags::NOFOLLOW);
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// Never waits for the writer of a FIFO.
pub(super) fn open_file(folder: &Handle, name: &OsStr) -> io::Result<(File, Stat)> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty())?;
    let stat = of(&fstat(&file)?);
    Ok((file.into(), stat))
}

pub(super) fn stat(folder: &Handle, name: &OsStr) -> io::Result<Stat> {
    Ok(of(&statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

pub(super) fn stat_self(folder: &Handle) -> io::Result<Stat> {
    Ok(of(&fstat(folder)?))
}

/// The same, and when it was made, where the system says it: in one call, since it is made often.
pub(super) fn stat_and_made(folder: &Handle, name: &OsStr) -> io::Result<(Stat, Option<i64>)> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{StatxFlags, StatxTimestamp, makedev, statx};
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let found = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, wanted)?;
        let nanoseconds = |time: StatxTimestamp| {
            let seconds = time.tv_sec.saturating_mul(1_000_000_000);
            seconds.saturating_add(i64::from(time.tv_nsec))
        };
        let stat = Stat {
            kind: kind(FileType::from_raw_mode(found.stx_mode.into())),
            size: found.stx_size,
            modified_ns: nanoseconds(found.stx_mtime).max(0),
            changed_ns: nanoseconds(found.stx_ctime).max(0),
            device: makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
        };
        let says_made = found.stx_mask & StatxFlags::BTIME.bits() != 0;
        Ok((stat, says_made.then(|| nanoseconds(found.stx_btime))))
    }
    #[cfg(not(target_os = "linux"))]
    {
        Ok((stat(folder, name)?, None))
    }
}

pub(super) fn names(folder: &Handle) -> io::Result<Vec<(OsString, FileKind)>> {
    let mut names = Vec::new();
    each_entry(folder, &mut |name, file_type| {
        let name = OsStr::from_bytes(name.to_bytes());
        if name == "." || name == ".." {
            return;
        }
        let kind = match file_type {
            // Some file systems do not say.
            FileType::Unknown => match stat(folder, name) {
                Ok(stat) => stat.kind,
                Err(_) => return,
            },
            known => kind(known),
        };
        names.push((name.to_owned(), kind));
    })?;
    Ok(names)
}

/// Lists a folder from its handle itself: a large tree has many folders, and to open each a second time
/// takes longer than to read it.
#[cfg(target_os = "linux")]
fn each_entry(folder: &Handle, see: &mut dyn FnMut(&CStr, FileType)) -> io::Result<()> {
    use std::mem::MaybeUninit;

    use rustix::fs::{RawDir, SeekFrom, seek};
    let mut buffer = [MaybeUninit::uninit(); 1 << 15];
    // It may have been listed before.
    seek(folder, SeekFrom::Start(0))?;
    let mut entries = RawDir::new(folder, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        see(entry.file_name(), entry.file_type());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn each_entry(folder: &Handle, see: &mut dyn FnMut(&CStr, FileType)) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        see(entry.file_name(), entry.file_type());
    }
    Ok(())
}

fn kind(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Special,
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types of the fields differ from system to system"
)]
fn of(stat: &rustix::fs::Stat) -> Stat {
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000) + rest;
    Stat {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        // Never negative: the catalog uses negative times as a mark.
        modified_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64).max(0),
        changed_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64).max(0),
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
    }
}
