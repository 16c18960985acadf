//! Reads a file of the workspace for a person, as tools read it for a model: beneath the handle on
//! the workspace, by the user's rules, without secrets. And the tools that read, for other programs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ollacode_secrets::redact;

use super::quick_models::QuickModels;
use super::{App, StartError};
use crate::engine::ChatActivity;
use crate::jail::{Jail, JailError, is_secret};
use crate::retrieval::{CodeIndex, SearchPace};
use crate::tools::{ReadingParts, ReadingTools};

/// A file as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownFile {
    /// Its path, where links led.
    pub path: String,
    /// Its text without secrets; the lines keep their numbers.
    pub text: String,
}

/// Why a file is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("`{0}` may hold secrets, and is not shown here")]
    Secret(String),
    #[error("a rule hides `{0}`")]
    Hidden(String),
    #[error(transparent)]
    Jail(#[from] JailError),
}

impl App {
    /// Reads a file to be shown. It blocks.
    pub fn read_file(&self, given: &str) -> Result<ShownFile, ReadError> {
        let jail = Jail::open_without(&self.workspace.root, &self.private_paths())?;
        let jail = jail.knowing_secrets_of(&self.jail);
        let path = jail.path(given)?;
        // Before it is opened: what is hidden need not even exist.
        self.check_shown(path.as_str(), is_secret(&path))?;
        let file = jail.read(&path)?;
        self.check_shown(file.path.as_str(), is_secret(&file.path))?;
        let text = redact(&file.text).text;
        Ok(ShownFile {
            path: file.path.to_string(),
            text: jail.secret_values().hide_all(&text).into_owned(),
        })
    }

    /// The tools that read, for another program: searches keep to a pace, and wait only so long for
    /// the embedding model. Embedding the index yields to them where `activity` is that of
    /// [`App::keep_fresh`].
    ///
    /// # Errors
    ///
    /// The workspace or the data folder cannot be opened, or full confinement is required and not
    /// possible.
    pub fn reading_tools(
        &self,
        pace: SearchPace,
        patience: Duration,
        activity: &ChatActivity,
    ) -> Result<ReadingTools, StartError> {
        let jail = Jail::open_without(&self.workspace.root, &self.private_paths())?;
        let models = QuickModels::new(self.clone(), patience, activity.clone());
        let code = CodeIndex::new(self.index.clone(), Arc::new(models), self.rules.clone());
        Ok(ReadingTools::new(ReadingParts {
            jail: jail.knowing_secrets_of(&self.jail),
            sandbox: Arc::new(self.sandbox()?),
            code: Arc::new(code.paced(pace)),
            rules: self.rules.clone(),
            git_history: Arc::clone(&self.git_history),
        }))
    }

    /// A sentence without the paths of this machine that it may name: of the workspace, of the
    /// settings, of the data folder and of the home folder.
    pub fn without_own_paths(&self, sentence: &str) -> String {
        let mut text = sentence.to_owned();
        let settings = self.environment.user_file();
        let settings = settings.as_deref().and_then(Path::parent);
        for (path, name) in [
            (Some(self.workspace.root.as_path()), "."),
            (settings, "(settings)"),
            (Some(self.settings.data_folder.as_path()), "(data folder)"),
            (self.environment.home(), "~"),
        ] {
            // The top of the disk is in every path.
            let path = path.filter(|path| path.parent().is_some());
            if let Some(path) = path.and_then(Path::to_str) {
                text = text.replace(path, name);
            }
        }
        // A rule is known by the name of its file.
        text.replace("((settings)/", "(")
    }

    fn check_shown(&self, path: &str, is_secret: bool) -> Result<(), ReadError> {
        if is_secret && !self.rules.opens_secret(path) {
            return Err(ReadError::Secret(path.to_owned()));
        }
        if self.rules.hides(path) {
            return Err(ReadError::Hidden(path.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, Flags};

    fn app(top: &Path) -> App {
        let at = |name: &str| top.join(name);
        fs::create_dir_all(at("work/deep")).expect("a folder");
        fs::create_dir_all(at("config/ollacode")).expect("a folder");
        let rules = "[[deny]]\nread = 'deep/**'\n";
        fs::write(at("config/ollacode/config.toml"), rules).expect("rules");
        for (path, text) in [
            ("main.rs", "fn main() {}\n"),
            ("deep/plan.md", "# Plan\n"),
            (".env", "DB_PASSWORD=marmalade-kettle-42\n"),
            ("notes.md", "one\nthe word is marmalade-kettle-42\nthree\n"),
        ] {
            fs::write(at("work").join(path), text).expect("a file");
        }
        fs::write(at("outside.rs"), "fn outside() {}\n").expect("a file");
        let variables = [
            ("HOME", at("home")),
            ("XDG_CONFIG_HOME", at("config")),
            ("OLLACODE_DATA_DIR", at("data")),
            ("WORKSPACE_DIR", at("work")),
        ];
        let environment = Environment::new(at("work"), variables);
        App::start(&Flags::default(), &environment).expect("an app")
    }

    #[test]
    fn a_file_is_shown_as_a_model_would_see_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a folder");
        let app = app(&top);
        let text = |path: &str| app.read_file(path).map(|file| file.text);
        assert_eq!(text("./main.rs").expect("a text"), "fn main() {}\n");
        let notes = text("notes.md").expect("a text");
        assert!(!notes.contains("marmalade"), "{notes}");
        assert_eq!(notes.lines().count(), 3, "{notes}");
        assert!(matches!(text(".env"), Err(ReadError::Secret(_))));
        assert!(matches!(text("deep/plan.md"), Err(ReadError::Hidden(_))));
        for path in ["../outside.rs", "/etc/passwd", "missing.rs", "deep", ""] {
            assert!(
                matches!(text(path), Err(ReadError::Jail(_) | ReadError::Hidden(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn paths_of_this_machine_are_taken_out_of_sentences() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a folder");
        let app = app(&top);
        let at = |path: &str| top.join(path).display().to_string();
        let sentence = format!(
            "cannot open {} and {} for {} ({}:2)",
            at("work/src/a.rs"),
            at("data/index"),
            at("home/me"),
            at("config/ollacode/config.toml")
        );
        assert_eq!(
            app.without_own_paths(&sentence),
            "cannot open ./src/a.rs and (data folder)/index for ~/me (config.toml:2)"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_open_what_is_hidden() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a folder");
        let app = app(&top);
        for (link, target) in [
            ("secret.txt", ".env"),
            ("plan.md", "deep/plan.md"),
            ("outside.rs", "../outside.rs"),
        ] {
            std::os::unix::fs::symlink(target, top.join("work").join(link)).expect("a link");
            assert!(app.read_file(link).is_err(), "{link}");
        }
    }
}
