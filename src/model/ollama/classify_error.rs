//! Classifies a server's errors. Servers report them as text only, which differs between versions
//! and between the two ways in which Ollama runs a model.

use super::OllamaError;
use crate::failure::{Failure, FailureCode};
use crate::model::ModelError;

/// Errors for a request over the window.
const OVERFLOWS: &[&str] = &[
    "exceeds the context length",
    "exceeds the available context size",
    "exceed_context_size",
    "longer than the context length",
];

/// Errors for a call that the server could not parse: those of Ollama's parsers, of Go's readers of
/// XML and JSON, and of llama-server.
const BROKEN_CALLS: &[&str] = &[
    "xml syntax error",
    "expected element type",
    "error parsing tool call",
    "tool call",
    "function call",
    "function name",
    "failed to parse input",
    "failed to parse json",
    "failed to parse xml",
    "failed to parse arguments",
    "failed to parse value",
    "invalid character '",
    "unexpected end of json input",
    "json arguments",
    "cannot unmarshal",
    "invalid format",
    "invalid argument",
    "invalid object entry",
    "unterminated string",
    "mismatched arg_key",
    "empty argument name",
    "required argument",
    "is not declared",
    "expected 'call:' prefix",
    "atem ",
    "undeclared glimmer function",
    "parse glimmer call",
    "does not match the expected",
];

/// Errors when the model's process has died, even if they contain other patterns.
const CRASHED: &[&str] = &[
    "process has terminated",
    "unexpectedly stopped",
    "cuda error",
    "hip error",
    "vulkan",
    "ggml_",
    "signal:",
];

/// Errors when the model's process is gone and will be restarted for the next request.
const GONE: &[&str] = &[
    "error was encountered while running the model",
    "/completion\": eof",
];

/// Errors for the same during a reply; before a reply they mean that the model cannot be loaded.
const GONE_IN_REPLY: &[&str] = &[
    "unexpectedly stopped",
    "process has terminated",
    "process no longer running",
    "connection reset",
    "broken pipe",
    "connection refused",
    "forcibly closed",
];

/// Errors when a model does not fit the machine.
const OUT_OF_MEMORY: &[&str] = &[
    "out-of-memory",
    "out of memory",
    "more system memory",
    "resource limitations",
    "llama-server process has terminated",
    "waiting for llama-server to start",
    "error starting llama-server",
    "failed to allocate",
];

/// The request that got an error.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestContext {
    /// Whether the model had tools.
    pub tools: bool,
    /// Whether an answer had started.
    pub began: bool,
}

/// The tokens of the request and of the window, each if given, if an error is about the window.
///
/// llama-server's error is JSON in a string in JSON, so keys are searched for in the text.
pub(super) fn overflow(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    if !OVERFLOWS.iter().any(|phrase| text.contains(phrase)) {
        return None;
    }
    let either = |key, words| number_after(text, key).or_else(|| number_after(text, words));
    let needed = either("n_prompt_tokens", "request (");
    Some((needed, either("n_ctx", "context size (")))
}

/// The first number right after a key or a word, ignoring quotes and the like.
fn number_after(text: &str, key: &str) -> Option<u32> {
    text.match_indices(key).find_map(|(at, _)| {
        let rest = text[at + key.len()..].trim_start_matches(|c: char| "\\\": =".contains(c));
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

/// Whether a server rejected the setting of `think`.
pub(super) fn refuses_thinking(error: &OllamaError) -> bool {
    matches!(error, OllamaError::Status { message, .. } | OllamaError::Failed { message }
        if message.contains("does not support thinking"))
}

/// Converts an error into one for the engine.
pub(super) fn model_error(error: OllamaError, asked: RequestContext) -> ModelError {
    let (message, may_be_call) = match &error {
        OllamaError::TooLong { needed, window } => {
            return ModelError::TooLong {
                needed: *needed,
                window: *window,
            };
        }
        OllamaError::Incomplete => return ModelError::Incomplete,
        OllamaError::Endless { what } => return ModelError::Endless(what.clone()),
        OllamaError::ConnectionLost { .. } if asked.began => return ModelError::Incomplete,
        // A refusal is about the request; what the model wrote cannot make it wrong.
        OllamaError::Status { status, message } => (message, *status >= 500),
        OllamaError::Failed { message } => (message, true),
        _ => return ModelError::Failed(error.failure()),
    };
    if let Some((needed, window)) = overflow(message) {
        return ModelError::TooLong { needed, window };
    }
    let message = message.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    let has_gone = says(GONE) || (asked.began && says(GONE_IN_REPLY));
    let failed = if has_gone {
        ModelError::Crashed
    } else {
        ModelError::Failed
    };
    if says(&["does not support tools"]) {
        ModelError::NoTools
    } else if says(OUT_OF_MEMORY) {
        let hint = format!(
            "if the model is too large for this machine, use a smaller one such as `{}`, or set \
             `MAX_CONTEXT_TOKENS` lower",
            super::FITS_MOST
        );
        failed(Failure::new(FailureCode::OutOfMemory, error.to_string()).with_hint(hint))
    } else if has_gone {
        failed(error.failure())
    } else if may_be_call
        && asked.tools
        && !says(CRASHED)
        && (says(BROKEN_CALLS) || is_unknown_tool(&message))
    {
        ModelError::BrokenCall(match error {
            OllamaError::Status { message, .. } | OllamaError::Failed { message } => message,
            other => other.to_string(),
        })
    } else {
        ModelError::Failed(error.failure())
    }
}

/// Whether the error means an invented tool: one parser words it like a missing model.
fn is_unknown_tool(message: &str) -> bool {
    message.starts_with("tool '") && message.ends_with("' not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_TOOLS: RequestContext = RequestContext {
        tools: true,
        began: true,
    };

    fn status(status: u16, message: &str) -> OllamaError {
        OllamaError::Status {
            status,
            message: message.to_owned(),
        }
    }

    fn failed(message: &str) -> OllamaError {
        OllamaError::Failed {
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_numbers_of_an_overflow_are_found_in_every_shape() {
        let inner = r#"{"error":{"code":400,"message":"request (9001 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":8192}}"#;
        let twice = serde_json::json!({ "error": inner }).to_string();
        let thrice = serde_json::json!({ "error": twice }).to_string();
        let words =
            "request (9001 tokens) exceeds the available context size (8192 tokens), try again";
        for text in [inner, &twice, &thrice, words] {
            assert_eq!(overflow(text), Some((Some(9001), Some(8192))), "{text}");
        }
        let fixed = "the prompt is longer than the context length currently available to the model";
        assert_eq!(overflow(fixed), Some((None, None)));
        let trained = r#"exceed_context_size n_ctx_train: 5, "n_ctx": 4096"#;
        assert_eq!(overflow(trained), Some((None, Some(4096))));
        assert_eq!(overflow("model 'x' not found"), None);
    }

    #[test]
    fn errors_of_parsers_are_broken_calls() {
        for message in [
            "XML syntax error on line 7: element <parameter> closed by </function>",
            "error parsing tool call: raw='{\"path', err=unexpected end of JSON input",
            "invalid character '}' looking for beginning of object key string",
            "expected element type <function> but have <tool>",
            "tool 'read' not found",
            "Failed to parse input at pos 12: <tool_call>",
        ] {
            for error in [failed(message), status(500, message)] {
                let judged = model_error(error, WITH_TOOLS);
                assert_eq!(judged, ModelError::BrokenCall(message.to_owned()));
            }
            let untold = model_error(failed(message), RequestContext::default());
            assert!(matches!(untold, ModelError::Failed(_)), "{untold:?}");
            let ours = model_error(status(400, message), WITH_TOOLS);
            assert!(matches!(ours, ModelError::Failed(_)), "{ours:?}");
        }
    }

    #[test]
    fn a_runner_that_has_gone_may_come_back() {
        let eof = "an error was encountered while running the model: unexpected EOF";
        let stopped =
            "model runner has unexpectedly stopped, this may be due to resource limitations";
        let reset = "read tcp 127.0.0.1:5->127.0.0.1:6: read: connection reset by peer";
        for message in [eof, stopped, reset] {
            let judged = model_error(failed(message), WITH_TOOLS);
            assert!(matches!(judged, ModelError::Crashed(_)), "{judged:?}");
        }
        let before = RequestContext {
            began: false,
            ..WITH_TOOLS
        };
        let judged = model_error(status(500, eof), before);
        assert!(matches!(judged, ModelError::Crashed(_)), "{judged:?}");
        let judged = model_error(status(500, stopped), before);
        assert!(matches!(judged, ModelError::Failed(_)), "{judged:?}");
        let call = model_error(
            failed("XML syntax error on line 1: unexpected EOF"),
            WITH_TOOLS,
        );
        assert!(matches!(call, ModelError::BrokenCall(_)), "{call:?}");
    }

    #[test]
    fn other_errors_say_what_helps() {
        let no_tools = "registry.ollama.ai/library/x:latest does not support tools";
        assert_eq!(
            model_error(status(400, no_tools), WITH_TOOLS),
            ModelError::NoTools
        );
        let cases = [
            (
                OllamaError::ModelMissing { model: "x".into() },
                "ollama pull x",
                FailureCode::ModelMissing,
            ),
            (
                status(401, "unauthorized"),
                "ollama signin",
                FailureCode::NotAuthorized,
            ),
            (
                failed(
                    "model runner has unexpectedly stopped, this may be due to resource limitations",
                ),
                "MAX_CONTEXT_TOKENS",
                FailureCode::OutOfMemory,
            ),
            (
                status(500, "llama-server process has terminated: signal: killed"),
                "smaller",
                FailureCode::OutOfMemory,
            ),
            (
                status(
                    500,
                    "llama runner process has terminated: CUDA error: invalid argument",
                ),
                "CUDA error",
                FailureCode::ModelFailed,
            ),
            (
                status(500, "no user query found in messages"),
                "no user query",
                FailureCode::ModelFailed,
            ),
        ];
        for (error, expected, code) in cases {
            let (ModelError::Failed(failure) | ModelError::Crashed(failure)) =
                model_error(error, WITH_TOOLS)
            else {
                panic!("{expected}: a failure is wanted");
            };
            assert!(failure.to_string().contains(expected), "{failure}");
            assert_eq!(failure.code, code, "{failure}");
        }
        let broken = model_error(OllamaError::Incomplete, WITH_TOOLS);
        assert_eq!(broken, ModelError::Incomplete);
    }
}
