//! The guard: the rules that a request must meet before the page or the API sees it.
//!
//! Any page that the user visits can send requests to this machine, and any program on it can
//! connect. So a request must be for one of our own addresses (not for a foreign name that resolves
//! to this machine), come from our own page or from no page at all, and have the token. There are no
//! cookies and no CORS headers: a browser adds no credentials to requests of other pages, and does
//! not show them the answers.
//!
//! Each rule is a function, in the order in which they are checked; those that do not depend on what is
//! served are in `frontends/http/rules.rs`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::Server;
use crate::frontends::http::body;
use crate::frontends::http::listen::{Answers, Trust};
use crate::frontends::http::login_limit::LoginLimit;
use crate::frontends::http::refusal::{METHOD, Refusal};
use crate::frontends::http::rules::{
    check_content, check_origin, check_site, check_token, check_upgrade, own_host,
};

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

/// Who has no token learns where it is.
const TOKEN_HINT: &str = "open the address that `ollacode web` printed when it started; scripts send \
                          `Authorization: Bearer TOKEN`";

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
        let host = own_host(parts, &self.server.authorities).ok_or(WRONG_HOST)?;
        check_origin(&parts.headers, host)?;
        check_site(&parts.headers)?;
        check_method(parts)?;
        check_upgrade(&parts.headers)?;
        if parts.method == Method::POST {
            check_content(&parts.headers)?;
        }
        if is_api(parts) {
            check_token(&parts.headers, &self.server.token, &self.logins, TOKEN_HINT)?;
            trust.set();
        }
        Ok(())
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

/// The refusal of a foreign host.
const WRONG_HOST: Refusal = Refusal::new(
    StatusCode::MISDIRECTED_REQUEST,
    "wrong_host",
    "this address is not served here",
)
.with_hint("use the address that `ollacode web` printed");

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

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
