//! How a server and a model are asked: whether thoughts can be turned off, and what the server has
//! refused, so that it is not sent again.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use super::client::ServedModel;
use crate::model::http::{ServerError, ServerKind};
use crate::model::model_size::{COOL, MOST_WEAK, THINKING, billions_in};

/// Words in the names of models that think.
const THINKERS: [&str; 6] = ["thinking", "think", "reason", "r1", "qwq", "magistral"];

/// How a model is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Manner {
    /// Sampling temperature.
    pub temperature: f32,
    pub thinking: Thinking,
    /// Whether few tools are better.
    pub weak: bool,
}

/// Whether a model thinks before it answers, and how that is turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not, or nothing is known of it.
    No,
    /// It decides itself.
    Free,
    /// It always does; only the level can be set: gpt-oss.
    Levels,
    /// It could, but small models use up their reply with thoughts and do not act.
    Off,
}

impl Manner {
    /// Chooses how a model is asked. `template` is its chat template, where the server tells it.
    pub(super) fn of(model: &ServedModel, template: Option<&str>, kind: ServerKind) -> Manner {
        let size = model.parameters.map(|count| count as f64 / 1e9);
        let weak = match size.or_else(|| billions_in(&model.name)) {
            Some(billions) => billions <= MOST_WEAK,
            // The models of a service are large.
            None => kind != ServerKind::OpenAi,
        };
        let name = model.name.to_ascii_lowercase();
        let can_think = match template {
            Some(template) => ["enable_thinking", "reasoning_effort", "<think>"]
                .iter()
                .any(|word| template.contains(word)),
            None => is_thinker(&name),
        };
        let thinking = if name.contains("gpt-oss") {
            Thinking::Levels
        } else if !can_think {
            Thinking::No
        } else if weak && can_turn_off(kind) {
            Thinking::Off
        } else {
            Thinking::Free
        };
        let temperature = match thinking {
            Thinking::Free | Thinking::Levels => THINKING,
            Thinking::No | Thinking::Off => COOL,
        };
        Manner {
            temperature,
            thinking,
            weak,
        }
    }

    /// The fields that turn thinking off, or down; none where the server has none.
    pub(super) fn thinking_fields(
        self,
        kind: ServerKind,
        without_thoughts: bool,
    ) -> Map<String, Value> {
        let fields = match self.thinking {
            Thinking::Levels if without_thoughts => json!({"reasoning_effort": "low"}),
            Thinking::Free if without_thoughts && can_turn_off(kind) => no_thinking(),
            Thinking::Off => no_thinking(),
            _ => return Map::new(),
        };
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        match kind {
            ServerKind::OpenAi | ServerKind::Ollama => Map::new(),
            ServerKind::LlamaServer | ServerKind::LmStudio | ServerKind::Vllm => fields,
        }
    }
}

/// Templates of the models that can turn it off have this variable; others ignore it.
fn no_thinking() -> Value {
    json!({"chat_template_kwargs": {"enable_thinking": false}})
}

/// Whether the server hands variables on to the template.
fn can_turn_off(kind: ServerKind) -> bool {
    matches!(kind, ServerKind::LlamaServer | ServerKind::Vllm)
}

fn is_thinker(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| THINKERS.contains(&word))
}

/// Something that a server may refuse, and that can be left out or done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// A stream, where there are tools.
    StreamWithTools,
    /// The counts at the end of a stream.
    StreamOptions,
    /// What turns thinking off.
    ThinkingFields,
    /// No content beside calls: it has to be an empty text.
    NullContent,
    /// `max_tokens`: newer services have another name for it.
    MaxTokens,
    /// Any other temperature than their own.
    Temperature,
    /// The thoughts of earlier replies.
    Thoughts,
}

/// What is refused, by words that are all in the message.
const LESSONS: &[(Refused, &[&str])] = &[
    (Refused::StreamWithTools, &["cannot use tools with stream"]),
    (Refused::StreamOptions, &["stream_options"]),
    (Refused::ThinkingFields, &["chat_template_kwargs"]),
    (Refused::ThinkingFields, &["reasoning_effort"]),
    (
        Refused::MaxTokens,
        &["max_completion_tokens", "unsupported"],
    ),
    (Refused::Temperature, &["temperature", "unsupported"]),
    (Refused::Thoughts, &["reasoning_content"]),
    // What templates and checks say of null: Python's, and those of JSON schemas.
    (Refused::NullContent, &["nonetype"]),
    (Refused::NullContent, &["content", "null"]),
    (Refused::NullContent, &["content", "valid string"]),
    (Refused::NullContent, &["content", "must be a string"]),
];

/// Kinds of [`Refused`].
const KINDS: usize = 7;

/// What the server has refused so far.
#[derive(Debug, Default)]
pub(super) struct Refusals([AtomicBool; KINDS]);

impl Refusals {
    /// Whether the server has refused this.
    pub(super) fn has(&self, what: Refused) -> bool {
        self.0[what as usize].load(Ordering::Relaxed)
    }

    /// Learns from an error; whether there is something new that can be done otherwise.
    pub(super) fn learn(&self, error: &ServerError) -> bool {
        let (ServerError::Status { message, .. } | ServerError::Failed { message, .. }) = error
        else {
            return false;
        };
        let message = message.to_lowercase();
        let lesson = LESSONS.iter().find(|(what, words)| {
            !self.has(*what) && words.iter().all(|word| message.contains(word))
        });
        if let Some((what, _)) = lesson {
            tracing::debug!(?what, %message, "the server refuses this; asking without it");
            self.0[*what as usize].store(true, Ordering::Relaxed);
        }
        lesson.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(name: &str, template: Option<&str>, kind: ServerKind) -> Manner {
        let model = ServedModel {
            name: name.to_owned(),
            ..ServedModel::default()
        };
        Manner::of(&model, template, kind)
    }

    #[test]
    fn each_model_is_asked_in_its_manner() {
        let llama = ServerKind::LlamaServer;
        let qwen = Some("{% if enable_thinking %}<think>");
        for (name, template, kind, thinking, weak) in [
            ("qwen3-8b.gguf", qwen, llama, Thinking::Off, true),
            ("qwen3-32b", qwen, llama, Thinking::Free, false),
            (
                "qwen3-coder-30b",
                Some("{{ x }}"),
                llama,
                Thinking::No,
                false,
            ),
            (
                "openai/gpt-oss-20b",
                None,
                ServerKind::LmStudio,
                Thinking::Levels,
                false,
            ),
            (
                "deepseek-r1-distill-7b",
                None,
                ServerKind::LmStudio,
                Thinking::Free,
                true,
            ),
            (
                "deepseek-r1-distill-7b",
                None,
                ServerKind::Vllm,
                Thinking::Off,
                true,
            ),
            ("gpt-4o", None, ServerKind::OpenAi, Thinking::No, false),
            ("default", None, llama, Thinking::No, true),
        ] {
            let manner = manner(name, template, kind);
            assert_eq!(
                (manner.thinking, manner.weak),
                (thinking, weak),
                "{name} {kind:?}"
            );
        }
    }

    #[test]
    fn thinking_is_turned_off_where_the_server_can() {
        let fields = |name: &str, kind, off| {
            let fields = manner(name, None, kind).thinking_fields(kind, off);
            Value::Object(fields)
        };
        let off = json!({"chat_template_kwargs": {"enable_thinking": false}});
        let low = json!({"reasoning_effort": "low"});
        let (vllm, studio) = (ServerKind::Vllm, ServerKind::LmStudio);
        assert_eq!(fields("qwq-32b", vllm, true), off);
        assert_eq!(fields("qwq-32b", vllm, false), json!({}));
        assert_eq!(fields("qwq-32b", studio, true), json!({}));
        assert_eq!(fields("deepseek-r1-7b", vllm, false), off);
        assert_eq!(fields("gpt-oss-20b", studio, true), low);
        assert_eq!(fields("gpt-oss-20b", studio, false), json!({}));
        assert_eq!(fields("gpt-oss-20b", ServerKind::OpenAi, true), json!({}));
        assert_eq!(fields("qwen3-coder-30b", vllm, true), json!({}));
    }

    #[test]
    fn a_refusal_is_learned_once() {
        let refusals = Refusals::default();
        let refused = |message: &str| ServerError::Status {
            server: ServerKind::OpenAi,
            status: 400,
            message: message.to_owned(),
        };
        for (message, what) in [
            ("Cannot use tools with stream", Refused::StreamWithTools),
            ("Extra inputs: stream_options", Refused::StreamOptions),
            (
                "unexpected keyword chat_template_kwargs",
                Refused::ThinkingFields,
            ),
            (
                "can only concatenate str (not \"NoneType\") to str",
                Refused::NullContent,
            ),
            (
                "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                Refused::MaxTokens,
            ),
            (
                "Unsupported value: 'temperature' does not support 0.2",
                Refused::Temperature,
            ),
            ("reasoning_content is not permitted", Refused::Thoughts),
        ] {
            let error = refused(message);
            assert!(!refusals.has(what), "{message}");
            assert!(refusals.learn(&error) && refusals.has(what), "{message}");
            assert!(!refusals.learn(&error), "{message}");
        }
        assert!(!refusals.learn(&refused("model not found")));
        assert!(!refusals.learn(&ServerError::Incomplete));
    }
}
