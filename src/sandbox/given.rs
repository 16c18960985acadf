//! What a command is given: its variables, and what it may see and change.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::confine::SandboxPolicy;
use super::{
    CommandAccess, RunError, Sandbox, ShellLine, WorkspaceAccess, environment, process_tree, shell,
};
use crate::permission::command::risk;
use crate::permission::{CommandRisk, Confinement};

impl Sandbox {
    /// The variables of a command.
    pub(super) fn variables(
        &self,
        line: &ShellLine<'_>,
        access: &CommandAccess,
        mark: &str,
    ) -> Result<Vec<(OsString, OsString)>, RunError> {
        let mut variables: Vec<(OsString, OsString)> = self
            .base
            .variables()
            .filter(|(name, _)| {
                let mut own = line.variables.iter();
                own.all(|(own, _)| *name != OsStr::new(own))
            })
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let own = line.variables.iter();
        variables.extend(own.map(|(name, value)| (name.into(), value.clone())));
        variables.push((process_tree::MARK.into(), mark.into()));
        if access.harmless_git || risk(line.text) == CommandRisk::KnownSafe {
            let git = environment::harmless_git();
            variables.extend(git.map(|(name, value)| (name.into(), value.into())));
        }
        if access.git.makes_repositories() {
            let git = environment::git_without_hooks();
            variables.extend(git.map(|(name, value)| (name.into(), value.into())));
        }
        if access.workspace == WorkspaceAccess::ReadOnly {
            if self.confinement != Confinement::Full {
                let why = "the workspace can be made read-only only at the level `full`";
                return Err(RunError::Confine(why.to_owned()));
            }
            // What fails for want of writing is told by the words of the system's messages.
            variables.push(("LANGUAGE".into(), "C".into()));
        }
        Ok(variables)
    }

    /// What a command may see and change that has this access.
    pub(super) fn bounds_for(&self, access: &CommandAccess) -> Option<SandboxPolicy> {
        let mut bounds = self.bounds.clone()?;
        bounds.network = access.network;
        bounds.git = access.git;
        bounds.workspace = access.workspace;
        bounds.auto_executed = access.auto_executed;
        let below = |paths: &[PathBuf]| -> Vec<PathBuf> {
            paths.iter().map(|path| bounds.root.join(path)).collect()
        };
        let (hidden, unwritable) = (below(&access.hidden), below(&access.unwritable));
        bounds.opened = below(&access.opened);
        bounds.build_files = access.build_files;
        bounds.hidden.extend(hidden);
        bounds.hidden.extend(self.denied_programs(access));
        bounds.unwritable.extend(unwritable);
        bounds.denied_commands = access.denied.clone();
        Some(bounds)
    }

    /// Where the programs are that a command may not execute at all, so that no other name of them and no
    /// copy can be executed, either. Not those that are other programs as well, by another name.
    fn denied_programs(&self, access: &CommandAccess) -> Vec<PathBuf> {
        let path = self.base.variables().find(|(name, _)| *name == "PATH");
        let folders: Vec<PathBuf> = path
            .map(|(_, folders)| std::env::split_paths(folders).collect())
            .unwrap_or_default();
        let shell = Path::new(shell().0).canonicalize().ok();
        let in_folder = |folder: &PathBuf, program: &str| folder.join(program).canonicalize().ok();
        let programs = access.denied.programs().flat_map(|program| {
            let found = folders
                .iter()
                .filter_map(|folder| in_folder(folder, program));
            found.collect::<Vec<_>>()
        });
        let is_itself = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            access.denied.names_program(&name) && Some(path) != shell.as_ref()
        };
        programs.filter(is_itself).collect()
    }
}
