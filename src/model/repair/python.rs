//! Calls in Python syntax: `[read_file(path="a"), run_command(command='ls')]`, as Llama, LFM2 and
//! Gemma are trained to write.

use serde_json::{Map, Value};

use super::forms::{ParseAttempt, skip_blank};
use super::json::{self, JsonReading, JsonStart, PartialReason};
use super::names;
use super::shapes::{self, Intent, ShapeMatch};
use crate::message::ToolCall;
use crate::model::ToolSpec;

/// Longest name of a function or an argument, in bytes.
const LONGEST_NAME: usize = 200;

const CUT_OFF: &str = "the call is cut off";

/// Gemma wraps calls in `print`.
const PRINT: &str = "print";

/// Whether a text begins like a list of calls.
pub(super) fn begins_list(text: &str) -> JsonStart {
    let Some(inside) = text.strip_prefix('[') else {
        return JsonStart::No;
    };
    begins_call(inside.trim_start())
}

/// Whether a text begins with a name and a parenthesis.
pub(super) fn begins_call(text: &str) -> JsonStart {
    let length = name_length(text);
    match text[length..].chars().next() {
        None if length <= LONGEST_NAME => JsonStart::Unclear,
        Some('(') if length > 0 => JsonStart::Yes,
        _ => JsonStart::No,
    }
}

/// Parses calls, in a list or one after another.
pub(super) fn calls(text: &str, at: usize, intent: Intent, tools: &[ToolSpec]) -> ParseAttempt {
    let is_list = text[at..].starts_with('[');
    let mut at = skip_blank(text, at + usize::from(is_list));
    let start = at;
    let mut found: Vec<ToolCall> = Vec::new();
    let mut broken: Option<String> = None;
    loop {
        let name = &text[at..at + name_length(&text[at..])];
        let is_first = found.is_empty() && broken.is_none();
        if intent == Intent::Plain && is_first && names::resolve(name, tools).is_none() {
            return ParseAttempt::text(start);
        }
        let (name, arguments, end) = match call(text, at, tools) {
            Ok(read) => read,
            Err(PartialReason::EndOfText) => return ParseAttempt::broken(CUT_OFF),
            Err(PartialReason::Malformed) => {
                return ParseAttempt::broken("the arguments of a call are not valid");
            }
        };
        match shapes::of_parts(name, arguments, tools) {
            ShapeMatch::Calls(calls) => found.extend(calls),
            // The others of the list are none the worse.
            ShapeMatch::Broken(why) => {
                broken.get_or_insert(why);
            }
            ShapeMatch::Partly { calls, why } => {
                found.extend(calls);
                broken.get_or_insert(why);
            }
            ShapeMatch::Nothing => return ParseAttempt::text(start),
        }
        at = skip_blank(text, end);
        let rest = &text[at..];
        if is_list && rest.starts_with(']') {
            return ParseAttempt::of_seen(seen(found, broken), at + 1);
        }
        let parted = rest.strip_prefix([',', ';']).unwrap_or(rest);
        let next = skip_blank(text, text.len() - parted.len());
        if begins_call(&text[next..]) == JsonStart::Yes {
            at = next;
        } else if is_list && !rest.is_empty() {
            return ParseAttempt::broken("the list of calls is not closed");
        } else {
            return ParseAttempt::of_seen(seen(found, broken), end);
        }
    }
}

fn seen(calls: Vec<ToolCall>, broken: Option<String>) -> ShapeMatch {
    match broken {
        None => ShapeMatch::Calls(calls),
        Some(why) if calls.is_empty() => ShapeMatch::Broken(why),
        Some(why) => ShapeMatch::Partly { calls, why },
    }
}

/// Parses calls at the beginning of a line, which may as well be words about a call.
pub(super) fn alone(text: &str, at: usize, tools: &[ToolSpec]) -> ParseAttempt {
    match calls(text, at, Intent::Plain, tools) {
        ParseAttempt::Broken { why, end, .. } if !has_value(&text[at..]) => {
            let read = if why == CUT_OFF { text.len() } else { at + 1 };
            ParseAttempt::Text {
                end: at + 1,
                read: end.unwrap_or(read),
            }
        }
        attempt => attempt,
    }
}

/// Whether a text begins with a call whose first argument has a name and a value.
fn has_value(text: &str) -> bool {
    let inside = text[name_length(text)..].strip_prefix('(');
    let inside = inside.unwrap_or_default().trim_start();
    let value = inside[name_length(inside)..].trim_start().strip_prefix('=');
    value.is_some_and(|value| value.trim_start().starts_with(['"', '\'']))
}

/// A call: its name, its arguments, and where it ends.
fn call<'a>(
    text: &'a str,
    at: usize,
    tools: &[ToolSpec],
) -> Result<(&'a str, Map<String, Value>, usize), PartialReason> {
    let rest = &text[at..];
    let length = name_length(rest);
    let name = &rest[..length];
    if !rest[length..].starts_with('(') || name.is_empty() {
        let is_end = rest.len() == length;
        return Err(if is_end {
            PartialReason::EndOfText
        } else {
            PartialReason::Malformed
        });
    }
    let inside = skip_blank(text, at + length + 1);
    if name == PRINT && begins_call(&text[inside..]) == JsonStart::Yes {
        let (name, arguments, end) = call_in(text, inside, tools)?;
        let end = skip_blank(text, end);
        let closed = text[end..].starts_with(')');
        return Ok((name, arguments, end + usize::from(closed)));
    }
    call_in(text, at, tools)
}

fn call_in<'a>(
    text: &'a str,
    at: usize,
    tools: &[ToolSpec],
) -> Result<(&'a str, Map<String, Value>, usize), PartialReason> {
    let length = name_length(&text[at..]);
    let name = &text[at..at + length];
    let tool = names::resolve(name, tools);
    let mut arguments = Map::new();
    let mut at = skip_blank(text, at + length + 1);
    for index in 0.. {
        let rest = &text[at..];
        if rest.is_empty() {
            return Err(PartialReason::EndOfText);
        }
        if rest.starts_with(')') {
            return Ok((name, arguments, at + 1));
        }
        let length = name_length(rest);
        let after = skip_blank(text, at + length);
        let is_named = length > 0 && text[after..].starts_with('=');
        let key = if is_named {
            at = skip_blank(text, after + 1);
            &rest[..length]
        } else {
            // Without a name, its place says which it is.
            match tool {
                Some(tool) => {
                    let parameter = tool.parameters.get(index);
                    parameter.ok_or(PartialReason::Malformed)?.name.as_str()
                }
                None => "?",
            }
        };
        let (value, end) = value(text, at)?;
        if arguments.insert(key.to_owned(), value).is_some() && tool.is_some() {
            return Err(PartialReason::Malformed);
        }
        at = skip_blank(text, end);
        match text[at..].chars().next() {
            None => return Err(PartialReason::EndOfText),
            Some(',') => at = skip_blank(text, at + 1),
            Some(')') => {}
            Some(_) => return Err(PartialReason::Malformed),
        }
    }
    Err(PartialReason::Malformed)
}

/// A value, and where it ends.
fn value(text: &str, at: usize) -> Result<(Value, usize), PartialReason> {
    let rest = &text[at..];
    // `r"…"`: what is raw is mostly an expression, whose backslashes stay in any case.
    let prefixed = rest
        .strip_prefix(['r', 'b', 'f', 'u'])
        .filter(|rest| rest.starts_with(['"', '\'']));
    let at = at + usize::from(prefixed.is_some());
    let rest = prefixed.unwrap_or(rest);
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inside) = rest.strip_prefix(quotes) {
            let length = inside.find(quotes).ok_or(PartialReason::EndOfText)?;
            let value = Value::String(inside[..length].to_owned());
            return Ok((value, at + length + 2 * quotes.len()));
        }
    }
    match json::read(rest) {
        JsonReading::Whole { value, end } => Ok((value, at + end)),
        JsonReading::Partial(partial) => Err(partial.stop),
    }
}

fn name_length(text: &str) -> usize {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
    let starts = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if !starts {
        return 0;
    }
    text.bytes()
        .take(LONGEST_NAME + 1)
        .take_while(|byte| inside(*byte))
        .count()
}
