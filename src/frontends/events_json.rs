//! The events of `ollacode chat --json`, one object per line. This format is stable; internal
//! types may change without it.
//!
//! ```json
//! {"event":"started","session":"20261121-143005-k3x9","model":"qwen3-coder:30b","window":32768,
//!  "confinement":"full"}
//! {"event":"retrieved","sources":[{"path":"src/a.rs","start_line":1,"end_line":9,"symbol":"a"}]}
//! {"event":"thinking","text":"the next piece of the model's thoughts"}
//! {"event":"text","text":"the next piece of the answer"}
//! {"event":"replied","prompt_tokens":812,"reply_tokens":41,"tokens_per_second":38.2,
//!  "stop":"stop","used":853,"window":32768}
//! {"event":"approval_asked","id":1,"call":"call_1","tool":"run_command","title":"run a command",
//!  "preview":"cargo test","reason":""}
//! {"event":"question_asked","id":2,"question":"which one?","options":["red","blue"]}
//! {"event":"tool_started","id":"call_1","tool":"read_file","what":"src/a.rs:1-200"}
//! {"event":"tool_finished","id":"call_1","outcome":"done","summary":"200 lines","detail":"",
//!  "took_ms":3}
//! {"event":"notice","text":"a note for the user; the turn continues"}
//! {"event":"compacted","before":24000,"after":6000}
//! {"event":"citations","wrong":[{"citation":"src/a.rs:1-900","reason":"the file has 40 lines"}]}
//! {"event":"asked_again","reason":"the answer speaks of tests, but none ran; …"}
//! {"event":"turn_facts","files":[{"path":"src/a.rs","added":3,"removed":1}],
//!  "commands":[{"command":"cargo test","ended":"exit code 0"}],
//!  "untouched":[{"step":2,"text":"Update docs/a.md","paths":["docs/a.md"]}],
//!  "doubts":[{"doubt":"no_test_run","claim":"All tests pass."}]}
//! {"event":"task","task":"add a flag","steps":[{"number":1,"text":"Add it","state":"done",
//!  "files":["src/a.rs"],"check":"cargo test","summary":"It is there.",
//!  "changed":[{"path":"src/a.rs","added":3,"removed":1}]}]}
//! {"event":"ended","how":"answered"}
//! ```
//!
//! `started` is the first line and `ended` the last. `stop` is `stop` or `length`; `outcome` is
//! `done`, `failed` or `denied`; values that the server does not report are `null`. `how` is
//! `answered`, `cut` (with `reason`), `planned`, `stopped`, `step_limit` (with `steps`), `stuck` or
//! `failed` (both with `reason`, the `code` of the failure, and a `hint` if there is one). `reason`
//! is the sentence and its hint.
//!
//! Without a turn, the last line is this; `hint` is omitted if there is none:
//!
//! ```json
//! {"event":"error","code":"model_missing","message":"what went wrong","hint":"what to do"}
//! ```

use std::borrow::Cow;

use serde::Serialize;

use super::facts_json::JsonTurnFacts;
use super::task_json::JsonTask;
use crate::engine::event::{Event, Failure, ToolOutcome, TurnEnd};
use crate::message::Source;
use crate::model::StopReason;

/// An event as JSON.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JsonEvent<'a> {
    Started {
        session: &'a str,
        model: &'a str,
        window: u32,
        /// Confinement of commands: `full`, `landlock` or `none`.
        confinement: &'static str,
    },
    Retrieved {
        sources: Vec<JsonLocation<'a>>,
    },
    Thinking {
        text: &'a str,
    },
    Text {
        text: &'a str,
    },
    /// The `text` lines of this reply so far were thinking, not part of the answer.
    TextWasThought,
    Replied {
        prompt_tokens: Option<u32>,
        reply_tokens: Option<u32>,
        tokens_per_second: Option<f64>,
        stop: &'static str,
        used: u32,
        window: u32,
    },
    ApprovalAsked {
        id: u64,
        call: &'a str,
        tool: &'a str,
        title: &'a str,
        preview: Cow<'a, str>,
        reason: &'a str,
    },
    QuestionAsked {
        id: u64,
        question: &'a str,
        options: &'a [String],
    },
    ToolStarted {
        id: &'a str,
        tool: &'a str,
        what: &'a str,
    },
    ToolFinished {
        id: &'a str,
        outcome: &'static str,
        summary: &'a str,
        detail: &'a str,
        took_ms: u64,
    },
    Notice {
        text: &'a str,
    },
    Compacted {
        before: u32,
        after: u32,
    },
    Citations {
        wrong: Vec<JsonWrongCitation<'a>>,
        /// Places that the model was never shown.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_looked_at: Vec<&'a str>,
    },
    /// The `text` lines since the last call are not the answer yet.
    AskedAgain {
        reason: &'a str,
    },
    TurnFacts(JsonTurnFacts<'a>),
    /// The plan of a task in steps, always whole.
    Task(JsonTask<'a>),
    Ended(JsonTurnEnd),
    /// The program failed, before a turn or without the end of one.
    Error {
        code: &'static str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    },
}

/// A range of lines in the code.
#[derive(Debug, PartialEq, Serialize)]
pub struct JsonLocation<'a> {
    path: &'a str,
    start_line: u32,
    end_line: u32,
    symbol: Option<&'a str>,
}

/// A citation of lines that do not exist.
#[derive(Debug, PartialEq, Serialize)]
pub struct JsonWrongCitation<'a> {
    citation: &'a str,
    reason: &'a str,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum JsonTurnEnd {
    Answered,
    Cut { reason: &'static str },
    Planned,
    Stopped,
    StepLimit { steps: usize },
    Stuck(Why),
    Failed(Why),
}

/// Why a turn ended without an answer.
#[derive(Debug, PartialEq, Serialize)]
pub struct Why {
    /// The sentence and its hint.
    reason: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl<'a> From<&'a Event> for JsonEvent<'a> {
    fn from(event: &'a Event) -> JsonEvent<'a> {
        match event {
            Event::Retrieved { sources } => JsonEvent::Retrieved {
                sources: sources.iter().map(JsonLocation::from).collect(),
            },
            Event::Thinking(text) => JsonEvent::Thinking { text },
            Event::Text(text) => JsonEvent::Text { text },
            Event::TextWasThought => JsonEvent::TextWasThought,
            Event::Replied {
                usage,
                used,
                window,
            } => JsonEvent::Replied {
                prompt_tokens: usage.prompt_tokens,
                reply_tokens: usage.reply_tokens,
                tokens_per_second: usage.tokens_per_second.map(rounded),
                stop: match usage.stop {
                    StopReason::Stop => "stop",
                    StopReason::Length => "length",
                },
                used: *used,
                window: *window,
            },
            Event::ApprovalAsked { id, request } => JsonEvent::ApprovalAsked {
                id: id.0,
                call: &request.call_id,
                tool: &request.tool,
                title: &request.title,
                preview: request.preview.text(),
                reason: &request.reason,
            },
            Event::QuestionAsked {
                id,
                question,
                options,
            } => JsonEvent::QuestionAsked {
                id: id.0,
                question,
                options,
            },
            Event::ToolStarted { id, tool, what, .. } => JsonEvent::ToolStarted { id, tool, what },
            Event::ToolFinished {
                id,
                outcome,
                summary,
                detail,
                took,
            } => JsonEvent::ToolFinished {
                id,
                outcome: outcome_name(outcome),
                summary,
                detail,
                took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
            Event::Notice(text) => JsonEvent::Notice { text },
            Event::Compacted { before, after } => JsonEvent::Compacted {
                before: *before,
                after: *after,
            },
            Event::Citations { wrong, not_seen } => JsonEvent::Citations {
                wrong: wrong.iter().map(JsonWrongCitation::from).collect(),
                not_looked_at: not_seen.iter().map(String::as_str).collect(),
            },
            Event::AskedAgain { why } => JsonEvent::AskedAgain { reason: why },
            Event::TurnFacts(facts) => JsonEvent::TurnFacts(facts.into()),
            Event::Task(plan) => JsonEvent::Task(plan.into()),
            Event::TurnEnded(end) => JsonEvent::Ended(end.into()),
        }
    }
}

fn outcome_name(outcome: &ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Done => "done",
        ToolOutcome::Failed => "failed",
        ToolOutcome::Denied => "denied",
    }
}

impl<'a> From<&'a (String, String)> for JsonWrongCitation<'a> {
    fn from((citation, reason): &'a (String, String)) -> JsonWrongCitation<'a> {
        JsonWrongCitation { citation, reason }
    }
}

impl<'a> From<&'a Source> for JsonLocation<'a> {
    fn from(source: &'a Source) -> JsonLocation<'a> {
        JsonLocation {
            path: &source.path,
            start_line: source.start_line,
            end_line: source.end_line,
            symbol: source.symbol.as_deref(),
        }
    }
}

impl From<&TurnEnd> for JsonTurnEnd {
    fn from(end: &TurnEnd) -> JsonTurnEnd {
        match end {
            TurnEnd::Answered => JsonTurnEnd::Answered,
            TurnEnd::Cut => JsonTurnEnd::Cut {
                reason: "the answer was cut at the reply limit",
            },
            TurnEnd::Planned => JsonTurnEnd::Planned,
            TurnEnd::Stopped => JsonTurnEnd::Stopped,
            TurnEnd::StepLimit(steps) => JsonTurnEnd::StepLimit { steps: *steps },
            TurnEnd::Stuck(failure) => JsonTurnEnd::Stuck(failure.into()),
            TurnEnd::Failed(failure) => JsonTurnEnd::Failed(failure.into()),
        }
    }
}

impl From<&Failure> for Why {
    fn from(failure: &Failure) -> Why {
        Why {
            reason: failure.to_string(),
            code: failure.code.name(),
            hint: failure.hint.clone(),
        }
    }
}

impl<'a> From<&'a Failure> for JsonEvent<'a> {
    fn from(failure: &'a Failure) -> JsonEvent<'a> {
        JsonEvent::Error {
            code: failure.code.name(),
            message: &failure.message,
            hint: failure.hint.as_deref(),
        }
    }
}

/// One decimal: 32-bit numbers are not more precise.
fn rounded(speed: f32) -> f64 {
    (f64::from(speed) * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::engine::event::FailureCode;
    use crate::model::Usage;

    #[track_caller]
    fn check(event: &Event, expected: Value) {
        let line = serde_json::to_value(JsonEvent::from(event)).expect("a value");
        assert_eq!(line, expected);
    }

    #[test]
    fn what_is_said_has_its_shape() {
        check(
            &Event::Thinking("a".into()),
            json!({"event": "thinking", "text": "a"}),
        );
        check(
            &Event::Text("b\n".into()),
            json!({"event": "text", "text": "b\n"}),
        );
        check(&Event::TextWasThought, json!({"event": "text_was_thought"}));
        check(
            &Event::Notice("c".into()),
            json!({"event": "notice", "text": "c"}),
        );
        let usage = Usage {
            prompt_tokens: Some(812),
            reply_tokens: None,
            tokens_per_second: Some(38.16),
            prompt_seconds: None,
            load_seconds: None,
            stop: StopReason::Length,
        };
        check(
            &Event::Replied {
                usage,
                used: 853,
                window: 4_096,
            },
            json!({"event": "replied", "prompt_tokens": 812, "reply_tokens": null,
                "tokens_per_second": 38.2, "stop": "length", "used": 853, "window": 4096}),
        );
        check(
            &Event::Compacted {
                before: 2,
                after: 1,
            },
            json!({"event": "compacted", "before": 2, "after": 1}),
        );
    }

    #[test]
    fn what_is_done_has_its_shape() {
        let source = Source {
            path: "a.rs".into(),
            start_line: 1,
            end_line: 2,
            symbol: None,
        };
        check(
            &Event::Retrieved {
                sources: vec![source],
            },
            json!({"event": "retrieved", "sources":
                [{"path": "a.rs", "start_line": 1, "end_line": 2, "symbol": null}]}),
        );
        check(
            &Event::ToolStarted {
                id: "c1".into(),
                tool: "read_file".into(),
                what: "a.rs".into(),
                details: std::sync::Arc::default(),
            },
            json!({"event": "tool_started", "id": "c1", "tool": "read_file", "what": "a.rs"}),
        );
        for (outcome, name) in [
            (ToolOutcome::Done, "done"),
            (ToolOutcome::Failed, "failed"),
            (ToolOutcome::Denied, "denied"),
        ] {
            check(
                &Event::ToolFinished {
                    id: "c1".into(),
                    outcome,
                    summary: "2 lines".into(),
                    detail: String::new(),
                    took: Duration::from_millis(3),
                },
                json!({"event": "tool_finished", "id": "c1", "outcome": name,
                    "summary": "2 lines", "detail": "", "took_ms": 3}),
            );
        }
        check(
            &Event::Citations {
                wrong: vec![("a.rs:9".into(), "it has 2 lines".into())],
                not_seen: Vec::new(),
            },
            json!({"event": "citations", "wrong":
                [{"citation": "a.rs:9", "reason": "it has 2 lines"}]}),
        );
    }

    #[test]
    fn each_end_has_its_shape() {
        for (end, expected) in [
            (TurnEnd::Answered, json!({"how": "answered"})),
            (TurnEnd::Planned, json!({"how": "planned"})),
            (TurnEnd::Stopped, json!({"how": "stopped"})),
            (
                TurnEnd::StepLimit(25),
                json!({"how": "step_limit", "steps": 25}),
            ),
            (
                TurnEnd::Stuck(Failure::new(FailureCode::LoopDetected, "a")),
                json!({"how": "stuck", "reason": "a", "code": "loop_detected"}),
            ),
            (
                TurnEnd::Failed(Failure::new(FailureCode::ModelMissing, "b").with_hint("c")),
                json!({"how": "failed", "reason": "b; c", "code": "model_missing", "hint": "c"}),
            ),
        ] {
            let mut expected = expected;
            expected["event"] = "ended".into();
            check(&Event::TurnEnded(end), expected);
        }
    }

    #[test]
    fn an_error_outside_of_a_turn_has_its_shape() {
        let failure = Failure::new(FailureCode::ModelMissing, "a");
        let line =
            |failure: &Failure| serde_json::to_value(JsonEvent::from(failure)).expect("a value");
        let without = json!({"event": "error", "code": "model_missing", "message": "a"});
        assert_eq!(line(&failure), without);
        let with = json!({"event": "error", "code": "model_missing", "message": "a", "hint": "b"});
        assert_eq!(line(&failure.with_hint("b")), with);
    }

    #[test]
    fn the_first_line_says_how_to_go_on() {
        let line = JsonEvent::Started {
            session: "s",
            model: "m",
            window: 1,
            confinement: "full",
        };
        assert_eq!(
            serde_json::to_value(line).expect("a value"),
            json!({
                "event": "started", "session": "s", "model": "m", "window": 1,
                "confinement": "full",
            })
        );
    }
}
