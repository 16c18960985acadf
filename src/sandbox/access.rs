//! What a command may access beyond the defaults, and what it may not.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::confine::GitAccess;
use crate::permission::DeniedCommands;

/// Write access to the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkspaceAccess {
    /// Everything except protected files.
    #[default]
    ReadWrite,
    /// Nothing: it is mounted read-only, and so are other folders that rules let commands write.
    ReadOnly,
}

/// The access of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandAccess {
    pub network: bool,
    pub git: GitAccess,
    /// Write access to the workspace.
    pub workspace: WorkspaceAccess,
    /// Whether auto-executed files may be written ([`crate::jail::closed_to_commands`]), because
    /// the user approved exactly that.
    pub auto_executed: bool,
    /// Whether build files may be written without network access too ([`crate::jail::build_file`]).
    pub build_files: bool,
    /// Protected paths that may be written, because the user approved exactly that; relative to the
    /// root.
    pub opened: Vec<PathBuf>,
    /// Whether git starts no program that the repository names, except for its filters.
    pub harmless_git: bool,
    /// Commands that may not be executed.
    pub denied: DeniedCommands,
    /// Files of the workspace that look empty in the full sandbox; relative to the root.
    pub hidden: Vec<PathBuf>,
    /// Further paths of the workspace that may not be written, with everything below; relative to
    /// the root.
    pub unwritable: Vec<PathBuf>,
}
