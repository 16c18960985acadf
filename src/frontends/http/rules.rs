//! The rules that a request must meet, whatever is served. Each is a function.
//!
//! Any page that the user visits can send requests to this machine, and any program on it can connect.

use std::time::Instant;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::body::{self, MOST_BYTES};
use super::login_limit::LoginLimit;
use super::refusal::Refusal;
use super::token::Token;

/// All values of a header, as they were sent.
fn values(headers: &HeaderMap, name: HeaderName) -> Vec<&[u8]> {
    let values = headers.get_all(name).iter();
    values.map(HeaderValue::as_bytes).collect()
}

/// The host, which must be one of ours as a whole: a foreign name may resolve to this machine, and its
/// page would count as the same origin.
pub fn own_host<'a>(parts: &Parts, authorities: &'a [String]) -> Option<&'a str> {
    let [given] = values(&parts.headers, header::HOST)[..] else {
        return None;
    };
    let ours = authorities
        .iter()
        .find(|ours| ours.as_bytes() == given)?
        .as_str();
    // The request line may name a host, too.
    let target = parts.uri.authority();
    let is_other = target.is_some_and(|target| target.as_str() != ours)
        || parts
            .uri
            .scheme_str()
            .is_some_and(|scheme| scheme != "http");
    (!is_other).then_some(ours)
}

/// The origin, which browsers send with most requests of a page, must be ours.
pub fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Refusal> {
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
pub fn check_site(headers: &HeaderMap) -> Result<(), Refusal> {
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

/// WebSocket is refused: browsers let every page connect to this machine with it.
pub fn check_upgrade(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.contains_key(header::UPGRADE) {
        false => Ok(()),
        true => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "no_upgrade",
            "only HTTP/1.1 is served: no WebSocket and no other upgrade",
        )),
    }
}

/// Of what is posted only JSON is accepted: a form of another page cannot send this type.
pub fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_json = |value: &[u8]| {
        let essence = value.split(|byte| *byte == b';').next();
        let essence = essence.unwrap_or_default().trim_ascii();
        essence.eq_ignore_ascii_case(b"application/json")
    };
    match values(headers, header::CONTENT_TYPE)[..] {
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
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > MOST_BYTES as u64 => Err(body::TOO_LARGE),
        _ => Ok(()),
    }
}

/// The token, which scripts and our page send as a header: no other page can. `hint` says where to find it.
pub fn check_token(
    headers: &HeaderMap,
    token: &Token,
    logins: &LoginLimit,
    hint: &'static str,
) -> Result<(), Refusal> {
    if has_token(headers, token) {
        return Ok(());
    }
    Err(if logins.count(Instant::now()) {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "the token is missing or wrong",
        )
        .with_hint(hint)
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

fn has_token(headers: &HeaderMap, token: &Token) -> bool {
    let [given] = values(headers, header::AUTHORIZATION)[..] else {
        return false;
    };
    let given = given.strip_prefix(b"Bearer ");
    let given = given.and_then(|given| std::str::from_utf8(given).ok());
    given.is_some_and(|given| token.check(given))
}
