//! Parses a possible call, in each of the forms that models write.

use serde_json::Map;

use super::families::{self, Fit};
use super::json::{self, JsonReading, JsonStart, PartialReason};
use super::scan::{CallStart, FencedBlock, MarkerMatch, marker};
use super::shapes::{self, Intent, ShapeMatch};
use super::{payload, python, tags, xml};
use crate::message::ToolCall;
use crate::model::ToolSpec;

const ARGUMENTS: &str = "[ARGS]";
const CALL_ID: &str = "[CALL_ID]";
/// Longest name before its arguments, in bytes.
const LONGEST_NAME: usize = 200;

#[derive(Debug, PartialEq)]
pub(super) enum ParseAttempt {
    /// Calls, and where the text continues.
    Calls {
        /// In order.
        calls: Vec<ToolCall>,
        /// After their closing markers.
        end: usize,
        /// Whether their values are unescaped.
        markup: bool,
    },
    /// An attempted call that is not valid.
    Broken {
        why: String,
        /// Where the text continues, if certain.
        end: Option<usize>,
        /// Valid calls in the same list.
        others: Vec<ToolCall>,
    },
    /// It is text up to here.
    Text {
        /// Where the text continues.
        end: usize,
        /// Up to where it was read to decide that.
        read: usize,
    },
}

impl ParseAttempt {
    /// Text that did not have to be read.
    pub fn text(end: usize) -> ParseAttempt {
        ParseAttempt::Text { end, read: end }
    }

    /// A broken call with an unknown end.
    pub fn broken(why: &str) -> ParseAttempt {
        ParseAttempt::Broken {
            why: why.to_owned(),
            end: None,
            others: Vec::new(),
        }
    }

    /// Converts the result for a value that ends at a position.
    pub fn of_seen(seen: ShapeMatch, end: usize) -> ParseAttempt {
        match seen {
            ShapeMatch::Calls(calls) => ParseAttempt::Calls {
                calls,
                end,
                markup: false,
            },
            ShapeMatch::Broken(why) => ParseAttempt::Broken {
                why,
                end: Some(end),
                others: Vec::new(),
            },
            ShapeMatch::Partly { calls, why } => ParseAttempt::Broken {
                why,
                end: Some(end),
                others: calls,
            },
            ShapeMatch::Nothing => ParseAttempt::text(end),
        }
    }
}

/// The kind of a fenced block, once it is clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// It begins with a call, valid or not.
    Call,
    Quoted,
    /// Only more text can tell.
    Unclear,
}

/// The kind of a block whose text is still growing.
pub(super) fn block_kind(text: &str, block: &FencedBlock, tools: &[ToolSpec]) -> BlockKind {
    let rest = &text[skip_blank(text, block.body)..];
    if rest.is_empty() {
        return BlockKind::Unclear;
    }
    match (
        marker(rest, tools),
        json::begins(rest),
        python_begins(rest, block, tools),
    ) {
        (MarkerMatch::Whole(_), ..) | (_, _, JsonStart::Yes) => return BlockKind::Call,
        (MarkerMatch::Part, ..)
        | (_, JsonStart::Unclear, _)
        | (_, JsonStart::No, JsonStart::Unclear) => {
            return BlockKind::Unclear;
        }
        (MarkerMatch::No, JsonStart::No, JsonStart::No) => return BlockKind::Quoted,
        (MarkerMatch::No, JsonStart::Yes, _) => {}
    }
    let seen = match json::read(rest) {
        JsonReading::Whole { value, .. } => shapes::of_value(value, intent(block), tools),
        JsonReading::Partial(partial) if partial.stop == PartialReason::EndOfText => {
            return BlockKind::Unclear;
        }
        JsonReading::Partial(partial) => shapes::of_partial(partial, false, intent(block), tools),
    };
    match seen {
        ShapeMatch::Nothing => BlockKind::Quoted,
        _ => BlockKind::Call,
    }
}

/// Parses a block that must contain only calls.
pub(super) fn block(text: &str, block: &FencedBlock, tools: &[ToolSpec]) -> ParseAttempt {
    let (mut found, mut with_markup) = (Vec::new(), false);
    let mut broken: Option<String> = None;
    let mut at = block.body;
    loop {
        at = skip_blank(text, at);
        let closed = block.fence.closed_at(text, at);
        if let Some(end) = closed.or_else(|| (at == text.len()).then_some(at)) {
            if let Some(why) = broken {
                let others = if with_markup { Vec::new() } else { found };
                let end = Some(end);
                return ParseAttempt::Broken { why, end, others };
            }
            if found.is_empty() {
                return ParseAttempt::text(block.body);
            }
            return ParseAttempt::Calls {
                calls: found,
                end,
                markup: with_markup,
            };
        }
        let rest = &text[at..];
        let attempt = match (marker(rest, tools), json::begins(rest)) {
            (MarkerMatch::Whole(opening), _) => at_marker(text, at, opening, tools),
            (_, JsonStart::Yes) => at_json(text, at, intent(block), tools),
            _ if python_begins(rest, block, tools) == JsonStart::Yes => {
                python_in(text, at, block, tools)
            }
            _ => ParseAttempt::text(at),
        };
        match attempt {
            ParseAttempt::Calls { calls, end, markup } => {
                found.extend(calls);
                with_markup |= markup;
                at = end + separator(&text[end..]);
            }
            ParseAttempt::Broken {
                why,
                end: Some(end),
                others,
            } if !with_markup => {
                found.extend(others);
                broken.get_or_insert(why);
                at = end + separator(&text[end..]);
            }
            // What else is in a block counts only with all of it.
            ParseAttempt::Broken { why, .. } => return ParseAttempt::broken(&why),
            ParseAttempt::Text { .. } if broken.is_some() => {
                return ParseAttempt::broken(&broken.unwrap_or_default());
            }
            ParseAttempt::Text { .. } if found.is_empty() => return ParseAttempt::text(block.body),
            ParseAttempt::Text { .. } => {
                return ParseAttempt::broken(
                    "the code block has other text besides the call: put only \
                                        the call in it",
                );
            }
        }
    }
}

/// Whether a block begins with calls in Python: without a list, only in a block for tools, or with
/// the name of one.
fn python_begins(rest: &str, block: &FencedBlock, tools: &[ToolSpec]) -> JsonStart {
    if rest.starts_with('[') {
        return python::begins_list(rest);
    }
    if block.for_tools {
        return python::begins_call(rest);
    }
    match tags::called_line(rest, tools) {
        Fit::Whole(_) => JsonStart::Yes,
        Fit::Part => JsonStart::Unclear,
        Fit::No => JsonStart::No,
    }
}

/// Parses calls in Python in a block.
fn python_in(text: &str, at: usize, block: &FencedBlock, tools: &[ToolSpec]) -> ParseAttempt {
    if block.for_tools || text[at..].starts_with('[') {
        return python::calls(text, at, intent(block), tools);
    }
    python::alone(text, at, tools)
}

/// Parses the beginning of a line without a marker.
pub(super) fn bare(text: &str, at: usize, tools: &[ToolSpec]) -> ParseAttempt {
    if json::begins(&text[at..]) == JsonStart::Yes {
        at_json(text, at, Intent::Plain, tools)
    } else if text[at..].starts_with('[') {
        python::calls(text, at, Intent::Plain, tools)
    } else {
        python::alone(text, at, tools)
    }
}

/// Parses the object or the list at a position.
pub(super) fn at_json(text: &str, at: usize, intent: Intent, tools: &[ToolSpec]) -> ParseAttempt {
    match json::read(&text[at..]) {
        JsonReading::Whole { value, end } => {
            let seen = shapes::of_value(value, intent, tools);
            ParseAttempt::of_seen(seen, at + end).closed(text)
        }
        JsonReading::Partial(partial) => {
            let stop = at + partial.at;
            let rest = text[stop..].trim_start();
            let ends = rest.is_empty() || rest.starts_with("```");
            let closed = ends || families::end(rest).is_some();
            match shapes::of_partial(partial, closed, intent, tools) {
                ShapeMatch::Nothing => ParseAttempt::Text {
                    end: at + 1,
                    read: stop,
                },
                ShapeMatch::Calls(calls) => {
                    ParseAttempt::of_seen(ShapeMatch::Calls(calls), stop).closed(text)
                }
                ShapeMatch::Broken(why) | ShapeMatch::Partly { why, .. } => {
                    ParseAttempt::broken(&why)
                }
            }
        }
    }
}

/// Parses a name on a line of its own and the object after it.
pub(super) fn named_line(text: &str, at: usize, tools: &[ToolSpec]) -> ParseAttempt {
    let rest = &text[at..];
    let Fit::Whole(length) = tags::named_line(rest, tools) else {
        return ParseAttempt::text(at + 1);
    };
    let name = rest[..length].trim_start_matches('>').trim();
    named(text, at + length, name, tools)
}

/// Parses what follows a marker.
pub(super) fn at_marker(
    text: &str,
    at: usize,
    opening: CallStart,
    tools: &[ToolSpec],
) -> ParseAttempt {
    let (sign, length) = match opening {
        CallStart::Sign(sign, length) => (sign, length),
        CallStart::Markup => return xml::function(text, at, tools),
        CallStart::Tag => return tags::call(text, at, tools),
    };
    // The bracket of a list belongs to it.
    let bracket = usize::from(sign.ends_with('['));
    let after = skip_blank(text, at + length - bracket);
    if json::begins(&text[after..]) == JsonStart::Unclear {
        return ParseAttempt::broken("the call is cut off");
    }
    let attempt = match sign {
        "[TOOL_CALLS]" => mistral(text, after, tools),
        _ => None,
    };
    let attempt = attempt.or_else(|| payload::read(text, after, tools));
    attempt.unwrap_or_else(|| ParseAttempt::text(at + 1))
}

/// Parses the arguments at a position, for a tool named before.
pub(super) fn named(text: &str, at: usize, name: &str, tools: &[ToolSpec]) -> ParseAttempt {
    match json::read(&text[at..]) {
        JsonReading::Whole { value, end } => {
            let seen = match super::arguments::object_of(value) {
                Some(arguments) => shapes::of_parts(name, arguments, tools),
                None => {
                    ShapeMatch::Broken(format!("the arguments of `{name}` must be a JSON object"))
                }
            };
            ParseAttempt::of_seen(seen, at + end).closed(text)
        }
        // An unknown name is the better reason.
        JsonReading::Partial(partial) => match shapes::of_parts(name, Map::new(), tools) {
            ShapeMatch::Broken(why) if super::names::resolve(name, tools).is_none() => {
                ParseAttempt::broken(&why)
            }
            _ if partial.stop == PartialReason::EndOfText => {
                ParseAttempt::broken(&format!("the call of `{name}` is cut off"))
            }
            _ => ParseAttempt::broken(&format!("the arguments of `{name}` are not valid JSON")),
        },
    }
}

/// Where the text continues after closing markers; one brace too many is common.
pub(super) fn closed(text: &str, end: usize) -> usize {
    let braces = text[end..].bytes().take(2).take_while(|byte| *byte == b'}');
    let mut end = end + braces.count();
    loop {
        let next = skip_blank(text, end);
        match families::end(&text[next..]) {
            Some(length) => end = next + length,
            None => return end,
        }
    }
}

/// The next position that is not white space.
pub(super) fn skip_blank(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// The length of the separator between calls in JSON, if another one follows.
pub(super) fn separator(text: &str) -> usize {
    let after = text.trim_start().strip_prefix([';', ',']);
    match after {
        Some(after) if after.trim_start().starts_with('{') => text.len() - after.len(),
        _ => 0,
    }
}

impl ParseAttempt {
    /// Includes the closing markers that follow.
    fn closed(self, text: &str) -> ParseAttempt {
        match self {
            ParseAttempt::Calls { calls, end, markup } => ParseAttempt::Calls {
                calls,
                end: closed(text, end),
                markup,
            },
            ParseAttempt::Broken { why, end, others } => ParseAttempt::Broken {
                why,
                end: end.map(|end| closed(text, end)),
                others,
            },
            other => other,
        }
    }
}

fn intent(block: &FencedBlock) -> Intent {
    if block.for_tools {
        Intent::Marked
    } else {
        Intent::Plain
    }
}

/// One object or list after another.
pub(super) fn several(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    let mut found: Option<(Vec<ToolCall>, usize)> = None;
    let mut at = at;
    while json::begins(&text[at..]) == JsonStart::Yes {
        match at_json(text, at, Intent::Marked, tools) {
            ParseAttempt::Calls { calls, end, .. } => {
                let (before, before_end) = found.get_or_insert_default();
                before.extend(calls);
                *before_end = end;
                at = skip_blank(text, end + separator(&text[end..]));
            }
            ParseAttempt::Text { .. } if found.is_some() => break,
            other => return Some(other),
        }
    }
    let (calls, end) = found?;
    Some(ParseAttempt::of_seen(ShapeMatch::Calls(calls), end))
}

/// After `[TOOL_CALLS]`: a list, or names with `[ARGS]` and an object each.
fn mistral(text: &str, at: usize, tools: &[ToolSpec]) -> Option<ParseAttempt> {
    if text[at..].starts_with(['[', '{']) {
        return several(text, at, tools);
    }
    let mut found: Option<(Vec<ToolCall>, usize)> = None;
    let mut at = at;
    while let Some((name, arguments)) = mistral_name(text, at) {
        match named(text, arguments, name, tools) {
            ParseAttempt::Calls { calls, end, .. } => {
                let (before, before_end) = found.get_or_insert_default();
                before.extend(calls);
                *before_end = end;
                at = skip_blank(text, end);
            }
            other => return Some(other),
        }
    }
    let Some((calls, end)) = found else {
        let is_name = |c: char| c.is_alphanumeric() || "_-.[]".contains(c);
        let cut_off = text[at..].chars().all(is_name);
        return cut_off.then(|| ParseAttempt::broken("the call is cut off"));
    };
    Some(ParseAttempt::of_seen(ShapeMatch::Calls(calls), end))
}

/// `name[ARGS]{`, `name[CALL_ID]id[ARGS]{` or `name{`: the name, and where the object begins.
fn mistral_name(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = &text[at..];
    let length = rest
        .bytes()
        .take(LONGEST_NAME)
        .position(|byte| b"[{".contains(&byte))?;
    let name = rest[..length].trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let mut after = &rest[length..];
    if let Some(id) = after.strip_prefix(CALL_ID) {
        after = &id[id.find(['[', '{'])?..];
    }
    let after = after.strip_prefix(ARGUMENTS).unwrap_or(after).trim_start();
    after
        .starts_with('{')
        .then(|| (name, text.len() - after.len()))
}
