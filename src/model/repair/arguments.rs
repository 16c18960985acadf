//! Converts the arguments of models into those of a tool.
//!
//! Keys are renamed, and values converted to the type of their parameter if only one meaning is
//! possible. Nothing is filled in: an optional argument without a value is absent, and a missing
//! required one is an error. Nothing meaningful is dropped: `cwd` changes what a command does, so
//! an unknown argument is an error too.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::names::without_separators;
use super::{CallError, json};
use crate::model::{Parameter, ParameterKind, ToolSpec};

/// Keys under which models put the arguments of a call.
pub(super) const KEYS: [&str; 8] = [
    "arguments",
    "parameters",
    "args",
    "input",
    "tool_input",
    "action_input",
    "params",
    "kwargs",
];

/// Keys of remarks about a call, which do not change what it does.
const REMARKS: [&str; 15] = [
    "explanation",
    "description",
    "reason",
    "reasoning",
    "rationale",
    "justification",
    "thought",
    "thoughts",
    "thinking",
    "comment",
    "note",
    "summary",
    "purpose",
    "intent",
    // Cline.
    "task_progress",
];

/// Keys of the call itself, found among its arguments if a model omits a level.
const ENVELOPE: [&str; 7] = [
    "id",
    "call_id",
    "tool_call_id",
    "name",
    "tool",
    "tool_name",
    "function",
];

/// Values of the `type` of a call.
const KINDS: [&str; 4] = ["function", "tool_use", "tool_call", "tool"];

/// Largest integer that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The argument with which other agents' editors insert lines, and how ours does.
const INSERTED_AT: &str = "insert_line";
const INSERTING: &str = ". To insert lines, give the line before them as `search`, and that line \
                         with the new ones behind it as `replace`";

/// Most characters shown of a wrong value.
const SHOWN: usize = 40;

/// Parses arguments: an object, possibly encoded as a string once or twice.
pub(super) fn object_of(value: Value) -> Option<Map<String, Value>> {
    let mut value = value;
    for _ in 0..3 {
        match value {
            Value::Object(members) => return Some(members),
            Value::Null => return Some(Map::new()),
            Value::String(text) if text.trim().is_empty() => return Some(Map::new()),
            Value::String(text) => value = json::whole(text.trim())?,
            _ => return None,
        }
    }
    None
}

/// Converts arguments for a tool, in the form that models are told of or in its other one.
pub(super) fn fit(
    tool: &ToolSpec,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, CallError> {
    let Some(other) = tool.other_form.as_deref() else {
        return fit_form(tool, given);
    };
    fit_form(tool, given.clone()).or_else(|error| fit_form(other, given).map_err(|_| error))
}

fn fit_form(tool: &ToolSpec, given: Map<String, Value>) -> Result<Map<String, Value>, CallError> {
    let mut given = unwrapped(tool, given);
    let mut fitting = Map::new();
    for parameter in &tool.parameters {
        let value = match taken(tool, parameter, &mut given) {
            Some(value) => coerced(parameter, value).map_err(|value| CallError::Wrong {
                tool: tool.name.clone(),
                field: parameter.name.clone(),
                expected: wanted(&parameter.kind),
                got: described(&value),
            })?,
            None => None,
        };
        match value {
            Some(value) => {
                fitting.insert(parameter.name.clone(), value);
            }
            None if parameter.required => {
                let is_insertion = given.contains_key(INSERTED_AT);
                let hint = if is_insertion { INSERTING } else { "" };
                return Err(CallError::Missing {
                    tool: tool.name.clone(),
                    field: parameter.name.clone(),
                    shape: shape(tool) + hint,
                });
            }
            None => {}
        }
    }
    for (key, value) in given {
        if tool.takes_others && !is_parameter(tool, &key) {
            fitting.insert(key, value);
        } else {
            check_rest(tool, &key, value, &fitting)?;
        }
    }
    Ok(fitting)
}

/// Rejects remaining arguments that could mean something.
fn check_rest(
    tool: &ToolSpec,
    key: &str,
    value: Value,
    fitting: &Map<String, Value>,
) -> Result<(), CallError> {
    let is_empty = match &value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let is_in = |keys: &[&str]| {
        keys.iter()
            .any(|known| without_separators(known) == without_separators(key))
    };
    let is_kind = key == "type" && value.as_str().is_some_and(|kind| KINDS.contains(&kind));
    if is_empty || is_in(&REMARKS) || is_in(&ENVELOPE) || is_kind {
        return Ok(());
    }
    let Some(parameter) = tool.parameters.iter().find(|known| is_named(known, key)) else {
        return Err(CallError::Unknown {
            tool: tool.name.clone(),
            field: super::shortened(key, SHOWN),
            shape: shape(tool),
        });
    };
    match coerced(parameter, value) {
        Ok(None) => Ok(()),
        Ok(Some(value)) if fitting.get(&parameter.name) == Some(&value) => Ok(()),
        _ => Err(CallError::Twice {
            tool: tool.name.clone(),
            field: parameter.name.clone(),
        }),
    }
}

/// Whether a key is only a remark about a call.
pub(super) fn is_remark(key: &str) -> bool {
    REMARKS
        .iter()
        .any(|known| without_separators(known) == without_separators(key))
}

/// Whether a tool has a parameter of this name or alias.
pub(super) fn is_parameter(tool: &ToolSpec, key: &str) -> bool {
    tool.parameters.iter().any(|known| is_named(known, key))
}

/// Whether a key is one of the names of a parameter.
fn is_named(parameter: &Parameter, key: &str) -> bool {
    let key = without_separators(key);
    names_of(parameter).any(|name| without_separators(name) == key)
}

fn names_of(parameter: &Parameter) -> impl Iterator<Item = &str> {
    [&parameter.name]
        .into_iter()
        .chain(&parameter.aliases)
        .map(String::as_str)
}

/// The type of a parameter, for models.
pub(super) fn expected(kind: &ParameterKind) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        ParameterKind::Text => "string",
        ParameterKind::Integer => "integer",
        ParameterKind::Boolean => "true or false",
        ParameterKind::Texts => "list of strings",
        ParameterKind::Schema(schema) => match schema_types(schema).as_slice() {
            [] => "JSON value",
            types => return Cow::Owned(types.join(" or ")),
        },
    })
}

/// The types that a JSON schema names; none if it says it in another way.
pub(super) fn schema_types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(only)) => vec![only.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    }
}

/// The type with its article, for a sentence.
fn wanted(kind: &ParameterKind) -> String {
    match kind {
        ParameterKind::Boolean | ParameterKind::Schema(_) => expected(kind).into_owned(),
        ParameterKind::Integer => format!("an {}", expected(kind)),
        ParameterKind::Text | ParameterKind::Texts => format!("a {}", expected(kind)),
    }
}

/// Removes a needless level: `{"arguments": {…}}`.
fn unwrapped(tool: &ToolSpec, mut given: Map<String, Value>) -> Map<String, Value> {
    let layer = match given.keys().next() {
        Some(key) if given.len() == 1 && KEYS.contains(&key.as_str()) => key.clone(),
        _ => return given,
    };
    if is_parameter(tool, &layer) {
        return given;
    }
    given.remove(&layer).and_then(object_of).unwrap_or(given)
}

/// Takes the value of a parameter: by its name, an alias, or a similar spelling.
fn taken(tool: &ToolSpec, parameter: &Parameter, given: &mut Map<String, Value>) -> Option<Value> {
    // One tool's alias may be the name of another of its parameters.
    let others = |key: &str| {
        let mut others = tool.parameters.iter();
        key != parameter.name && others.any(|other| other.name == key)
    };
    let takes_null = takes_null(&parameter.kind);
    let has_value = |key: &str| {
        let value = given.get(key);
        value.is_some_and(|value| takes_null || !value.is_null())
    };
    let exact = names_of(parameter).find(|name| !others(name) && has_value(name));
    let key = exact.map(str::to_owned).or_else(|| {
        let is_like = |key: &&String| is_named(parameter, key);
        let mut keys = given.keys().filter(|key| !others(key) && has_value(key));
        keys.find(is_like).cloned()
    })?;
    given.remove(&key)
}

fn takes_null(kind: &ParameterKind) -> bool {
    match kind {
        ParameterKind::Schema(schema) => {
            let types = schema_types(schema);
            types.is_empty() || types.contains(&"null")
        }
        _ => false,
    }
}

/// The value converted to the type of its parameter; `None` if it counts as absent.
fn coerced(parameter: &Parameter, value: Value) -> Result<Option<Value>, Value> {
    let can_be_nothing = !matches!(
        parameter.kind,
        ParameterKind::Text | ParameterKind::Schema(_)
    );
    if !parameter.required && can_be_nothing && is_nothing(&value) {
        return Ok(None);
    }
    let value = match &parameter.kind {
        ParameterKind::Text => text(value).map(Value::String)?,
        ParameterKind::Integer => {
            let integer = integer(&value).ok_or(value)?;
            Value::Number(integer.into())
        }
        ParameterKind::Boolean => Value::Bool(boolean(&value).ok_or(value)?),
        ParameterKind::Texts => Value::Array(texts(value)?),
        ParameterKind::Schema(schema) => parsed(schema, value),
    };
    Ok(Some(value))
}

/// A value for a schema: as it is given, but for a text that is JSON of the type that the schema
/// wants in place of a text.
fn parsed(schema: &Value, value: Value) -> Value {
    let types = schema_types(schema);
    let read = match &value {
        Value::String(text) if !types.contains(&"string") => json::whole(text.trim()),
        _ => None,
    };
    let fits = |read: &Value| types.iter().any(|kind| is_of(read, kind));
    read.filter(fits).unwrap_or(value)
}

/// Whether a value has a type of JSON schema.
fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// Whether a value stands for none.
fn is_nothing(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let nothing = ["", "null", "none", "undefined"];
        nothing.contains(&text.trim().to_ascii_lowercase().as_str())
    })
}

fn text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        // An object is no text: written out again, its order and layout would be made up.
        Value::Array(mut items) if items.len() == 1 && items[0].is_string() => {
            text(items.remove(0))
        }
        other => Err(other),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole_float(number)),
        Value::String(text) => match json::whole(text.trim())? {
            Value::Number(number) => number.as_i64().or_else(|| whole_float(&number)),
            _ => None,
        },
        Value::Array(items) if items.len() == 1 && !items[0].is_array() => integer(&items[0]),
        _ => None,
    }
}

fn whole_float(number: &Number) -> Option<i64> {
    let float = number.as_f64()?;
    let exact = float.fract() == 0.0 && float.abs() <= EXACT;
    exact.then_some(float as i64)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn texts(value: Value) -> Result<Vec<Value>, Value> {
    let items = match value {
        Value::Array(items) => items,
        Value::String(text) if text.trim_start().starts_with('[') => {
            match json::whole(text.trim()) {
                Some(Value::Array(items)) => items,
                _ => vec![Value::String(text)],
            }
        }
        single => vec![single],
    };
    let item = |value: Value| match value {
        Value::Array(_) => Err(value),
        value => text(value).map(Value::String),
    };
    items.into_iter().map(item).collect()
}

/// The parameters of a tool, in a line: `{"path": string, "start_line": integer (optional)}`.
pub(super) fn shape(tool: &ToolSpec) -> String {
    let parameters: Vec<String> = tool.parameters.iter().map(parameter_shape).collect();
    format!("{{{}}}", parameters.join(", "))
}

fn parameter_shape(parameter: &Parameter) -> String {
    let optional = if parameter.required {
        ""
    } else {
        " (optional)"
    };
    let expected = expected(&parameter.kind);
    format!("\"{}\": {expected}{optional}", parameter.name)
}

/// A wrong value, shortened.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the string `{}`", super::shortened(text, SHOWN)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
