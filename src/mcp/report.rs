//! What people are shown of servers and their tools: data, all words harmless.

use serde::Serialize;

use super::catalog::{KnownTool, Offered, OfferedTool};
use super::definitions::{Definition, LeftOut, difference, plain};
use super::pins::PinState;
use super::repository::{BroughtServer, BroughtTransport, Template};
use super::schema;
use crate::permission::command::shell_word;
use crate::permission::{McpServer, McpTransport};
use crate::visible::visible_name;

/// Longest form of arguments, in bytes.
const LONGEST_OUTLINE: usize = 1_000;
/// Longest error, in characters.
const LONGEST_ERROR: usize = 600;

/// A server with its tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    pub name: String,
    pub origin: ServerOrigin,
    /// What is started or connected to, as it is written.
    pub place: String,
    /// Whether a program has the network.
    pub network: bool,
    /// Names of the variables whose values it is given.
    pub variables: Vec<String>,
    /// Whether it was asked just now; else its tools are those that were seen before.
    pub is_asked: bool,
    /// Why it did not answer.
    pub error: Option<String>,
    pub tools: Vec<ToolReport>,
    pub left_out: Vec<LeftOut>,
}

/// Whose file names a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerOrigin {
    User,
    Repository,
}

/// A tool of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolReport {
    /// As the server names it.
    pub name: String,
    /// The server's words.
    pub description: String,
    /// The form of its arguments.
    pub arguments: String,
    pub state: ToolState,
    /// Whether models are told of it from the start of a session.
    pub exposed: bool,
    /// What has changed since it was seen, as a diff.
    pub change: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolState {
    /// It is shown before its first call.
    New,
    /// The user has seen it.
    Seen,
    /// It has changed, and does not run until the user accepts that.
    Blocked,
}

impl ServerReport {
    /// A server without its tools; `brought` is what the repository says of it, if it brings it.
    pub fn of(server: &McpServer, brought: Option<&BroughtServer>) -> ServerReport {
        let network = match &server.transport {
            McpTransport::Command { network, .. } => *network,
            McpTransport::Http { .. } => true,
        };
        let named = server.variables().into_iter().map(str::to_owned).collect();
        let (origin, place, variables) = match brought {
            Some(brought) => {
                let variables = brought.variables().into_iter().map(str::to_owned);
                let place = brought_place(brought);
                (ServerOrigin::Repository, place, variables.collect())
            }
            None => (ServerOrigin::User, place(server), named),
        };
        ServerReport {
            name: server.name.clone(),
            origin,
            place,
            network,
            variables,
            is_asked: false,
            error: None,
            tools: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// The same with the tools that were seen before.
    pub fn with_known(self, server: &McpServer, tools: &[KnownTool]) -> ServerReport {
        let own = tools.iter().filter(|tool| tool.server == server.name);
        let tools = own.map(|tool| {
            let state = match tool.is_shown {
                true => ToolState::Seen,
                false => ToolState::New,
            };
            tool_report(server, &tool.definition, state, None)
        });
        ServerReport {
            tools: tools.collect(),
            ..self
        }
    }

    /// The same with what the server gives now.
    pub fn with_offered(self, server: &McpServer, offered: &Offered) -> ServerReport {
        let tools = offered.tools.iter().map(|tool| {
            let OfferedTool { definition, state } = tool;
            let (state, change) = match state {
                PinState::New | PinState::Same { is_shown: false } => (ToolState::New, None),
                PinState::Same { is_shown: true } => (ToolState::Seen, None),
                PinState::Changed { before } => {
                    (ToolState::Blocked, Some(difference(before, definition)))
                }
            };
            tool_report(server, definition, state, change)
        });
        ServerReport {
            tools: tools.collect(),
            left_out: offered.left_out.clone(),
            is_asked: true,
            ..self
        }
    }

    /// The same with an error in place of tools.
    pub fn with_error(self, why: &str) -> ServerReport {
        ServerReport {
            error: Some(plain(why, LONGEST_ERROR)),
            is_asked: true,
            ..self
        }
    }
}

fn tool_report(
    server: &McpServer,
    definition: &Definition,
    state: ToolState,
    change: Option<String>,
) -> ToolReport {
    ToolReport {
        name: definition.name.clone(),
        description: definition.words(),
        arguments: schema::outline(&definition.schema, LONGEST_OUTLINE),
        state,
        exposed: server.expose.contains(&definition.name),
        change,
    }
}

/// What is started or connected to.
fn place(server: &McpServer) -> String {
    match &server.transport {
        McpTransport::Command { argv, .. } => quoted(argv.iter().map(String::as_str)),
        McpTransport::Http { url, .. } => visible_name(url.as_str()),
    }
}

/// The same as a repository writes it, without values of variables.
pub fn brought_place(server: &BroughtServer) -> String {
    match &server.transport {
        BroughtTransport::Command { argv, .. } => quoted(argv.iter().map(Template::written)),
        BroughtTransport::Http { url, .. } => visible_name(url.written()),
    }
}

/// Words as a shell reads them, though none does: so the ends of each can be seen.
fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted = words.map(|word| shell_word(&visible_name(word)));
    quoted.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_command_can_be_seen() {
        let words = ["npx", "-y", "a b", "", "it's", "x\u{202e}y", "a;b"];
        assert_eq!(
            quoted(words.into_iter()),
            "npx -y 'a b' '' 'it'\\''s' 'x\\u{202e}y' 'a;b'"
        );
    }
}
