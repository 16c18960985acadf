//! The user's hooks: the tables `[[hook]]` of `config.toml`.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::file::RulesReader;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookPoint {
    SessionStart,
    BeforeTool,
    AfterTool,
    AfterEdit,
    BeforeCommit,
    TurnEnd,
}

/// A command that runs at a point of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    pub on: HookPoint,
    /// Names of the tools that it is for; all if empty.
    pub tools: Vec<String>,
    /// Globs of the files that it is for; all if empty.
    pub paths: Vec<String>,
    /// A line for the shell. `{path}` is the changed file, quoted.
    pub command: String,
    pub timeout: Duration,
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Hook> {
    reader.wrong(&value.span(), "`hook` cannot be read yet".to_owned());
    Vec::new()
}
