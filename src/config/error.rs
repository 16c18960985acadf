//! Why settings cannot be loaded.

use std::io;
use std::path::PathBuf;

use super::SettingOrigin;
use crate::model::http::AddressError;
use crate::permission::RulesError;

/// Why settings cannot be loaded. Secrets are never part of a message.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that its setting does not allow.
    #[error("`{name}` is `{value}` (from {origin}), but must be {allowed}")]
    Invalid {
        name: &'static str,
        /// Shortened if it is long.
        value: String,
        origin: SettingOrigin,
        allowed: String,
    },
    /// A secret that its setting does not allow.
    #[error("`{name}` (from {origin}) must be {allowed}")]
    InvalidSecret {
        name: &'static str,
        origin: SettingOrigin,
        allowed: String,
    },
    /// The address of a server is not one.
    #[error("{problem} (from {origin})")]
    Address {
        problem: AddressError,
        origin: SettingOrigin,
    },
    /// A name in the user's file that looks like a setting but is not one.
    #[error("{path}:{line}: unknown setting `{name}`; settings with this prefix: {known}")]
    Unknown {
        path: PathBuf,
        /// From 1.
        line: usize,
        name: String,
        /// Settings with the same prefix.
        known: String,
    },
    /// A malformed line of the user's file. It may contain a secret, so it is not repeated.
    #[error("{path}:{line}: {problem}")]
    Line {
        path: PathBuf,
        /// From 1.
        line: usize,
        problem: String,
    },
    /// The user's file exists but cannot be read.
    #[error("cannot read the settings file {path}")]
    UserFile { path: PathBuf, source: io::Error },
    /// Another user could have written the settings or rules.
    #[error("refusing to read settings from {path}: {problem}; fix it with `{fix}`")]
    Untrusted {
        /// The file, or its folder.
        path: PathBuf,
        problem: String,
        fix: String,
    },
    /// A server of `config.toml` cannot be used. Keys are never part of the message.
    #[error("the server {url} of config.toml cannot be used: {problem}")]
    Server { url: String, problem: String },
    /// The user's rules are invalid.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A path needs the home folder, which is unknown.
    #[error(
        "`{name}` needs your home folder, but `HOME` is not set; set `HOME`, or set `{name}` to an absolute path"
    )]
    NoHome { name: &'static str },
    /// The folder in which the process was started no longer exists.
    #[error("cannot determine the current folder")]
    CurrentFolder(#[source] io::Error),
}
