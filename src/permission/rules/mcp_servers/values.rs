//! The values of a server's table, each with the place where it is wrong.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::super::file::quoted_excerpt;
use crate::visible::escape_hidden;

/// Most words of a command, and most bytes of each.
const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 4_000;
/// Most variables, headers and tools that a server names.
const MOST_NAMED: usize = 32;
/// Longest name of a variable, a header or a tool, in bytes.
const LONGEST_NAMED: usize = 128;
/// Seconds that a call may take.
const TIMEOUTS: RangeInclusive<u64> = 1..=3600;

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

type TomlValue<'a> = Spanned<DeValue<'a>>;

/// What is wrong, and where.
pub(super) type Wrong = (Range<usize>, String);

/// Why a variable is not handed on, as the end of a sentence; `None` if it may be.
pub fn closed_variable(name: &str) -> Option<&'static str> {
    if OURS.contains(&name) {
        return Some("the sandbox sets it");
    }
    if is_own_variable(name) {
        return Some("it belongs to ollacode");
    }
    let runs_code = LOADERS.contains(&name)
        || LOADER_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning));
    runs_code.then_some("it makes programs run other code")
}

/// Whether a variable is one of ollacode's own, such as the token of its bot.
pub fn is_own_variable(name: &str) -> bool {
    name.starts_with("OLLACODE_")
}

pub(super) fn wrong_at(at: &Range<usize>, what: &str) -> Wrong {
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

pub(super) fn command(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
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
pub(in super::super) fn is_variable(name: &str) -> bool {
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

pub(super) fn variables(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
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

pub(super) fn address(value: &TomlValue<'_>) -> Result<Url, Wrong> {
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

pub(super) fn headers(value: &TomlValue<'_>) -> Result<BTreeMap<String, String>, Wrong> {
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

pub(super) fn tools(value: &TomlValue<'_>) -> Result<Vec<String>, Wrong> {
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

pub(super) fn seconds(value: &TomlValue<'_>) -> Result<Duration, Wrong> {
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
