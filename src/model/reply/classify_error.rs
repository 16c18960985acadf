//! Classifies a server's errors. Servers report them as text only, which differs between versions
//! and between the two ways in which Ollama runs a model.

use crate::failure::{Failure, FailureCode};
use crate::model::ModelError;
use crate::model::http::{ServerError, ServerKind, overflow};

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

/// Errors for tools where there are none: Ollama's, those of vLLM started without a parser of calls,
/// and of llama-server started without templates.
const NO_TOOLS: &[&str] = &[
    "does not support tools",
    "requires --enable-auto-tool-choice",
    "tools param requires --jinja",
    "tool use is not supported",
    "tools are not supported",
    "does not support tool",
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
pub(in crate::model) struct RequestContext {
    /// Whether the model had tools.
    pub tools: bool,
    /// Whether an answer had started.
    pub began: bool,
}

/// Whether a server rejected the setting of `think`.
pub(in crate::model) fn refuses_thinking(error: &ServerError) -> bool {
    matches!(error, ServerError::Status { message, .. } | ServerError::Failed { message, .. }
        if message.contains("does not support thinking"))
}

/// Converts an error into one for the engine.
pub(in crate::model) fn model_error(error: ServerError, asked: RequestContext) -> ModelError {
    let (message, may_be_call, server) = match &error {
        ServerError::TooLong { needed, window } => {
            return ModelError::TooLong {
                needed: *needed,
                window: *window,
            };
        }
        ServerError::Incomplete => return ModelError::Incomplete,
        ServerError::Endless { what } => return ModelError::Endless(what.clone()),
        ServerError::ConnectionLost { .. } if asked.began => return ModelError::Incomplete,
        // A refusal is about the request; what the model wrote cannot make it wrong.
        ServerError::Status {
            server,
            status,
            message,
        } => (message, *status >= 500, *server),
        ServerError::Failed { server, message } => (message, true, *server),
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
    if says(NO_TOOLS) {
        ModelError::NoTools
    } else if says(OUT_OF_MEMORY) {
        let failure = Failure::new(FailureCode::OutOfMemory, error.to_string());
        failed(failure.with_hint(memory_hint(server)))
    } else if has_gone {
        failed(error.failure())
    } else if may_be_call
        && asked.tools
        && !says(CRASHED)
        && (says(BROKEN_CALLS) || is_unknown_tool(&message))
    {
        ModelError::BrokenCall(match error {
            ServerError::Status { message, .. } | ServerError::Failed { message, .. } => message,
            other => other.to_string(),
        })
    } else {
        ModelError::Failed(error.failure())
    }
}

/// What needs less memory. Only the window of Ollama is set by request.
fn memory_hint(server: ServerKind) -> String {
    match server {
        ServerKind::Ollama => format!(
            "if the model is too large for this machine, use a smaller one such as `{}`, or set \
             `MAX_CONTEXT_TOKENS` lower",
            crate::model::ollama::FITS_MOST
        ),
        other => format!(
            "if the model is too large for its machine, start {} with a smaller one, or with a \
             shorter window",
            other.label()
        ),
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

    fn status(status: u16, message: &str) -> ServerError {
        ServerError::Status {
            server: ServerKind::Ollama,
            status,
            message: message.to_owned(),
        }
    }

    fn failed(message: &str) -> ServerError {
        ServerError::Failed {
            server: ServerKind::Ollama,
            message: message.to_owned(),
        }
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
                ServerError::ModelMissing {
                    server: ServerKind::Ollama,
                    model: "x".into(),
                },
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
        let broken = model_error(ServerError::Incomplete, WITH_TOOLS);
        assert_eq!(broken, ModelError::Incomplete);
    }

    #[test]
    fn a_window_that_no_request_can_set_is_not_to_be_set_lower() {
        let error = ServerError::Failed {
            server: ServerKind::LlamaServer,
            message: "failed to allocate the compute buffer".to_owned(),
        };
        let ModelError::Failed(failure) = model_error(error, WITH_TOOLS) else {
            panic!("a failure is wanted");
        };
        assert_eq!(failure.code, FailureCode::OutOfMemory);
        let hint = failure.hint.unwrap_or_default();
        assert!(
            hint.contains("start llama.cpp's server") && !hint.contains("MAX_CONTEXT_TOKENS"),
            "{hint}"
        );
    }
}
