//! Reads a file of the workspace for a person, as tools read it for a model: beneath the handle on
//! the workspace, by the user's rules, without secrets.

use ollacode_secrets::redact;

use super::App;
use crate::jail::{Jail, JailError, is_secret};

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
