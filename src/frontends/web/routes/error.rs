//! Refusals as JSON: a status, a code for programs, a sentence for people and a hint.

use anyhow::Error;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::room::{RoomGone, TooManyRooms};
use crate::failure::{Failure, FailureCode};
use crate::frontends::failure::failure;
use crate::visible::escape_hidden;

#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            code,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> ApiError {
        ApiError {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn conflict(code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::CONFLICT, code, message)
    }

    /// A turn is running.
    pub fn busy() -> ApiError {
        let message = "a turn is running: wait until it ends, or stop it first";
        ApiError::conflict("busy", message)
    }

    /// A task of ours panicked.
    pub fn lost() -> ApiError {
        let message = "something went wrong inside ollacode";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "other", message)
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> ApiError {
        let status = match failure.code {
            FailureCode::SessionNotFound => StatusCode::NOT_FOUND,
            FailureCode::SessionInUse | FailureCode::IndexBusy => StatusCode::CONFLICT,
            FailureCode::ServerUnreachable
            | FailureCode::ServerTimedOut
            | FailureCode::ServerRefused
            | FailureCode::ServerBusy
            | FailureCode::NotAuthorized
            | FailureCode::AnswerInvalid
            | FailureCode::AnswerIncomplete
            | FailureCode::Offline
            | FailureCode::ModelMissing
            | FailureCode::ModelUnsuitable
            | FailureCode::ModelFailed
            | FailureCode::OutOfMemory
            | FailureCode::SessionUnreadable
            | FailureCode::SessionNotWritten
            | FailureCode::IndexFailed => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        ApiError {
            status,
            code: failure.code.name(),
            message: failure.message,
            hint: failure.hint,
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        failure(&error).into()
    }
}

impl From<RoomGone> for ApiError {
    fn from(_: RoomGone) -> ApiError {
        let message = "this conversation has ended here";
        let error = ApiError::new(StatusCode::NOT_FOUND, "conversation_not_found", message);
        error.with_hint("open its session again")
    }
}

impl From<TooManyRooms> for ApiError {
    fn from(_: TooManyRooms) -> ApiError {
        let message = "too many conversations are running";
        let code = "too_many_conversations";
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, code, message);
        error.with_hint("wait until one ends, or stop one")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.code,
            "message": escape_hidden(&self.message),
        });
        if let Some(hint) = &self.hint {
            error["hint"] = json!(escape_hidden(hint));
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{SessionError, SessionId};

    #[test]
    fn a_failure_has_the_status_of_its_cause() {
        let id = SessionId::parse("20261121-143005-k3x9").expect("an id");
        for (error, status, code) in [
            (
                SessionError::NotFound("x".to_owned()).into(),
                404,
                "session_not_found",
            ),
            (SessionError::InUse(id).into(), 409, "session_in_use"),
            (anyhow::anyhow!("unknown mode"), 400, "other"),
        ] {
            let error = ApiError::from(error);
            assert_eq!((error.status.as_u16(), error.code), (status, code));
        }
    }
}
