//! The user's own tools: the tables `[[tool]]` of `config.toml`.

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::file::RulesReader;

/// A command that models can call as a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTool {
    pub name: String,
    pub description: String,
    /// Program and arguments; `{name}` is replaced by the argument of that name, in one word.
    pub argv: Vec<String>,
    /// The JSON schema of the arguments.
    pub schema: Value,
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<UserTool> {
    reader.wrong(&value.span(), "`tool` cannot be read yet".to_owned());
    Vec::new()
}
