//! What a confined command may see and change, as it is told to the helper.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write_policy::{Names, WritePolicy};
use crate::permission::DeniedCommands;
use crate::sandbox::WorkspaceAccess;

/// What a command may see and change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// The workspace: the command runs there, and writes. Absolute, and without links.
    #[serde(with = "real_path")]
    pub root: PathBuf,
    /// A folder of ours that exists and is private. The command sees its `tmp` as `/tmp`, so that
    /// it lasts as long as this folder does; what was set aside is in `aside`.
    #[serde(with = "real_path")]
    pub temporary: PathBuf,
    /// A folder of ours that is seen as `~/.cache`: what tools keep between commands. It is never
    /// the user's own, and of one workspace only: what is in it was written by commands.
    #[serde(with = "real_path")]
    pub cache: PathBuf,
    /// Home folders: mostly one. They look empty, but for what is readable or writable in them,
    /// and what is written there is gone when the command ends.
    #[serde(with = "real_paths")]
    pub homes: Vec<PathBuf>,
    /// What else may be read and run. What does not exist is passed over.
    #[serde(with = "real_paths")]
    pub readable: Vec<PathBuf>,
    /// What else may be written. What does not exist is passed over.
    #[serde(with = "real_paths")]
    pub writable: Vec<PathBuf>,
    /// What rules close, files or folders below what is writable: it may not be written, and may not
    /// appear.
    #[serde(with = "real_paths")]
    pub unwritable: Vec<PathBuf>,
    /// What looks empty, a file or a folder: absolute. What does not exist is passed over.
    #[serde(with = "real_paths")]
    pub hidden: Vec<PathBuf>,
    /// What may be done to `.git`.
    pub git: GitAccess,
    /// What may be done to the files of the workspace.
    pub workspace: WorkspaceAccess,
    /// Whether what is executed without the user starting it may be written.
    pub auto_executed: bool,
    /// Whether files that the user's builds run may be written without the network, too.
    pub build_files: bool,
    /// What in the workspace may be written though its name is protected: absolute.
    #[serde(with = "real_paths")]
    pub opened: Vec<PathBuf>,
    /// What may not be executed: the words that such commands begin with.
    pub denied_commands: DeniedCommands,
    /// Whether the network may be used. Without it, only a loopback of its own is there.
    pub network: bool,
    /// How much may be used.
    pub limits: Limits,
}

/// What a command may do to `.git`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GitAccess {
    #[default]
    ReadOnly,
    /// Write it, except for what makes git run commands.
    WriteButHooksAndConfig,
    /// The same, and make new repositories and work trees, in folders that are new.
    MakesRepositories,
    /// The same, and write the settings of repositories: the user was asked about just that.
    Settings,
}

impl GitAccess {
    /// Whether new repositories and work trees can be made.
    pub fn makes_repositories(self) -> bool {
        matches!(self, GitAccess::MakesRepositories | GitAccess::Settings)
    }
}

/// How much a command may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processes and threads at a time. The system does not hold root to it.
    pub processes: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Bytes of a file that is written.
    pub file_size: u64,
    /// Bytes of memory of all its processes; `None`: three quarters of the machine's.
    pub memory: Option<u64>,
    /// Bytes by which a disk that it writes may fill up while it runs.
    pub disk: u64,
}

/// What a command used too much of, so that it was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    Memory,
    Disk,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            processes: 4096,
            open_files: 65_536,
            file_size: 16 << 30,
            memory: None,
            disk: 16 << 30,
        }
    }
}

/// What makes git run commands or take its settings from elsewhere, in its folder.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos")),
    expect(dead_code, reason = "nothing is confined")
)]
pub(super) const GIT_INTERNALS: &[&str] =
    &["commondir", "config", "config.worktree", "hooks", "modules"];

impl Bounds {
    /// Bounds for a workspace with everything else at its default: nothing else may be read.
    pub fn new(root: &Path, temporary: &Path) -> Bounds {
        Bounds {
            root: root.to_owned(),
            temporary: temporary.to_owned(),
            cache: temporary.join("cache"),
            homes: Vec::new(),
            readable: Vec::new(),
            writable: Vec::new(),
            unwritable: Vec::new(),
            hidden: Vec::new(),
            git: GitAccess::ReadOnly,
            workspace: WorkspaceAccess::ReadWrite,
            auto_executed: false,
            build_files: false,
            opened: Vec::new(),
            denied_commands: DeniedCommands::default(),
            network: false,
            limits: Limits::default(),
        }
    }

    /// What may not be written in a folder that is writable.
    pub(super) fn write_policy(&self, folder: &Path) -> WritePolicy {
        let below = |paths: &[PathBuf]| -> Vec<Names> {
            let below = paths
                .iter()
                .filter_map(|path| path.strip_prefix(folder).ok());
            below
                .map(Names::new)
                .filter(|names| !names.is_empty())
                .collect()
        };
        let mut allowed = below(&self.writable);
        allowed.extend(below(&self.opened));
        WritePolicy {
            git: self.git,
            writes_build_files: self.network || self.build_files || self.git != GitAccess::ReadOnly,
            writes_auto_executed: self.auto_executed,
            worktree: None,
            allowed,
            denied: below(&self.unwritable),
        }
    }
}

/// A path as the system has it: it need not be text.
mod real_path {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        OsString::deserialize(deserializer).map(PathBuf::from)
    }
}

/// Paths as the system has them.
mod real_paths {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().map(|path| path.as_os_str()))
    }

    pub fn deserialize<'de, D>(deserializer: D) -> Result<Vec<PathBuf>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let paths = Vec::<OsString>::deserialize(deserializer)?;
        Ok(paths.into_iter().map(PathBuf::from).collect())
    }
}
