//! What stands behind a marker, whichever it is: models mix the markers of one format with the
//! contents of another.

use serde_json::{Map, Value};

use super::forms::{Attempt, closed, named, several, skip_blank};
use super::json::{self, Begins};
use super::python;
use super::scan::{Marker, marker};
use super::shapes::{self, Intent, Seen};
use super::xml;
use crate::message::ToolCall;
use crate::model::ToolSpec;

/// Longest text between a marker and the arguments, in bytes: a name and what parts it from them.
const LONGEST_HEAD: usize = 200;

/// Most markers in a row before a call.
const MOST_NESTED: usize = 4;

/// What stands between a name and its arguments, or before both.
const PARTS: &[&str] = &[
    "<｜tool▁sep｜>",
    "<|tool_call_argument_begin|>",
    "<|tool_sep|>",
    "<|constrain|>json",
    "<|constrain|>",
    "<|message|>",
    "[ARGS]",
    "Action Input:",
    "```json",
    "```",
];

const KEY: (&str, &str) = ("<arg_key>", "</arg_key>");
const VALUE: (&str, &str) = ("<arg_value>", "</arg_value>");
const CALL: &str = "call:";

/// Reads the calls behind a marker; `None` if there are none, nor anything that was meant as one.
pub(super) fn read(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Attempt> {
    let mut found: Option<(Vec<ToolCall>, usize)> = None;
    let mut with_markup = false;
    let mut at = at;
    loop {
        at = opened(text, at);
        let attempt = match one(text, at, tools) {
            Some(attempt) => attempt,
            None => break,
        };
        match attempt {
            Attempt::Calls { calls, end, markup } => {
                let (before, before_end) = found.get_or_insert_default();
                before.extend(calls);
                with_markup |= markup;
                let fence = skip_blank(text, end);
                let end = match text[fence..].strip_prefix("```") {
                    Some(rest) => closed(text, text.len() - rest.len()),
                    None => closed(text, end),
                };
                *before_end = end;
                // Another call needs its own marker, or stands in a list.
                let next = skip_blank(text, end);
                let Marker::Whole(_) = marker(&text[next..]) else {
                    break;
                };
                at = next;
            }
            Attempt::Text { .. } if found.is_some() => break,
            other => return Some(other),
        }
    }
    let (calls, end) = found?;
    Some(Attempt::Calls {
        calls,
        end,
        markup: with_markup,
    })
}

/// Behind further markers, and the first line of a fence.
fn opened(text: &str, at: usize) -> usize {
    let mut at = skip_blank(text, at);
    for _ in 0..MOST_NESTED {
        match marker(&text[at..]) {
            Marker::Whole(marker) if !xml::OPENINGS.contains(&marker) => {
                at = skip_blank(text, at + marker.len());
            }
            _ => break,
        }
    }
    if text[at..].starts_with("```") {
        let line = text[at..].find('\n').unwrap_or(text.len() - at);
        at = skip_blank(text, at + line);
    }
    at
}

fn one(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Attempt> {
    let rest = &text[at..];
    if xml::OPENINGS
        .iter()
        .any(|opening| rest.starts_with(opening))
    {
        return Some(xml::function(text, at, tools));
    }
    if json::begins(rest) == Begins::Yes {
        return several(text, at, tools);
    }
    if python::begins_list(rest) == Begins::Yes || python::begins_call(rest) == Begins::Yes {
        return Some(python::calls(text, at, Intent::Marked, tools));
    }
    if let Some(call) = rest.strip_prefix(CALL) {
        return gemma(text, text.len() - call.len(), tools);
    }
    if let Some(attempt) = keyed(text, at, tools) {
        return Some(attempt);
    }
    let (name, arguments) = head(text, at)?;
    Some(named(text, arguments, name, tools))
}

/// A name, and where the object of its arguments begins.
fn head(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = &text[at..];
    let length = rest
        .bytes()
        .take(LONGEST_HEAD)
        .position(|byte| byte == b'{')?;
    let mut words = vec![&rest[..length]];
    for part in PARTS {
        words = words
            .into_iter()
            .flat_map(|word| word.split(part))
            .collect();
    }
    let words: Vec<&str> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let name = match words.as_slice() {
        [name] | ["function", name] | ["json", name] | [name, "json"] => *name,
        _ => return None,
    };
    is_name(name).then_some((name, at + length))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// GLM: a name, then `<arg_key>key</arg_key><arg_value>value</arg_value>` as often as there are
/// arguments.
fn keyed(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Attempt> {
    let length = text[at..]
        .find(KEY.0)
        .filter(|length| *length <= LONGEST_HEAD)?;
    let name = text[at..at + length].trim();
    if !is_name(name) {
        return None;
    }
    let mut arguments = Map::new();
    let mut at = at + length;
    while text[at..].starts_with(KEY.0) {
        let Some((key, after)) = within(text, at, KEY) else {
            return Some(Attempt::broken("the call is cut off"));
        };
        let Some((value, after)) = within(text, skip_blank(text, after), VALUE) else {
            return Some(Attempt::broken("the call is cut off"));
        };
        arguments.insert(key.trim().to_owned(), Value::String(value.to_owned()));
        at = skip_blank(text, after);
    }
    // Another value could have followed.
    if !text[at..].starts_with("</tool_call>") {
        return Some(Attempt::broken("the call is cut off"));
    }
    Some(Attempt::of_seen(
        shapes::of_parts(name, arguments, tools),
        at,
    ))
}

/// What stands between two tags, and where the second one ends.
fn within<'a>(text: &'a str, at: usize, tags: (&str, &str)) -> Option<(&'a str, usize)> {
    let inside = text[at..].strip_prefix(tags.0)?;
    let length = inside.find(tags.1)?;
    Some((&inside[..length], at + tags.0.len() + length + tags.1.len()))
}

/// Gemma: `call:name{key:<escape>value<escape>,other:5}`, whose texts stand between marks.
fn gemma(text: &str, at: usize, tools: &[ToolSpec]) -> Option<Attempt> {
    const MARKS: [&str; 3] = ["<escape>", "<|\"|>", "\""];
    let (name, brace) = head(text, at)?;
    if json::begins(&text[brace..]) == Begins::Yes {
        return Some(named(text, brace, name, tools));
    }
    let cut_off = || Some(Attempt::broken("the call is cut off"));
    let mut arguments = Map::new();
    let mut at = skip_blank(text, brace + 1);
    while !text[at..].starts_with('}') {
        let Some(length) = text[at..].find(':') else {
            return cut_off();
        };
        let key = text[at..at + length].trim();
        if !is_name(key) {
            return Some(Attempt::broken("the arguments of a call are not valid"));
        }
        let start = skip_blank(text, at + length + 1);
        let rest = &text[start..];
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
        let (value, end) = match mark {
            Some(mark) => match within(text, start, (mark, mark)) {
                Some((value, end)) => (value, end),
                None => return cut_off(),
            },
            None => match rest.find([',', '}']) {
                Some(length) => (rest[..length].trim(), start + length),
                None => return cut_off(),
            },
        };
        arguments.insert(key.to_owned(), Value::String(value.to_owned()));
        at = skip_blank(text, end);
        match text[at..].chars().next() {
            Some(',') => at = skip_blank(text, at + 1),
            Some('}') => {}
            None => return cut_off(),
            Some(_) => return Some(Attempt::broken("the arguments of a call are not valid")),
        }
    }
    let seen: Seen = shapes::of_parts(name, arguments, tools);
    Some(Attempt::of_seen(seen, at + 1))
}
