//! The sockets, their connections, and the limits of both.
//!
//! Every program on this machine can connect. A client that is slow with its headers, or does not
//! read its answer, is disconnected. If there are too many connections, the oldest one that never had
//! the token is closed, so that idle ones do not lock the user out.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Error;
use axum::response::Response;
use futures::FutureExt;
use futures::future::{BoxFuture, select_all};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::timed_stream::TimedStream;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOOPBACK_6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Maximum number of connections. A process may open a limited number of files, and the index needs
/// some of them.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for the headers of a request, and be idle between two.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of the headers of a request, the first line included.
const MOST_HEADER_BYTES: usize = 32 << 10;
/// How long a client may read nothing of its answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long, and how much, is still read from a client after the last answer.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);
const MOST_LINGER_BYTES: u64 = 16 << 20;
/// The wait after a connection could not be accepted, for example because too many files are open.
const RETRY_DELAY: Duration = Duration::from_millis(50);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    content-length: 69\r\nconnection: close\r\n\r\n\
    {\"error\":{\"code\":\"too_many_connections\",\"message\":\"close some tabs\"}}";

/// Whether a connection has had a request with the token.
#[derive(Debug, Default)]
pub struct Trust(AtomicBool);

impl Trust {
    pub fn has_token(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers the requests of all connections.
pub trait Answers: Send + Sync + 'static {
    /// Answers a request, whatever it asks for; `trust` is told if it has the token.
    fn answer<'a>(
        &'a self,
        request: Request<Incoming>,
        trust: &'a Trust,
    ) -> BoxFuture<'a, Response>;
}

/// The sockets that are listened on.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<TcpListener>,
    port: u16,
    /// The address beyond this machine's own, if one was chosen.
    other: Option<IpAddr>,
}

impl Sockets {
    /// Listens on the loopback addresses, and on `other` if it is given. Without a port, it is the
    /// usual one, or any free one if that is in use.
    pub async fn open(
        port: Option<u16>,
        usual: u16,
        other: Option<IpAddr>,
    ) -> Result<Sockets, Error> {
        let wanted = port.unwrap_or(usual);
        let bound = match (bind_loopback(wanted).await, port) {
            (Err(failed), None) if failed.is_in_use() => bind_loopback(0).await,
            (bound, _) => bound,
        };
        let mut listeners = bound?;
        let port = listeners[0].local_addr()?.port();
        let is_bound = |address: &IpAddr| {
            let mut known = listeners.iter().filter_map(|it| it.local_addr().ok());
            known.any(|known| known.ip() == *address)
        };
        let other = other.filter(|address| !is_bound(address));
        if let Some(address) = other {
            listeners.push(bind(address, port).await?);
        }
        Ok(Sockets {
            listeners,
            port,
            other,
        })
    }

    /// The address on this machine.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(LOOPBACK, self.port)
    }

    /// The address for other machines.
    pub fn other_address(&self) -> Option<SocketAddr> {
        let other = self.other.filter(|address| !address.is_loopback());
        other.map(|address| SocketAddr::new(address, self.port))
    }

    /// The names that requests may be made for, as they are in a `Host` header.
    pub fn authorities(&self) -> Vec<String> {
        let addresses = [Some(LOOPBACK), Some(LOOPBACK_6), self.other];
        let hosts = addresses
            .into_iter()
            .flatten()
            .map(|address| match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            });
        let hosts: Vec<String> = hosts.chain(["localhost".to_owned()]).collect();
        let full = hosts.iter().map(|host| format!("{host}:{}", self.port));
        let mut authorities: Vec<String> = full.collect();
        if self.port == 80 {
            // Browsers leave it out.
            authorities.extend(hosts);
        }
        authorities
    }

    /// Waits for the next connection. Cancel-safe.
    async fn accept(&self) -> io::Result<TcpStream> {
        let waits = self.listeners.iter().map(|socket| socket.accept().boxed());
        let (accepted, _, _) = select_all(waits).await;
        accepted.map(|(stream, _)| stream)
    }
}

/// Listens on both loopback addresses: browsers connect to either for `localhost`, so another program
/// must not have one of them.
async fn bind_loopback(port: u16) -> Result<Vec<TcpListener>, BindError> {
    let first = bind(LOOPBACK, port).await?;
    let port = first.local_addr().map_or(port, |address| address.port());
    match bind(LOOPBACK_6, port).await {
        Ok(second) => Ok(vec![first, second]),
        Err(failed) if failed.is_in_use() => Err(failed),
        // Not every machine has IPv6.
        Err(failed) => {
            tracing::debug!("{failed}");
            Ok(vec![first])
        }
    }
}

async fn bind(address: IpAddr, port: u16) -> Result<TcpListener, BindError> {
    let address = SocketAddr::new(address, port);
    let bound = TcpListener::bind(address).await;
    bound.map_err(|cause| BindError { address, cause })
}

/// It is not possible to listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}{}", hint(.cause))]
struct BindError {
    address: SocketAddr,
    cause: io::Error,
}

impl BindError {
    fn is_in_use(&self) -> bool {
        self.cause.kind() == ErrorKind::AddrInUse
    }
}

fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::AddrInUse => "; choose another port with `--port`, or `--port 0` for any",
        ErrorKind::AddrNotAvailable => "; it is no address of this machine",
        ErrorKind::PermissionDenied => "; ports below 1024 are for the system",
        _ => "",
    }
}

/// A connection, while its task runs.
#[derive(Debug, Default)]
struct Connection {
    trust: Trust,
    /// Cancelled when it has to make room for another one.
    closing: CancellationToken,
}

/// The connections that are open, the oldest first.
#[derive(Debug, Default)]
struct Connections(Vec<Weak<Connection>>);

impl Connections {
    /// Adds a connection. If there are too many, the oldest one that never had the token is closed;
    /// `None` if all of them had it.
    fn add(&mut self, most: usize) -> Option<Arc<Connection>> {
        self.0.retain(|connection| connection.strong_count() > 0);
        if self.0.len() >= most {
            let has_token = |connection: Arc<Connection>| connection.trust.has_token();
            let mut all = self.0.iter().map(Weak::upgrade);
            let oldest = all.position(|connection| !connection.is_some_and(has_token))?;
            if let Some(oldest) = self.0.remove(oldest).upgrade() {
                oldest.closing.cancel();
            }
        }
        let connection = Arc::new(Connection::default());
        self.0.push(Arc::downgrade(&connection));
        Some(connection)
    }
}

/// Serves connections until `stop`; then the last answers are completed, if that takes no longer than
/// `last_answers`.
pub async fn serve(
    sockets: Sockets,
    guard: impl Answers,
    stop: &CancellationToken,
    last_answers: Duration,
) {
    let guard = Arc::new(guard);
    let mut connections = Connections::default();
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!("internal error in a connection: {error}");
                }
                continue;
            }
            accepted = sockets.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(RETRY_DELAY).await;
                continue;
            }
        };
        match connections.add(MOST_CONNECTIONS) {
            Some(connection) => {
                let guard = Arc::clone(&guard);
                tasks.spawn(serve_connection(stream, connection, guard, stop.clone()));
            }
            None => reject(stream),
        }
    }
    drop(sockets);
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(last_answers, all).await.is_err() {
        tracing::warn!("some answers were not complete in time");
    }
}

/// Serves the requests of a connection.
async fn serve_connection(
    mut stream: TcpStream,
    connection: Arc<Connection>,
    guard: Arc<impl Answers>,
    stop: CancellationToken,
) {
    // Small pieces of a stream are sent at once.
    let _ = stream.set_nodelay(true);
    let is_unread = {
        let of_request = Arc::clone(&connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let (guard, connection) = (Arc::clone(&guard), Arc::clone(&of_request));
            let answer =
                async move { Ok::<_, Infallible>(guard.answer(request, &connection.trust).await) };
            answer.boxed()
        });
        let timed = TokioIo::new(TimedStream::new(&mut stream, WRITE_TIMEOUT));
        let mut serving = pin!(http().serve_connection(timed, service));
        let mut is_stopping = false;
        loop {
            tokio::select! {
                ended = serving.as_mut() => {
                    break ended.map_or_else(|error| error.is_parse(), |()| !is_stopping);
                }
                () = connection.closing.cancelled() => break false,
                () = stop.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    };
    if is_unread {
        tokio::select! {
            () = linger(&mut stream) => {}
            () = connection.closing.cancelled() => {}
            () = stop.cancelled() => {}
        }
    }
}

fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MOST_HEADER_BYTES);
    http
}

/// Reads what the client still sends: closing a connection with unread data resets it, and the client
/// might not see its answer.
async fn linger(stream: &mut TcpStream) {
    let mut rest = stream.take(MOST_LINGER_BYTES);
    let mut nothing = tokio::io::sink();
    let _ = timeout(LINGER_TIMEOUT, tokio::io::copy(&mut rest, &mut nothing)).await;
}

/// Refuses a connection without waiting for the client.
fn reject(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(BUSY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: u16 = 4790;

    #[tokio::test]
    async fn a_chosen_port_is_used_or_refused() {
        let first = Sockets::open(Some(0), USUAL, None)
            .await
            .expect("a free port");
        let taken = first.address().port();
        let error = Sockets::open(Some(taken), USUAL, None).await;
        let error = error.expect_err("the port is in use").to_string();
        assert!(error.contains("`--port`"), "{error}");
        let error = Sockets::open(Some(0), USUAL, Some(IpAddr::from([192, 0, 2, 1]))).await;
        let error = error.expect_err("an address of no machine").to_string();
        assert!(error.contains("192.0.2.1:"), "{error}");
        let sockets = Sockets::open(Some(0), USUAL, Some(LOOPBACK)).await;
        assert_eq!(sockets.map(|sockets| sockets.other).ok(), Some(None));
    }

    #[tokio::test]
    async fn a_port_that_another_program_has_for_ipv6_is_not_used() {
        let Ok(taken) = TcpListener::bind((LOOPBACK_6, 0)).await else {
            return;
        };
        let port = taken.local_addr().expect("an address").port();
        let error = Sockets::open(Some(port), USUAL, None).await;
        let error = error.expect_err("the port is in use").to_string();
        assert!(error.contains("cannot listen on"), "{error}");
    }

    #[tokio::test]
    async fn without_a_choice_a_port_is_found() {
        let first = Sockets::open(None, USUAL, None).await.expect("a port");
        let second = Sockets::open(None, USUAL, None).await.expect("another one");
        assert_ne!(first.address(), second.address());
    }

    #[tokio::test]
    async fn the_names_of_the_page_have_its_port() {
        let mut sockets = Sockets::open(Some(0), USUAL, None)
            .await
            .expect("a free port");
        let port = sockets.port;
        let names = ["127.0.0.1", "[::1]", "localhost"];
        let expected = names.map(|name| format!("{name}:{port}"));
        assert_eq!(sockets.authorities(), expected);
        sockets.port = 80;
        sockets.other = Some(IpAddr::from([192, 168, 1, 5]));
        let found = sockets.authorities();
        assert_eq!(found.len(), 8, "{found:?}");
        assert!(found.contains(&"192.168.1.5:80".to_owned()));
        assert!(found.contains(&"localhost".to_owned()));
        assert_eq!(
            sockets.other_address().map(|address| address.to_string()),
            Some("192.168.1.5:80".to_owned())
        );
    }

    #[test]
    fn connections_without_the_token_make_room() {
        let mut all = Connections::default();
        let add = |all: &mut Connections| all.add(3).expect("room");
        let [first, second, third] = [(); 3].map(|()| add(&mut all));
        first.trust.set();
        let fourth = add(&mut all);
        assert!(
            second.closing.is_cancelled(),
            "the oldest without the token"
        );
        assert!(
            ![&first, &third, &fourth]
                .iter()
                .any(|it| it.closing.is_cancelled())
        );
        third.trust.set();
        fourth.trust.set();
        assert!(all.add(3).is_none(), "all have the token");
        drop(first);
        assert!(all.add(3).is_some(), "one has ended");
    }

    #[test]
    fn the_refusal_of_a_connection_has_the_right_length() {
        let text = std::str::from_utf8(BUSY).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
