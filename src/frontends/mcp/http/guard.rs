//! What a request must meet before the service sees it: as for the web page, any page that the user
//! visits can send requests to this machine, and any program on it can connect.
//!
//! The service checks host and origin once more, and everything about the protocol.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::SearchServer;
use crate::frontends::http::body::{self, MOST_BYTES};
use crate::frontends::http::listen::{Answers, Trust};
use crate::frontends::http::login_limit::LoginLimit;
use crate::frontends::http::refusal::{METHOD, Refusal};
use crate::frontends::http::rules::{
    check_content, check_origin, check_site, check_token, check_upgrade, own_host,
};
use crate::frontends::http::token::Token;

/// The only path.
pub const PATH: &str = "/mcp";

/// Headers of every response.
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Who has no token learns where it is.
const TOKEN_HINT: &str = "send `Authorization: Bearer TOKEN`; `ollacode mcp --http` named the file with \
                          the token when it started";

/// JSON-RPC: the message is not JSON, or JSON and no message.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;

/// The service, behind the rules.
pub struct Guard {
    authorities: Vec<String>,
    token: Token,
    logins: LoginLimit,
    service: StreamableHttpService<SearchServer, NeverSessionManager>,
}

/// What identifies a message.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum MessageId {
    Number(i64),
    Text(String),
}

/// The only field of a message that is read here. Others are skipped without being kept.
#[derive(Debug, Deserialize)]
struct Message {
    id: Option<MessageId>,
}

impl Guard {
    /// Guards the service of a server. When `closing` is cancelled, its calls end.
    pub fn new(
        server: SearchServer,
        authorities: Vec<String>,
        token: Token,
        logins: LoginLimit,
        closing: &CancellationToken,
    ) -> Guard {
        let origins = authorities.iter().map(|host| format!("http://{host}"));
        // Without sessions: each request stands alone, in both eras of the protocol.
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(authorities.clone())
            .with_allowed_origins(origins.collect::<Vec<_>>())
            .enforce_origin_validation()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(MOST_BYTES)
            .with_cancellation_token(closing.clone());
        let sessions = Arc::new(NeverSessionManager::default());
        let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
        Guard {
            authorities,
            token,
            logins,
            service,
        }
    }

    /// All rules but those about the body. What tells nothing of the user is said to everybody on this
    /// machine, the rest needs the token.
    fn admit(&self, parts: &Parts, trust: &Trust) -> Result<(), Refusal> {
        let host = own_host(parts, &self.authorities).ok_or(WRONG_HOST)?;
        check_origin(&parts.headers, host)?;
        check_site(&parts.headers)?;
        check_upgrade(&parts.headers)?;
        if parts.uri.path() != PATH {
            return Err(NOT_FOUND);
        }
        if parts.method != Method::POST {
            return Err(METHOD.with_header("allow", "POST"));
        }
        check_token(&parts.headers, &self.token, &self.logins, TOKEN_HINT)?;
        trust.set();
        check_content(&parts.headers)
    }

    /// Passes a request on, with its body, within the limits of size and time.
    async fn pass(&self, parts: Parts, body: Incoming) -> Response {
        let body = match body::read(Body::new(body).into_data_stream()).await {
            Ok(body) => Bytes::from(body),
            Err(refusal) => return refused(refusal),
        };
        let id = match read_id(&body) {
            Ok(id) => id,
            Err((code, problem)) => return failed(code, &problem, None),
        };
        let request = Request::from_parts(parts, Body::from(body));
        let response = self.service.handle(request).await;
        // The content type was checked: the crate says so, too, of JSON that is no message.
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            return failed(INVALID_REQUEST, "this is no message of the protocol", id);
        }
        response.map(Body::new)
    }
}

impl Answers for Guard {
    /// What the service answers, or why the request is refused.
    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        trust: &'a Trust,
    ) -> BoxFuture<'a, Response> {
        async move {
            let (parts, body) = request.into_parts();
            let response = match self.admit(&parts, trust) {
                Ok(()) => self.pass(parts, body).await,
                Err(refusal) => refused(refusal),
            };
            with_headers(response)
        }
        .boxed()
    }
}

/// The identity of a message, if it has one; otherwise the code of an error and what is wrong.
fn read_id(body: &[u8]) -> Result<Option<MessageId>, (i32, String)> {
    let read = serde_json::from_slice::<Message>(body);
    read.map(|message| message.id).map_err(|error| {
        if error.is_data() {
            let problem = "this is no message of the protocol; a request has one, not several";
            (INVALID_REQUEST, problem.to_owned())
        } else {
            (PARSE_ERROR, format!("this is not JSON: {error}"))
        }
    })
}

/// An error of JSON-RPC with status 400.
fn failed(code: i32, message: &str, id: Option<MessageId>) -> Response {
    let error = json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": code, "message": message },
    });
    (StatusCode::BAD_REQUEST, Json(error)).into_response()
}

/// A refusal as an error of JSON-RPC: that is what clients show to people.
fn refused(refusal: Refusal) -> Response {
    let message = match refusal.hint {
        Some(hint) => format!("{}: {hint}", refusal.message),
        None => refusal.message.to_owned(),
    };
    let mut response = failed(INVALID_REQUEST, &message, None);
    *response.status_mut() = refusal.status;
    if let Some((name, value)) = refusal.header {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const WRONG_HOST: Refusal = Refusal::new(
    StatusCode::FORBIDDEN,
    "wrong_host",
    "this address is not served here",
)
.with_hint("use the address that `ollacode mcp --http` printed");

const NOT_FOUND: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "there is nothing at this address",
)
.with_hint("the path is `/mcp`");

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_of_a_message_is_read_and_nothing_else_of_it() {
        let id = |text: &str| read_id(text.as_bytes()).map_err(|(code, _)| code);
        assert_eq!(id(r#"{"id":7}"#), Ok(Some(MessageId::Number(7))));
        let text = Some(MessageId::Text("a".to_owned()));
        assert_eq!(id(r#"{"method":"x","id":"a","params":[{}]}"#), Ok(text));
        assert_eq!(id(r#"{"id":null}"#), Ok(None));
        assert_eq!(id("{}"), Ok(None));
        for wrong in ["", "{", "[", "{} {}", "\u{feff}{}", "{'id':1}"] {
            assert_eq!(id(wrong), Err(PARSE_ERROR), "{wrong}");
        }
        for wrong in [
            "[]",
            "7",
            "null",
            r#"{"id":true}"#,
            r#"{"id":1.5}"#,
            r#"{"id":1,"id":2}"#,
            r#"[{"id":1}]"#,
        ] {
            assert_eq!(id(wrong), Err(INVALID_REQUEST), "{wrong}");
        }
    }
}
