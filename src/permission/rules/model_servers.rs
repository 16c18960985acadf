//! The user's servers of models: the tables `[[server]]` of `config.toml`.

#[cfg(test)]
mod tests;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::file::{RulesReader, quoted_excerpt};
use super::mcp_servers::{is_variable, takes_headers};

/// Most servers of a file.
const MOST_SERVERS: usize = 32;
/// Longest name of a server, in bytes.
const LONGEST_NAME: usize = 32;

const KEYS: [&str; 5] = ["url", "name", "kind", "key_env", "roles"];

/// What a server may be; `auto` asks it.
pub const SERVER_KINDS: &[&str] = &[
    "auto",
    "ollama",
    "llama-server",
    "lmstudio",
    "vllm",
    "openai",
];

const ROLES: [&str; 2] = ["chat", "embed"];

/// A server of models that the user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelServer {
    /// Begins with `http://` or `https://`; no user name, no password.
    pub url: Url,
    /// For messages; `None` to show the address.
    pub name: Option<String>,
    /// One of [`SERVER_KINDS`].
    pub kind: &'static str,
    /// The variable of the user's environment that holds the key of this server, and of no other.
    pub key_env: Option<String>,
    /// Whether sessions may use it.
    pub chat: bool,
    /// Whether it may embed.
    pub embed: bool,
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<ModelServer> {
    let mut servers: Vec<ModelServer> = Vec::new();
    let DeValue::Array(tables) = value.get_ref() else {
        let what = "`server` must be a list of tables: `[[server]]`, and below it `url = \"…\"`";
        reader.wrong(&value.span(), what.to_owned());
        return servers;
    };
    for value in tables.iter() {
        let DeValue::Table(table) = value.get_ref() else {
            let what = "every entry of `server` must be a table".to_owned();
            reader.wrong(&value.span(), what);
            continue;
        };
        if servers.len() == MOST_SERVERS {
            let what = format!("there are more than {MOST_SERVERS} tables `[[server]]`");
            reader.wrong(&value.span(), what);
            break;
        }
        let Some(server) = server(reader, table, value) else {
            continue;
        };
        match servers.iter().find_map(|known| clash(known, &server)) {
            None => servers.push(server),
            Some(what) => reader.wrong(&value.span(), what),
        }
    }
    servers
}

/// Why two servers cannot both be in a file.
fn clash(known: &ModelServer, server: &ModelServer) -> Option<String> {
    if known.url == server.url {
        return Some(format!("the server `{}` is there already", server.url));
    }
    let name = server.name.as_deref()?;
    (known.name.as_deref() == Some(name))
        .then(|| format!("another server has the name `{name}` already"))
}

/// One table; `None` if something in it is wrong, which is reported.
fn server(
    reader: &mut RulesReader<'_>,
    table: &DeTable<'_>,
    at: &Spanned<DeValue<'_>>,
) -> Option<ModelServer> {
    let mut is_wrong = false;
    let (mut url, mut key_env, mut name) = (None, None, None);
    let mut kind = SERVER_KINDS[0];
    let mut roles = (true, true);
    for (key, value) in table {
        let read = match key.get_ref().as_ref() {
            "url" => address(value).map(|it| url = Some(it)),
            "name" => server_name(value).map(|it| name = Some(it)),
            "kind" => server_kind(value).map(|it| kind = it),
            "key_env" => variable(value).map(|it| key_env = Some((it, value.span()))),
            "roles" => server_roles(value).map(|it| roles = it),
            _ => {
                reader.unknown(key, &KEYS);
                is_wrong = true;
                continue;
            }
        };
        if let Err(what) = read {
            reader.wrong(&value.span(), what);
            is_wrong = true;
        }
    }
    if !table.keys().any(|known| *known.get_ref() == "url") {
        let what = "this `server` needs `url = \"http://host:port\"`".to_owned();
        reader.wrong(&at.span(), what);
    }
    let url = url?;
    if let Some((_, span)) = key_env.as_ref().filter(|_| !takes_headers(&url)) {
        let what = "a key is sent only over `https://` or to this machine".to_owned();
        reader.wrong(span, what);
        is_wrong = true;
    }
    (!is_wrong).then_some(ModelServer {
        url,
        name,
        kind,
        key_env: key_env.map(|(name, _)| name),
        chat: roles.0,
        embed: roles.1,
    })
}

fn address(value: &Spanned<DeValue<'_>>) -> Result<Url, String> {
    const SHAPE: &str = "`url` must be an address such as `http://gpu.example.org:11434`";
    let text = value.get_ref().as_str().map(str::trim);
    let url = text.and_then(|text| Url::parse(text).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url = url.ok_or(SHAPE)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "`url` must not have a user name or password in it: name the variable that holds the \
             key in `key_env`"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SHAPE.to_owned());
    }
    Ok(url)
}

fn server_name(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    let name = value
        .get_ref()
        .as_str()
        .filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_sign));
    name.map(str::to_owned).ok_or_else(|| {
        format!("`name` must have 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`")
    })
}

fn server_kind(value: &Spanned<DeValue<'_>>) -> Result<&'static str, String> {
    let given = value.get_ref().as_str().unwrap_or_default();
    let known = SERVER_KINDS.iter().find(|kind| **kind == given);
    known
        .copied()
        .ok_or_else(|| format!("`kind` must be one of `{}`", SERVER_KINDS.join("`, `")))
}

fn variable(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    let name = value.get_ref().as_str().unwrap_or_default();
    if is_variable(name) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "`{}` is no name of an environment variable; `key_env` names the one that holds the key, \
         which is never written here",
        quoted_excerpt(name)
    ))
}

/// Whether it chats, and whether it embeds.
fn server_roles(value: &Spanned<DeValue<'_>>) -> Result<(bool, bool), String> {
    const SHAPE: &str = "`roles` must be a list of `chat` and `embed`";
    let DeValue::Array(values) = value.get_ref() else {
        return Err(SHAPE.to_owned());
    };
    let names: Option<Vec<&str>> = values.iter().map(|it| it.get_ref().as_str()).collect();
    let names = names.unwrap_or_default();
    if names.is_empty() || !names.iter().all(|name| ROLES.contains(name)) {
        return Err(SHAPE.to_owned());
    }
    Ok((names.contains(&"chat"), names.contains(&"embed")))
}
