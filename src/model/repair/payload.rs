//! Parses what follows a marker: models mix the markers of one format with the contents of another.

use serde_json::{Map, Value};

use super::forms::{ParseAttempt, closed, named, several, skip_blank};
use super::json::{self, JsonStart};
use super::scan::{CallStart, MarkerMatch, marker};
use super::shapes::{self, Intent, ShapeMatch};
use super::{families, python, tags, xml};
use crate::message::ToolCall;
use crate::model::ToolSpec;

/// Longest text between a marker and the arguments, in bytes: a name and separators.
const LONGEST_HEAD: usize = 200;

/// Most markers in a row before a call.
const MOST_NESTED: usize = 4;

/// Prefix of names in some formats.
const KIND: &str = "function";

/// A pair of tags.
type TagPair = (&'static str, &'static str);

/// Tags around keys and around values: GLM and Hunyuan, and LongCat.
const KEYED: &[(TagPair, TagPair)] = &[
    (("<arg_key>", "</arg_key>"), ("<arg_value>", "</arg_value>")),
    (
        ("<longcat_arg_key>", "</longcat_arg_key>"),
        ("<longcat_arg_value>", "</longcat_arg_value>"),
    ),
];
const CALL: &str = "call:";

/// Parses the calls after a marker; `None` if there are none, valid or not.
pub(super) fn read(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    let mut found: Option<(Vec<ToolCall>, usize)> = None;
    let mut with_markup = false;
    let mut at = at;
    loop {
        at = skip_opening(text, at, tools);
        let attempt = match one(text, at, tools) {
            Some(attempt) => attempt,
            None => break,
        };
        match attempt {
            ParseAttempt::Calls { calls, end, markup } => {
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
                let MarkerMatch::Whole(_) = marker(&text[next..], tools) else {
                    break;
                };
                at = next;
            }
            // It has a marker of its own, so that it is read again for itself.
            _ if found.is_some() => break,
            other => return Some(other),
        }
    }
    let (calls, end) = found?;
    Some(ParseAttempt::Calls {
        calls,
        end,
        markup: with_markup,
    })
}

/// The position after further markers and the first line of a fence.
fn skip_opening(text: &str, at: usize, tools: &[ToolSpec]) -> usize {
    let mut at = skip_blank(text, at);
    for _ in 0..MOST_NESTED {
        match marker(&text[at..], tools) {
            MarkerMatch::Whole(CallStart::Sign(_, length)) => at = skip_blank(text, at + length),
            _ => break,
        }
    }
    // Step: `function`, a sign, and markup.
    if let Some(rest) = text[at..].strip_prefix(KIND)
        && let Some(length) = families::parts().find_map(|part| families::fit(rest, part).length())
    {
        let next = skip_blank(text, at + KIND.len() + length);
        if marker(&text[next..], tools) == MarkerMatch::Whole(CallStart::Markup) {
            return next;
        }
    }
    if text[at..].starts_with("```") {
        let line = text[at..].find('\n').unwrap_or(text.len() - at);
        at = skip_blank(text, at + line);
    }
    at
}

fn one(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    let rest = &text[at..];
    match marker(rest, tools) {
        MarkerMatch::Whole(CallStart::Markup) => return Some(xml::function(text, at, tools)),
        MarkerMatch::Whole(CallStart::Tag) => return Some(tags::call(text, at, tools)),
        _ => {}
    }
    if json::begins(rest) == JsonStart::Yes {
        return several(text, at, tools);
    }
    if python::begins_list(rest) == JsonStart::Yes || python::begins_call(rest) == JsonStart::Yes {
        return Some(python::calls(text, at, Intent::Marked, tools));
    }
    if let Some(call) = rest.strip_prefix(CALL) {
        return gemma(text, text.len() - call.len(), tools);
    }
    let attempt = keyed(text, at, tools).or_else(|| tags::described(text, at, tools));
    if attempt.is_some() {
        return attempt;
    }
    let (name, arguments) = head(text, at)?;
    Some(named(text, arguments, &name, tools))
}

/// A name, and where its arguments begin.
fn head(text: &str, at: usize) -> Option<(String, usize)> {
    let rest = &text[at..];
    let length = rest
        .bytes()
        .take(LONGEST_HEAD)
        .position(|byte| byte == b'{')?;
    let mut head = families::plain(&rest[..length]);
    // Mistral and Solar give each call a number of its own.
    if let Some((before, after)) = head.split_once("[CALL_ID]") {
        let (_, after) = after.split_once('[').unwrap_or(("", after));
        head = format!("{before}[{after}");
    }
    if let Some((_, name)) = head.split_once("<|tool_call:name|>") {
        head = name.to_owned();
    }
    for part in families::parts() {
        head = head.replace(part, " ");
    }
    let words: Vec<&str> = head.split_whitespace().collect();
    let name = match words.as_slice() {
        [name] | [KIND | "json", name] | [name, "json" | "code"] => *name,
        _ => return None,
    };
    // gpt-oss, where its signs are left out.
    let name = name.strip_suffix("commentary").unwrap_or(name);
    is_name(name).then(|| (name.to_owned(), at + length))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// A name, then tagged keys and values.
fn keyed(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    let rest = &text[at..];
    let (key, value, length) = KEYED.iter().find_map(|(key, value)| {
        // No further than that, since this is asked at each sign of a text.
        let near = &rest.as_bytes()[..rest.len().min(LONGEST_HEAD + key.0.len())];
        let mut places = near.windows(key.0.len());
        let length = places.position(|place| place == key.0.as_bytes())?;
        Some((*key, *value, length))
    })?;
    let mut head = families::plain(&rest[..length]);
    for part in families::parts() {
        head = head.replace(part, " ");
    }
    let name = head.trim();
    if !is_name(name) {
        return None;
    }
    let cut_off = || Some(ParseAttempt::broken("the call is cut off"));
    let mut arguments = Map::new();
    let mut at = at + length;
    while text[at..].starts_with(key.0) {
        let Some((given, after)) = between_tags(text, at, key) else {
            return cut_off();
        };
        let Some((value, after)) = between_tags(text, skip_blank(text, after), value) else {
            return cut_off();
        };
        arguments.insert(given.trim().to_owned(), Value::String(value.to_owned()));
        at = skip_blank(text, after);
    }
    // Another value could have followed.
    if families::end(&text[at..]).is_none() {
        return cut_off();
    }
    let seen = shapes::of_parts(name, arguments, tools);
    Some(ParseAttempt::of_seen(seen, at))
}

/// The text between two tags, and where the second one ends.
fn between_tags<'a>(text: &'a str, at: usize, tags: (&str, &str)) -> Option<(&'a str, usize)> {
    let inside = text[at..].strip_prefix(tags.0)?;
    let length = inside.find(tags.1)?;
    Some((&inside[..length], at + tags.0.len() + length + tags.1.len()))
}

/// Gemma: `call:name{key:<escape>value<escape>,other:5}`, with markers around strings.
fn gemma(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    const MARKS: [&str; 3] = ["<escape>", "<|\"|>", "\""];
    let (name, brace) = head(text, at)?;
    if json::begins(&text[brace..]) == JsonStart::Yes {
        return Some(named(text, brace, &name, tools));
    }
    let cut_off = || Some(ParseAttempt::broken("the call is cut off"));
    let mut arguments = Map::new();
    let mut at = skip_blank(text, brace + 1);
    while !text[at..].starts_with('}') {
        let Some(length) = text[at..].find(':') else {
            return cut_off();
        };
        let key = text[at..at + length].trim();
        if !is_name(key) {
            return Some(ParseAttempt::broken(
                "the arguments of a call are not valid",
            ));
        }
        let start = skip_blank(text, at + length + 1);
        let rest = &text[start..];
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
        let (value, end) = match mark {
            Some(mark) => match between_tags(text, start, (mark, mark)) {
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
            Some(_) => {
                return Some(ParseAttempt::broken(
                    "the arguments of a call are not valid",
                ));
            }
        }
    }
    let seen: ShapeMatch = shapes::of_parts(&name, arguments, tools);
    Some(ParseAttempt::of_seen(seen, at + 1))
}
