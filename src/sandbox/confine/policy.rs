//! The policy of a confined command, as sent to the helper.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::write_policy::{PathNames, WritePolicy};
use crate::permission::DeniedCommands;
use crate::sandbox::WorkspaceAccess;

/// What a command may see and change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxPolicy {
    /// The workspace: the command runs and writes there. Absolute, without links.
    #[serde(with = "real_path")]
    pub root: PathBuf,
    /// A private folder of ours that exists. The command sees its `tmp` as `/tmp`, which lasts as
    /// long as this folder does; quarantined files are in `aside`.
    #[serde(with = "real_path")]
    pub temporary: PathBuf,
    /// A folder of ours that the command sees as `~/.cache`, for caches of tools. It is never the
    /// user's own, and belongs to one workspace: its content was written by commands.
    #[serde(with = "real_path")]
    pub cache: PathBuf,
    /// Home folders, usually one. They look empty, except for readable or writable paths in them,
    /// and what is written there is gone when the command ends.
    #[serde(with = "real_paths")]
    pub homes: Vec<PathBuf>,
    /// Further readable and executable paths. Missing ones are skipped.
    #[serde(with = "real_paths")]
    pub readable: Vec<PathBuf>,
    /// Further writable paths. Missing ones are skipped.
    #[serde(with = "real_paths")]
    pub writable: Vec<PathBuf>,
    /// Files or folders below writable paths that rules close: they may not be written or created.
    #[serde(with = "real_paths")]
    pub unwritable: Vec<PathBuf>,
    /// Files and folders that look empty: absolute. Missing ones are skipped.
    #[serde(with = "real_paths")]
    pub hidden: Vec<PathBuf>,
    /// Access to `.git`.
    pub git: GitAccess,
    /// Write access to the workspace.
    pub workspace: WorkspaceAccess,
    /// Whether auto-executed files may be written.
    pub auto_executed: bool,
    /// Whether build files may be written without network access too.
    pub build_files: bool,
    /// Protected paths of the workspace that may be written: absolute.
    #[serde(with = "real_paths")]
    pub opened: Vec<PathBuf>,
    /// Commands that may not be executed, by their first words.
    pub denied_commands: DeniedCommands,
    /// Whether the network is available. Without it, there is only a private loopback.
    pub network: bool,
    /// Resource limits.
    pub limits: ResourceLimits,
}

/// Access of a command to `.git`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GitAccess {
    #[default]
    ReadOnly,
    /// Write it, except for files that make git run commands.
    WriteButHooksAndConfig,
    /// The same, and make new repositories and work trees, in new folders.
    MakesRepositories,
    /// The same, and write settings of repositories: the user approved exactly that.
    Settings,
}

impl GitAccess {
    /// Whether new repositories and work trees can be made.
    pub fn makes_repositories(self) -> bool {
        matches!(self, GitAccess::MakesRepositories | GitAccess::Settings)
    }
}

/// Resource limits of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Processes and threads at a time. The system does not apply it to root.
    pub processes: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Largest file written, in bytes.
    pub file_size: u64,
    /// Bytes of memory of all its processes; `None`: three quarters of the machine's.
    pub memory: Option<u64>,
    /// Bytes by which a disk may fill up while the command runs.
    pub disk: u64,
}

/// The resource limit that a command exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    Memory,
    Disk,
}

impl Default for ResourceLimits {
    fn default() -> ResourceLimits {
        ResourceLimits {
            processes: 4096,
            open_files: 65_536,
            file_size: 16 << 30,
            memory: None,
            disk: 16 << 30,
        }
    }
}

/// Names in a git folder that make git run commands or read settings from elsewhere.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos")),
    expect(dead_code, reason = "nothing is confined")
)]
pub(super) const GIT_INTERNALS: &[&str] =
    &["commondir", "config", "config.worktree", "hooks", "modules"];

impl SandboxPolicy {
    /// Default bounds for a workspace: nothing else may be read.
    pub fn new(root: &Path, temporary: &Path) -> SandboxPolicy {
        SandboxPolicy {
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
            limits: ResourceLimits::default(),
        }
    }

    /// The write policy of a writable folder.
    pub(super) fn write_policy(&self, folder: &Path) -> WritePolicy {
        let below = |paths: &[PathBuf]| -> Vec<PathNames> {
            let below = paths
                .iter()
                .filter_map(|path| path.strip_prefix(folder).ok());
            below
                .map(PathNames::new)
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

/// Serialises paths as bytes: they need not be text.
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

/// The same for lists of paths.
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
