//! What a benchmark needs: the files that may be copied, and the program for the copy alone.

use std::path::Path;

use ollacode_secrets::redact;

use super::{App, StartError};
use crate::check::CheckChoice;
use crate::config::{EmbedModel, GivenFolder, SettingOrigin, Settings};
use crate::jail::is_secret;
use crate::permission::UserRules;

impl App {
    /// The text of a file of the workspace, if nothing in it has to be hidden from a model.
    pub fn open_text(&self, path: &str) -> Option<String> {
        let path = self.jail.path(path).ok()?;
        if is_secret(&path) || self.rules.hides(path.as_str()) {
            return None;
        }
        let text = self.jail.read(&path).ok()?.text;
        let has_secrets =
            !redact(&text).findings.is_empty() || self.jail.secret_values().are_in(&text);
        (!has_secrets).then_some(text)
    }

    /// The same program for another folder, with data of its own: without vectors, without network
    /// for commands, and without what the user's rules allow.
    pub fn isolated(&self, root: &Path, data: &Path, max_steps: usize) -> Result<App, StartError> {
        let folder = GivenFolder {
            path: root.to_owned(),
            origin: SettingOrigin::Default,
        };
        let settings = Settings {
            workspace: Some(folder),
            data_folder: data.to_owned(),
            embed_model: EmbedModel::None,
            max_steps,
            rag: true,
            network: false,
            check: CheckChoice::Off,
            rules: UserRules::default(),
            warnings: Vec::new(),
            ..self.settings.clone()
        };
        App::with(settings, &self.environment)
    }
}
