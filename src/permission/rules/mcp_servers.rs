//! The user's MCP servers: the tables `[mcp.NAME]` of `config.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::file::RulesReader;

/// A server whose tools models may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpServer {
    /// As the user named it: `a-z`, `0-9`, `-` and `_`.
    pub name: String,
    pub transport: McpTransport,
    /// Tools that models are told of from the start of a session, as the server names them.
    pub expose: Vec<String>,
    /// Longest time of a call.
    pub timeout: Duration,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum McpTransport {
    /// A program that this one starts, confined.
    Command {
        /// Program and arguments; no shell.
        argv: Vec<String>,
        /// Names of the variables that it gets of the user's environment.
        env: Vec<String>,
        /// Whether it has the network.
        network: bool,
    },
    Http {
        url: Url,
        /// Names of headers, and of the variables that hold their values.
        header_env: BTreeMap<String, String>,
    },
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<McpServer> {
    reader.wrong(&value.span(), "`mcp` cannot be read yet".to_owned());
    Vec::new()
}
