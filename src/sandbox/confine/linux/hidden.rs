//! Makes files and folders look empty to a command.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix_linux::fs::{FileType, Mode, OFlags, fstat, openat};
use rustix_linux::io::Errno;

use super::super::{GitAccess, SandboxPolicy};
use super::mounts::{attach, filesystem, folder, step_into};
use super::overlays::copy;
use super::system::{attributes, set_attributes};
use super::{ConfinementFailure, FailureStep};

/// Path of the file that replaces hidden ones, in the memory of the view.
const STAND_IN: &str = "hidden";

/// Hides the paths of the bounds that are in the view.
///
/// A hidden file is empty. For git it cannot be read at all: an empty one would look like a change,
/// and be committed.
pub fn hide(view: &OwnedFd, bounds: &SandboxPolicy) -> Result<(), ConfinementFailure> {
    if bounds.hidden.is_empty() {
        return Ok(());
    }
    let mode = match bounds.git {
        GitAccess::ReadOnly => 0o444,
        _ => 0o000,
    };
    let run = folder(view, Path::new("/run")).step("make /run")?;
    let make = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    openat(&run, STAND_IN, make, Mode::from_raw_mode(mode)).step("make an empty file")?;
    let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&run, STAND_IN, look, Mode::empty()).step("open an empty file")?;
    for path in &bounds.hidden {
        hide_one(view, &file, path).step(format!("hide {}", path.display()))?;
    }
    Ok(())
}

fn hide_one(view: &OwnedFd, file: &OwnedFd, path: &Path) -> io::Result<()> {
    let Some(found) = find(view, path)? else {
        return Ok(());
    };
    let stand_in = match FileType::from_raw_mode(fstat(&found)?.st_mode) {
        FileType::Directory => filesystem("tmpfs", &[("mode", "0555"), ("size", "4k")])?,
        FileType::RegularFile => copy(file)?,
        // What is a link is hidden where it leads to, and the rest holds nothing.
        _ => return Ok(()),
    };
    set_attributes(&stand_in, attributes::READ_ONLY)?;
    attach(&stand_in, &found, "")
}

/// Opens a path of the view without following links. `None` if it is not in the view.
fn find(view: &OwnedFd, path: &Path) -> io::Result<Option<OwnedFd>> {
    let mut at = step_into(view, OsStr::new("."))?;
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    for name in names {
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&at, name, look, Mode::empty()) {
            Ok(next) => at = next,
            // What cannot be reached cannot be read.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(at))
}
