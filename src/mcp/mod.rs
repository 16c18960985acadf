//! MCP servers of others, as a client: started confined, their tools pinned, their words distrusted.
//!
//! In reading order: [`servers`] has the servers of a run and starts them when they are needed;
//! a connection speaks the protocol over the pipes of a program (`pipes`) or over HTTP (`http`, `sse`);
//! nothing passes the `screen` that was not asked for, nor secrets that servers were `given`;
//! `questions` of a server go to the user in its own words (`elicitation`); what it answers is read
//! within bounds (`message`, `results`).
//!
//! [`catalog`] has what servers offer: [`definitions`] are made harmless, [`pins`] tell which have
//! changed, [`names`] what models mean, and [`schema`] whether arguments fit. [`repository`] reads the
//! servers that a repository brings, and [`report`] is what people are shown of all.

pub mod catalog;
mod connection;
pub mod definitions;
mod elicitation;
#[cfg(test)]
pub(crate) mod fake;
mod given;
mod http;
mod message;
pub mod names;
pub mod pins;
mod pipes;
mod questions;
pub mod report;
pub mod repository;
mod results;
pub mod schema;
mod screen;
pub mod servers;
mod sse;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use serde_json::Value;

use crate::permission::McpServer;

pub use servers::{McpServers, McpSetup, ProgramPlace, ProgramSource, ServerStatus};

/// A tool as its server describes it: untrusted words.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTool {
    pub name: String,
    pub description: String,
    /// The JSON schema of its arguments.
    pub schema: Value,
}

/// What a call gave: untrusted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerResult {
    pub parts: Vec<ServerPart>,
    /// The result as data, if the server gave any.
    pub structured: Option<Value>,
    /// Whether the server says that the call failed.
    pub is_error: bool,
}

/// A part of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerPart {
    Text(String),
    Image {
        mime: String,
        bytes: Vec<u8>,
    },
    /// Anything else, in words: a link to a resource, a sound.
    Other(String),
}

/// Why a server did not do what was wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum McpError {
    /// There is no server of this name.
    #[error("there is no MCP server `{0}`")]
    Unknown(String),
    /// It did not start, or ended. The second text is why, with what it wrote to its errors.
    #[error("the MCP server `{0}` does not run: {1}")]
    NotRunning(String, String),
    /// It did not answer in time.
    #[error("the MCP server `{0}` did not answer within {1} s")]
    TimedOut(String, u64),
    /// It answered with an error of the protocol.
    #[error("the MCP server `{0}` refused: {1}")]
    Refused(String, String),
    /// Only loopback addresses may be connected to.
    #[error("the MCP server `{0}` is not on this machine, and ollacode is offline")]
    Offline(String),
    #[error("stopped")]
    Stopped,
}

/// Variables that a server names and that are not set.
fn missing_variables<'a>(
    server: &'a McpServer,
    setup: &'a McpSetup,
) -> impl Iterator<Item = &'a str> {
    let names = server.variables().into_iter();
    names.filter(move |name| !setup.variables.contains_key(*name))
}
