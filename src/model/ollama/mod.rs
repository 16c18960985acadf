//! Ollama over its native HTTP API; the only module that knows Ollama.
//!
//! [`OllamaClient`] sends requests and reads answers and streams; [`OllamaChat`] is a chat model,
//! and [`OllamaEmbedder`] embeds texts for the indexer. Settings are passed in: nothing here reads
//! the environment.

use std::time::Duration;

use crate::failure::{Failure, FailureCode};
use crate::network::Obstacle;

mod address;
mod blanks;
mod chat;
mod chat_line;
mod chat_wire;
mod classify_error;
mod client;
mod context_window;
mod discovery;
mod embed;
mod embedding_templates;
mod key;
mod limits;
mod lines;
mod probe;
mod probe_edits;
mod pull;
mod request_profile;
mod template;
mod wire;

pub use address::{Address, AddressError};
pub use chat::OllamaChat;
pub use client::OllamaClient;
pub use context_window::{LoadedMemory, effective_window};
pub use discovery::{InstalledModel, Suggestion, installed_chat_models, suggest};
pub use embed::OllamaEmbedder;
pub use key::ApiKey;
pub use limits::{ClientLimits, NetworkScope};
pub use lines::{LineSplitter, LineTooLong, ResponseLines};
pub use probe::ProbeReport;
pub use pull::PullProgress;
pub use wire::{
    EmbedAnswer, EmbedOptions, LoadedModel, LocalModel, ModelDetails, ModelInfo, same_model,
};

/// A chat model with tools that runs on most machines: 5 GB.
pub const FITS_MOST: &str = "qwen2.5-coder:7b";

/// What can go wrong between ollacode and Ollama.
#[derive(Debug, thiserror::Error)]
pub enum OllamaError {
    /// Nothing accepts the connection.
    #[error("Ollama is not answering at {host}")]
    NotReachable {
        /// The address, for messages.
        host: String,
        /// Whether it is this machine.
        local: bool,
        source: FirstCause,
    },
    /// No connection is possible, and retrying would not help.
    #[error("cannot connect to Ollama at {host}: {}", .obstacle.what())]
    Blocked {
        /// The address, for messages.
        host: String,
        /// The cause.
        obstacle: Obstacle,
    },
    /// The connection was lost before the answer.
    #[error("the connection to Ollama at {host} was lost")]
    ConnectionLost {
        /// The address, for messages.
        host: String,
        source: reqwest::Error,
    },
    /// The server does not have the model.
    #[error("Ollama does not have the model `{model}`")]
    ModelMissing {
        /// The model that was asked for.
        model: String,
    },
    /// The model exists, but is not an embedding model.
    #[error("`{model}` is not an embedding model")]
    NotForEmbedding {
        /// The model that was asked for.
        model: String,
    },
    /// The model exists, but is not a chat model.
    #[error("`{model}` is not a chat model")]
    NotForChat {
        /// The model that was asked for.
        model: String,
    },
    /// The request does not fit the model's window.
    #[error("the request is longer than the model's window")]
    TooLong {
        /// Tokens of the request, if the server said.
        needed: Option<u32>,
        /// Tokens of the window, if the server said.
        window: Option<u32>,
    },
    /// The server refused, with a status.
    #[error("Ollama answered {status}: {message}")]
    Status {
        status: u16,
        /// The server's message.
        message: String,
    },
    /// The server reported an error inside a stream.
    #[error("Ollama reported an error: {message}")]
    Failed {
        /// The server's message.
        message: String,
    },
    /// The answer ended early.
    #[error("Ollama's answer ended before it was complete")]
    Incomplete,
    /// The answer was too long and was stopped.
    #[error("Ollama's answer does not end: {what}")]
    Endless { what: String },
    /// The server accepted the request and then sent nothing.
    #[error("Ollama at {host} sent nothing for {} s", .limit.as_secs_f32())]
    TimedOut {
        /// The address, for messages.
        host: String,
        /// The timeout.
        limit: Duration,
    },
    /// The answer does not follow the protocol.
    #[error("Ollama's answer is not valid: {0}")]
    BadAnswer(String),
    /// The request would leave this machine, which was forbidden.
    #[error("`--offline` is set, and {what}")]
    Offline {
        /// What would leave the machine, as the end of the message.
        what: String,
    },
    /// The key cannot be sent in a header.
    #[error("the API key for Ollama has characters that a header cannot carry")]
    BadKey,
    /// The request cannot be written as JSON.
    #[error("cannot write the request to Ollama")]
    Request(#[source] serde_json::Error),
    /// The HTTP client cannot be made.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] reqwest::Error),
}

/// The innermost cause of an error: libraries wrap it several times, without saying more.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FirstCause(String);

impl FirstCause {
    fn of(mut error: &dyn std::error::Error) -> FirstCause {
        while let Some(cause) = error.source() {
            error = cause;
        }
        FirstCause(error.to_string())
    }
}

impl OllamaError {
    /// What would help, if known.
    pub fn hint(&self) -> Option<String> {
        let hint: String = match self {
            OllamaError::NotReachable { local: true, .. } => "start it with `ollama serve`".into(),
            OllamaError::NotReachable { .. } => {
                "check `OLLAMA_HOST`, and that Ollama is running there".into()
            }
            OllamaError::Blocked { obstacle, .. } => obstacle.help().into(),
            OllamaError::Endless { .. } => {
                "it was stopped; try again, and if it happens again, use another model".into()
            }
            OllamaError::ModelMissing { model } => format!("get it with `ollama pull {model}`"),
            OllamaError::NotForEmbedding { .. } => {
                "set `OLLAMA_EMBED_MODEL` to an embedding model such as `qwen3-embedding:0.6b`"
                    .into()
            }
            OllamaError::NotForChat { .. } => {
                format!("set `OLLAMA_MODEL` to a chat model such as `{FITS_MOST}`")
            }
            OllamaError::TooLong { .. } => "set `MAX_CONTEXT_TOKENS` higher".into(),
            OllamaError::Status { status, .. } => return status_hint(*status),
            OllamaError::Failed { message } if message.contains("file does not exist") => {
                "check the name at https://ollama.com/library".into()
            }
            OllamaError::TimedOut { .. } => {
                "the model may still be loading, or reading the prompt: try again, look at \
                 Ollama's log, or set `OLLAMA_TIMEOUT` higher"
                    .into()
            }
            OllamaError::BadAnswer(_) => {
                "check that `OLLAMA_HOST` is an Ollama server of a recent version".into()
            }
            OllamaError::Offline { .. } => "leave out `--offline` to allow this".into(),
            OllamaError::BadKey => "set `OLLAMA_API_KEY` again, without spaces or quotes".into(),
            OllamaError::ConnectionLost { .. } | OllamaError::Incomplete => {
                "try again; if it happens again, look at Ollama's log".into()
            }
            OllamaError::Failed { .. } | OllamaError::Request(_) | OllamaError::Setup(_) => {
                return None;
            }
        };
        Some(hint)
    }

    /// What kind of failure it is.
    pub fn code(&self) -> FailureCode {
        match self {
            OllamaError::NotReachable { .. } | OllamaError::Blocked { .. } => {
                FailureCode::ServerUnreachable
            }
            OllamaError::ConnectionLost { .. } | OllamaError::Incomplete => {
                FailureCode::AnswerIncomplete
            }
            OllamaError::ModelMissing { .. } => FailureCode::ModelMissing,
            OllamaError::NotForEmbedding { .. } | OllamaError::NotForChat { .. } => {
                FailureCode::ModelUnsuitable
            }
            OllamaError::TooLong { .. } => FailureCode::ContextTooLong,
            OllamaError::Status { status, .. } => status_code(*status),
            OllamaError::Failed { .. } => FailureCode::ModelFailed,
            OllamaError::Endless { .. } => FailureCode::ReplyEndless,
            OllamaError::TimedOut { .. } => FailureCode::ServerTimedOut,
            OllamaError::BadAnswer(_) => FailureCode::AnswerInvalid,
            OllamaError::Offline { .. } => FailureCode::Offline,
            OllamaError::BadKey => FailureCode::SettingInvalid,
            OllamaError::Request(_) | OllamaError::Setup(_) => FailureCode::Other,
        }
    }

    /// The error with its code, its message and its hint apart.
    pub fn failure(&self) -> Failure {
        Failure {
            code: self.code(),
            message: self.to_string(),
            hint: self.hint(),
        }
    }

    /// Message and hint in one line.
    pub(crate) fn with_hint(&self) -> String {
        self.failure().to_string()
    }
}

fn status_code(status: u16) -> FailureCode {
    match status {
        401 | 403 => FailureCode::NotAuthorized,
        429 | 503 => FailureCode::ServerBusy,
        502 | 504 => FailureCode::ServerUnreachable,
        500.. => FailureCode::ModelFailed,
        _ => FailureCode::ServerRefused,
    }
}

fn status_hint(status: u16) -> Option<String> {
    let hint = match status {
        300..=399 => {
            "set `OLLAMA_HOST` to the address that it redirects to: redirects are not \
                      followed"
        }
        401 => "sign in with `ollama signin`, or set `OLLAMA_API_KEY`",
        403 => "the server refuses this host name, or its cloud models are switched off",
        404 => "check that `OLLAMA_HOST` is an Ollama server of a recent version",
        429 => "the quota is used up for now",
        502 | 504 => "a proxy gets no answer from Ollama: look at Ollama's log",
        503 => "the server is busy: try again in a moment",
        _ => return None,
    };
    Some(hint.to_owned())
}
