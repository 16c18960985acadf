//! `.mcp.json` of a repository: servers that it brings, and that are started only if the user trusts just
//! this content.

mod template;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::definitions::{is_plain, plain};
use crate::jail::{Jail, JailError};
use crate::permission::{McpServer, McpTransport, closed_variable, is_own_variable, takes_headers};

pub use template::Template;

/// The file, in the root of the workspace.
pub const FILE: &str = ".mcp.json";
/// What stands before the names of its servers, so that no rule for a server of the user's holds for one
/// of a repository.
pub const PREFIX: &str = "repo-";
/// Largest file, in bytes.
const MOST_BYTES: usize = 64 << 10;
/// Most servers.
const MOST_SERVERS: usize = 16;
/// Longest name of a server, in bytes.
const LONGEST_NAME: usize = 32;
/// Most words, variables or headers of a server, and most bytes of each.
const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4_000;
/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The transports that are known, by the names that clients give them.
const PROGRAMS: [&str; 1] = ["stdio"];
const ADDRESSES: [&str; 3] = ["http", "streamable-http", "streamableHttp"];

/// The servers that a repository brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// The bytes of the file: what is trusted.
    pub content: Vec<u8>,
    pub servers: Vec<BroughtServer>,
    /// Names of servers that cannot be used, harmless, and why.
    pub refused: Vec<(String, String)>,
}

/// A server as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtServer {
    /// With [`PREFIX`].
    pub name: String,
    pub transport: BroughtTransport,
    /// Keys of the file that are not used, harmless.
    pub unused: Vec<String>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BroughtTransport {
    Command {
        argv: Vec<Template>,
        env: BTreeMap<String, Template>,
    },
    Http {
        url: Template,
        headers: BTreeMap<String, Template>,
    },
}

/// A server that can be started, and values that its headers name as if they were variables.
pub type Usable = (McpServer, BTreeMap<String, OsString>);

impl Brought {
    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read or understood: in words for people.
    pub fn read(jail: &Jail) -> Result<Option<Brought>, String> {
        let file = match jail.path(FILE).and_then(|path| jail.read(&path)) {
            Ok(file) => file,
            Err(JailError::NotFound(_) | JailError::NotAFolder(_)) => return Ok(None),
            Err(error) => {
                return Err(format!(
                    "`{FILE}` cannot be read: {}",
                    shown(&error.to_string())
                ));
            }
        };
        Brought::parse(&file.bytes).map(Some)
    }

    /// Reads a content.
    ///
    /// # Errors
    ///
    /// As for [`Brought::read`].
    pub fn parse(content: &[u8]) -> Result<Brought, String> {
        if content.len() > MOST_BYTES {
            return Err(format!("`{FILE}` is larger than {MOST_BYTES} bytes"));
        }
        let value: Value = serde_json::from_slice(content)
            .map_err(|error| format!("`{FILE}` is no JSON: {}", shown(&error.to_string())))?;
        let servers = value.get("mcpServers").and_then(Value::as_object);
        let servers =
            servers.ok_or_else(|| format!("`{FILE}` has no object `mcpServers` of servers"))?;
        let mut brought = Brought {
            content: content.to_owned(),
            ..Brought::default()
        };
        for (name, value) in servers {
            match brought.server(name, value) {
                Ok(Some(server)) => brought.servers.push(server),
                Ok(None) => {}
                Err(why) => brought.refused.push((plain(name, 60), why)),
            }
        }
        Ok(brought)
    }

    /// A server of the file; `None` if the file says that it is off.
    fn server(&self, name: &str, value: &Value) -> Result<Option<BroughtServer>, String> {
        let name = server_name(name)?;
        let is_taken = self.servers.iter().any(|other| is_like(&other.name, &name));
        if is_taken {
            return Err(format!("another server has the name `{name}`"));
        }
        if self.servers.len() >= MOST_SERVERS {
            return Err(format!("there are more than {MOST_SERVERS} servers"));
        }
        let members = value.as_object().ok_or("it must be an object")?;
        if members.get("disabled") == Some(&Value::Bool(true)) {
            return Ok(None);
        }
        let transport = transport(members)?;
        let used = [
            "type", "disabled", "command", "args", "env", "url", "headers",
        ];
        let unused = members.keys().filter(|key| !used.contains(&key.as_str()));
        Ok(Some(BroughtServer {
            name,
            transport,
            unused: unused.map(|key| plain(key, 40)).collect(),
        }))
    }
}

impl BroughtServer {
    /// The variables of the user's environment whose values it would be given.
    pub fn variables(&self) -> BTreeSet<&str> {
        let templates: Vec<&Template> = match &self.transport {
            BroughtTransport::Command { argv, env } => argv.iter().chain(env.values()).collect(),
            BroughtTransport::Http { url, headers } => {
                [url].into_iter().chain(headers.values()).collect()
            }
        };
        templates
            .into_iter()
            .flat_map(Template::variables)
            .collect()
    }

    /// The server with the values of variables put in.
    ///
    /// # Errors
    ///
    /// If a variable is not set, or what comes out cannot be used: in words for people.
    pub fn usable(
        &self,
        network: bool,
        value: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Usable, String> {
        // By these, what the server says is known to be a secret.
        let known = |name: &str| Some((name.to_owned(), OsString::from(value(name)?)));
        let mut values: BTreeMap<String, OsString> =
            self.variables().into_iter().filter_map(known).collect();
        let transport = match &self.transport {
            BroughtTransport::Command { argv, env } => {
                let (mut words, mut names) = (Vec::new(), Vec::new());
                for (name, template) in env {
                    match template.only_variable() {
                        Some(variable) if variable == name => names.push(name.clone()),
                        _ => words.push(format!("{name}={}", template.filled(value)?)),
                    }
                }
                let argv = argv.iter().map(|word| word.filled(value));
                let argv: Vec<String> = argv.collect::<Result<_, _>>()?;
                McpTransport::Command {
                    argv: with_fixed(words, argv)?,
                    env: names,
                    network,
                }
            }
            BroughtTransport::Http { url, headers } => {
                let url = address(&url.filled(value)?, headers)?;
                let mut header_env = BTreeMap::new();
                for (header, template) in headers {
                    let variable = match template.only_variable() {
                        Some(variable) => variable.to_owned(),
                        None => {
                            // No variable of an environment has such a name.
                            let name = format!("{FILE}: {header} of {}", self.name);
                            values.insert(name.clone(), template.filled(value)?.into());
                            name
                        }
                    };
                    header_env.insert(header.clone(), variable);
                }
                McpTransport::Http { url, header_env }
            }
        };
        let server = McpServer {
            name: self.name.clone(),
            transport,
            expose: Vec::new(),
            timeout: TIMEOUT,
        };
        Ok((server, values))
    }
}

/// The words of a command that sets variables to fixed values first.
fn with_fixed(fixed: Vec<String>, argv: Vec<String>) -> Result<Vec<String>, String> {
    let program = argv.first().map(String::as_str).unwrap_or_default();
    if program.trim().is_empty() || program.starts_with('-') {
        return Err("its `command` is no program".to_owned());
    }
    if fixed.is_empty() {
        return Ok(argv);
    }
    if program.contains('=') {
        return Err("its `command` contains `=`, and it sets variables".to_owned());
    }
    let env = ["env".to_owned()].into_iter();
    Ok(env.chain(fixed).chain(argv).collect())
}

/// The name of a server with the prefix, in the letters that names of servers have.
fn server_name(given: &str) -> Result<String, String> {
    let sign = |sign: char| match sign.to_ascii_lowercase() {
        sign @ ('a'..='z' | '0'..='9' | '-' | '_') => Ok(sign),
        ' ' | '.' | '/' | '@' => Ok('-'),
        _ => Err("its name must consist of letters, digits, `-` and `_`".to_owned()),
    };
    let name: String = given.chars().map(sign).collect::<Result<_, String>>()?;
    let name = format!("{PREFIX}{name}");
    if given.is_empty() || name.len() > LONGEST_NAME {
        let most = LONGEST_NAME - PREFIX.len();
        return Err(format!("its name must have 1 to {most} characters"));
    }
    Ok(name)
}

/// Whether names differ only in what models vary.
pub fn is_like(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}

fn transport(members: &Map<String, Value>) -> Result<BroughtTransport, String> {
    let kind = match members.get("type") {
        None => None,
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(_) => return Err("its `type` must be a text".to_owned()),
    };
    let is = |known: &[&str]| kind.is_none_or(|kind| known.contains(&kind));
    match (members.get("command"), members.get("url")) {
        (Some(command), None) if is(&PROGRAMS) => {
            let mut argv = vec![template(command, "command")?];
            match members.get("args") {
                None => {}
                Some(Value::Array(args)) if args.len() < MOST_WORDS => {
                    let args = args.iter().map(|word| template(word, "args"));
                    argv.extend(args.collect::<Result<Vec<_>, _>>()?);
                }
                Some(_) => {
                    return Err(format!(
                        "its `args` must be a list of fewer than {MOST_WORDS} texts"
                    ));
                }
            }
            let env = named(members.get("env"), "env", &variable)?;
            Ok(BroughtTransport::Command { argv, env })
        }
        (None, Some(url)) if is(&ADDRESSES) => {
            let url = template(url, "url")?;
            let headers = named(members.get("headers"), "headers", &header)?;
            if url.variables().next().is_none() {
                address(url.written(), &headers)?;
            }
            Ok(BroughtTransport::Http { url, headers })
        }
        (Some(_), Some(_)) => Err("it has both a `command` and a `url`".to_owned()),
        (None, None) => Err("it has neither a `command` nor a `url`".to_owned()),
        _ => {
            let kind = plain(kind.unwrap_or_default(), 40);
            Err(format!("its `type` `{kind}` is not supported"))
        }
    }
}

/// Texts by names that pass a check.
fn named(
    value: Option<&Value>,
    key: &str,
    check: &dyn Fn(&str) -> Result<(), String>,
) -> Result<BTreeMap<String, Template>, String> {
    let members = match value {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) if members.len() <= MOST_WORDS => members,
        Some(_) => {
            return Err(format!(
                "its `{key}` must be an object of at most {MOST_WORDS} texts"
            ));
        }
    };
    let mut named = BTreeMap::new();
    for (name, value) in members {
        check(name)?;
        named.insert(name.clone(), template(value, key)?);
    }
    Ok(named)
}

/// A text with variables, all of which can be shown.
fn template(value: &Value, key: &str) -> Result<Template, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("its `{key}` must have texts only"))?;
    // Broken markers and quotes are a matter of models; here it is about what people see.
    let is_shown = crate::visible::escape_hidden(text) == text && !text.contains(['\n', '\t']);
    if !is_shown || text.len() > LONGEST_WORD {
        return Err(format!(
            "a text of its `{key}` has characters that cannot be seen, or more than {LONGEST_WORD} \
             bytes"
        ));
    }
    let template = Template::parse(text).map_err(|why| format!("a text of its `{key}` {why}"))?;
    let own = template.variables().find(|name| is_own_variable(name));
    match own.map(str::to_owned) {
        Some(name) => Err(format!(
            "it must not be given `{name}`, which belongs to ollacode"
        )),
        None => Ok(template),
    }
}

fn variable(name: &str) -> Result<(), String> {
    if !template::is_variable(name) {
        return Err(format!("`{}` is no name of a variable", plain(name, 40)));
    }
    match closed_variable(name) {
        Some(why) => Err(format!("it must not set `{name}`: {why}")),
        None => Ok(()),
    }
}

fn header(name: &str) -> Result<(), String> {
    const CLOSED: [&str; 9] = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "host",
        "last-event-id",
        "proxy-authorization",
        "transfer-encoding",
        "upgrade",
    ];
    let small = name.to_ascii_lowercase();
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
    let is_name = !name.is_empty() && name.chars().all(is_sign) && is_plain(name, 100);
    if !is_name || small.starts_with("mcp-") || CLOSED.contains(&small.as_str()) {
        return Err(format!("it must not set the header `{}`", plain(name, 40)));
    }
    Ok(())
}

/// An address that may be connected to with such headers.
fn address(text: &str, headers: &BTreeMap<String, Template>) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url = url.ok_or("its `url` is no address such as `https://example.org/mcp`")?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.fragment().is_some() {
        return Err("its `url` has a user, a password or a `#` part".to_owned());
    }
    if !headers.is_empty() && !takes_headers(&url) {
        return Err("its `headers` are sent only over `https://` or to this machine".to_owned());
    }
    Ok(url)
}

fn shown(error: &str) -> String {
    plain(error, 200)
}
