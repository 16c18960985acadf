//! Parses a line of an answer of `/api/chat` whatever types its fields have: servers and proxies
//! forward what models write, and one malformed call must not cost the reply.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::repair::arguments_of;
use crate::model::{StopReason, Usage};

/// Longest part of invalid arguments shown to the model, in characters.
const MOST_TOLD: usize = 200;

/// The name of a call without one.
const NAMELESS: &str = "unknown";

/// A line of the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct ChatLine {
    pub content: String,
    pub thinking: String,
    pub calls: Vec<LineCall>,
    pub done: bool,
    usage: Usage,
}

#[derive(Debug, PartialEq)]
pub(super) struct LineCall {
    /// Empty if the server gave none.
    pub id: String,
    pub name: String,
    /// The arguments, or why they are not valid.
    pub arguments: Result<Map<String, Value>, String>,
}

impl ChatLine {
    /// How many bytes of a line are from the model.
    pub(super) fn said(&self, line: usize) -> usize {
        if self.calls.is_empty() {
            self.content.len() + self.thinking.len()
        } else {
            line
        }
    }

    /// The token counts of the last line.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }
}

impl TryFrom<Value> for ChatLine {
    type Error = &'static str;

    fn try_from(line: Value) -> Result<ChatLine, &'static str> {
        let Value::Object(mut line) = line else {
            return Err("one of its lines is not a JSON object");
        };
        let mut read = ChatLine {
            done: line.get("done").is_some_and(is_true),
            usage: usage(&line),
            ..ChatLine::default()
        };
        match line.remove("message") {
            Some(Value::Object(mut message)) => {
                for key in ["thinking", "reasoning", "reasoning_content"] {
                    if read.thinking.is_empty() {
                        let given = message.remove(key).unwrap_or_default();
                        add_text(given, &mut read.thinking, &mut String::new());
                    }
                }
                let content = message.remove("content").unwrap_or_default();
                add_text(content, &mut read.content, &mut read.thinking);
                let calls = message.remove("tool_calls").unwrap_or_default();
                add_calls(calls, &mut read.calls);
            }
            other => add_text(
                other.unwrap_or_default(),
                &mut read.content,
                &mut read.thinking,
            ),
        }
        Ok(read)
    }
}

/// Adds a text, or one in parts, some of which may be thoughts.
fn add_text(value: Value, text: &mut String, thinking: &mut String) {
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
fn add_calls(value: Value, calls: &mut Vec<LineCall>) {
    match value {
        Value::Null => {}
        Value::Array(several) => several
            .into_iter()
            .filter(|call| !call.is_null())
            .for_each(|call| calls.push(LineCall::of(call))),
        Value::Object(members) => {
            let is_call = ["function", "name", "id"]
                .iter()
                .any(|key| members.contains_key(*key));
            if is_call {
                calls.push(LineCall::of(Value::Object(members)));
            } else {
                // By their numbers.
                let several = members.into_iter().map(|(_, call)| call);
                calls.extend(several.map(LineCall::of));
            }
        }
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => add_calls(inner, calls),
            _ => calls.push(LineCall::unreadable(&Value::String(text))),
        },
        other => calls.push(LineCall::unreadable(&other)),
    }
}

impl LineCall {
    fn of(call: Value) -> LineCall {
        let mut call = match call {
            Value::Object(call) => call,
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(Value::Object(call)) => call,
                _ => return LineCall::unreadable(&Value::String(text)),
            },
            other => return LineCall::unreadable(&other),
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
        LineCall {
            id,
            name,
            arguments,
        }
    }

    fn unreadable(what: &Value) -> LineCall {
        LineCall {
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

fn usage(line: &Map<String, Value>) -> Usage {
    let number = |key: &str| {
        let number = line.get(key)?;
        let number = number.as_f64().or_else(|| number.as_str()?.parse().ok())?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    // More than fits is as good as the largest that does.
    let tokens = |key: &str| number(key).map(|count| count as u32);
    let seconds = number("eval_duration").unwrap_or(0.0) / 1e9;
    let speed = number("eval_count").filter(|_| seconds > 0.0);
    let duration = |key: &str| {
        let nanoseconds = number(key).filter(|&nanoseconds| nanoseconds > 0.0)?;
        Some((nanoseconds / 1e9) as f32)
    };
    Usage {
        prompt_tokens: tokens("prompt_eval_count"),
        reply_tokens: tokens("eval_count"),
        tokens_per_second: speed.map(|count| (count / seconds) as f32),
        prompt_seconds: duration("prompt_eval_duration"),
        load_seconds: duration("load_duration"),
        stop: match line.get("done_reason").and_then(Value::as_str) {
            Some("length") => StopReason::Length,
            _ => StopReason::Stop,
        },
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => text == "true",
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(line: Value) -> ChatLine {
        serde_json::from_value(line).expect("a line")
    }

    fn calls(tool_calls: Value) -> Vec<LineCall> {
        read(json!({"message": {"content": "", "tool_calls": tool_calls}})).calls
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
            let expected = LineCall {
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

    #[test]
    fn what_is_said_is_read_in_every_shape() {
        for (message, content, thinking) in [
            (json!({"content": "a"}), "a", ""),
            (json!({"content": null, "thinking": null}), "", ""),
            (
                json!({"content": ["a", {"type": "text", "text": "b"}]}),
                "ab",
                "",
            ),
            (json!({"content": {"text": "a"}}), "a", ""),
            (json!({"content": 5}), "5", ""),
            (
                json!({"content": [{"type": "thinking", "thinking": [{"text": "t"}]}, "a"]}),
                "a",
                "t",
            ),
            (json!({"content": "a", "reasoning": "t"}), "a", "t"),
            (json!({"content": "a", "reasoning_content": "t"}), "a", "t"),
            (json!("a"), "a", ""),
            (json!(null), "", ""),
        ] {
            let line = read(json!({"message": message, "done": "true"}));
            assert_eq!(
                (line.content.as_str(), line.thinking.as_str()),
                (content, thinking),
                "{message}"
            );
            assert!(line.done);
        }
        assert!(!read(json!({"message": {}, "done": null})).done);
        assert!(serde_json::from_value::<ChatLine>(json!([])).is_err());
    }

    #[test]
    fn counts_are_read_in_every_shape() {
        let line = |count: Value| {
            read(json!({
                "done": true, "done_reason": "length", "eval_duration": 2_000_000_000_u64,
                "prompt_eval_duration": 500_000_000_u64, "load_duration": 0,
                "prompt_eval_count": count, "eval_count": count,
            }))
            .usage()
        };
        for count in [json!(10), json!(10.0), json!("10")] {
            let usage = line(count);
            assert_eq!(
                (usage.prompt_tokens, usage.reply_tokens),
                (Some(10), Some(10))
            );
            assert_eq!(usage.tokens_per_second, Some(5.0));
            assert_eq!(
                (usage.prompt_seconds, usage.load_seconds),
                (Some(0.5), None)
            );
            assert_eq!(usage.stop, StopReason::Length);
        }
        assert_eq!(line(json!(1e20)).prompt_tokens, Some(u32::MAX));
        for count in [json!(null), json!(-1), json!([]), json!("many")] {
            assert_eq!(line(count).prompt_tokens, None);
        }
        for reason in [json!("stop"), json!("load"), json!(null), json!(7)] {
            let usage = read(json!({"done": true, "done_reason": reason})).usage();
            assert_eq!(usage.stop, StopReason::Stop);
        }
    }
}
