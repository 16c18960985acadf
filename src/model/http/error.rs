//! What can go wrong between ollacode and a server, with messages and hints.

use std::time::Duration;

use super::ServerKind;
use crate::failure::{Failure, FailureCode};
use crate::model::ollama::FITS_MOST;
use crate::network::Obstacle;

/// What can go wrong between ollacode and a server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Nothing accepts the connection.
    #[error("{} is not answering at {host}", .server.label())]
    NotReachable {
        server: ServerKind,
        /// The address, for messages.
        host: String,
        /// Whether it is this machine.
        local: bool,
        source: FirstCause,
    },
    /// No connection is possible, and retrying would not help.
    #[error("cannot connect to {} at {host}: {}", .server.label(), .obstacle.what())]
    Blocked {
        server: ServerKind,
        /// The address, for messages.
        host: String,
        /// The cause.
        obstacle: Obstacle,
    },
    /// The connection was lost before the answer.
    #[error("the connection to {} at {host} was lost", .server.label())]
    ConnectionLost {
        server: ServerKind,
        /// The address, for messages.
        host: String,
        source: reqwest::Error,
    },
    /// The server does not have the model.
    #[error("{} does not have the model `{model}`", .server.label())]
    ModelMissing {
        server: ServerKind,
        /// The model that was asked for.
        model: String,
    },
    /// The model exists, but is not an embedding model.
    #[error("`{model}` is not an embedding model")]
    NotForEmbedding {
        server: ServerKind,
        /// The model that was asked for.
        model: String,
    },
    /// The model exists, but is not a chat model.
    #[error("`{model}` is not a chat model")]
    NotForChat {
        server: ServerKind,
        /// The model that was asked for.
        model: String,
    },
    /// The server has no such model for embeddings, and is none that could get it.
    #[error("{} has no embedding model `{model}`", .server.label())]
    NoEmbeddings {
        server: ServerKind,
        /// The model that was asked for.
        model: String,
    },
    /// The server does not download models.
    #[error("{} does not download models when it is asked to", .server.label())]
    CannotPull { server: ServerKind },
    /// The request does not fit the model's window.
    #[error("the request is longer than the model's window")]
    TooLong {
        /// Tokens of the request, if the server said.
        needed: Option<u32>,
        /// Tokens of the window, if the server said.
        window: Option<u32>,
    },
    /// The server refused, with a status.
    #[error("{} answered {status}: {message}", .server.label())]
    Status {
        server: ServerKind,
        status: u16,
        /// The server's message.
        message: String,
    },
    /// The server reported an error inside a stream.
    #[error("{} reported an error: {message}", .server.label())]
    Failed {
        server: ServerKind,
        /// The server's message.
        message: String,
    },
    /// The answer ended early.
    #[error("the server's answer ended before it was complete")]
    Incomplete,
    /// The answer was too long and was stopped.
    #[error("the server's answer does not end: {what}")]
    Endless { what: String },
    /// The server accepted the request and then sent nothing.
    #[error("{} at {host} sent nothing for {} s", .server.label(), .limit.as_secs_f32())]
    TimedOut {
        server: ServerKind,
        /// The address, for messages.
        host: String,
        /// The timeout.
        limit: Duration,
    },
    /// The answer does not follow the protocol.
    #[error("the answer of {} is not valid: {what}", .server.label())]
    BadAnswer {
        server: ServerKind,
        /// What is wrong with it.
        what: String,
    },
    /// The request would leave this machine, which was forbidden.
    #[error("`--offline` is set, and {what}")]
    Offline {
        /// What would leave the machine, as the end of the message.
        what: String,
    },
    /// The key cannot be sent in a header.
    #[error("the API key has characters that a header cannot carry")]
    BadKey,
    /// The request cannot be written as JSON.
    #[error("cannot write the request to the server")]
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
    pub(super) fn of(mut error: &dyn std::error::Error) -> FirstCause {
        while let Some(cause) = error.source() {
            error = cause;
        }
        FirstCause(error.to_string())
    }
}

impl ServerError {
    /// What would help, if known.
    pub fn hint(&self) -> Option<String> {
        let hint: String = match self {
            ServerError::NotReachable { server, local, .. } => not_reachable_hint(*server, *local),
            ServerError::Blocked { obstacle, .. } => obstacle.help().into(),
            ServerError::Endless { .. } => {
                "it was stopped; try again, and if it happens again, use another model".into()
            }
            ServerError::ModelMissing { server, model } => match server {
                ServerKind::Ollama => format!("get it with `ollama pull {model}`"),
                _ => "`ollacode doctor` lists the models that it has".into(),
            },
            ServerError::NotForEmbedding { server, .. } => match server {
                ServerKind::Ollama => "set `OLLAMA_EMBED_MODEL` to an embedding model such as \
                                       `qwen3-embedding:0.6b`"
                    .into(),
                _ => NO_EMBEDDINGS.into(),
            },
            ServerError::NotForChat { server, .. } => match server {
                ServerKind::Ollama => {
                    format!("set `OLLAMA_MODEL` to a chat model such as `{FITS_MOST}`")
                }
                _ => "set `OLLAMA_MODEL` to a chat model that the server has".into(),
            },
            ServerError::NoEmbeddings { .. } => NO_EMBEDDINGS.into(),
            ServerError::CannotPull { .. } => {
                "get the model in the way of that server, and start or load it there".into()
            }
            ServerError::TooLong { .. } => "set `MAX_CONTEXT_TOKENS` higher".into(),
            ServerError::Status { server, status, .. } => return status_hint(*server, *status),
            ServerError::Failed { message, .. } if message.contains("file does not exist") => {
                "check the name at https://ollama.com/library".into()
            }
            ServerError::TimedOut { server, .. } => format!(
                "the model may still be loading, or reading the prompt: try again, look at the \
                 log of {}, or set `OLLAMA_TIMEOUT` higher",
                server.label()
            ),
            ServerError::BadAnswer { server, .. } => wrong_server_hint(*server),
            ServerError::Offline { .. } => "leave out `--offline` to allow this".into(),
            ServerError::BadKey => "set the key again, without spaces or quotes".into(),
            ServerError::ConnectionLost { .. } | ServerError::Incomplete => {
                "try again; if it happens again, look at the server's log".into()
            }
            ServerError::Failed { .. } | ServerError::Request(_) | ServerError::Setup(_) => {
                return None;
            }
        };
        Some(hint)
    }

    /// What kind of failure it is.
    pub fn code(&self) -> FailureCode {
        match self {
            ServerError::NotReachable { .. } | ServerError::Blocked { .. } => {
                FailureCode::ServerUnreachable
            }
            ServerError::ConnectionLost { .. } | ServerError::Incomplete => {
                FailureCode::AnswerIncomplete
            }
            ServerError::ModelMissing { .. } | ServerError::NoEmbeddings { .. } => {
                FailureCode::ModelMissing
            }
            ServerError::CannotPull { .. } => FailureCode::ServerRefused,
            ServerError::NotForEmbedding { .. } | ServerError::NotForChat { .. } => {
                FailureCode::ModelUnsuitable
            }
            ServerError::TooLong { .. } => FailureCode::ContextTooLong,
            ServerError::Status { status, .. } => status_code(*status),
            ServerError::Failed { .. } => FailureCode::ModelFailed,
            ServerError::Endless { .. } => FailureCode::ReplyEndless,
            ServerError::TimedOut { .. } => FailureCode::ServerTimedOut,
            ServerError::BadAnswer { .. } => FailureCode::AnswerInvalid,
            ServerError::Offline { .. } => FailureCode::Offline,
            ServerError::BadKey => FailureCode::SettingInvalid,
            ServerError::Request(_) | ServerError::Setup(_) => FailureCode::Other,
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

/// What helps where a server does not embed.
const NO_EMBEDDINGS: &str = "set `OLLAMA_EMBED_MODEL` to an embedding model that it serves, or let \
                             an Ollama beside it embed (two tables `[[server]]` in config.toml: \
                             this one with `roles = [\"chat\"]`, Ollama with `roles = [\"embed\"]`)";

/// The ports that servers have by themselves.
const USUAL_PORTS: &str = "llama.cpp 8080 or 9931, LM Studio 1234, vLLM 8000, Ollama 11434";

fn not_reachable_hint(server: ServerKind, is_local: bool) -> String {
    match server {
        ServerKind::Ollama if is_local => "start it with `ollama serve`".to_owned(),
        ServerKind::Ollama => "check `OLLAMA_HOST`, and that Ollama is running there".to_owned(),
        other => format!(
            "check `{}`, and that the server is running there; the usual ports are {USUAL_PORTS}",
            other.address_setting()
        ),
    }
}

fn wrong_server_hint(server: ServerKind) -> String {
    match server {
        ServerKind::Ollama => {
            "check that `OLLAMA_HOST` is an Ollama server of a recent version".to_owned()
        }
        other => format!(
            "check that `{}` is a server with OpenAI's `/v1`, of a recent version",
            other.address_setting()
        ),
    }
}

fn status_hint(server: ServerKind, status: u16) -> Option<String> {
    let is_ollama = server == ServerKind::Ollama;
    let hint = match status {
        300..=399 => format!(
            "set `{}` to the address that it redirects to: redirects are not followed",
            server.address_setting()
        ),
        401 if is_ollama => "sign in with `ollama signin`, or set `OLLAMA_API_KEY`".to_owned(),
        401 => "the server wants another key than it was given".to_owned(),
        403 if is_ollama => {
            "the server refuses this host name, or its cloud models are switched off".to_owned()
        }
        403 => "the server does not allow this with the key that it was given".to_owned(),
        404 => wrong_server_hint(server),
        429 => "the quota is used up for now".to_owned(),
        502 | 504 => format!(
            "a proxy gets no answer from {}: look at its log",
            server.label()
        ),
        503 => "the server is busy: try again in a moment".to_owned(),
        _ => return None,
    };
    Some(hint)
}
