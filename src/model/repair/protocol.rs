//! The text protocol: how models without native tools call them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::json as tolerant;
use super::shapes::{self, Intent, ShapeMatch};
use super::{arguments, arguments::schema_types, json::JsonReading};
use crate::message::ToolCall;
use crate::model::{Parameter, ParameterKind, ToolSpec};

/// The tool name in a reply of [`call_format`] if no call was intended.
pub const NO_TOOL: &str = "none";

/// The part of the system prompt that describes the tools; empty if there are none.
///
/// A call is a fenced `tool` block with one JSON object, the last thing in the reply.
pub fn text_protocol(tools: &[ToolSpec]) -> String {
    let Some(example) = tools
        .iter()
        .find(|tool| has_required(tool))
        .or(tools.first())
    else {
        return String::new();
    };
    let mut section = format!(
        "## Tools\n\n\
         To use a tool, end your reply with one block like this and write nothing after it:\n\n\
         ```tool\n{}\n```\n\n\
         The block is one JSON object: the tool and its parameters. Inside strings, write line \
         breaks as \\n and quotes as \\\". Write only one call in a reply; its result is the next \
         message. A reply without a block is your answer to the user.\n",
        example_call(example)
    );
    for tool in tools {
        // Writing to a string cannot fail.
        let _ = write!(section, "\n- `{}`: {}", tool.name, tool.description);
        for parameter in &tool.parameters {
            let _ = write!(section, "\n  - {}", described(parameter));
        }
    }
    section.push('\n');
    section
}

/// The JSON schema of a reply that is one call, or [`NO_TOOL`] if none was intended.
///
/// The keys are in alphabetical order, because they are sent in that order and models write them in
/// the order in which they are sent: the tool first.
pub fn call_format(tools: &[ToolSpec]) -> Value {
    let names: Vec<&str> = tools
        .iter()
        .map(|tool| tool.name.as_str())
        .chain([NO_TOOL])
        .collect();
    json!({
        "type": "object",
        "properties": {
            "tool": { "type": "string", "enum": names },
            "tool_input": { "type": "object" },
        },
        "required": ["tool", "tool_input"],
    })
}

/// The call in a reply in the format of [`call_format`], checked; its id is new.
///
/// `None` if no call was intended, or if it does not match a tool.
pub fn call_from_format(text: &str, tools: &[ToolSpec]) -> Option<ToolCall> {
    let seen = match tolerant::read(text.trim_start()) {
        JsonReading::Whole { value, .. } if value.is_object() => {
            shapes::of_value(value, Intent::Marked, tools)
        }
        _ => return None,
    };
    match seen {
        ShapeMatch::Calls(mut calls) if calls.len() == 1 => calls.pop(),
        _ => None,
    }
}

fn has_required(tool: &ToolSpec) -> bool {
    tool.parameters.iter().any(|parameter| parameter.required)
}

/// An example call of a tool, its name first.
fn example_call(tool: &ToolSpec) -> String {
    let mut call = format!("{{\"tool\": \"{}\"", tool.name);
    for parameter in tool
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
    {
        let value = match &parameter.kind {
            ParameterKind::Text => "\"...\"",
            ParameterKind::Integer => "1",
            ParameterKind::Boolean => "true",
            ParameterKind::Texts => "[\"...\"]",
            ParameterKind::Schema(schema) => example_value(schema),
        };
        let _ = write!(call, ", \"{}\": {value}", parameter.name);
    }
    call.push('}');
    call
}

/// The simplest value of the first type that a schema names.
fn example_value(schema: &Value) -> &'static str {
    match schema_types(schema).first() {
        Some(&"object") => "{}",
        Some(&"array") => "[]",
        Some(&("integer" | "number")) => "1",
        Some(&"boolean") => "true",
        Some(&"null") => "null",
        _ => "\"...\"",
    }
}

fn described(parameter: &Parameter) -> String {
    let optional = if parameter.required { "" } else { ", optional" };
    let mut text = format!(
        "`{}` ({}{optional}): {}",
        parameter.name,
        arguments::expected(&parameter.kind),
        parameter.description
    );
    if let ParameterKind::Schema(schema) = &parameter.kind {
        // Writing to a string cannot fail.
        let _ = write!(text, " JSON schema: {schema}");
    }
    text
}
