//! What users add to this program: templates, tools, servers, hooks, skills.

use std::env;
use std::fs::{self, Metadata};
use std::path::Path;

use super::{App, StartError};
use crate::templates::Library;
use crate::tools::Toolbox;
use crate::trust::TrustStore;

impl App {
    /// The tools of a session: that for templates only where somebody has written some, since each tool
    /// costs a part of the window.
    pub(super) fn toolbox(&self) -> Result<Toolbox, StartError> {
        let library = self.templates();
        let toolbox = match library.has_own(&self.jail) {
            true => Toolbox::with_templates(library),
            false => Toolbox::builtin(),
        };
        let own = &self.settings.rules.tools;
        toolbox.with_own(own).map_err(StartError::Tool)
    }

    /// An error if a model could take one of the user's tools for one of ours.
    pub(super) fn check_own_tools(&self) -> Result<(), StartError> {
        let toolbox = Toolbox::with_templates(self.templates());
        let checked = toolbox.with_own(&self.settings.rules.tools);
        checked.map(drop).map_err(StartError::Tool)
    }

    /// Whether commands find a program: a name in `PATH`, or a path from the workspace.
    pub fn has_program(&self, program: &str) -> bool {
        if program.contains('/') {
            return is_program(&self.workspace.root.join(program));
        }
        let environment = self.command_environment();
        let path = environment.variables().find(|(name, _)| *name == "PATH");
        path.is_some_and(|(_, folders)| {
            env::split_paths(folders).any(|folder| is_program(&folder.join(program)))
        })
    }

    /// The templates that can be used.
    pub fn templates(&self) -> Library {
        Library::new(self.environment.templates_folder())
    }

    /// What the user has trusted of repositories.
    pub fn trust(&self) -> TrustStore {
        TrustStore::new(self.settings.data_folder.join("trusted/files.json"))
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && is_executable(&found))
}

#[cfg(unix)]
fn is_executable(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}
