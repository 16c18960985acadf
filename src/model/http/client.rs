//! The HTTP client: one connection pool, limits, retries, and where requests may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error_text::{error_text, not_json, server_message};
use super::key::ApiKey;
use super::limits::{ClientLimits, NetworkScope};
use super::lines::{ResponseBody, ResponseLines};
use super::overflow::overflow;
use super::retry::{deserves_another_try, pause, retry_after, told_to_wait};
use super::{Address, FirstCause, ServerError, ServerKind};
use crate::network::Obstacle;

/// Most bytes read of an error answer.
const MAX_ERROR: usize = 64 << 10;

/// Most bytes of an answer that needs no model: the details of a model with its licence, or a list
/// of some thousand.
const MAX_LOOKUP: usize = 2 << 20;

/// Sends requests to one server, and reads answers and streams. Clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    http: reqwest::Client,
    address: Address,
    key: Option<ApiKey>,
    reach: NetworkScope,
    limits: ClientLimits,
    server: ServerKind,
}

/// How long a request may take.
#[derive(Clone, Copy)]
enum RequestPatience {
    /// No model is needed: the answer comes at once; one try.
    Lookup,
    /// A model may have to be loaded.
    Model,
}

impl HttpClient {
    /// Makes a client; sends nothing.
    ///
    /// Redirects are not followed, since they could send texts and the key elsewhere.
    pub fn new(
        address: Address,
        key: Option<ApiKey>,
        reach: NetworkScope,
        limits: ClientLimits,
    ) -> Result<HttpClient, ServerError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .user_agent(concat!("ollacode/", env!("CARGO_PKG_VERSION")));
        if address.is_loopback() {
            // The name is pinned: no name server decides what this machine is.
            let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            let here = here.map(|ip| SocketAddr::new(ip, 0));
            builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
            // Reading the certificates of the system takes longer than the call, which needs none.
            builder = builder.tls_built_in_root_certs(address.is_encrypted());
        } else if reach == NetworkScope::LoopbackOnly {
            return Err(ServerError::Offline {
                what: format!("{address} is not this machine"),
            });
        }
        let http = builder.build().map_err(ServerError::Setup)?;
        let key = key.filter(|_| ApiKey::may_go_to(&address));
        Ok(HttpClient {
            http,
            address,
            key,
            reach,
            limits,
            server: ServerKind::default(),
        })
    }

    /// The same client, of which it is known what kind of server it calls.
    #[must_use]
    pub fn of_kind(self, server: ServerKind) -> HttpClient {
        HttpClient { server, ..self }
    }

    /// The kind of the server, as far as it is known.
    pub fn server(&self) -> ServerKind {
        self.server
    }

    /// The same client with other limits. Connections are shared.
    #[must_use]
    pub fn with_limits(&self, limits: ClientLimits) -> HttpClient {
        HttpClient {
            limits,
            ..self.clone()
        }
    }

    /// Its timeouts and retries. That for connecting is the one that it was made with.
    pub fn limits(&self) -> ClientLimits {
        self.limits
    }

    /// Gives the server's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Tells which addresses may be called.
    pub fn reach(&self) -> NetworkScope {
        self.reach
    }

    /// Asks for something that needs no model.
    pub(crate) async fn look_up<T: DeserializeOwned>(&self, path: &str) -> Result<T, ServerError> {
        self.lookup(Method::GET, path, None, "").await
    }

    /// Asks for something about a model that does not need it in memory.
    pub(crate) async fn look_up_model<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        model: &str,
    ) -> Result<T, ServerError> {
        self.lookup(Method::POST, path, Some(json(body)?), model)
            .await
    }

    /// Sends a request to a model whose answer comes as a whole, in up to `most` bytes.
    pub(crate) async fn ask<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        model: &str,
        most: usize,
    ) -> Result<T, ServerError> {
        let body = self.start(path, body, model).await?;
        read(body, most).await
    }

    /// Sends a request whose answer is a stream of lines. Dropping the stream stops the server.
    pub(crate) async fn stream<B: Serialize>(
        &self,
        path: &str,
        body: &B,
        model: &str,
    ) -> Result<ResponseLines, ServerError> {
        let body = self.start(path, body, model).await?;
        Ok(ResponseLines::new(body))
    }

    /// Sends a request to a model; returns when the answer has started.
    pub(crate) async fn start<B: Serialize>(
        &self,
        path: &str,
        body: &B,
        model: &str,
    ) -> Result<ResponseBody, ServerError> {
        let body = json(body)?;
        let response = self
            .send(
                Method::POST,
                path,
                Some(body),
                model,
                RequestPatience::Model,
            )
            .await?;
        Ok(self.body(response, self.limits.idle))
    }

    /// How long an answer that has started may send nothing.
    pub(crate) fn patience(&self) -> Duration {
        self.limits.idle
    }

    /// Waits for the pause before a second try.
    pub(crate) async fn rest(&self) {
        self.rest_after(1).await;
    }

    /// Waits for the pause after so many tries that failed.
    pub(crate) async fn rest_after(&self, failed: u32) {
        tokio::time::sleep(pause(self.limits.pause, failed)).await;
    }

    /// The error for a server that accepts requests and answers none.
    pub(crate) fn silent(&self) -> ServerError {
        ServerError::NotReachable {
            server: self.server,
            host: self.address.to_string(),
            local: self.address.is_loopback(),
            source: FirstCause::of(&std::io::Error::from(std::io::ErrorKind::TimedOut)),
        }
    }

    async fn lookup<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        model: &str,
    ) -> Result<T, ServerError> {
        let response = self
            .send(method, path, body, model, RequestPatience::Lookup)
            .await?;
        let limit = self.limits.lookup.min(self.limits.idle);
        read(self.body(response, limit), MAX_LOOKUP).await
    }

    fn body(&self, response: Response, limit: Duration) -> ResponseBody {
        ResponseBody::new(response, limit, self.address.to_string(), self.server)
    }

    /// Rejects compressed answers: compression is not requested, but some proxies use it anyway.
    fn readable(&self, response: Response) -> Result<Response, ServerError> {
        let encoding = response.headers().get(CONTENT_ENCODING);
        let encoding = encoding.and_then(|encoding| encoding.to_str().ok());
        match encoding.map(str::trim) {
            None | Some("" | "identity") => Ok(response),
            Some(encoding) => Err(ServerError::BadAnswer {
                server: self.server,
                what: format!(
                    "it is compressed ({}), which was not asked for: a proxy before it does that",
                    server_message(encoding)
                ),
            }),
        }
    }

    /// Sends a request, with retries, and returns only successful answers.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        model: &str,
        wait: RequestPatience,
    ) -> Result<Response, ServerError> {
        let (tries, limit) = match wait {
            RequestPatience::Lookup => (1, self.limits.lookup),
            RequestPatience::Model => (self.limits.tries, self.limits.first_byte),
        };
        let mut failed = 0;
        loop {
            let (error, wait) = match self.send_once(&method, path, body.clone(), limit).await {
                Ok(response) if response.status().is_success() => return self.readable(response),
                Ok(response) => {
                    let wait = retry_after(&response);
                    (self.refusal(response, model, limit).await, wait)
                }
                Err(error) => (error, None),
            };
            failed += 1;
            if failed >= tries || !deserves_another_try(&error, wait) {
                return Err(told_to_wait(error, wait));
            }
            tracing::debug!(%error, failed, "asking the server again");
            let wait = wait.unwrap_or_else(|| pause(self.limits.pause, failed));
            tokio::time::sleep(wait).await;
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Response, ServerError> {
        let mut request = self
            .http
            .request(method.clone(), self.address.endpoint(path));
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, key.header());
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let (server, host) = (self.server, self.address.to_string());
        match tokio::time::timeout(limit, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.not_sent(error, host)),
            Err(_) => Err(ServerError::TimedOut {
                server,
                host,
                limit,
            }),
        }
    }

    /// The error for a request without any answer.
    fn not_sent(&self, error: reqwest::Error, host: String) -> ServerError {
        let server = self.server;
        let source = error.without_url();
        if !source.is_connect() {
            return ServerError::ConnectionLost {
                server,
                host,
                source,
            };
        }
        match Obstacle::of(&source) {
            Some(obstacle) => ServerError::Blocked {
                server,
                host,
                obstacle,
            },
            None => ServerError::NotReachable {
                server,
                host,
                local: self.address.is_loopback(),
                source: FirstCause::of(&source),
            },
        }
    }

    /// Reads an error answer, as far as it comes within the time for an answer.
    async fn refusal(&self, response: Response, model: &str, limit: Duration) -> ServerError {
        let status = response.status().as_u16();
        let body = self.body(response, limit.min(self.limits.idle));
        let body = body.beginning(MAX_ERROR).await;
        let message = error_text(&body);
        let says = |words| message.contains(words);
        let about_model = says("model") && (says("not found") || says("does not exist"));
        let server = self.server;
        if status == 404 && about_model && !model.is_empty() {
            return ServerError::ModelMissing {
                server,
                model: model.to_owned(),
            };
        }
        match overflow(&String::from_utf8_lossy(&body)) {
            Some((needed, window)) => ServerError::TooLong { needed, window },
            None => ServerError::Status {
                server,
                status,
                message,
            },
        }
    }
}

async fn read<T: DeserializeOwned>(body: ResponseBody, most: usize) -> Result<T, ServerError> {
    let server = body.server();
    let bytes = body.whole(most).await?;
    // Some report errors with a status of success.
    if bytes.trim_ascii_start().starts_with(br#"{"error""#) {
        return Err(ServerError::Failed {
            server,
            message: error_text(&bytes),
        });
    }
    serde_json::from_slice(&bytes).map_err(|error| not_json(server, &bytes, &error))
}

fn json<B: Serialize>(body: &B) -> Result<Vec<u8>, ServerError> {
    serde_json::to_vec(body).map_err(ServerError::Request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(value: &str) -> Address {
        Address::parse(value).expect("an address")
    }

    #[test]
    fn the_key_goes_only_where_nobody_reads_along() {
        for (value, allowed) in [
            ("", true),
            ("http://localhost:1", true),
            ("https://ollama.com", true),
            ("ollama.com", true),
            ("http://ollama.com", false),
            ("gpu:11434", false),
            ("http://10.0.0.1", false),
            ("http://localhost.evil.com", false),
        ] {
            let address = address(value);
            assert_eq!(ApiKey::may_go_to(&address), allowed, "{value}");
            let key = ApiKey::new("secret").expect("a key");
            let client = HttpClient::new(
                address,
                Some(key),
                NetworkScope::Any,
                ClientLimits::default(),
            );
            assert_eq!(
                client.is_ok_and(|client| client.key.is_some()),
                allowed,
                "{value}"
            );
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        let key = ApiKey::new(" secret\n").expect("a key");
        let client = HttpClient::new(
            address(""),
            Some(key.clone()),
            NetworkScope::Any,
            ClientLimits::default(),
        );
        assert_eq!(format!("{key} {key:?}"), "*** ***");
        assert!(!format!("{client:?}").contains("secret"));
        let error = ApiKey::new("sec\nret").expect_err("a newline inside");
        assert!(!format!("{error} {error:?}").contains("ret"));
    }

    #[test]
    fn offline_means_this_machine_only() {
        for (value, allowed) in [
            ("", true),
            ("[::1]:5", true),
            ("gpu", false),
            ("ollama.com", false),
        ] {
            let client = HttpClient::new(
                address(value),
                None,
                NetworkScope::LoopbackOnly,
                ClientLimits::default(),
            );
            assert_eq!(client.is_ok(), allowed, "{value}");
            if let Err(error) = client {
                assert!(error.to_string().contains("is not this machine"), "{error}");
            }
        }
    }
}
