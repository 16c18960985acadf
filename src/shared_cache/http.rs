//! The requests of object stores, over our own HTTP client.
//!
//! Where they may go is judged for each request: a token of a cloud is fetched from other hosts than the
//! objects.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use jiff::{SignedDuration, Timestamp};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use parking_lot::Mutex;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::open::may_be_plain;
use crate::model::http::NetworkScope;
use crate::network::is_this_machine;

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time without a byte.
const SILENCE: Duration = Duration::from_secs(20);
/// Longest time of a request as a whole: 8 MB at 70 KB/s.
const WHOLE: Duration = Duration::from_secs(120);
/// Most bytes of an answer: packs have at most 8 MB, and pages of a listing at most 1,000 names.
const MOST_BYTES: u64 = 32 << 20;
/// Most bytes of an answer that reports an error.
const MOST_OF_ERROR: u64 = 64 << 10;
/// Most characters of an error that are repeated.
const SHOWN_OF_ERROR: usize = 200;

/// Sends requests, and notes the clocks of servers. Clones share their connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    /// For this machine and the metadata services of clouds, without a proxy.
    direct: reqwest::Client,
    elsewhere: reqwest::Client,
    scope: NetworkScope,
    /// Whether vectors may be sent without encryption.
    allows_plain: bool,
    clock: Arc<Mutex<Option<SignedDuration>>>,
}

/// Why a request is not sent, or its answer not read.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0} is not this machine, and `--offline` is set")]
    Offline(String),
    #[error("{0} would be called without encryption")]
    NotEncrypted(String),
    #[error("the answer has more than {0} bytes")]
    TooLong(u64),
}

impl Connector {
    pub fn new(scope: NetworkScope, allows_plain: bool) -> Result<Connector, reqwest::Error> {
        // The name is pinned: no name server decides what this machine is.
        let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let here = here.map(|ip| SocketAddr::new(ip, 0));
        let direct = client().no_proxy().resolve_to_addrs("localhost", &here);
        Ok(Connector {
            direct: direct.build()?,
            elsewhere: client().build()?,
            scope,
            allows_plain,
            clock: Arc::default(),
        })
    }

    /// How far the clock of the last server that answered is ahead of ours; `None` if none did.
    pub fn clock_difference(&self) -> Option<SignedDuration> {
        *self.clock.lock()
    }

    /// The client for an address, if it may be called.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, Refusal> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        if is_this_machine(url) {
            return Ok(&self.direct);
        }
        if self.scope == NetworkScope::LoopbackOnly {
            return Err(Refusal::Offline(host()));
        }
        let is_metadata = matches!(url.host(), Some(Host::Ipv4(ip)) if ip.is_link_local());
        if is_metadata {
            return Ok(&self.direct);
        }
        if !self.allows_plain && !may_be_plain(url) {
            return Err(Refusal::NotEncrypted(host()));
        }
        Ok(&self.elsewhere)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let unusable = |error| HttpError::new(HttpErrorKind::Unknown, error);
        let url = Url::parse(&parts.uri.to_string()).map_err(unusable)?;
        let client = self.client_for(&url);
        let client = client.map_err(|refusal| HttpError::new(HttpErrorKind::Unknown, refusal))?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(match body.as_bytes() {
            Some(bytes) => bytes.clone().into(),
            None => reqwest::Body::wrap(body),
        });
        let response = client.execute(request).await.map_err(failure)?;
        self.note_clock(response.headers());
        let response: hyper::Response<reqwest::Body> = response.into();
        let (parts, body) = response.into_parts();
        // A redirect, too: it is not followed, and its text would be part of an error.
        let is_error = !parts.status.is_success();
        let body = HttpResponseBody::new(BoundedBody {
            body,
            left: if is_error { MOST_OF_ERROR } else { MOST_BYTES },
        });
        if !is_error {
            return Ok(HttpResponse::from_parts(parts, body));
        }
        let mut parts = parts;
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.remove(CONTENT_TYPE);
        let said = body.bytes().await.unwrap_or_default();
        let said = error_words(&String::from_utf8_lossy(&said));
        Ok(HttpResponse::from_parts(parts, said.into()))
    }

    fn note_clock(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let theirs = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(theirs) = theirs {
            let difference = theirs.timestamp().duration_since(Timestamp::now());
            *self.clock.lock() = Some(difference);
        }
    }
}

/// Redirects are not followed, since they could send vectors and credentials elsewhere.
fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .timeout(WHOLE)
        .user_agent(concat!("ollacode/", env!("CARGO_PKG_VERSION")))
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Connector {
    // As `async_trait` writes it, a macro that is not a dependency of ours.
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> BoxFuture<'async_trait, Result<HttpResponse, HttpError>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.send(request))
    }
}

/// The kind of a failure decides whether the request is repeated.
fn failure(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if was_closed(&error) {
        HttpErrorKind::Interrupted
    } else {
        HttpErrorKind::Unknown
    };
    // The address is shown by whoever reports the error.
    HttpError::new(kind, error.without_url())
}

/// Whether the connection ended before the answer did.
fn was_closed(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_closed() || error.is_incomplete_message() || error.is_canceled();
        }
        cause = error.source();
    }
    error.is_body()
}

/// What a service says about an error, without what it says about the credentials.
///
/// S3 repeats the id of the key, and what was signed.
fn error_words(body: &str) -> String {
    let code = after(body, "<Code>").and_then(|rest| rest.split_once("</Code>"));
    let code = code.or_else(|| {
        let rest = after(body, "\"error\":")?.trim_start();
        rest.strip_prefix('"')?.split_once('"')
    });
    let code = code.map_or("", |(code, _)| code.trim());
    let is_plain = |sign: &char| !sign.is_control();
    code.chars().filter(is_plain).take(SHOWN_OF_ERROR).collect()
}

/// What stands behind some words.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words).map(|(_, rest)| rest)
}

/// A body that ends with an error where it is longer than allowed.
struct BoundedBody {
    body: reqwest::Body,
    left: u64,
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(failure(error)))),
            Some(Ok(frame)) => frame,
        };
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => {
                let error = HttpError::new(HttpErrorKind::Decode, Refusal::TooLong(MOST_BYTES));
                return Poll::Ready(Some(Err(error)));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
