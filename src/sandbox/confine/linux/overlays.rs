//! Mounts protected paths of the workspace read-only, in the command's view.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix_linux::fs::{Mode, OFlags, openat};
use rustix_linux::mount::{OpenTreeFlags, open_tree};

use super::mounts::{attach, step_into};
use super::system::{attributes, set_attributes};
use super::{ConfinementFailure, FailureStep};

/// Bind-mounts existing paths below a folder onto themselves, read-only.
///
/// A folder above such a path is mounted onto itself too, but stays writable: a mount point cannot
/// be renamed or removed, so that nothing else can take its name.
pub fn cover(root: &OwnedFd, paths: &[String]) -> Result<(), ConfinementFailure> {
    let paths: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let mut pinned = BTreeSet::new();
    let mut covered: Vec<&str> = Vec::new();
    for path in paths {
        if covered.iter().any(|above| is_below(path, above)) {
            continue;
        }
        let covering = cover_one(root, path, &mut pinned);
        covering.step(format!("protect {path} in the workspace"))?;
        covered.push(path);
    }
    Ok(())
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn cover_one<'a>(root: &OwnedFd, path: &'a str, pinned: &mut BTreeSet<&'a str>) -> io::Result<()> {
    let mut folder = step_into(root, OsStr::new("."))?;
    for (end, _) in path.match_indices('/') {
        let start = path[..end].rfind('/').map_or(0, |slash| slash + 1);
        let name = OsStr::new(&path[start..end]);
        if pinned.insert(&path[..end]) {
            let found = step_into(&folder, name)?;
            attach(&copy(&found)?, &found, "")?;
        }
        // What was just covered has to be entered again.
        folder = step_into(&folder, name)?;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = openat(&folder, name, flags, Mode::empty())?;
    let tree = copy(&found)?;
    set_attributes(&tree, attributes::READ_ONLY)?;
    attach(&tree, &found, "")
}

pub(super) fn copy(found: impl AsFd) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH;
    Ok(open_tree(found.as_fd(), "", flags)?)
}
