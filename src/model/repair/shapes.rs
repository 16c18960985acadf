//! Recognises JSON values as calls, in the layouts that models write.

use serde_json::{Map, Value};

use super::arguments::{self, KEYS};
use super::json::{self, OpenContainer, PartialJson, PartialReason};
use super::{check, names, new_call_id, reshaped};
use crate::message::ToolCall;
use crate::model::ToolSpec;

/// Keys of the tool name; with `tool`, arguments may be beside it.
const NAMES: [&str; 6] = [
    "tool",
    "name",
    "tool_name",
    "function",
    "function_name",
    "action",
];

/// Keys that may contain a whole call.
const WRAPPERS: [&str; 4] = ["function", "function_call", "tool_call", "tool"];

/// What a value was recognised as.
#[derive(Debug, PartialEq)]
pub(super) enum ShapeMatch {
    /// One call or more, checked.
    Calls(Vec<ToolCall>),
    /// An attempted call that is not valid, and why.
    Broken(String),
    /// Some of several calls are not valid.
    Partly {
        calls: Vec<ToolCall>,
        /// The error of the first one.
        why: String,
    },
    Nothing,
}

/// Whether a value is marked as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// By a marker, or by the language of its block.
    Marked,
    Plain,
}

/// Judges a whole value.
pub(super) fn of_value(value: Value, intent: Intent, tools: &[ToolSpec]) -> ShapeMatch {
    match value {
        Value::Object(members) => of_object(members, intent, tools),
        Value::Array(items) => of_list(items, intent, tools),
        _ => ShapeMatch::Nothing,
    }
}

/// Judges an incomplete value. `closed`: only closers follow it.
pub(super) fn of_partial(
    partial: PartialJson,
    closed: bool,
    intent: Intent,
    tools: &[ToolSpec],
) -> ShapeMatch {
    let stop = partial.stop;
    if partial.settled && closed && only_closers_are_missing(&partial.open) {
        return of_value(json::folded(partial.open), intent, tools);
    }
    let value = json::folded(partial.open);
    let tool = intended_tool(&value, stop, tools);
    let name = match (tool, intent) {
        (Some(name), _) => format!("the call of `{name}`"),
        (None, Intent::Marked) => "the call".to_owned(),
        (None, Intent::Plain) => return ShapeMatch::Nothing,
    };
    ShapeMatch::Broken(match stop {
        PartialReason::EndOfText => format!("{name} is cut off"),
        PartialReason::Malformed => format!(
            "{name} is not valid JSON: inside strings, write quotes as \\\" and line breaks as \\n"
        ),
    })
}

/// Judges a call given as name and arguments.
pub(super) fn of_parts(
    name: &str,
    arguments: Map<String, Value>,
    tools: &[ToolSpec],
) -> ShapeMatch {
    let call = ToolCall {
        id: new_call_id(),
        name: name.to_owned(),
        arguments,
    };
    let calls = reshaped(call, tools).into_iter();
    match calls.map(|call| check(call, tools)).collect() {
        Ok(calls) => ShapeMatch::Calls(calls),
        Err(error) => ShapeMatch::Broken(error.to_string()),
    }
}

fn of_list(items: Vec<Value>, intent: Intent, tools: &[ToolSpec]) -> ShapeMatch {
    let (mut calls, mut broken) = (Vec::new(), None);
    for item in items {
        let Value::Object(members) = item else {
            return ShapeMatch::Nothing;
        };
        match of_object(members, intent, tools) {
            ShapeMatch::Calls(more) => calls.extend(more),
            ShapeMatch::Broken(why) => {
                broken.get_or_insert(why);
            }
            ShapeMatch::Partly { calls: more, why } => {
                calls.extend(more);
                broken.get_or_insert(why);
            }
            ShapeMatch::Nothing => return ShapeMatch::Nothing,
        }
    }
    match broken {
        Some(why) if calls.is_empty() => ShapeMatch::Broken(why),
        Some(why) => ShapeMatch::Partly { calls, why },
        None if calls.is_empty() => ShapeMatch::Nothing,
        None => ShapeMatch::Calls(calls),
    }
}

fn of_object(mut members: Map<String, Value>, intent: Intent, tools: &[ToolSpec]) -> ShapeMatch {
    for wrapper in WRAPPERS {
        if let Some(Value::Object(inner)) = members.get_mut(wrapper) {
            return of_object(std::mem::take(inner), intent, tools);
        }
    }
    if let Some(Value::Array(inner)) = members.get_mut("tool_calls") {
        return of_list(std::mem::take(inner), intent, tools);
    }
    let Some((name_key, name)) = name_of(&members) else {
        if intent == Intent::Marked
            && let Some((name, arguments)) = under_its_name(&members)
            && names::resolve(name, tools).is_some()
        {
            return of_parts(name, arguments.clone(), tools);
        }
        return match intent {
            Intent::Marked => ShapeMatch::Broken("the call has no tool name".to_owned()),
            Intent::Plain => ShapeMatch::Nothing,
        };
    };
    let Some(tool) = names::resolve(name, tools) else {
        return match intent {
            Intent::Marked => of_parts(name, Map::new(), tools),
            Intent::Plain => ShapeMatch::Nothing,
        };
    };
    let key = arguments_key(&members, name_key, tool);
    if is_description(&members, key) || (intent == Intent::Plain && is_transcript(&members)) {
        return ShapeMatch::Nothing;
    }
    let arguments = match key.and_then(|key| members.remove(key)) {
        Some(given) => arguments::object_of(given),
        None if name_key == "tool" || intent == Intent::Marked => {
            members.remove(name_key);
            Some(members)
        }
        None => return ShapeMatch::Nothing,
    };
    match arguments {
        Some(arguments) => of_parts(&tool.name, arguments, tools),
        None => ShapeMatch::Broken(format!(
            "the arguments of `{}` must be a JSON object",
            tool.name
        )),
    }
}

/// Apertus: `{"name": {…}}`, with the arguments under the name of the tool.
fn under_its_name(members: &Map<String, Value>) -> Option<(&str, &Map<String, Value>)> {
    let mut members = members.iter();
    let (name, arguments) = members.next()?;
    let arguments = arguments.as_object()?;
    members.next().is_none().then_some((name, arguments))
}

fn name_of(members: &Map<String, Value>) -> Option<(&'static str, &str)> {
    NAMES
        .into_iter()
        .find_map(|key| Some((key, members.get(key)?.as_str()?)))
}

/// The key of the arguments, unless they are beside the name.
fn arguments_key(
    members: &Map<String, Value>,
    name_key: &str,
    tool: &ToolSpec,
) -> Option<&'static str> {
    KEYS.into_iter().find(|key| {
        let flat = name_key == "tool" && arguments::is_parameter(tool, key);
        members
            .get(*key)
            .is_some_and(|value| !flat || value.is_object())
    })
}

/// Whether this describes a tool, as documentation does.
fn is_description(members: &Map<String, Value>, key: Option<&str>) -> bool {
    let given = key.and_then(|key| members.get(key)?.as_object());
    let is_schema = given.is_some_and(|given| {
        given.get("properties").is_some_and(Value::is_object)
            || given.get("type").and_then(Value::as_str) == Some("object")
    });
    is_schema || (members.contains_key("description") && key == Some("parameters"))
}

/// Whether this is the result of a call that was already made.
fn is_transcript(members: &Map<String, Value>) -> bool {
    members.contains_key("result") || members.contains_key("output")
}

/// The tool that an incomplete value was about to call.
fn intended_tool<'a>(value: &Value, stop: PartialReason, tools: &'a [ToolSpec]) -> Option<&'a str> {
    let members = match value {
        Value::Object(members) => members,
        Value::Array(items) => {
            return items
                .iter()
                .find_map(|item| intended_tool(item, stop, tools));
        }
        _ => return None,
    };
    for wrapper in WRAPPERS.into_iter().chain(["tool_calls"]) {
        if let Some(inner) = members.get(wrapper)
            && (inner.is_object() || inner.is_array())
        {
            return intended_tool(inner, stop, tools);
        }
    }
    let (name_key, name) = name_of(members)?;
    let tool = names::resolve(name, tools)?;
    let key = arguments_key(members, name_key, tool);
    let is_call = key.is_some() || name_key == "tool" || stop == PartialReason::EndOfText;
    let is_call = is_call && !is_description(members, key) && !is_transcript(members);
    is_call.then_some(tool.name.as_str())
}

/// Whether only closers and further calls can be missing.
///
/// Not so for arguments beside the name: another one could have followed.
fn only_closers_are_missing(open: &[OpenContainer]) -> bool {
    let members = match open {
        [OpenContainer::List(_)] => return true,
        [OpenContainer::Object { members, .. }] => members,
        [
            OpenContainer::List(_),
            OpenContainer::Object { members, .. },
        ] => members,
        _ => return false,
    };
    KEYS.iter().any(|key| match members.get(*key) {
        Some(Value::Object(_)) => true,
        Some(Value::String(_)) => !members.contains_key("tool"),
        _ => false,
    })
}
