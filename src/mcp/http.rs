//! Servers at an address: the protocol over HTTP, with the client that the program has.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::common::client_side_sse::{BoxedSseResponse, SseRetryPolicy};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
    StreamableHttpError, StreamableHttpPostResponse,
};
use url::Url;

use super::message::{LARGEST, read_message};
use super::screen::Screen;
use super::sse::events;
use crate::network::Obstacle;
use crate::text::with_causes;

/// Time for connecting.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Most redirects within a host.
const MOST_REDIRECTS: usize = 3;
/// Most bytes of an answer that says what went wrong.
const LARGEST_ERROR: usize = 64 << 10;
/// Longest number of a session, in bytes.
const LONGEST_SESSION: usize = 1_000;

const SESSION: &str = "Mcp-Session-Id";
const LAST_EVENT: &str = "Last-Event-Id";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const BOTH: &str = "application/json, text/event-stream";

/// A connection to a server at an address.
pub(super) type HttpTransport = StreamableHttpClientTransport<HttpClient>;

/// What goes wrong with a request.
type Failure = StreamableHttpError<HttpProblem>;

/// Why a server at an address did not answer as the protocol has it.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpProblem {
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    /// The status.
    #[error(
        "it answered with status {0}: a header of `header_env` is missing, or its value is wrong"
    )]
    Denied(u16),
    /// Where to.
    #[error("it redirects to {0}, which is not followed: write that address into config.toml")]
    Redirected(String),
    /// The status.
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer is too large")]
    TooLarge,
    #[error("its answer is neither JSON nor a stream of events, but `{0}`")]
    Kind(String),
    #[error("its answer cannot be understood: is this the address of an MCP server?")]
    Strange,
}

impl HttpProblem {
    /// What happened, and what helps, as the end of a sentence.
    pub fn words(&self) -> String {
        if let HttpProblem::Request(error) = self
            && let Some(obstacle) = Obstacle::of(error)
        {
            return format!("{}: {}", obstacle.what(), obstacle.help());
        }
        with_causes(self)
    }
}

impl From<HttpProblem> for Failure {
    fn from(problem: HttpProblem) -> Failure {
        StreamableHttpError::Client(problem)
    }
}

/// Sends requests to one server.
#[derive(Clone)]
pub(super) struct HttpClient {
    http: reqwest::Client,
    screen: Arc<Screen>,
}

/// How often a stream that broke off is opened again.
#[derive(Debug)]
struct FewRetries;

impl SseRetryPolicy for FewRetries {
    fn retry(&self, tries: usize) -> Option<Duration> {
        (tries < 3).then_some(Duration::from_secs(1))
    }
}

/// A connection that sends the headers whose values the variables hold. Nothing is sent yet.
pub(super) fn transport(
    url: &Url,
    is_local: bool,
    header_env: &BTreeMap<String, String>,
    variables: &BTreeMap<String, OsString>,
    screen: Arc<Screen>,
) -> Result<HttpTransport, String> {
    let headers = headers(header_env, variables)?;
    let client = HttpClient {
        http: client(is_local).map_err(|error| error.to_string())?,
        screen,
    };
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    let mut config = config
        .custom_headers(headers)
        .max_sse_event_size(LARGEST)
        .max_json_response_size(LARGEST)
        .max_error_response_size(LARGEST_ERROR);
    config.retry_config = Arc::new(FewRetries);
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

fn client(is_local: bool) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .redirect(within_the_host())
        .connect_timeout(CONNECT_LIMIT)
        .user_agent(concat!("ollacode/", env!("CARGO_PKG_VERSION")));
    if is_local {
        // The name is pinned: no name server decides what this machine is.
        let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let here = here.map(|ip| SocketAddr::new(ip, 0));
        builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
    }
    builder.build()
}

/// Follows a redirect that repeats the request at the same host and port: elsewhere, the headers and
/// what is asked are nobody's business.
fn within_the_host() -> Policy {
    Policy::custom(|attempt| {
        let first = attempt.previous().first();
        let is_same = first.is_some_and(|first| first.origin() == attempt.url().origin());
        let repeats = matches!(attempt.status().as_u16(), 307 | 308);
        if is_same && repeats && attempt.previous().len() <= MOST_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

fn headers(
    header_env: &BTreeMap<String, String>,
    variables: &BTreeMap<String, OsString>,
) -> Result<HashMap<HeaderName, HeaderValue>, String> {
    let header = |(name, variable): (&String, &String)| {
        let value = variables.get(variable);
        let value = value.ok_or_else(|| {
            format!(
                "the environment variable `{variable}`, which its header `{name}` needs, is not set"
            )
        })?;
        let wrong = || format!("the value of `{variable}` cannot be a header");
        let value = value.to_str().ok_or_else(wrong)?.trim();
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        let name = HeaderName::from_bytes(name.as_bytes());
        let name = name.map_err(|_| format!("`{variable}` belongs to no valid header"))?;
        Ok((name, value))
    };
    header_env.iter().map(header).collect()
}

impl HttpClient {
    async fn send(
        &self,
        request: RequestBuilder,
        session: Option<Arc<str>>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Response, HttpProblem> {
        let headers: HeaderMap = headers.into_iter().collect();
        let mut request = request.headers(headers);
        if let Some(session) = session {
            request = request.header(SESSION, session.as_ref());
        }
        let sent = request.send().await;
        sent.map_err(|error| HttpProblem::Request(error.without_url()))
    }

    /// Reads an answer with a status that says that something is wrong.
    async fn refused(
        &self,
        response: Response,
        message: &ClientJsonRpcMessage,
        had_session: bool,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(HttpProblem::Denied(status.as_u16()).into());
        }
        if status.is_redirection() {
            return Err(HttpProblem::Redirected(target(&response)).into());
        }
        if status == StatusCode::NOT_FOUND && had_session {
            return Err(StreamableHttpError::SessionExpired);
        }
        let ClientJsonRpcMessage::Request(request) = message else {
            return Err(HttpProblem::Status(status.as_u16()).into());
        };
        let body = body(response, LARGEST_ERROR).await.unwrap_or_default();
        let error = match serde_json::from_slice::<ServerJsonRpcMessage>(&body) {
            Ok(JsonRpcMessage::Error(error)) => error.error,
            // A server of the older kind does not know the first request, and says so in its own way.
            _ if matches!(request.request, ClientRequest::DiscoverRequest(_)) => {
                ErrorData::invalid_request(format!("status {status}"), None)
            }
            _ => return Err(HttpProblem::Status(status.as_u16()).into()),
        };
        Ok(answered(error, request.id.clone()))
    }
}

/// An error as the answer to a request, whatever number the server gave it.
fn answered(error: ErrorData, id: RequestId) -> StreamableHttpPostResponse {
    let message = ServerJsonRpcMessage::error(error, Some(id));
    StreamableHttpPostResponse::Json(message, None)
}

impl StreamableHttpClient for HttpClient {
    type Error = HttpProblem;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let had_session = session_id.is_some();
        let request = self.http.post(uri.as_ref()).header(ACCEPT, BOTH);
        let request = request.json(&message);
        let response = self.send(request, session_id, custom_headers).await?;
        let status = response.status();
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if !status.is_success() {
            return self.refused(response, &message, had_session).await;
        }
        let session = session_of(&response);
        let kind = kind_of(&response);
        if kind == EVENTS {
            let events = events(response, Arc::clone(&self.screen));
            return Ok(StreamableHttpPostResponse::Sse(events, session));
        }
        // Nothing depends on what is said to an answer or a note of ours.
        if !matches!(message, ClientJsonRpcMessage::Request(_)) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if kind != JSON {
            return Err(HttpProblem::Kind(kind).into());
        }
        let body = body(response, LARGEST).await?;
        let message = read_message(&body).ok_or(HttpProblem::Strange)?;
        Ok(StreamableHttpPostResponse::Json(message, session))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        let request = self.http.delete(uri.as_ref());
        self.send(request, Some(session_id), custom_headers).await?;
        Ok(())
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxedSseResponse, Failure> {
        let mut request = self.http.get(uri.as_ref()).header(ACCEPT, EVENTS);
        if let Some(last) = last_event_id {
            request = request.header(LAST_EVENT, last);
        }
        let response = self.send(request, session_id, custom_headers).await?;
        // Without such a stream, a server can do all but speak first.
        if !response.status().is_success() || kind_of(&response) != EVENTS {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        Ok(events(response, Arc::clone(&self.screen)))
    }
}

/// Where a redirect leads, without what may be secret in it.
fn target(response: &Response) -> String {
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| response.url().join(location).ok());
    match target {
        Some(target) => format!(
            "`{}{}`",
            target.origin().ascii_serialization(),
            target.path()
        ),
        None => "an unknown address".to_owned(),
    }
}

/// What kind an answer is, without its parameters.
fn kind_of(response: &Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("?");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.chars()
        .take(100)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// The session that an answer begins.
fn session_of(response: &Response) -> Option<String> {
    let session = response.headers().get(SESSION)?.to_str().ok()?;
    (session.len() <= LONGEST_SESSION).then(|| session.to_owned())
}

/// Reads an answer of at most so many bytes.
async fn body(response: Response, most: usize) -> Result<Vec<u8>, HttpProblem> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| HttpProblem::Request(error.without_url()))?;
        if body.len() + piece.len() > most {
            return Err(HttpProblem::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_from_variables() {
        let wanted = |header: &str, variable: &str| {
            BTreeMap::from([(header.to_owned(), variable.to_owned())])
        };
        let variables = BTreeMap::from([
            ("TOKEN".to_owned(), OsString::from(" Bearer x\n")),
            ("LINES".to_owned(), OsString::from("a\nb")),
        ]);
        let found = headers(&wanted("Authorization", "TOKEN"), &variables).expect("a header");
        let value = &found[&reqwest::header::AUTHORIZATION];
        assert_eq!(value.to_str().expect("text"), "Bearer x");
        assert!(value.is_sensitive());
        assert_eq!(
            headers(&wanted("X-Key", "KEY"), &variables),
            Err(
                "the environment variable `KEY`, which its header `X-Key` needs, is not set"
                    .to_owned()
            )
        );
        assert_eq!(
            headers(&wanted("X-Key", "LINES"), &variables),
            Err("the value of `LINES` cannot be a header".to_owned())
        );
        assert_eq!(headers(&BTreeMap::new(), &variables), Ok(HashMap::new()));
    }
}
