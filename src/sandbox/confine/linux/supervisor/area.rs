//! The guarded and open folders of a command, and the policies in them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix_linux::io::Errno;

use super::super::super::write_policy::{GIT, PathNames, WritePolicy};
use super::super::super::{Refusal, RefusalKind, SandboxPolicy};
use super::super::mount_plan::{MountKind, MountPlan};
use super::super::repository::WorktreeRepository;
use crate::permission::DeniedCommands;
use crate::sandbox::WorkspaceAccess;

/// Longest path in a report, in characters.
const LONGEST_TOLD: usize = 200;

/// The bit of [`Area::laxity`] for paths outside guarded folders.
const UNGUARDED: u8 = 1 << 7;

/// The policy of the supervisor.
#[derive(Debug)]
pub struct Area {
    /// Folders in which names are judged. The first one is the workspace.
    pub guarded: Vec<GuardedFolder>,
    /// Folders in which the process may do whatever the file system allows. None is above a guarded
    /// one.
    pub open: Vec<PathBuf>,
    /// Paths hidden from the command.
    pub hidden: Vec<PathBuf>,
    /// Links that may not be removed.
    pub kept: Vec<PathBuf>,
    /// Whether nothing in the guarded folders can be written, so that no name needs judging.
    pub is_read_only: bool,
    /// Folders that the command has made, where it may make repositories.
    made: RefCell<BTreeSet<PathBuf>>,
    /// Commands that may not be executed.
    pub denied: DeniedCommands,
    /// Whether the command's own shell was executed.
    pub has_started: Cell<bool>,
    /// Whether the kernel makes calls on paths that are neither guarded nor open: the supervisor
    /// may have more rights than the process.
    pub leaves_others: bool,
}

/// A folder in which names are judged.
#[derive(Debug)]
pub struct GuardedFolder {
    /// The folder, absolute and without links.
    pub folder: PathBuf,
    /// Its write policy.
    pub policy: WritePolicy,
}

/// Who makes a call on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallClass {
    /// The kernel, with the rights of the process.
    Open,
    /// The supervisor, if the names may be written.
    Guarded,
    Other,
}

impl Area {
    /// For a command with a planned view. The supervisor has the same rights there.
    pub fn of_view(
        bounds: &SandboxPolicy,
        repository: Option<&WorktreeRepository>,
        plan: &MountPlan,
    ) -> Area {
        let writable = plan.places.iter().filter(|(_, place)| {
            matches!(
                place,
                MountKind::Empty | MountKind::Temporary | MountKind::Cache
            )
        });
        let writable = writable.map(|(path, _)| path.clone());
        Area::new(bounds, repository, writable.collect(), false)
    }

    /// For a command without a view. The supervisor has more rights than the command there.
    pub fn of_system(bounds: &SandboxPolicy, repository: Option<&WorktreeRepository>) -> Area {
        let ours = vec![bounds.temporary.join("tmp"), bounds.cache.clone()];
        Area::new(bounds, repository, ours, true)
    }

    fn new(
        bounds: &SandboxPolicy,
        repository: Option<&WorktreeRepository>,
        mut open: Vec<PathBuf>,
        leaves_others: bool,
    ) -> Area {
        let outside = bounds.writable.iter();
        let outside = outside.filter(|folder| !folder.starts_with(&bounds.root));
        let outside =
            outside.map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone()));
        let folders = [bounds.root.clone()].into_iter().chain(outside);
        let mut guarded: Vec<GuardedFolder> = folders
            .map(|folder| GuardedFolder {
                policy: bounds.write_policy(&folder),
                folder,
            })
            .collect();
        guarded.extend(repository.map(|repository| GuardedFolder {
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
            hidden: bounds.hidden.clone(),
            kept: Vec::new(),
            is_read_only: bounds.workspace == WorkspaceAccess::ReadOnly,
            made: RefCell::default(),
            denied: bounds.denied_commands.clone(),
            has_started: Cell::new(false),
            leaves_others,
        }
    }

    /// Who makes a call on a path.
    pub fn class(&self, path: &Path) -> CallClass {
        if self.guarded_at(path).is_some() {
            CallClass::Guarded
        } else if self.open.iter().any(|folder| path.starts_with(folder)) {
            CallClass::Open
        } else {
            CallClass::Other
        }
    }

    /// Judges writing a file or creating a name.
    pub fn judge(&self, path: &Path) -> Result<(), Refusal> {
        let Some((guarded, below)) = self.judged_at(path) else {
            return Ok(());
        };
        let has = |depth: usize, name: &str| {
            let mut folder = guarded.folder.clone();
            folder.extend(below.components().take(depth));
            fs::symlink_metadata(folder.join(name)).is_ok()
        };
        let names = PathNames::new(below);
        let refused = match self.made.borrow().iter().any(|made| path.starts_with(made)) {
            true => guarded.policy.refuses_in_new(&names),
            false => guarded.policy.refuses(&names, has),
        };
        refused.map_or(Ok(()), |why| Err(self.refusal(guarded, below, why)))
    }

    /// Judges making a folder.
    pub fn judge_new_folder(&self, path: &Path) -> Result<(), Refusal> {
        let begins = self.judged_at(path).is_some_and(|(guarded, below)| {
            guarded.policy.begins_repository(&PathNames::new(below))
        });
        if begins { Ok(()) } else { self.judge(path) }
    }

    /// Records a folder made by the command: a repository in it is a new one.
    pub fn note_made(&self, path: &Path) {
        let makes = self.judged_at(path);
        if makes.is_some_and(|(guarded, _)| guarded.policy.git.makes_repositories()) {
            self.made.borrow_mut().insert(path.to_owned());
        }
    }

    /// Judges making a link.
    pub fn judge_link(&self, path: &Path) -> Result<(), Refusal> {
        let Some((guarded, below)) = self.judged_at(path) else {
            return Ok(());
        };
        let refused = guarded.policy.refuses_link(&PathNames::new(below));
        refused.map_or(Ok(()), |why| Err(self.refusal(guarded, below, why)))
    }

    /// Judges removing a name.
    pub fn judge_removal(&self, path: &Path) -> Result<(), Refusal> {
        if self.kept.iter().any(|kept| kept == path) {
            return self.judge(path);
        }
        Ok(())
    }

    /// Judges a folder at a new path, by the names in it.
    pub fn judge_folder(&self, names: &[OsString], path: &Path) -> Result<(), Refusal> {
        let Some((guarded, below)) = self.judged_at(path) else {
            return Ok(());
        };
        let inside = names.iter().map(OsString::as_os_str);
        let refused = guarded
            .policy
            .refuses_folder(&PathNames::new(below), inside);
        refused.map_or(Ok(()), |why| Err(self.refusal(guarded, below, why)))
    }

    /// Whether the content of a folder was judged as strictly as it would be at another path. If
    /// not, it cannot be renamed; programs then copy it, and each name is judged.
    pub fn is_judged_alike(&self, from: &Path, to: &Path) -> bool {
        self.is_read_only || self.laxity(from) & !self.laxity(to) == 0
    }

    fn laxity(&self, path: &Path) -> u8 {
        self.guarded_at(path).map_or(UNGUARDED, |(guarded, below)| {
            guarded.policy.laxity(&PathNames::new(below))
        })
    }

    /// Whether something at or below a path must not move: a guarded folder, which is identified by
    /// path, or a hidden file, which would become visible elsewhere.
    pub fn is_pinned(&self, path: &Path) -> bool {
        let guarded = self.guarded.iter().map(|guarded| &guarded.folder);
        let mut pinned = guarded.chain(&self.hidden);
        !self.is_read_only && pinned.any(|pinned| pinned.starts_with(path))
    }

    fn refusal(&self, guarded: &GuardedFolder, below: &Path, why: &'static str) -> Refusal {
        let workspace = self.guarded.first().map(|first| &first.folder);
        let path: String = below.to_string_lossy().chars().take(LONGEST_TOLD).collect();
        Refusal {
            is_in_workspace: workspace == Some(&guarded.folder) && path.len() < LONGEST_TOLD,
            path,
            why: why.to_owned(),
            kind: match why == GIT {
                true => RefusalKind::Git,
                false => RefusalKind::Write,
            },
        }
    }

    fn judged_at<'a>(&self, path: &'a Path) -> Option<(&GuardedFolder, &'a Path)> {
        self.guarded_at(path).filter(|_| !self.is_read_only)
    }

    fn guarded_at<'a>(&self, path: &'a Path) -> Option<(&GuardedFolder, &'a Path)> {
        let mut guarded = self.guarded.iter();
        guarded.find_map(|guarded| Some((guarded, path.strip_prefix(&guarded.folder).ok()?)))
    }
}

/// The real path of an open file.
pub fn path_of(file: &OwnedFd) -> Result<PathBuf, Errno> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::read_link(link).map_err(|_| Errno::ACCESS)
}

/// The path of a name in a folder, without the slash that may follow it.
pub fn path_in(folder: &OwnedFd, name: &OsStr) -> Result<PathBuf, Errno> {
    let name = Path::new(name).file_name().unwrap_or(name);
    Ok(path_of(folder)?.join(name))
}
