//! The user's MCP servers: the tables `[mcp.NAME]` of `config.toml`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::{Host, Url};

use super::file::{RulesReader, quoted_excerpt};
use crate::visible::escape_hidden;

/// Most servers of a file.
const MOST_SERVERS: usize = 32;
/// Longest name of a server, in bytes: it stands before each of its tools.
const LONGEST_NAME: usize = 32;
/// Most words of a command, and most bytes of each.
const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4_000;
/// Most variables, headers and tools that a server names.
const MOST_NAMED: usize = 32;
/// Longest name of a variable, a header or a tool, in bytes.
const LONGEST_NAMED: usize = 128;
/// Seconds that a call may take,
const TIMEOUTS: std::ops::RangeInclusive<u64> = 1..=3600;
/// and if nothing is said of it.
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

/// Variables that the sandbox sets itself.
const OURS: &[&str] = &["HOME", "PATH", "TERM"];

/// Variables that make a program, or the shell that starts it, run other code.
const LOADERS: &[&str] = &[
    "BASHOPTS",
    "BASH_ENV",
    "ENV",
    "IFS",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
];

/// Beginnings of names of such variables.
const LOADER_BEGINNINGS: &[&str] = &["LD_", "DYLD_"];

/// Headers that belong to the connection or to the protocol.
const CLOSED_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
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

/// Whether an address is this machine, whatever a name server says.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Why a variable is not handed on, as the end of a sentence; `None` if it may be.
pub fn closed_variable(name: &str) -> Option<&'static str> {
    if OURS.contains(&name) {
        return Some("the sandbox sets it");
    }
    if name.starts_with("OLLACODE_") {
        return Some("it belongs to ollacode");
    }
    let runs_code = LOADERS.contains(&name)
        || LOADER_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning));
    runs_code.then_some("it makes programs run other code")
}

type TomlValue<'a> = Spanned<DeValue<'a>>;

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
                if url.scheme() == "http" && !is_loopback(&url) && !header_env.is_empty() {
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

/// What is wrong, and where.
type Wrong = (Range<usize>, String);

fn wrong_at(at: &Range<usize>, what: &str) -> Wrong {
    (at.clone(), what.to_owned())
}

/// The strings of a list with their places; `shape` says how the list looks.
fn texts<'a>(value: &'a TomlValue<'_>, shape: &str) -> Result<Vec<(&'a str, Range<usize>)>, Wrong> {
    let DeValue::Array(values) = value.get_ref() else {
        return Err((value.span(), shape.to_owned()));
    };
    let text = |value: &'a TomlValue<'_>| match value.get_ref().as_str() {
        Some(text) => Ok((text, value.span())),
        None => Err((value.span(), shape.to_owned())),
    };
    values.iter().map(text).collect()
}

fn command(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
    const SHAPE: &str = "`command` must be a list of words, such as `command = [\"npx\", \"-y\", \
                         \"some-server\"]`: no shell reads it";
    let words = texts(value, SHAPE)?;
    for (word, at) in &words {
        let is_plain = !word.contains(['\n', '\r', '\0']) && escape_hidden(word) == *word;
        if !is_plain || word.len() > LONGEST_WORD {
            return Err((
                at.clone(),
                format!(
                    "a word of `command` must have at most {LONGEST_WORD} bytes, and no line \
                     breaks or hidden characters"
                ),
            ));
        }
    }
    match words.first() {
        None => Err(wrong_at(&value.span(), SHAPE)),
        Some((program, at)) if program.trim().is_empty() || program.starts_with('-') => Err(
            wrong_at(at, "the first word of `command` must be a program"),
        ),
        Some(_) if words.len() > MOST_WORDS => Err((
            value.span(),
            format!("`command` has more than {MOST_WORDS} words"),
        )),
        Some(_) => Ok(words.into_iter().map(|(word, _)| word.to_owned()).collect()),
    }
}

/// Whether a variable can have this name.
fn is_variable(name: &str) -> bool {
    let is_sign = |sign: char| sign == '_' || sign.is_ascii_alphanumeric();
    name.len() <= LONGEST_NAMED
        && name.chars().all(is_sign)
        && name.starts_with(|sign: char| sign == '_' || sign.is_ascii_alphabetic())
}

/// Checks the name of a variable.
fn variable(name: &str, at: &Range<usize>) -> Result<(), Wrong> {
    if !is_variable(name) {
        let name = quoted_excerpt(name);
        return Err((
            at.clone(),
            format!(
                "`{name}` is no name of an environment variable; its value is never written here"
            ),
        ));
    }
    match closed_variable(name) {
        Some(why) => Err((at.clone(), format!("`{name}` cannot be handed on: {why}"))),
        None => Ok(()),
    }
}

fn variables(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
    let shape = "`env` must be a list of names of environment variables, such as `env = \
                 [\"GITHUB_TOKEN\"]`";
    let mut names: Vec<String> = Vec::new();
    for (name, at) in texts(value, shape)? {
        variable(name, &at)?;
        once(&names, name, &at)?;
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Checks that a name is not there yet, and that there is room for it.
fn once(names: &[String], name: &str, at: &Range<usize>) -> Result<(), Wrong> {
    if names.iter().any(|other| other == name) {
        let name = quoted_excerpt(name);
        return Err((at.clone(), format!("`{name}` is named twice")));
    }
    if names.len() >= MOST_NAMED {
        return Err((at.clone(), format!("at most {MOST_NAMED} can be named")));
    }
    Ok(())
}

fn address(value: &TomlValue<'_>) -> Result<Url, Wrong> {
    const SHAPE: &str = "`url` must be an address such as `https://example.org/mcp`";
    let text = value.get_ref().as_str();
    let url = text.and_then(|text| Url::parse(text.trim()).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url = url.ok_or_else(|| wrong_at(&value.span(), SHAPE))?;
    if !url.username().is_empty() || url.password().is_some() {
        let what = "`url` must not have a user name or password in it: name a variable in \
                    `header_env`, such as `header_env = { Authorization = \"MY_AUTHORIZATION\" }`";
        return Err(wrong_at(&value.span(), what));
    }
    if url.fragment().is_some() {
        return Err(wrong_at(&value.span(), "`url` must not have a `#` part"));
    }
    Ok(url)
}

fn headers(value: &TomlValue<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    const SHAPE: &str = "`header_env` must be a table of headers and of the variables that hold \
                         their values, such as `header_env = { Authorization = \
                         \"MY_AUTHORIZATION\" }`";
    let DeValue::Table(table) = value.get_ref() else {
        return Err(wrong_at(&value.span(), SHAPE));
    };
    let mut headers = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let small = name.to_ascii_lowercase();
        if !is_token(name) {
            let what = format!("`{}` is no name of a header", quoted_excerpt(name));
            return Err((key.span(), what));
        }
        if CLOSED_HEADERS.contains(&small.as_str()) || small.starts_with("mcp-") {
            let what = format!("the header `{name}` is set by the connection or the protocol");
            return Err((key.span(), what));
        }
        once(&names, &small, &key.span())?;
        names.push(small);
        let Some(holder) = value.get_ref().as_str() else {
            return Err(wrong_at(&value.span(), SHAPE));
        };
        variable(holder, &value.span())?;
        headers.insert(name.to_owned(), holder.to_owned());
    }
    Ok(headers)
}

/// Whether a text is a token as HTTP has them.
fn is_token(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(sign);
    !text.is_empty() && text.len() <= LONGEST_NAMED && text.chars().all(is_sign)
}

fn tools(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
    let shape = "`expose` must be a list of tools as the server names them, such as `expose = \
                 [\"search\"]`";
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "_-./".contains(sign);
    let mut names: Vec<String> = Vec::new();
    for (name, at) in texts(value, shape)? {
        if name.is_empty() || name.len() > LONGEST_NAMED || !name.chars().all(is_sign) {
            let what = format!(
                "`{}` is no name of a tool: 1 to {LONGEST_NAMED} letters, digits, `_`, `-`, `.` \
                 and `/`",
                quoted_excerpt(name)
            );
            return Err((at, what));
        }
        once(&names, name, &at)?;
        names.push(name.to_owned());
    }
    Ok(names)
}

fn seconds(value: &TomlValue<'_>) -> Result<Duration, Wrong> {
    let (least, most) = (TIMEOUTS.start(), TIMEOUTS.end());
    let number = value.get_ref().as_integer();
    let number = number.filter(|number| number.radix() == 10);
    let number = number.and_then(|number| number.as_str().parse::<u64>().ok());
    number
        .filter(|seconds| TIMEOUTS.contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| {
            let what = format!("`timeout` must be a number of seconds from {least} to {most}");
            (value.span(), what)
        })
}
