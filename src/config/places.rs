//! Where other programs keep the user's settings.

use std::path::PathBuf;

use super::Environment;

/// A folder below which programs keep settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsFolder {
    Home,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    Config,
    /// `~/Library/Application Support` on macOS, and [`SettingsFolder::Config`] elsewhere.
    Applications,
    /// What a variable names, or this folder below the home folder.
    Named(&'static str, &'static str),
}

impl Environment {
    /// One of these folders, which may not exist; `None` without a home folder.
    pub fn settings_folder(&self, folder: SettingsFolder) -> Option<PathBuf> {
        match folder {
            SettingsFolder::Home => self.home().map(|home| home.to_owned()),
            SettingsFolder::Applications if cfg!(target_os = "macos") => {
                Some(self.home()?.join("Library/Application Support"))
            }
            SettingsFolder::Config | SettingsFolder::Applications => {
                self.base_folder("XDG_CONFIG_HOME", ".config")
            }
            SettingsFolder::Named(variable, below_home) => self.base_folder(variable, below_home),
        }
    }

    /// The settings files that git reads for every repository; they may not exist.
    pub fn git_files(&self) -> Vec<PathBuf> {
        let home = self.home().map(|home| home.join(".gitconfig"));
        let own = self.base_folder("XDG_CONFIG_HOME", ".config");
        let named = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"];
        let named = named.into_iter().filter_map(|name| self.folder(name));
        let repository = self.folder("GIT_DIR").map(|folder| folder.join("config"));
        [PathBuf::from("/etc/gitconfig")]
            .into_iter()
            .chain(own.map(|folder| folder.join("git/config")))
            .chain(home)
            .chain(named)
            .chain(repository)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_its_variable_or_below_the_home_folder() {
        let named = SettingsFolder::Named("CODEX_HOME", ".codex");
        let folders = |variables: &[(&str, &str)]| {
            let environment = Environment::new("/work", variables.iter().copied());
            [SettingsFolder::Home, SettingsFolder::Config, named].map(|folder| {
                let found = environment.settings_folder(folder);
                found.map(|path| path.to_str().expect("plain").to_owned())
            })
        };
        let some = |paths: [&str; 3]| paths.map(|path| Some(path.to_owned()));
        assert_eq!(
            folders(&[("HOME", "/me")]),
            some(["/me", "/me/.config", "/me/.codex"])
        );
        let all = [
            ("HOME", "/me"),
            ("XDG_CONFIG_HOME", "/etc/me"),
            ("CODEX_HOME", "/codex"),
        ];
        assert_eq!(folders(&all), some(["/me", "/etc/me", "/codex"]));
        // Relative ones would lead into the workspace.
        let relative = [("HOME", "/me"), ("CODEX_HOME", "codex")];
        assert_eq!(folders(&relative)[2].as_deref(), Some("/me/.codex"));
        assert_eq!(folders(&[]), [None, None, None]);
    }
}
