//! Settings: precedence of the layers, and messages about invalid values.

mod file;
mod layers;
mod secrets;
mod server;
mod servers;
mod values;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use ollacode::config::{
    Color, ConfigError, EmbedModel, Environment, Flags, SandboxChoice, SettingOrigin, Settings,
    ToolChoice,
};
use ollacode::frontends::cli::args::Arguments;
use ollacode::model::EditForm;
use ollacode::model::http::NetworkScope;
use tempfile::TempDir;

/// A temporary home folder, with a current folder below it.
struct Home {
    _temporary: TempDir,
    path: PathBuf,
}

impl Home {
    fn new() -> Home {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().canonicalize().expect("its path");
        fs::create_dir_all(path.join("project")).expect("a folder");
        Home {
            _temporary: temporary,
            path,
        }
    }

    fn with_file(content: &str) -> Home {
        let home = Home::new();
        home.write(".config/ollacode/.env", content);
        home
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        private(&path);
    }

    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let home = (OsString::from("HOME"), OsString::from(&self.path));
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.into(), value.into()));
        Environment::new(
            self.path.join("project"),
            std::iter::once(home).chain(variables),
        )
    }

    fn load(&self, flags: &Flags, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::load(flags, &self.environment(variables))
    }

    fn settings(&self, variables: &[(&str, &str)]) -> Settings {
        self.load(&Flags::default(), variables)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error message, with the home folder as `~`.
    fn error(&self, variables: &[(&str, &str)]) -> String {
        let outcome = self.load(&Flags::default(), variables);
        let error = outcome.expect_err("something is wrong").to_string();
        error.replace(&self.path.display().to_string(), "~")
    }
}

#[cfg(unix)]
fn private(path: &Path) {
    set_mode(path, 0o600);
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// All settings as text, to compare them.
fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}
