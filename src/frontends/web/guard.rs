//! The guard: the rules that a request must meet before the page or the API sees it.
//!
//! Any page that the user visits can send requests to this machine, and any program on it can
//! connect. So a request must be for one of our own addresses (not for a foreign name that resolves
//! to this machine), come from our own page or from no page at all, and have the token. There are no
//! cookies and no CORS headers: a browser adds no credentials to requests of other pages, and does
//! not show them the answers.
//!
//! Each rule is a function, in the order in which they are checked.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::Server;
use crate::frontends::http::body::{self, MOST_BYTES};
use crate::frontends::http::listen::{Answers, Trust};
use crate::frontends::http::login_limit::LoginLimit;
use crate::frontends::http::refusal::Refusal;
use crate::frontends::http::token::Token;

/// The path below which everything needs the token.
const API: &str = "/api";

/// Headers of every response. The page runs only its own scripts, cannot turn text into markup, and
/// cannot be embedded in another page.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

pub struct Guard {
    server: Arc<Server>,
    page: TowerToHyperService<Router>,
    api: TowerToHyperService<Router>,
    logins: LoginLimit,
}

impl Guard {
    /// Guards the page, and the routes below `/api`.
    pub fn new(server: Arc<Server>, page: Router, api: Router, logins: LoginLimit) -> Guard {
        Guard {
            server,
            page: TowerToHyperService::new(page),
            api: TowerToHyperService::new(api),
            logins,
        }
    }

    /// All rules but those about the body.
    fn admit(&self, parts: &Parts, trust: &Trust) -> Result<(), Refusal> {
        let host = check_host(parts, &self.server.authorities)?;
        check_origin(&parts.headers, host)?;
        check_site(&parts.headers)?;
        check_method(parts)?;
        check_upgrade(&parts.headers)?;
        check_content(parts)?;
        if is_api(parts) {
            self.check_token(&parts.headers)?;
            trust.set();
        }
        Ok(())
    }

    /// The token, which scripts and our page send as a header: no other page can.
    fn check_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if has_token(headers, &self.server.token) {
            return Ok(());
        }
        Err(if self.logins.count(Instant::now()) {
            Refusal::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "the token is missing or wrong",
            )
            .with_hint(
                "open the address that `ollacode web` printed when it started; scripts send \
                 `Authorization: Bearer TOKEN`",
            )
            .with_header("www-authenticate", "Bearer")
        } else {
            Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_failures",
                "too many requests without the right token",
            )
            .with_hint("wait a minute, or use the right token")
            .with_header("retry-after", "60")
        })
    }

    /// Passes a request on, with its body. The same test of the path chooses the router and demands the
    /// token, so no request without it reaches the API.
    async fn pass(&self, parts: Parts, body: Incoming) -> Response {
        let body = match parts.method {
            Method::POST => match body::read(Body::new(body).into_data_stream()).await {
                Ok(body) => Body::from(body),
                Err(refusal) => return refusal.into_response(),
            },
            _ => Body::empty(),
        };
        let routes = match is_api(&parts) {
            true => &self.api,
            false => &self.page,
        };
        let Ok(response) = routes.call(Request::from_parts(parts, body)).await;
        response
    }
}

impl Answers for Guard {
    /// What the page or the API answers, or why the request is refused.
    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        trust: &'a Trust,
    ) -> BoxFuture<'a, Response> {
        async move {
            let (parts, body) = request.into_parts();
            let response = match self.admit(&parts, trust) {
                Ok(()) => self.pass(parts, body).await,
                Err(refusal) => refusal.into_response(),
            };
            with_headers(response)
        }
        .boxed()
    }
}

fn is_api(parts: &Parts) -> bool {
    let below = parts.uri.path().strip_prefix(API);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// All values of a header, as they were sent.
fn values(headers: &HeaderMap, name: HeaderName) -> Vec<&[u8]> {
    let values = headers.get_all(name).iter();
    values.map(HeaderValue::as_bytes).collect()
}

/// The host must be one of ours, as a whole: a foreign name may resolve to this machine, and its page
/// would count as the same origin. Returns the host.
fn check_host<'a>(parts: &Parts, authorities: &'a [String]) -> Result<&'a str, Refusal> {
    let refusal = Refusal::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        "this address is not served here",
    )
    .with_hint("use the address that `ollacode web` printed");
    let [given] = values(&parts.headers, header::HOST)[..] else {
        return Err(refusal);
    };
    let ours = authorities.iter().find(|ours| ours.as_bytes() == given);
    let ours = ours.ok_or(refusal)?.as_str();
    // The request line may name a host, too.
    let target = parts.uri.authority();
    let is_other = target.is_some_and(|target| target.as_str() != ours)
        || parts
            .uri
            .scheme_str()
            .is_some_and(|scheme| scheme != "http");
    if is_other { Err(refusal) } else { Ok(ours) }
}

/// The origin, which browsers send with most requests of a page, must be ours.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
    match values(headers, header::ORIGIN)[..] {
        [] => Ok(()),
        [origin] if origin.strip_prefix(b"http://") == Some(host.as_bytes()) => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "requests of other pages are refused",
        )),
    }
}

/// Browsers also say whether a request comes from another site, even where they send no origin. It is
/// `none` for an address that the user enters.
fn check_site(headers: &HeaderMap) -> Result<(), Refusal> {
    match values(headers, HeaderName::from_static("sec-fetch-site"))[..] {
        [] | [b"same-origin"] | [b"none"] => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign_site",
            "requests of other sites are refused",
        )
        .with_hint("enter the address yourself instead of following a link")),
    }
}

/// `OPTIONS` is refused: it asks whether another page may send a request. So is a post outside of the
/// API: without the token, no body is read.
fn check_method(parts: &Parts) -> Result<(), Refusal> {
    let allowed = match is_api(parts) {
        true => "GET, POST",
        false => "GET",
    };
    match parts.method {
        Method::GET => Ok(()),
        Method::POST if is_api(parts) => Ok(()),
        _ => Err(METHOD.with_header("allow", allowed)),
    }
}

/// The refusal of a method.
pub const METHOD: Refusal = Refusal::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "this method is not allowed here",
);

/// WebSocket is refused: browsers let every page connect to this machine with it.
fn check_upgrade(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.contains_key(header::UPGRADE) {
        false => Ok(()),
        true => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "no_upgrade",
            "only HTTP/1.1 is served: no WebSocket and no other upgrade",
        )),
    }
}

/// Only JSON is accepted: a form of another page cannot send this type.
fn check_content(parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        return Ok(());
    }
    let is_json = |value: &[u8]| {
        let essence = value.split(|byte| *byte == b';').next();
        let essence = essence.unwrap_or_default().trim_ascii();
        essence.eq_ignore_ascii_case(b"application/json")
    };
    match values(&parts.headers, header::CONTENT_TYPE)[..] {
        [value] if is_json(value) => {}
        _ => {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "the body must be JSON",
            )
            .with_hint("send `Content-Type: application/json`"));
        }
    }
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > MOST_BYTES as u64 => Err(body::TOO_LARGE),
        _ => Ok(()),
    }
}

fn has_token(headers: &HeaderMap, token: &Token) -> bool {
    let [given] = values(headers, header::AUTHORIZATION)[..] else {
        return false;
    };
    let given = given.strip_prefix(b"Bearer ");
    let given = given.and_then(|given| std::str::from_utf8(given).ok());
    given.is_some_and(|given| token.check(given))
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
