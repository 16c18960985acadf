//! Puts a reply together from the chunks of a stream, or from one whole answer.

use std::time::Instant;

use serde_json::{Map, Value};

use super::call_pieces::CallPieces;
use crate::model::reply::{GivenCall, ReplyPart, add_calls, add_text, number};
use crate::model::{StopReason, Usage};

/// Least seconds between the first and the last piece that tell a speed.
const TELLING: f64 = 0.05;

/// Where thoughts stand, by server: llama.cpp and older vLLM, newer vLLM, others.
const THOUGHTS: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// Reasons with which a server ends a reply that is not complete.
const BROKEN_OFF: [&str; 3] = ["abort", "error", "cancelled"];

/// What some servers write in place of null while a reply goes on.
const NO_REASON: [&str; 2] = ["", "null"];

/// A reply so far.
#[derive(Debug, Default)]
pub(super) struct ReplyAssembler {
    pieces: CallPieces,
    /// Calls that came whole.
    whole: Vec<GivenCall>,
    reason: Option<String>,
    counts: Counts,
    /// When the first piece and the last one came.
    times: Option<(Instant, Instant)>,
}

/// What the server says of tokens and times.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    prompt_tokens: Option<u32>,
    reply_tokens: Option<u32>,
    tokens_per_second: Option<f32>,
    prompt_seconds: Option<f32>,
    /// Whether the tokens are those of `usage`.
    has_usage: bool,
}

impl ReplyAssembler {
    /// Adds a chunk; returns what it says.
    pub(super) fn push(&mut self, chunk: Value, now: Instant) -> ReplyPart {
        let Value::Object(mut chunk) = chunk else {
            return ReplyPart::default();
        };
        self.counts.read(&chunk);
        let choice = match chunk.remove("choices") {
            Some(Value::Array(choices)) => choices.into_iter().next(),
            Some(choice @ Value::Object(_)) => Some(choice),
            _ => None,
        };
        let Some(Value::Object(mut choice)) = choice else {
            return ReplyPart::default();
        };
        if let Some(Value::String(reason)) = choice.remove("finish_reason")
            && !NO_REASON.contains(&reason.as_str())
        {
            self.reason = Some(reason);
        }
        let part = match (choice.remove("delta"), choice.remove("message")) {
            (Some(Value::Object(delta)), _) => self.delta(delta),
            (_, Some(Value::Object(message))) => self.message(message),
            _ => ReplyPart::default(),
        };
        if part.length > 0 {
            let first = self.times.map_or(now, |(first, _)| first);
            self.times = Some((first, now));
        }
        part
    }

    /// Whether the server said why the reply ends: only counts come after that.
    pub(super) fn has_ended(&self) -> bool {
        self.reason.is_some()
    }

    /// Whether the server said that the reply is not complete.
    pub(super) fn is_broken_off(&self) -> bool {
        let reason = self.reason.as_deref();
        reason.is_some_and(|reason| BROKEN_OFF.contains(&reason))
    }

    /// The last part of the reply: its calls, and what was counted.
    pub(super) fn finish(&mut self) -> ReplyPart {
        let mut calls = std::mem::take(&mut self.whole);
        calls.extend(self.pieces.finish());
        ReplyPart {
            calls,
            done: Some(self.usage()),
            ..ReplyPart::default()
        }
    }

    fn delta(&mut self, mut delta: Map<String, Value>) -> ReplyPart {
        let mut part = said(&mut delta);
        // The field of older times is a call without a list.
        for key in ["tool_calls", "function_call"] {
            let (unread, length) = self.pieces.push(delta.remove(key).unwrap_or_default());
            part.unread.push_str(&unread);
            part.length += length;
        }
        part
    }

    fn message(&mut self, mut message: Map<String, Value>) -> ReplyPart {
        let mut part = said(&mut message);
        for key in ["tool_calls", "function_call"] {
            let calls = message.remove(key).unwrap_or_default();
            if !calls.is_null() {
                part.length += calls.to_string().len();
            }
            add_calls(calls, &mut self.whole);
        }
        part
    }

    fn usage(&self) -> Usage {
        let Counts {
            prompt_tokens,
            reply_tokens,
            tokens_per_second,
            prompt_seconds,
            ..
        } = self.counts;
        Usage {
            prompt_tokens,
            reply_tokens,
            tokens_per_second: tokens_per_second.or_else(|| self.measured_speed()),
            prompt_seconds,
            load_seconds: None,
            stop: match self.reason.as_deref() {
                Some("length") => StopReason::Length,
                _ => StopReason::Stop,
            },
        }
    }

    /// Tokens per second, measured here: the first one ends the reading of the request.
    fn measured_speed(&self) -> Option<f32> {
        let (first, last) = self.times?;
        let seconds = last.duration_since(first).as_secs_f64();
        let tokens = self.counts.reply_tokens?.checked_sub(1)?;
        (seconds >= TELLING && tokens > 0).then(|| (f64::from(tokens) / seconds) as f32)
    }
}

impl Counts {
    /// Reads `usage`, and the `timings` of llama.cpp, which are exact.
    fn read(&mut self, chunk: &Map<String, Value>) {
        // More than fits is as good as the largest that does.
        let count = |object: &Value, key: &str| number(object.get(key)?).map(|it| it as u32);
        if let Some(timings) = chunk.get("timings").filter(|timings| timings.is_object()) {
            if !self.has_usage {
                // Without those of the cache it is no count of the request.
                let counts = count(timings, "prompt_n").zip(count(timings, "cache_n"));
                self.prompt_tokens = counts.map(|(read, cached)| read.saturating_add(cached));
                self.reply_tokens = count(timings, "predicted_n");
            }
            let positive = |key: &str| number(timings.get(key)?).filter(|&it| it > 0.0);
            self.tokens_per_second = positive("predicted_per_second").map(|it| it as f32);
            self.prompt_seconds = positive("prompt_ms").map(|it| (it / 1e3) as f32);
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.has_usage = true;
            // Those of the cache are among them.
            self.prompt_tokens = count(usage, "prompt_tokens").or(self.prompt_tokens);
            self.reply_tokens = count(usage, "completion_tokens").or(self.reply_tokens);
        }
    }
}

/// The text and the thoughts of a delta or a message.
fn said(message: &mut Map<String, Value>) -> ReplyPart {
    let mut part = ReplyPart::default();
    for key in THOUGHTS {
        if part.thinking.is_empty() {
            let given = message.remove(key).unwrap_or_default();
            add_text(given, &mut part.thinking, &mut String::new());
        }
    }
    let content = message.remove("content").unwrap_or_default();
    add_text(content, &mut part.text, &mut part.thinking);
    part.length = part.text.len() + part.thinking.len();
    part
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn chunk(delta: Value) -> Value {
        json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})
    }

    fn push(assembler: &mut ReplyAssembler, value: Value) -> ReplyPart {
        assembler.push(value, Instant::now())
    }

    #[test]
    fn thoughts_and_text_are_found_where_servers_put_them() {
        for (delta, thinking, text) in [
            (json!({"role": "assistant", "content": ""}), "", ""),
            (json!({"content": "a"}), "", "a"),
            (json!({"content": null, "reasoning_content": "t"}), "t", ""),
            (
                json!({"reasoning": "t", "reasoning_details": [{"text": "t"}]}),
                "t",
                "",
            ),
            (json!({"content": [{"type": "text", "text": "a"}]}), "", "a"),
            (
                json!({"content": "a", "refusal": null, "audio": {}}),
                "",
                "a",
            ),
        ] {
            let part = push(&mut ReplyAssembler::default(), chunk(delta.clone()));
            assert_eq!(
                (part.thinking.as_str(), part.text.as_str()),
                (thinking, text),
                "{delta}"
            );
            assert_eq!(part.length, thinking.len() + text.len());
        }
        for odd in [
            json!([]),
            json!({}),
            json!({"choices": []}),
            json!({"choices": [5]}),
        ] {
            assert_eq!(
                push(&mut ReplyAssembler::default(), odd),
                ReplyPart::default()
            );
        }
    }

    #[test]
    fn calls_come_with_the_end() {
        let mut assembler = ReplyAssembler::default();
        let call = json!({"index": 0, "id": "c", "function": {"name": "list", "arguments": "{"}});
        let part = push(&mut assembler, chunk(json!({"tool_calls": [call]})));
        assert!(part.calls.is_empty() && part.unread == "{" && part.length > 0);
        let end = json!({"choices": [{"finish_reason": "tool_calls", "delta": {
            "tool_calls": [{"index": 0, "function": {"arguments": "}"}}],
        }}]});
        push(&mut assembler, end);
        assert!(assembler.has_ended() && !assembler.is_broken_off());
        let last = assembler.finish();
        assert_eq!(last.calls.len(), 1);
        assert_eq!(
            (last.calls[0].name.as_str(), last.calls[0].id.as_str()),
            ("list", "c")
        );
        let whole = json!({"choices": [{"finish_reason": "stop", "message": {
            "content": "I look.",
            "tool_calls": [{"function": {"name": "list", "arguments": {}}}],
            "function_call": {"name": "list", "arguments": "{}"},
        }}]});
        let mut assembler = ReplyAssembler::default();
        assert_eq!(push(&mut assembler, whole).text, "I look.");
        assert_eq!(assembler.finish().calls.len(), 2);
    }

    #[test]
    fn tokens_and_times_are_those_of_the_server() {
        let mut assembler = ReplyAssembler::default();
        push(
            &mut assembler,
            json!({"choices": [{"finish_reason": "length", "delta": {}}]}),
        );
        push(
            &mut assembler,
            json!({
                "choices": [],
                "usage": {"prompt_tokens": 900, "completion_tokens": 40,
                          "prompt_tokens_details": {"cached_tokens": 800}},
                "timings": {"prompt_n": 100, "cache_n": 800, "prompt_ms": 500.0, "predicted_n": 40,
                            "predicted_per_second": 20.5},
            }),
        );
        let expected = Usage {
            prompt_tokens: Some(900),
            reply_tokens: Some(40),
            tokens_per_second: Some(20.5),
            prompt_seconds: Some(0.5),
            load_seconds: None,
            stop: StopReason::Length,
        };
        assert_eq!(assembler.finish().done, Some(expected));
        let mut assembler = ReplyAssembler::default();
        push(
            &mut assembler,
            json!({"timings": {"prompt_n": 100, "cache_n": 800}}),
        );
        let counted = assembler
            .finish()
            .done
            .and_then(|usage| usage.prompt_tokens);
        assert_eq!(counted, Some(900));
    }

    #[test]
    fn a_speed_that_is_not_told_is_measured() {
        let mut assembler = ReplyAssembler::default();
        let start = Instant::now();
        for seconds in [0, 1, 2] {
            let now = start + Duration::from_secs(seconds);
            assembler.push(chunk(json!({"content": "a"})), now);
        }
        assert_eq!(assembler.usage().tokens_per_second, None);
        push(
            &mut assembler,
            json!({"usage": {"completion_tokens": 21}, "choices": []}),
        );
        assert_eq!(assembler.usage().tokens_per_second, Some(10.0));
    }

    #[test]
    fn a_reply_that_the_server_broke_off_is_known() {
        for (reason, has_ended, is_broken) in [
            (json!("stop"), true, false),
            (json!("function_call"), true, false),
            (json!("abort"), true, true),
            (json!(null), false, false),
            (json!(""), false, false),
            (json!("null"), false, false),
        ] {
            let mut assembler = ReplyAssembler::default();
            push(
                &mut assembler,
                json!({"choices": [{"finish_reason": reason}]}),
            );
            assert_eq!(assembler.has_ended(), has_ended);
            assert_eq!(assembler.is_broken_off(), is_broken);
        }
    }
}
