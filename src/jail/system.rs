//! System calls that cap-std does not have: opening without following a link, modes, owners, and
//! syncing.

use std::io;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::time::Duration;
use std::time::SystemTime;

use cap_std::fs::{Dir, File, Metadata};

/// Opens a folder by its name in another one; fails if it is a link.
pub(super) fn open_folder(folder: &Dir, name: &str) -> io::Result<Dir> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(folder, name, flags, Mode::empty())?;
        Ok(Dir::from_std_file(opened.into()))
    }
    #[cfg(not(unix))]
    {
        refuse_link(folder, name)?;
        folder.open_dir(name)
    }
}

/// A stamp that shows that no name in a folder was made, removed or renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FolderStamp {
    identity: (u64, u64),
    /// In nanoseconds since 1970: the later one of the last change of names and of anything else.
    changed: i128,
}

/// The stamp of a folder, without following a link at the end of its path. `None` if it is not
/// reliable: the folder is gone, or has just changed and could change again within the same clock
/// tick.
pub(super) fn folder_stamp(root: &Dir, path: &Path, now: SystemTime) -> Option<FolderStamp> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, statat};
        let found = statat(root, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let nanoseconds =
            |seconds: i64, rest: u64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let changed = nanoseconds(found.st_ctime, found.st_ctime_nsec)
            .max(nanoseconds(found.st_mtime, found.st_mtime_nsec));
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        // Some file systems count in whole seconds.
        let tick = match changed % 1_000_000_000 {
            0 => Duration::from_secs(2),
            _ => Duration::from_millis(20),
        };
        let is_settled =
            changed + i128::try_from(tick.as_nanos()).ok()? < i128::try_from(now).ok()?;
        is_settled.then_some(FolderStamp {
            identity: (found.st_dev, found.st_ino),
            changed,
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (root, path, now);
        None
    }
}

/// Whether a folder is on a local file system, whose stamps are reliable: others may be changed
/// from elsewhere, by other clocks.
pub(super) fn has_reliable_stamp(root: &Dir, path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, fstatfs, openat};
        // ext, XFS, Btrfs, tmpfs, overlay, F2FS, bcachefs and ZFS, by `statfs(2)`.
        const LOCAL: [u64; 8] = [
            0xef53,
            0x5846_5342,
            0x9123_683e,
            0x0102_1994,
            0x794c_7630,
            0xf2f5_2010,
            0xca45_1a4e,
            0x2fc1_2fc1,
        ];
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let found = openat(root, path, flags, Mode::empty()).and_then(fstatfs);
        found.is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| LOCAL.contains(&kind)))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (root, path);
        false
    }
}

/// Opens a file for reading by its name in a folder; fails if it is a link, and never blocks.
pub(super) fn open_file(folder: &Dir, name: &str) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, openat};
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = openat(folder, name, flags, Mode::empty())?;
        Ok(File::from_std(opened.into()))
    }
    #[cfg(not(unix))]
    {
        refuse_link(folder, name)?;
        folder.open(name)
    }
}

/// Opens a file for writing by its name in a folder, and creates it if needed; fails if it is a
/// link, and never blocks.
pub(super) fn create_file(folder: &Dir, name: &str) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags, openat};
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
            | OFlags::CLOEXEC;
        let opened = openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(File::from_std(opened.into()))
    }
    #[cfg(not(unix))]
    {
        use cap_std::fs::OpenOptions;
        folder.open_with(name, OpenOptions::new().write(true).create(true))
    }
}

#[cfg(not(unix))]
fn refuse_link(folder: &Dir, name: &str) -> io::Result<()> {
    if folder.symlink_metadata(name)?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    Ok(())
}

/// Renames within or between folders; fails if something has the new name.
pub(super) fn rename_new(from: (&Dir, &str), to: (&Dir, &str)) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE) {
            // Not every file system can do this.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return Ok(renamed?),
        }
    }
    match to.0.symlink_metadata(to.1) {
        Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    from.0.rename(from.1, to.0, to.1)
}

/// Exchanges two files in a folder; `false` if the file system cannot.
pub(super) fn exchange(folder: &Dir, one: &str, other: &str) -> io::Result<bool> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(folder, one, folder, other, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
            exchanged => Ok(exchanged.map(|()| true)?),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    {
        let _ = (folder, one, other);
        Ok(false)
    }
}

/// A lock on a folder, until this is dropped or the process ends.
pub(super) struct FolderLock {
    #[cfg(unix)]
    folder: std::fs::File,
}

#[cfg(unix)]
impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing is not enough: a command that is just being started may share the file.
        let _ = self.folder.unlock();
    }
}

/// Locks a folder, if it is not locked; `None` if the file system has no folder locks.
pub(super) fn lock_folder(folder: &Dir) -> io::Result<Option<FolderLock>> {
    #[cfg(unix)]
    {
        use rustix::fs::{FlockOperation, flock};
        use rustix::io::Errno;
        // The handle on the root may be one that only finds names.
        let folder = open_folder(folder, ".")?.into_std_file();
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(FolderLock { folder })),
            Err(Errno::BADF | Errno::INVAL | Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(None)
    }
}

/// Whether a file belongs to the current user.
pub(super) fn is_own(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        metadata.uid() == rustix::process::geteuid().as_raw()
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}

/// Copies extended attributes, access lists included. Attributes that only the system may set are
/// left to it.
pub(super) fn keep_attributes(from: &File, to: &File) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos"))]
    {
        use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query};
        use rustix::io::Errno;
        let mut names = match flistxattr_query(from) {
            Ok(length) => vec![0; length],
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let length = flistxattr(from, &mut names[..])?;
        let names = names[..length].split(|byte| *byte == 0);
        for name in names.filter(|name| !name.is_empty()) {
            let mut value = vec![0; fgetxattr_query(from, name)?];
            let length = fgetxattr(from, name, &mut value[..])?;
            let set = rustix::fs::fsetxattr(to, name, &value[..length], XattrFlags::empty());
            let is_users = name.starts_with(b"user.") || name == b"system.posix_acl_access";
            if is_users {
                set?;
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
    let _ = (from, to);
    Ok(())
}

/// Syncs a folder, so that its names are on disk.
///
/// Some file systems cannot; a rename is done anyway.
pub(super) fn sync_folder(folder: &Dir) {
    #[cfg(unix)]
    {
        // The handle on the root may be one that only finds names.
        if let Ok(open) = open_folder(folder, ".") {
            let _ = open.into_std_file().sync_all();
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// The mode of a file, nine bits.
pub(super) fn mode(metadata: &Metadata) -> Option<u32> {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        Some(metadata.mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}

/// The number of hard links of a file.
pub(super) fn links(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        metadata.nlink()
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        1
    }
}

/// Whether two names are the same file, as far as the system reports it.
pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        false
    }
}

/// Sets the mode of a file, whatever the umask.
pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use cap_std::fs::{Permissions, PermissionsExt};
        file.set_permissions(Permissions::from_mode(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, mode);
        Ok(())
    }
}

/// Like [`set_mode`] for a folder.
pub(super) fn set_folder_mode(folder: &Dir, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        let folder = folder.try_clone()?.into_std_file();
        folder.set_permissions(Permissions::from_mode(mode))
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, mode);
        Ok(())
    }
}

/// Gives a file the owner of the one it replaces, if allowed.
pub(super) fn keep_owner(file: &File, old: &Metadata) {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, old);
}
