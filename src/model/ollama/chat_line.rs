//! Parses a line of an answer of `/api/chat` whatever types its fields have.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::reply::{GivenCall, ReplyPart, add_calls, add_text, number};
use crate::model::{StopReason, Usage};

/// A line of the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct ChatLine {
    pub content: String,
    pub thinking: String,
    pub calls: Vec<GivenCall>,
    pub done: bool,
    usage: Usage,
}

impl ChatLine {
    /// What the line adds to the reply. `length` is that of the line, in bytes.
    pub(super) fn into_part(self, length: usize) -> ReplyPart {
        ReplyPart {
            length: if self.calls.is_empty() {
                self.content.len() + self.thinking.len()
            } else {
                length
            },
            done: self.done.then_some(self.usage),
            thinking: self.thinking,
            text: self.content,
            calls: self.calls,
            unread: String::new(),
        }
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

fn usage(line: &Map<String, Value>) -> Usage {
    let number = |key: &str| number(line.get(key)?);
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
            .usage
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
            let usage = read(json!({"done": true, "done_reason": reason})).usage;
            assert_eq!(usage.stop, StopReason::Stop);
        }
    }
}
