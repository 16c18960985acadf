//! What is open to a command beyond the usual, and what is closed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::confine::GitAccess;
use crate::permission::DeniedCommands;

/// Whether a command may write in the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkspaceAccess {
    /// All of it but what is protected.
    #[default]
    ReadWrite,
    /// Nothing: it is mounted read-only, and so is what rules let commands write elsewhere.
    ReadOnly,
}

/// What is open to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub network: bool,
    pub git: GitAccess,
    /// The files of the workspace.
    pub workspace: WorkspaceAccess,
    /// Whether auto-executed files may be written ([`crate::jail::closed_to_commands`]), since
    /// the user was asked about just that.
    pub auto_executed: bool,
    /// Whether files that the user's builds run may be written without the network, too
    /// ([`crate::jail::build_file`]).
    pub build_files: bool,
    /// What may be written though its name is protected, since the user was asked about just that:
    /// paths below the root.
    pub opened: Vec<PathBuf>,
    /// What may not be executed.
    pub denied: DeniedCommands,
    /// Files of the workspace that look empty where commands are fully confined: paths below the
    /// root.
    pub hidden: Vec<PathBuf>,
    /// What may not be written in the workspace besides, with all that is below it: paths below the
    /// root.
    pub unwritable: Vec<PathBuf>,
}
