//! Folders of the user beside the settings.

use std::path::PathBuf;

use super::Environment;

impl Environment {
    /// The user's templates, beside [`Environment::user_file`]; may not exist.
    pub fn templates_folder(&self) -> Option<PathBuf> {
        self.beside_settings("templates")
    }

    /// The folders of the user's skills, that of ollacode first; they may not exist.
    pub fn skill_folders(&self) -> Vec<PathBuf> {
        let shared = self.home().map(|home| home.join(".agents/skills"));
        self.beside_settings("skills")
            .into_iter()
            .chain(shared)
            .collect()
    }

    /// The folder of the user's skills that are one file each; may not exist.
    pub fn commands_folder(&self) -> Option<PathBuf> {
        self.beside_settings("commands")
    }

    fn beside_settings(&self, name: &str) -> Option<PathBuf> {
        Some(self.user_file()?.with_file_name(name))
    }
}
