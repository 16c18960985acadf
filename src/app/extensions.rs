//! What users add to this program: templates, tools, servers, hooks, skills.

use super::App;
use crate::skills::{self, UserFolders};
use crate::templates::Library;
use crate::tools::Toolbox;
use crate::trust::TrustStore;

impl App {
    /// The tools of a session: those for templates and skills only where somebody has written some, since
    /// each tool costs a part of the window.
    pub(super) fn toolbox(&self) -> Toolbox {
        let library = self.templates();
        let toolbox = match library.has_own(&self.jail) {
            true => Toolbox::with_templates(library),
            false => Toolbox::builtin(),
        };
        let skills = self.skills();
        match skills.told(&self.jail).is_empty() {
            true => toolbox,
            false => toolbox.with_skills(skills),
        }
    }

    /// The templates that can be used.
    pub fn templates(&self) -> Library {
        Library::new(self.environment.templates_folder(), self.skills())
    }

    /// The skills that can be used.
    pub fn skills(&self) -> skills::Library {
        let user = UserFolders {
            skills: self.environment.skill_folders(),
            commands: self.environment.commands_folder(),
        };
        let above = self.workspace.repository_above(self.environment.home());
        skills::Library::new(user, above, self.rules.clone())
    }

    /// What the user has trusted of repositories.
    pub fn trust(&self) -> TrustStore {
        TrustStore::new(self.settings.data_folder.join("trusted.json"))
    }
}
