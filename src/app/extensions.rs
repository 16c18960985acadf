//! What users add to this program: templates, tools, servers, hooks, skills.

use super::App;
use crate::templates::Library;
use crate::tools::Toolbox;
use crate::trust::TrustStore;

impl App {
    /// The tools of a session: that for templates only where somebody has written some, since each tool
    /// costs a part of the window.
    pub(super) fn toolbox(&self) -> Toolbox {
        let library = self.templates();
        match library.has_own(&self.jail) {
            true => Toolbox::with_templates(library),
            false => Toolbox::builtin(),
        }
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
