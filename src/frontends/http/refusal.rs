//! Why a request is refused, as JSON.

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: &'static str,
    pub hint: Option<&'static str>,
    /// A header that goes with the status.
    pub header: Option<(&'static str, &'static str)>,
}

impl Refusal {
    pub const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Refusal {
        Refusal {
            status,
            code,
            message,
            hint: None,
            header: None,
        }
    }

    pub const fn with_hint(self, hint: &'static str) -> Refusal {
        Refusal {
            hint: Some(hint),
            ..self
        }
    }

    pub const fn with_header(self, name: &'static str, value: &'static str) -> Refusal {
        Refusal {
            header: Some((name, value)),
            ..self
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(hint) = self.hint {
            error["hint"] = json!(hint);
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some((name, value)) = self.header {
            let headers = response.headers_mut();
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// The refusal of a method.
pub const METHOD: Refusal = Refusal::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "this method is not allowed here",
);
