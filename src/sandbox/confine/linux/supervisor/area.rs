//! Where a command may change names and files: which folders are guarded, and what in them.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix_linux::fs::{AtFlags, statat};
use rustix_linux::io::Errno;

use super::super::super::write_policy::{Names, WritePolicy};
use super::super::super::{Bounds, Refusal, WorkspaceAccess};
use super::super::plan::{Place, Plan};
use super::super::repository::Repository;

/// What the supervisor decides by.
#[derive(Debug)]
pub struct Area {
    /// Folders in which names are judged. The first one is the workspace.
    pub guarded: Vec<Guarded>,
    /// Folders in which the process may do all that the file system lets it do. None of them is
    /// above a guarded one.
    pub open: Vec<PathBuf>,
    /// Links that may not be removed.
    pub kept: Vec<PathBuf>,
    /// Whether nothing in the guarded folders can be written, so that there is nothing to judge.
    pub is_read_only: bool,
    /// Whether the kernel carries out what is neither guarded nor open: the supervisor may do more
    /// than the process.
    pub leaves_others: bool,
}

/// A folder in which names are judged.
#[derive(Debug)]
pub struct Guarded {
    /// The folder, absolute and without links.
    pub folder: PathBuf,
    /// What may not be written in it.
    pub policy: WritePolicy,
}

/// Who carries out a call on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The kernel, with the rights of the process.
    Open,
    /// The supervisor, if the names may be written.
    Guarded,
    /// Neither is said.
    Other,
}

impl Area {
    /// For a command that sees a planned view. The supervisor has the rights of the command there.
    pub fn of_view(bounds: &Bounds, repository: Option<&Repository>, plan: &Plan) -> Area {
        let writable = plan
            .places
            .iter()
            .filter(|(_, place)| matches!(place, Place::Empty | Place::Temporary | Place::Cache));
        let writable = writable.map(|(path, _)| path.clone());
        Area::new(bounds, repository, writable.collect(), false)
    }

    /// For a command that sees everything. The supervisor has more rights than the command there.
    pub fn of_system(bounds: &Bounds, repository: Option<&Repository>) -> Area {
        let ours = vec![bounds.temporary.join("tmp"), bounds.cache.clone()];
        Area::new(bounds, repository, ours, true)
    }

    fn new(
        bounds: &Bounds,
        repository: Option<&Repository>,
        mut open: Vec<PathBuf>,
        leaves_others: bool,
    ) -> Area {
        let outside = bounds.writable.iter();
        let outside = outside.filter(|folder| !folder.starts_with(&bounds.root));
        let outside =
            outside.map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone()));
        let folders = [bounds.root.clone()].into_iter().chain(outside);
        let mut guarded: Vec<Guarded> = folders
            .map(|folder| Guarded {
                policy: bounds.write_policy(&folder),
                folder,
            })
            .collect();
        guarded.extend(repository.map(|repository| Guarded {
            folder: repository.common.clone(),
            policy: WritePolicy {
                git: bounds.git,
                worktree: Some(repository.name.clone()),
                ..WritePolicy::default()
            },
        }));
        open.extend(["/dev", "/proc"].map(PathBuf::from));
        // Rights that are given for a folder hold for all that is below it.
        open.retain(|open| {
            !guarded
                .iter()
                .any(|guarded| guarded.folder.starts_with(open))
        });
        Area {
            guarded,
            open,
            kept: Vec::new(),
            is_read_only: bounds.access == WorkspaceAccess::ReadOnly,
            leaves_others,
        }
    }

    /// Tells who carries out a call on a path.
    pub fn class(&self, path: &Path) -> Class {
        if self.guarded_at(path).is_some() {
            Class::Guarded
        } else if self.open.iter().any(|folder| path.starts_with(folder)) {
            Class::Open
        } else {
            Class::Other
        }
    }

    /// Judges writing a file, or making a name.
    pub fn judge(&self, path: &Path) -> Result<(), Refusal> {
        let Some((guarded, below)) = self.judged_at(path) else {
            return Ok(());
        };
        let beside = |name: &str| fs::symlink_metadata(path.with_file_name(name)).is_ok();
        let refused = guarded.policy.refuses(&Names::new(below), beside);
        refused.map_or(Ok(()), |why| Err(refusal(below, why)))
    }

    /// Judges removing a name.
    pub fn judge_removal(&self, path: &Path) -> Result<(), Refusal> {
        if self.kept.iter().any(|kept| kept == path) {
            return self.judge(path);
        }
        Ok(())
    }

    /// Judges a folder that gets a path, by what stands in it.
    pub fn judge_content(&self, folder: &OwnedFd, path: &Path) -> Result<(), Refusal> {
        let Some((guarded, below)) = self.judged_at(path) else {
            return Ok(());
        };
        let inside = |name: &str| statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        let refused = guarded.policy.refuses_content(&Names::new(below), inside);
        refused.map_or(Ok(()), |why| Err(refusal(below, why)))
    }

    fn judged_at<'a>(&self, path: &'a Path) -> Option<(&Guarded, &'a Path)> {
        self.guarded_at(path).filter(|_| !self.is_read_only)
    }

    fn guarded_at<'a>(&self, path: &'a Path) -> Option<(&Guarded, &'a Path)> {
        let mut guarded = self.guarded.iter();
        guarded.find_map(|guarded| Some((guarded, path.strip_prefix(&guarded.folder).ok()?)))
    }
}

fn refusal(below: &Path, why: &'static str) -> Refusal {
    Refusal {
        path: below.to_string_lossy().into_owned(),
        why: why.to_owned(),
    }
}

/// The real path of something that is open.
pub fn path_of(file: &OwnedFd) -> Result<PathBuf, Errno> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::read_link(link).map_err(|_| Errno::ACCESS)
}

/// The path of a name in a folder, without the slash that may follow it.
pub fn path_in(folder: &OwnedFd, name: &OsStr) -> Result<PathBuf, Errno> {
    let name = Path::new(name).file_name().unwrap_or(name);
    Ok(path_of(folder)?.join(name))
}
