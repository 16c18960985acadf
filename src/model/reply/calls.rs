//! Reads what models say whatever types its fields have: servers and proxies forward what models
//! write, and one malformed call must not cost the reply.

use serde_json::{Map, Value};

use crate::model::repair::arguments_of;

/// Longest part of invalid arguments shown to the model, in characters.
const MOST_TOLD: usize = 200;

/// The name of a call without one.
const NAMELESS: &str = "unknown";

/// A call as a server gave it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::model) struct GivenCall {
    /// Empty if the server gave none.
    pub id: String,
    pub name: String,
    /// The arguments, or why they are not valid.
    pub arguments: Result<Map<String, Value>, String>,
}

/// Adds a text, or one in parts, some of which may be thoughts.
pub(in crate::model) fn add_text(value: Value, text: &mut String, thinking: &mut String) {
    match value {
        Value::String(piece) => text.push_str(&piece),
        Value::Array(parts) => {
            for part in parts {
                add_text(part, text, thinking);
            }
        }
        Value::Object(mut part) => {
            if let Some(thought) = part.remove("thinking") {
                add_text(thought, thinking, &mut String::new());
            }
            let piece = part.remove("text").or_else(|| part.remove("content"));
            add_text(piece.unwrap_or_default(), text, thinking);
        }
        Value::Number(_) | Value::Bool(_) => text.push_str(&value.to_string()),
        Value::Null => {}
    }
}

/// Adds calls: a list, a single one, or either as a JSON string.
pub(in crate::model) fn add_calls(value: Value, calls: &mut Vec<GivenCall>) {
    match value {
        Value::Null => {}
        Value::Array(several) => several
            .into_iter()
            .filter(|call| !call.is_null())
            .for_each(|call| calls.push(GivenCall::of(call))),
        Value::Object(members) => {
            let is_call = ["function", "name", "id"]
                .iter()
                .any(|key| members.contains_key(*key));
            if is_call {
                calls.push(GivenCall::of(Value::Object(members)));
            } else {
                // By their numbers.
                let several = members.into_iter().map(|(_, call)| call);
                calls.extend(several.map(GivenCall::of));
            }
        }
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => add_calls(inner, calls),
            _ => calls.push(GivenCall::unreadable(&Value::String(text))),
        },
        other => calls.push(GivenCall::unreadable(&other)),
    }
}

impl GivenCall {
    /// Reads a call in any of its shapes.
    pub(in crate::model) fn of(call: Value) -> GivenCall {
        let mut call = match call {
            Value::Object(call) => call,
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(Value::Object(call)) => call,
                _ => return GivenCall::unreadable(&Value::String(text)),
            },
            other => return GivenCall::unreadable(&other),
        };
        let mut id = String::new();
        add_text(
            call.remove("id").unwrap_or_default(),
            &mut id,
            &mut String::new(),
        );
        // Some leave a layer out, or give the name alone.
        let mut function = match call.remove("function") {
            Some(Value::Object(function)) => function,
            Some(Value::String(name)) => {
                call.insert("name".to_owned(), name.into());
                call
            }
            _ => call,
        };
        let mut name = String::new();
        add_text(
            function.remove("name").unwrap_or_default(),
            &mut name,
            &mut String::new(),
        );
        let given = ["arguments", "parameters", "input", "args"]
            .into_iter()
            .find_map(|key| function.remove(key))
            .unwrap_or_default();
        let arguments = match name.trim() {
            "" => Err(format!(
                "the call has no tool name: {}",
                value_excerpt(&given)
            )),
            name => {
                let came = value_excerpt(&given);
                arguments_of(given).ok_or_else(|| {
                    format!("the arguments of `{name}` are not a JSON object: {came}")
                })
            }
        };
        if name.trim().is_empty() {
            name = NAMELESS.to_owned();
        }
        GivenCall {
            id,
            name,
            arguments,
        }
    }

    fn unreadable(what: &Value) -> GivenCall {
        GivenCall {
            id: String::new(),
            name: NAMELESS.to_owned(),
            arguments: Err(format!(
                "the call is not a JSON object: {}",
                value_excerpt(what)
            )),
        }
    }
}

/// The beginning of a value, for the message to the model.
fn value_excerpt(value: &Value) -> String {
    value.to_string().chars().take(MOST_TOLD).collect()
}

/// A count, or a time, that is a number or a text with one.
pub(in crate::model) fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn calls(tool_calls: Value) -> Vec<GivenCall> {
        let mut calls = Vec::new();
        add_calls(tool_calls, &mut calls);
        calls
    }

    #[test]
    fn a_call_is_read_in_every_shape() {
        let arguments = json!({"path": "a"});
        let text = arguments.to_string();
        let function = |arguments: &Value| json!({"name": "read_file", "arguments": arguments});
        let twice = json!(json!(text).to_string());
        for tool_calls in [
            json!([{"id": "1", "function": function(&arguments)}]),
            json!([{"id": 1, "function": function(&arguments)}]),
            json!([{"id": "1", "function": function(&json!(text))}]),
            json!([{"id": "1", "function": function(&twice)}]),
            json!([{"id": "1", "function": function(&json!("{'path': 'a',}"))}]),
            json!([{"id": "1", "function": function(&json!([arguments]))}]),
            json!([null, {"id": "1", "index": "0", "function": function(&arguments)}]),
            json!([{"id": "1", "type": 5, "function": {"index": "x", "name": "read_file", "parameters": arguments}}]),
            json!([{"id": "1", "name": "read_file", "arguments": arguments}]),
            json!([{"id": "1", "function": "read_file", "arguments": text}]),
            json!({"id": "1", "function": function(&arguments)}),
            json!({"0": {"id": "1", "function": function(&arguments)}}),
            json!(json!([{"id": "1", "function": function(&arguments)}]).to_string()),
            json!([json!({"id": "1", "function": function(&arguments)}).to_string()]),
        ] {
            let expected = GivenCall {
                id: "1".to_owned(),
                name: "read_file".to_owned(),
                arguments: Ok(arguments.as_object().cloned().unwrap_or_default()),
            };
            assert_eq!(calls(tool_calls.clone()), [expected], "{tool_calls}");
        }
        for none in [json!(null), json!([]), json!({}), json!(""), json!([null])] {
            assert_eq!(calls(none.clone()), [], "{none}");
        }
        for (given, expected) in [
            (json!(null), Some(0)),
            (json!(""), Some(0)),
            (json!({}), Some(0)),
            (json!([]), Some(0)),
            (json!(5), None),
            (json!(true), None),
            (json!(["a", "b"]), None),
            (json!("{\"path\": "), None),
        ] {
            let call = calls(json!([{"function": function(&given)}])).remove(0);
            let count = call.arguments.as_ref().ok().map(Map::len);
            assert_eq!(count, expected, "{given}: {call:?}");
            let why = call.arguments.err().unwrap_or_default();
            assert!(expected.is_some() || why.contains("`read_file`"), "{why}");
        }
    }

    #[test]
    fn a_call_of_no_shape_is_one_that_cannot_be_read_and_the_others_can() {
        let good = json!({"function": {"name": "read_file", "arguments": {"path": "a"}}});
        for bad in [
            json!(5),
            json!("read_file"),
            json!([]),
            json!({}),
            json!({"function": null}),
            json!({"function": []}),
            json!({"function": {"name": null, "arguments": {"path": "a"}}}),
            json!({"function": {"arguments": {"path": "a"}}}),
        ] {
            let read = calls(json!([good, bad, good]));
            let is_good: Vec<bool> = read.iter().map(|call| call.arguments.is_ok()).collect();
            assert_eq!(is_good, [true, false, true], "{bad}: {read:?}");
            assert_eq!(read[1].name, "unknown");
        }
        assert_eq!(calls(json!(5)).len(), 1);
        assert_eq!(calls(json!("read the file")).len(), 1);
    }
}
