//! Builds the mount tree of a command.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix_linux::fs::{CWD, Mode, OFlags, fstat, mkdirat, openat, symlinkat};
use rustix_linux::io::Errno;
use rustix_linux::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
    mount_change, move_mount, open_tree, unmount,
};
use rustix_linux::process::{chdir, fchdir, pivot_root};

use super::super::SandboxPolicy;
use super::existing::Existing;
use super::mount_plan::{MountKind, MountPlan};
use super::system::{attributes, set_attributes, set_own_attributes};
use super::{ConfinementFailure, FailureStep, hidden, overlays};
use crate::sandbox::WorkspaceAccess;

/// Devices that programs expect.
const DEVICES: [&str; 5] = ["full", "null", "random", "urandom", "zero"];

/// Options of an empty file system.
const EMPTY: [(&str, &str); 2] = [("mode", "0700"), ("size", "1g")];

/// Links in the folder of devices.
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// Gives this process the planned view and nothing else. The current folder must be the workspace,
/// before and after.
///
/// Existing protected paths are read-only, and hidden ones look empty.
pub fn build(
    bounds: &SandboxPolicy,
    plan: &MountPlan,
    existing: &[Existing],
) -> Result<(), ConfinementFailure> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).step("separate the mounts")?;
    // All that is shown is taken hold of before anything is hidden.
    let pieces = take_pieces(bounds, plan)?;
    let root = statistics_of_current_folder()?;

    let view = filesystem("tmpfs", &[("mode", "0755"), ("size", "64m")])
        .step("make a file system in memory")?;
    attach(&view, CWD, &bounds.temporary).step("place a file system in memory")?;
    // It is reached by its descriptor from now on: its path leads to the old one.
    let view = &view;
    let mut opened = LastFolder::default();
    for (path, piece) in pieces {
        let step = || format!("show {}", path.display());
        let at = opened.place(view, path, piece.is_folder).step(step())?;
        attach(&piece.tree, &at, "").step(step())?;
    }
    for (path, text) in &plan.links {
        let made = link(view, path, text);
        made.step(format!("make the link {}", path.display()))?;
    }
    devices(view)?;
    let processes = filesystem("proc", &[]).step("make /proc")?;
    set_attributes(&processes, attributes::READ_ONLY).step("make /proc read-only")?;
    let at = folder(view, Path::new("/proc")).step("make /proc")?;
    attach(&processes, &at, "").step("show /proc")?;
    folder(view, Path::new("/run")).step("make /run")?;
    for existing in existing {
        let shown = folder(view, &existing.root);
        let shown = shown.step(format!("find {} again", existing.root.display()))?;
        overlays::cover(&shown, &existing.protected)?;
    }
    hidden::hide(view, bounds)?;
    set_own_attributes(view, attributes::READ_ONLY).step("make / read-only")?;
    turn_to(view)?;
    chdir(&bounds.root).step("go to the workspace")?;
    if statistics_of_current_folder()? != root {
        let error = io::Error::other("something else is there");
        return Err(error).step("find the workspace again");
    }
    Ok(())
}

/// A detached mount.
struct DetachedMount {
    tree: OwnedFd,
    is_folder: bool,
}

fn take_pieces<'a>(
    bounds: &SandboxPolicy,
    plan: &'a MountPlan,
) -> Result<Vec<(&'a Path, DetachedMount)>, ConfinementFailure> {
    use attributes::{NO_DEVICES, NO_SETUID, READ_ONLY};
    let (is_read_only, here) = match bounds.workspace {
        WorkspaceAccess::ReadOnly => (true, READ_ONLY),
        WorkspaceAccess::ReadWrite => (false, 0),
    };
    let mut pieces = Vec::new();
    for (path, place) in &plan.places {
        let (tree, set, is_folder) = match place {
            // Later commands find nothing in it that the user did not approve.
            MountKind::Cache if is_read_only => (filesystem("tmpfs", &EMPTY), 0, true),
            MountKind::Empty => (filesystem("tmpfs", &EMPTY), 0, true),
            MountKind::Readable { is_folder } => (clone_mount(path), READ_ONLY, *is_folder),
            MountKind::Writable { is_folder } => (clone_mount(path), here, *is_folder),
            MountKind::Temporary => (clone_mount(&bounds.temporary.join("tmp")), 0, true),
            MountKind::Cache => (clone_mount(&bounds.cache), 0, true),
            MountKind::Root => (clone_mount(Path::new("")), here, true),
        };
        let tree = match tree {
            // Of what may be read, some is not for this user, and some is gone by now.
            Err(error) if can_be_missing(place, &error) => continue,
            tree => tree.step(format!("take hold of {}", path.display()))?,
        };
        set_attributes(&tree, set | NO_SETUID | NO_DEVICES)
            .step(format!("restrict {}", path.display()))?;
        pieces.push((path.as_path(), DetachedMount { tree, is_folder }));
    }
    Ok(pieces)
}

fn can_be_missing(place: &MountKind, error: &io::Error) -> bool {
    let is_extra = matches!(
        place,
        MountKind::Readable { .. } | MountKind::Writable { .. }
    );
    let kinds = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied];
    is_extra && kinds.contains(&error.kind())
}

/// Clones a mount from a path on; an empty path is the current folder.
pub(super) fn clone_mount(path: &Path) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    Ok(open_tree(CWD, path, flags)?)
}

/// Creates a detached file system.
pub(super) fn filesystem(kind: &str, options: &[(&str, &str)]) -> io::Result<OwnedFd> {
    let settings = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (name, value) in options {
        fsconfig_set_string(settings.as_fd(), *name, *value)?;
    }
    fsconfig_create(settings.as_fd())?;
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOSUID;
    if kind != "devpts" {
        attributes |= MountAttrFlags::MOUNT_ATTR_NODEV;
    }
    if kind == "proc" {
        attributes |= MountAttrFlags::MOUNT_ATTR_NOEXEC;
    }
    Ok(fsmount(
        settings.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        attributes,
    )?)
}

/// Attaches a mount.
pub(super) fn attach(
    tree: &OwnedFd,
    at: impl AsFd,
    path: impl rustix_linux::path::Arg,
) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(move_mount(tree.as_fd(), "", at.as_fd(), path, flags)?)
}

/// Opens a folder of the view and creates missing ones. No link is followed: a command may have
/// left one in a lasting folder.
pub(super) fn folder(view: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let mut at = step_into(view, OsStr::new("."))?;
    for name in names(path) {
        at = step_into_new(&at, name)?;
    }
    Ok(at)
}

/// Opens a folder in a folder; creates it if it is missing.
fn step_into_new(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    match step_into(folder, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match mkdirat(folder, name, Mode::from_raw_mode(0o755)) {
                // Another command may be making the same one, where a folder lasts.
                Ok(()) | Err(Errno::EXIST) => step_into(folder, name),
                Err(error) => Err(error.into()),
            }
        }
        found => found,
    }
}

/// Opens a folder in a folder without following a link.
pub(super) fn step_into(folder: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// Caches the last opened folder: consecutive paths are mostly in the same one.
///
/// A path comes before those below it, so nothing is mounted over an open folder.
#[derive(Default)]
struct LastFolder {
    last: Option<(PathBuf, OwnedFd)>,
}

impl LastFolder {
    /// Opens a mount point for a folder or a file; creates an empty one if needed.
    fn place(&mut self, view: &OwnedFd, path: &Path, is_folder: bool) -> io::Result<OwnedFd> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let last = self.last.take().filter(|(path, _)| path == parent);
        let (_, folder) = self.last.insert(match last {
            Some(last) => last,
            None => (parent.to_owned(), folder(view, parent)?),
        });
        if is_folder {
            return step_into_new(folder, name);
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&*folder, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                let make = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
                match openat(&*folder, name, make, Mode::from_raw_mode(0o444)) {
                    Ok(_) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                Ok(openat(&*folder, name, flags, Mode::empty())?)
            }
            found => Ok(found?),
        }
    }
}

/// Makes a link as on the host. If something exists there, it is the link itself.
fn link(view: &OwnedFd, path: &Path, text: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let made = folder(view, parent).and_then(|parent| Ok(symlinkat(text, &parent, name)?));
    match made {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists
                    | io::ErrorKind::ReadOnlyFilesystem
                    | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(())
        }
        made => made,
    }
}

fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    })
}

fn devices(view: &OwnedFd) -> Result<(), ConfinementFailure> {
    let mut opened = LastFolder::default();
    for name in DEVICES {
        let path = Path::new("/dev").join(name);
        let step = format!("show {}", path.display());
        let device = clone_mount(&path).step(&step)?;
        // It can be written all the same, but its mode and its times cannot be changed.
        let set = attributes::NO_SETUID | attributes::READ_ONLY;
        set_attributes(&device, set).step(&step)?;
        let at = opened.place(view, &path, false).step(&step)?;
        attach(&device, &at, "").step(&step)?;
    }
    let options = [("mode", "0620"), ("ptmxmode", "0666")];
    let terminals = filesystem("devpts", &options).step("make terminals")?;
    let at = folder(view, Path::new("/dev/pts")).step("make terminals")?;
    attach(&terminals, &at, "").step("show terminals")?;
    for (name, text) in DEVICE_LINKS {
        let path = Path::new("/dev").join(name);
        link(view, &path, Path::new(text)).step(format!("make the link {}", path.display()))?;
    }
    Ok(())
}

/// Makes the view the root file system.
fn turn_to(view: &OwnedFd) -> Result<(), ConfinementFailure> {
    fchdir(view).step("go to the new root")?;
    // The old root is put over the new one, and then taken away.
    pivot_root(".", ".").step("change the root")?;
    unmount(".", UnmountFlags::DETACH).step("take the old root away")?;
    chdir("/").step("go to the new root")
}

/// Identity of the current folder.
fn statistics_of_current_folder() -> Result<(u64, u64), ConfinementFailure> {
    let folder = step_into(CWD, OsStr::new(".")).step("open the current folder")?;
    let statistics = fstat(&folder).step("look at the current folder")?;
    Ok((statistics.st_dev, statistics.st_ino))
}
