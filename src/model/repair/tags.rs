//! Calls whose signs are the names of tools and arguments: `<read_file><path>a.rs</path></read_file>`
//! as Cline and its relatives have them, and a name on a line of its own before an object, as GLM and
//! Functionary write it.
//!
//! A value is whatever text stands between its tags, so its end has to be found with care, by the
//! same rules as in `xml`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::families::Fit;
use super::forms::{ParseAttempt, closed, named, skip_blank};
use super::json::{self, JsonStart};
use super::shapes::{self, ShapeMatch};
use super::{arguments, foreign, names, xml};
use crate::model::ToolSpec;

/// Wrapper tags around arguments, without a meaning.
const LAYERS: &[&str] = &[
    "args",
    "arguments",
    "parameters",
    "params",
    "input",
    // In Roo's, each file is a call of its own.
    "file",
];

/// Tags around the name of a tool, within a marker of any family.
const NAME_TAGS: &[&str] = &["name", "tool_name", "tool", "function_name", "function"];

/// Before the name on a line, in Functionary v3.
const ARROWS: &str = ">>>";

/// Before the names of functions, in the code of Gemma and others.
const NAMESPACES: &[&str] = &["default_api.", "functions."];

/// Longest name in a tag, in bytes.
const LONGEST_NAME: usize = 100;

/// Longest white space between a name and its object, in bytes.
const MOST_BLANK: usize = 40;

/// Deepest nesting of wrapper tags.
const DEEPEST: usize = 4;

/// Whether a text begins with the name of a tool as a tag.
pub(super) fn opens(text: &str, tools: &[ToolSpec]) -> Fit {
    let Some(inside) = text.strip_prefix('<') else {
        return Fit::No;
    };
    one_of(inside, all_names(tools), |after| {
        match after.starts_with('>') {
            true => Fit::Whole(text.len() - after.len() + 1),
            false => Fit::No,
        }
    })
}

/// Whether a text begins with a tool's name on a line and an object after it; returns where the
/// object begins.
pub(super) fn named_line(text: &str, tools: &[ToolSpec]) -> Fit {
    if ARROWS.starts_with(text) {
        return Fit::Part;
    }
    let line = text.strip_prefix(ARROWS).unwrap_or(text);
    // A single word may well stand alone on a line.
    let names = all_names(tools).filter(|name| name.contains('_'));
    one_of(line, names, |after| {
        let object = after.trim_start();
        let blank = &after[..after.len() - object.len()];
        let is_line = blank
            .trim_start_matches([' ', '\t', '\r'])
            .starts_with('\n');
        match object.chars().next() {
            _ if blank.len() > MOST_BLANK => Fit::No,
            Some('{') if is_line => Fit::Whole(text.len() - object.len()),
            None => Fit::Part,
            Some(_) => Fit::No,
        }
    })
}

/// Whether a text begins with a tool's name and a parenthesis, as a call in Python does.
pub(super) fn called_line(text: &str, tools: &[ToolSpec]) -> Fit {
    let mut is_part = false;
    let mut bare = text;
    for space in NAMESPACES {
        is_part |= space.starts_with(text);
        bare = bare.strip_prefix(space).unwrap_or(bare);
    }
    // A single word may well be a function of somebody else.
    let names = all_names(tools).filter(|name| name.contains('_'));
    let fit = one_of(bare, names, |after| match after.starts_with('(') {
        true => Fit::Whole(text.len() - after.len()),
        false => Fit::No,
    });
    match fit {
        Fit::No if is_part => Fit::Part,
        fit => fit,
    }
}

/// Parses the call that begins with the tag of a tool at a position.
pub(super) fn call(text: &str, at: usize, tools: &[ToolSpec]) -> ParseAttempt {
    let name = tag(text, at).map_or("", |(name, _)| name);
    let Some(tool) = names::resolve(name, tools) else {
        return ParseAttempt::text(at + 1);
    };
    let reader = TagReader { text, tool };
    let body = skip_blank(text, at + name.len() + 2);
    let closer = format!("</{name}>");
    let takes_nothing = !tool.parameters.iter().any(|parameter| parameter.required);
    let is_empty = takes_nothing && text[body..].starts_with(&closer);
    if !is_empty && !reader.has_key(body) {
        let is_cut = text[body..].is_empty() || tag_is_cut(&text[body..]);
        return match is_cut {
            true => ParseAttempt::broken(&format!("the call of `{name}` is cut off")),
            false => ParseAttempt::text(at + 1),
        };
    }
    let mut given = Vec::new();
    let Some(end) = reader.elements(body, &closer, 0, &mut given) else {
        return ParseAttempt::broken(&format!(
            "the call of `{name}` is cut off, or one of its tags is not closed"
        ));
    };
    of_all(name, given, tools, closed(text, end))
}

/// Parses the name of a tool and its arguments in tags:
/// `<name>read_file</name><arguments>…</arguments>`.
pub(super) fn described(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    let (key, start) = tag(text, at)?;
    if !NAME_TAGS.contains(&key) {
        return None;
    }
    let closer = format!("</{key}>");
    let length = text[start..]
        .bytes()
        .take(LONGEST_NAME)
        .position(|byte| byte == b'<')?;
    let name = text[start..start + length].trim();
    if !text[start + length..].starts_with(&closer) {
        return None;
    }
    let (layer, start) = tag(text, skip_blank(text, start + length + closer.len()))?;
    if !LAYERS.contains(&layer) {
        return None;
    }
    let closer = format!("</{layer}>");
    let start = skip_blank(text, start);
    if json::begins(&text[start..]) == JsonStart::Yes {
        return Some(match named(text, start, name, tools) {
            ParseAttempt::Calls { calls, end, markup } => {
                let after = skip_blank(text, end);
                let is_closed = text[after..].starts_with(&closer);
                let end = if is_closed { after + closer.len() } else { end };
                let end = closed(text, end);
                ParseAttempt::Calls { calls, end, markup }
            }
            other => other,
        });
    }
    let Some(tool) = names::resolve(name, tools) else {
        return Some(ParseAttempt::of_seen(
            shapes::of_parts(name, Map::new(), tools),
            start,
        ));
    };
    let mut given = Vec::new();
    let reader = TagReader { text, tool };
    Some(match reader.elements(start, &closer, 0, &mut given) {
        Some(end) => of_all(name, given, tools, closed(text, end)),
        None => ParseAttempt::broken("the call is cut off, or one of its tags is not closed"),
    })
}

fn of_all(
    name: &str,
    given: Vec<Map<String, Value>>,
    tools: &[ToolSpec],
    end: usize,
) -> ParseAttempt {
    let mut calls = Vec::new();
    for arguments in given {
        match shapes::of_parts(name, arguments, tools) {
            ShapeMatch::Calls(more) => calls.extend(more),
            other => return ParseAttempt::of_seen(other, end),
        }
    }
    ParseAttempt::Calls {
        calls,
        end,
        markup: true,
    }
}

/// Whether a text closes more tags of tools than it opens.
pub(super) fn closes_more_than_it_opens<'a>(
    texts: impl Iterator<Item = &'a str>,
    tools: &[ToolSpec],
) -> bool {
    let names: BTreeSet<&str> = all_names(tools).collect();
    let mut left = 0_isize;
    for text in texts {
        for part in text.split('<').skip(1) {
            let name = part.split('>').next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(name) if names.contains(name) => left += 1,
                None if names.contains(name) => left -= 1,
                _ => {}
            }
        }
    }
    left > 0
}

fn all_names(tools: &[ToolSpec]) -> impl Iterator<Item = &str> {
    tools
        .iter()
        .flat_map(|tool| [&tool.name].into_iter().chain(&tool.aliases))
        .map(String::as_str)
}

/// How far a text begins with one of the names and a suffix.
fn one_of<'a>(
    text: &'a str,
    names: impl Iterator<Item = &'a str>,
    follows: impl Fn(&'a str) -> Fit,
) -> Fit {
    let mut best = Fit::No;
    for name in names {
        let fit = match text.strip_prefix(name) {
            _ if name.starts_with(text) => Fit::Part,
            Some(after) => follows(after),
            None => Fit::No,
        };
        match fit {
            Fit::Whole(_) => return fit,
            Fit::Part => best = Fit::Part,
            Fit::No => {}
        }
    }
    best
}

/// The name in a tag without attributes, and where the tag ends.
fn tag(text: &str, at: usize) -> Option<(&str, usize)> {
    let inside = text[at..].strip_prefix('<')?;
    let length = inside
        .bytes()
        .take(LONGEST_NAME)
        .position(|byte| !byte.is_ascii_alphanumeric() && !b"_-".contains(&byte))?;
    let is_tag = length > 0 && inside.as_bytes()[length] == b'>';
    is_tag.then(|| (&inside[..length], at + length + 2))
}

/// Whether a text is only the beginning of a tag.
fn tag_is_cut(text: &str) -> bool {
    text.starts_with('<')
        && text.len() <= LONGEST_NAME
        && !text[1..].contains(['<', '>', '\n', ' '])
}

/// Parses the arguments of one tool.
struct TagReader<'a> {
    text: &'a str,
    tool: &'a ToolSpec,
}

impl TagReader<'_> {
    /// Whether here is a tag that may contain an argument of the tool, or several.
    fn has_key(&self, at: usize) -> bool {
        tag(self.text, skip_blank(self.text, at))
            .is_some_and(|(key, _)| LAYERS.contains(&key) || self.is_key(key))
    }

    fn is_key(&self, key: &str) -> bool {
        foreign::KEYS.contains(&key)
            || arguments::is_parameter(self.tool, key)
            || arguments::is_remark(key)
    }

    /// Parses up to the closing tag and returns where that ends.
    fn elements(
        &self,
        at: usize,
        closer: &str,
        depth: usize,
        given: &mut Vec<Map<String, Value>>,
    ) -> Option<usize> {
        let mut members = Map::new();
        let mut at = at;
        loop {
            at = skip_blank(self.text, at);
            if self.text[at..].starts_with(closer) {
                if !members.is_empty() || (depth == 0 && given.is_empty()) {
                    given.push(members);
                }
                return Some(at + closer.len());
            }
            let (key, start) = tag(self.text, at)?;
            if LAYERS.contains(&key) && self.has_key(start) && depth < DEEPEST {
                at = self.elements(start, &format!("</{key}>"), depth + 1, given)?;
                continue;
            }
            let in_lines = self.text[start..].starts_with(['\n', '\r']);
            let (end, after) = in_lines
                .then(|| self.value_end(start, key, closer, true))
                .flatten()
                .or_else(|| self.value_end(start, key, closer, false))?;
            let value = xml::value(&self.text[start..end]).to_owned();
            if members
                .insert(key.to_owned(), Value::String(value))
                .is_some()
            {
                return None;
            }
            at = after;
        }
    }

    /// Start and end of the closing tag of a value. If a value is on lines of its own, only tags at
    /// the beginning of a line count.
    fn value_end(
        &self,
        start: usize,
        key: &str,
        closer: &str,
        in_lines: bool,
    ) -> Option<(usize, usize)> {
        let (open, close) = (format!("<{key}>"), format!("</{key}>"));
        let mut inner = 0usize;
        let mut at = start;
        loop {
            at += self.text[at..].find('<')?;
            let rest = &self.text[at..];
            let counts = !in_lines || xml::begins_line(self.text, at);
            if counts && rest.starts_with(&close) {
                let after = at + close.len();
                let next = skip_blank(self.text, after);
                if inner > 0 {
                    inner -= 1;
                } else if self.text[next..].starts_with(closer) || self.has_key(next) {
                    return Some((at, after));
                }
                at = after;
            } else if counts && rest.starts_with(&open) {
                inner += 1;
                at += open.len();
            } else {
                at += 1;
            }
        }
    }
}
