//! Calls of tools that do not exist, in JSON without a marker: any other text in JSON looks alike, so
//! it must be all of the reply, or of a block at its end.

use serde_json::{Map, Value};

use super::arguments::{is_remark, object_of};
use super::{NO_TOOL, check, example, json, names, new_call_id};
use crate::message::ToolCall;
use crate::model::ToolSpec;

const NAMES: [&str; 5] = ["name", "tool", "tool_name", "function", "function_name"];

const ARGUMENTS: [&str; 5] = [
    "arguments",
    "parameters",
    "args",
    "tool_input",
    "action_input",
];

/// What else a call has.
const BESIDE: [&str; 4] = ["id", "type", "call_id", "tool_call_id"];

/// Languages of blocks that may hold one.
const LANGUAGES: [&str; 6] = ["", "json", "tool", "tool_call", "tool_calls", "tool_code"];

/// Longest name, in bytes.
const LONGEST_NAME: usize = 80;

/// Why a reply is no valid call, if it is one of a tool that does not exist.
pub(super) fn reason(text: &str, tools: &[ToolSpec]) -> Option<String> {
    let text = text.trim();
    if text.contains("<think") {
        return None;
    }
    let object = match text.starts_with('{') {
        true => text,
        false => last_block(text)?,
    };
    let Value::Object(members) = json::whole(object.trim())? else {
        return None;
    };
    let (name, arguments) = call_in(members)?;
    if name == NO_TOOL || names::resolve(&name, tools).is_some() {
        return None;
    }
    let call = ToolCall {
        id: new_call_id(),
        name,
        arguments,
    };
    check(call, tools).err().map(|error| error.to_string())
}

/// The text of the block that a reply ends with, unless it is an example.
fn last_block(text: &str) -> Option<&str> {
    const FENCE: &str = "```";
    let inside = text.strip_suffix(FENCE)?.trim_end();
    let at = inside.rfind(FENCE)?;
    let (before, block) = (&inside[..at], &inside[at + FENCE.len()..]);
    let is_line = before.is_empty() || before.ends_with('\n');
    let fences = before
        .lines()
        .filter(|line| line.trim_start().starts_with(FENCE));
    if !is_line || fences.count() % 2 == 1 || example::introduces(before) {
        return None;
    }
    let (language, body) = block.split_once('\n')?;
    let language = language.trim().to_ascii_lowercase();
    LANGUAGES.contains(&language.as_str()).then_some(body)
}

/// The name and the arguments of an object that has nothing else.
fn call_in(mut members: Map<String, Value>) -> Option<(String, Map<String, Value>)> {
    for wrapper in ["function", "function_call", "tool_call"] {
        if let Some(Value::Object(inner)) = members.get_mut(wrapper) {
            members = std::mem::take(inner);
            break;
        }
    }
    let key = |keys: &[&'static str]| keys.iter().copied().find(|key| members.contains_key(*key));
    let (name_key, arguments_key) = (key(&NAMES)?, key(&ARGUMENTS)?);
    let is_beside = |key: &String| {
        key == name_key || key == arguments_key || BESIDE.contains(&key.as_str()) || is_remark(key)
    };
    if !members.keys().all(is_beside) {
        return None;
    }
    let name = members.get(name_key)?.as_str()?.trim().to_owned();
    let arguments = members.get(arguments_key)?.clone();
    if !(arguments.is_object() || arguments.is_string()) {
        return None;
    }
    let arguments = object_of(arguments)?;
    // A description of a tool has a schema there.
    let is_schema = arguments.get("properties").is_some_and(Value::is_object)
        || arguments.get("type").and_then(Value::as_str) == Some("object");
    let is_described = members.contains_key("description");
    (is_name(&name) && !is_schema && !is_described).then_some((name, arguments))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    name.len() <= LONGEST_NAME
        && name.contains(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(fits)
}
