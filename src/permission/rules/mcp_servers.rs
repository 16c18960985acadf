//! The user's MCP servers: the tables `[mcp.NAME]` of `config.toml`.

#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::{Host, Url};

use super::file::{RulesReader, quoted_excerpt};
use values::{Wrong, address, command, headers, seconds, tools, variables, wrong_at};

pub(super) use values::is_variable;
pub use values::{closed_variable, is_own_variable};

/// Most servers of a file.
const MOST_SERVERS: usize = 32;
/// Longest name of a server, in bytes: it stands before each of its tools.
const LONGEST_NAME: usize = 32;
/// Longest time of a call if nothing is said of it.
const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

const KEYS: [&str; 7] = [
    "command",
    "env",
    "network",
    "url",
    "header_env",
    "expose",
    "timeout",
];

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

impl McpServer {
    /// The variables of the user's environment that it needs.
    pub fn variables(&self) -> Vec<&str> {
        match &self.transport {
            McpTransport::Command { env, .. } => env.iter().map(String::as_str).collect(),
            McpTransport::Http { header_env, .. } => {
                header_env.values().map(String::as_str).collect()
            }
        }
    }

    /// Whether it is a program here, or at an address of this machine.
    pub fn is_local(&self) -> bool {
        match &self.transport {
            McpTransport::Command { .. } => true,
            McpTransport::Http { url, .. } => is_loopback(url),
        }
    }
}

/// Whether headers may be sent to an address: others on the way can read what goes over `http`.
pub fn takes_headers(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether an address is this machine, whatever a name server says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<McpServer> {
    const SHAPE: &str = "servers are tables with a name: `[mcp.NAME]`, and below it `command = \
                         [\"…\"]` or `url = \"…\"`";
    let mut servers: Vec<McpServer> = Vec::new();
    let DeValue::Table(table) = value.get_ref() else {
        reader.wrong(&value.span(), SHAPE.to_owned());
        return servers;
    };
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        let DeValue::Table(table) = value.get_ref() else {
            reader.wrong(&key.span(), SHAPE.to_owned());
            continue;
        };
        if let Err(what) = check_name(name, &servers) {
            reader.wrong(&key.span(), what);
            continue;
        }
        if let Some(server) = Section::read(reader, table).server(reader, name, &key.span()) {
            servers.push(server);
        }
    }
    servers
}

fn check_name(name: &str, others: &[McpServer]) -> Result<(), String> {
    let is_sign = |sign: char| matches!(sign, 'a'..='z' | '0'..='9' | '-' | '_');
    let excerpt = quoted_excerpt(name);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_sign) {
        return Err(format!(
            "`{excerpt}` is no name of a server: 1 to {LONGEST_NAME} of `a-z`, `0-9`, `-` and `_`"
        ));
    }
    let plain = |name: &str| name.replace('-', "_");
    if let Some(other) = others
        .iter()
        .find(|other| plain(&other.name) == plain(name))
    {
        return Err(format!(
            "`{excerpt}` and `{}` differ only in `-` and `_`: give one another name",
            other.name
        ));
    }
    if others.len() >= MOST_SERVERS {
        return Err(format!("there are more than {MOST_SERVERS} servers"));
    }
    Ok(())
}

/// What a table says, each with its place.
#[derive(Default)]
struct Section {
    command: Option<(Vec<String>, Range<usize>)>,
    env: Option<(Vec<String>, Range<usize>)>,
    network: Option<(bool, Range<usize>)>,
    url: Option<(Url, Range<usize>)>,
    header_env: Option<(BTreeMap<String, String>, Range<usize>)>,
    expose: Vec<String>,
    timeout: Option<Duration>,
    /// Whether something was wrong.
    is_wrong: bool,
}

impl Section {
    fn read(reader: &mut RulesReader<'_>, table: &DeTable<'_>) -> Section {
        let mut section = Section::default();
        for (key, value) in table {
            let span = value.span();
            let read = match key.get_ref().as_ref() {
                "command" => command(value).map(|it| section.command = Some((it, span.clone()))),
                "env" => variables(value).map(|it| section.env = Some((it, span.clone()))),
                "network" => match value.get_ref().as_bool() {
                    Some(is_on) => {
                        section.network = Some((is_on, span.clone()));
                        Ok(())
                    }
                    None => Err(wrong_at(&span, "`network` must be true or false")),
                },
                "url" => address(value).map(|it| section.url = Some((it, span.clone()))),
                "header_env" => headers(value).map(|it| section.header_env = Some((it, span))),
                "expose" => tools(value).map(|it| section.expose = it),
                "timeout" => seconds(value).map(|it| section.timeout = Some(it)),
                _ => {
                    reader.unknown(key, &KEYS);
                    section.is_wrong = true;
                    continue;
                }
            };
            if let Err((at, what)) = read {
                reader.wrong(&at, what);
                section.is_wrong = true;
            }
        }
        section
    }

    /// The server, if all that was said of it goes together.
    fn server(
        self,
        reader: &mut RulesReader<'_>,
        name: &str,
        at: &Range<usize>,
    ) -> Option<McpServer> {
        if self.is_wrong {
            return None;
        }
        let (expose, timeout) = (self.expose.clone(), self.timeout);
        match self.transport(name, at) {
            Ok(transport) => Some(McpServer {
                name: name.to_owned(),
                transport,
                expose,
                timeout: timeout.unwrap_or(USUAL_TIMEOUT),
            }),
            Err((at, what)) => {
                reader.wrong(&at, what);
                None
            }
        }
    }

    fn transport(self, name: &str, at: &Range<usize>) -> Result<McpTransport, Wrong> {
        match (self.command, self.url) {
            (Some((argv, _)), None) => {
                if let Some((_, at)) = self.header_env {
                    let what = "`header_env` belongs to servers with a `url`; programs get \
                                variables by `env`";
                    return Err(wrong_at(&at, what));
                }
                Ok(McpTransport::Command {
                    argv,
                    env: self.env.map(|(names, _)| names).unwrap_or_default(),
                    network: self.network.is_some_and(|(is_on, _)| is_on),
                })
            }
            (None, Some((url, url_at))) => {
                let at = self.env.map(|(_, at)| ("env", at));
                if let Some((key, at)) = at.or(self.network.map(|(_, at)| ("network", at))) {
                    let what = format!("`{key}` belongs to servers that a `command` starts");
                    return Err((at, what));
                }
                let header_env = self.header_env.map(|(it, _)| it).unwrap_or_default();
                if !takes_headers(&url) && !header_env.is_empty() {
                    let what = "headers of `header_env` are sent only over `https://` or to this \
                                machine";
                    return Err(wrong_at(&url_at, what));
                }
                Ok(McpTransport::Http { url, header_env })
            }
            (Some(_), Some((_, at))) => {
                let what = "a server has either a `command` or a `url`, not both";
                Err(wrong_at(&at, what))
            }
            (None, None) => Err((
                at.clone(),
                format!(
                    "`[mcp.{name}]` needs `command = [\"…\"]`, which is started, or `url = \"…\"`"
                ),
            )),
        }
    }
}
