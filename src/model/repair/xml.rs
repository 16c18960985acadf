//! Calls in the markup of Qwen's coders: `<function=name><parameter=key>value</parameter></function>`,
//! and with attributes: `<invoke name="name"><parameter name="key">value</parameter></invoke>`.
//!
//! A value is whatever text stands there, unescaped, so its end has to be found with care. One
//! that begins on a line of its own, as models are trained to write it, ends with a closer on a
//! line of its own; only tags at the beginning of a line count in it. In one that begins beside
//! its tag, all tags count. Either way tags within a value must be balanced, and markup must
//! follow its closer.

use serde_json::{Map, Value};

use super::forms::{ParseAttempt, closed, named, skip_blank};
use super::names;
use super::shapes::{self, ShapeMatch};
use crate::model::ToolSpec;

/// The marker of a call.
pub(super) const FUNCTION: &str = "<function=";

/// Start tags of all these forms; DeepSeek and Step have their own.
pub(super) const OPENINGS: &[&str] = &[
    FUNCTION,
    "<invoke name=",
    "<function name=",
    "<function_call name=",
    "<tool_call name=",
    "<tool name=",
    "<｜DSML｜invoke name=",
    "<steptml:invoke name=",
];

const FUNCTION_END: &str = "</function>";
/// Each of these ends a call, whatever its start tag.
const ENDS: &[&str] = &[
    FUNCTION_END,
    "</invoke>",
    "</function_call>",
    "</tool>",
    "</｜DSML｜invoke>",
    "</steptml:invoke>",
];
const PARAMETER: &str = "<parameter=";
const PARAMETERS: &[&str] = &[
    PARAMETER,
    "<parameter name=",
    "<argument name=",
    "<｜DSML｜parameter name=",
    "<steptml:parameter name=",
];
const PARAMETER_END: &str = "</parameter>";
const PARAMETER_ENDS: &[&str] = &[
    PARAMETER_END,
    "</argument>",
    "</｜DSML｜parameter>",
    "</steptml:parameter>",
];
const CALL_END: &str = "</tool_call>";

/// Longest name within a tag, in bytes.
const LONGEST_NAME: usize = 100;

/// Parses the call that begins with one of [`OPENINGS`] at a position.
pub(super) fn function(text: &str, at: usize, tools: &[ToolSpec]) -> ParseAttempt {
    let opening = OPENINGS
        .iter()
        .find(|opening| text[at..].starts_with(**opening));
    let length = opening.map_or(1, |opening| opening.len());
    let Some((name, body)) = any_tag(text, at, OPENINGS) else {
        let rest = &text[at + length..];
        if rest.len() <= LONGEST_NAME && !rest.contains(['<', '\n']) {
            return ParseAttempt::broken("the call is cut off");
        }
        return ParseAttempt::text(at + 1);
    };
    if names::resolve(name, tools).is_none() {
        return ParseAttempt::of_seen(shapes::of_parts(name, Map::new(), tools), body);
    }
    let inside = skip_blank(text, body);
    if text[inside..].starts_with('{') {
        return named(text, inside, name, tools);
    }
    let read = with_closers(text, body).or_else(|| without_closers(text, body));
    let Some((arguments, end)) = read else {
        return ParseAttempt::broken(&format!(
            "the call of `{name}` is cut off, or a `{PARAMETER_END}` or `{FUNCTION_END}` is missing"
        ));
    };
    match shapes::of_parts(name, arguments, tools) {
        ShapeMatch::Calls(calls) => ParseAttempt::Calls {
            calls,
            end: closed(text, end),
            markup: true,
        },
        other => ParseAttempt::of_seen(other, end),
    }
}

/// Whether a text closes more of this markup than it opens.
pub(super) fn closes_more_than_it_opens<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let (mut parameters, mut functions) = (0, 0);
    for text in texts {
        let count = |tag: &str| isize::try_from(text.matches(tag).count()).unwrap_or(isize::MAX);
        let all = |tags: &[&str]| tags.iter().map(|tag| count(tag)).sum::<isize>();
        parameters += all(PARAMETER_ENDS) - all(PARAMETERS);
        functions += all(ENDS) - all(OPENINGS);
    }
    parameters > 0 || functions > 0
}

/// The name in a tag with one of these beginnings, and where the tag ends.
fn any_tag<'a>(text: &'a str, at: usize, openings: &[&str]) -> Option<(&'a str, usize)> {
    openings.iter().find_map(|opening| tag(text, at, opening))
}

/// The name in a tag such as `<parameter=path>`, and where the tag ends.
fn tag<'a>(text: &'a str, at: usize, opening: &str) -> Option<(&'a str, usize)> {
    let rest = text[at..].strip_prefix(opening)?;
    let length = rest
        .bytes()
        .take(LONGEST_NAME)
        .position(|byte| byte == b'>')?;
    let written = rest[..length].trim();
    // Other attributes may follow one in quotes.
    let quoted = written.strip_prefix(['"', '\'']);
    let name = quoted.and_then(|rest| Some(&rest[..rest.find(['"', '\''])?]));
    let name = name.unwrap_or(written).trim_matches([' ', '"', '\'']);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    let fits = !name.is_empty() && name.bytes().all(fits);
    fits.then_some((name, at + opening.len() + length + 1))
}

/// The arguments, each with its closing tag, and where the function ends.
fn with_closers(text: &str, body: usize) -> Option<(Map<String, Value>, usize)> {
    let mut arguments = Map::new();
    let mut at = body;
    loop {
        at = skip_blank(text, at);
        let rest = &text[at..];
        if let Some(end) = ENDS.iter().find(|end| rest.starts_with(**end)) {
            return Some((arguments, at + end.len()));
        }
        if rest.starts_with(CALL_END) {
            return Some((arguments, at));
        }
        let (key, start) = any_tag(text, at, PARAMETERS)?;
        let (end, after) = value_end(text, start)?;
        let value = Value::String(value(&text[start..end]).to_owned());
        if arguments.insert(key.to_owned(), value).is_some() {
            return None;
        }
        at = after;
    }
}

/// Start and end of the closing tag of the value at a position.
fn value_end(text: &str, start: usize) -> Option<(usize, usize)> {
    let in_lines = text[start..].starts_with(['\n', '\r']);
    let mut inner = 0usize;
    let mut at = start;
    loop {
        at += text[at..].find('<')?;
        let counts = !in_lines || begins_line(text, at);
        let rest = &text[at..];
        let closer = PARAMETER_ENDS.iter().find(|end| rest.starts_with(**end));
        if counts && let Some(closer) = closer {
            let after = at + closer.len();
            if inner > 0 {
                inner -= 1;
            } else if is_markup(text, skip_blank(text, after)) {
                return Some((at, after));
            }
            at = after;
        } else if counts && let Some((_, after)) = any_tag(text, at, PARAMETERS) {
            inner += 1;
            at = after;
        } else {
            at += 1;
        }
    }
}

/// Whether only blanks are before a position on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text[..at].trim_end_matches([' ', '\t']).ends_with('\n')
}

/// Whether here is what can follow a value.
fn is_markup(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    ENDS.iter().any(|end| rest.starts_with(end))
        || rest.starts_with(CALL_END)
        || any_tag(text, at, PARAMETERS).is_some()
}

/// The same for models that omit all `</parameter>`: each value is a single line, and `</function>`
/// is on a line of its own.
fn without_closers(text: &str, body: usize) -> Option<(Map<String, Value>, usize)> {
    let length = text[body..].find(FUNCTION_END)?;
    if !begins_line(text, body + length) {
        return None;
    }
    let inside = text[body..body + length].trim();
    if inside.contains(PARAMETER_END) {
        return None;
    }
    let mut arguments = Map::new();
    for part in inside.strip_prefix(PARAMETER)?.split(PARAMETER) {
        let (key, value) = part.split_once('>')?;
        let value = value.trim();
        if value.contains(['<', '\n']) {
            return None;
        }
        let value = Value::String(value.to_owned());
        if arguments.insert(key.trim().to_owned(), value).is_some() {
            return None;
        }
    }
    Some((arguments, body + length + FUNCTION_END.len()))
}

/// A value without one line break next to each of its tags.
pub(super) fn value(written: &str) -> &str {
    let lines = written.strip_prefix("\r\n").or(written.strip_prefix('\n'));
    let (value, tail) = match lines {
        // The closer may be indented.
        Some(value) => (value, value.trim_end_matches([' ', '\t'])),
        None => (written, written),
    };
    let end = tail.strip_suffix("\r\n").or(tail.strip_suffix('\n'));
    end.unwrap_or(value)
}
