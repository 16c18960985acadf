//! Ollama over its native HTTP API; nothing else in the project knows it.
//!
//! [`OllamaClient`] sends requests and reads answers and streams; [`OllamaChat`] is a model to
//! talk with, and [`OllamaEmbedder`] turns texts into vectors for the indexer. Settings are handed
//! in: nothing here reads the environment.

use std::time::Duration;

use crate::network::Obstacle;

mod address;
mod blanks;
mod cards;
mod chat;
mod chat_line;
mod chat_wire;
mod choose;
mod client;
mod embed;
mod key;
mod limits;
mod lines;
mod manner;
mod meaning;
mod probe;
mod pull;
mod template;
mod window;
mod wire;

pub use address::{Address, AddressError};
pub use chat::OllamaChat;
pub use choose::{InstalledModel, Suggestion, installed_chat_models, suggest};
pub use client::OllamaClient;
pub use embed::OllamaEmbedder;
pub use key::ApiKey;
pub use limits::{Limits, Reach};
pub use lines::{LineSplitter, LineTooLong, Lines};
pub use probe::ProbeReport;
pub use pull::PullProgress;
pub use window::{Loaded, effective_window};
pub use wire::{
    EmbedAnswer, EmbedOptions, LoadedModel, LocalModel, ModelDetails, ModelInfo, same_model,
};

/// A chat model with tools that runs on most machines: 5 GB.
pub const FITS_MOST: &str = "qwen2.5-coder:7b";

/// What can go wrong between ollacode and Ollama.
#[derive(Debug, thiserror::Error)]
pub enum OllamaError {
    /// Nobody takes the connection.
    #[error("Ollama is not answering at {host}")]
    NotReachable {
        /// The address as people write it.
        host: String,
        /// Whether that is this machine.
        local: bool,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// No connection can be made, and another try would not help.
    #[error("cannot connect to Ollama at {host}: {}", .obstacle.what())]
    Blocked {
        /// The address as people write it.
        host: String,
        /// What stands in the way.
        obstacle: Obstacle,
    },
    /// The connection broke before the answer was there.
    #[error("the connection to Ollama at {host} was lost")]
    ConnectionLost {
        /// The address as people write it.
        host: String,
        /// What the connection said.
        source: reqwest::Error,
    },
    /// The server does not have the model.
    #[error("Ollama does not have the model `{model}`")]
    ModelMissing {
        /// The model that was asked for.
        model: String,
    },
    /// The model is there, but is made for something else.
    #[error("`{model}` is not an embedding model")]
    NotForEmbedding {
        /// The model that was asked for.
        model: String,
    },
    /// The model is there, but nobody can talk with it.
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
        /// The server's own words.
        message: String,
    },
    /// The server reported an error inside a stream that had begun well.
    #[error("Ollama reported an error: {message}")]
    Failed {
        /// The server's own words.
        message: String,
    },
    /// The answer stopped before its end.
    #[error("Ollama's answer ended before it was complete")]
    Incomplete,
    /// The answer has grown beyond what makes sense, and was stopped.
    #[error("Ollama's answer does not end: {what}")]
    Endless { what: String },
    /// The server took the request and then was silent.
    #[error("Ollama at {host} sent nothing for {} s", .limit.as_secs_f32())]
    TimedOut {
        /// The address as people write it.
        host: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The answer is not what the protocol says.
    #[error("Ollama's answer is not valid: {0}")]
    BadAnswer(String),
    /// The request would leave this machine, which was forbidden.
    #[error("`--offline` is set, and {what}")]
    Offline {
        /// What would leave the machine, as the rest of the sentence.
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

impl OllamaError {
    /// Says what would help, if that is known.
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

    /// Message and hint as one line, for those who can carry only text.
    pub(crate) fn with_hint(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}; {hint}"),
            None => self.to_string(),
        }
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
