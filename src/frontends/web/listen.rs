//! The sockets, their connections, and the limits of both.
//!
//! Whoever is on this machine can connect. A client that is slow with its headers, or does not read
//! its answer, is given up. When there are too many connections, the oldest of those that never had
//! the token gives way: so any number of idle ones leaves room for the page.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context, Error, anyhow};
use futures::FutureExt;
use futures::future::select_all;
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

use super::guard::{Guard, Trust};
use super::timed_stream::TimedStream;

/// The port, unless one is chosen: an address that stays the same can be kept, and tunnelled to.
pub const USUAL_PORT: u16 = 4780;
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOOPBACK_6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Maximum number of connections. The files of a process are limited, and the index needs some.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for the headers of a request, and be idle between two.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Maximum size of the headers of a request, the first line included.
const MOST_HEADER_BYTES: usize = 32 << 10;
/// How long a client may not read anything of its answer.
const UNREAD_TIME: Duration = Duration::from_secs(30);
/// How long the answers that are under way when the program ends may take.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// How long, and how much, is read from a client whose request was refused before its end.
const LINGER: Duration = Duration::from_secs(2);
const MOST_LINGERING_BYTES: u64 = 16 << 20;
/// The wait after a connection could not be accepted, which is so if too many files are open.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    content-length: 69\r\nconnection: close\r\n\r\n\
    {\"error\":{\"code\":\"too_many_connections\",\"message\":\"close some tabs\"}}";

/// The sockets that are listened on.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<TcpListener>,
    port: u16,
    /// The address beyond this machine's own, if one was chosen.
    other: Option<IpAddr>,
}

impl Sockets {
    /// Listens on this machine's own addresses, and on another one if that is chosen. Without a
    /// port it is [`USUAL_PORT`], or any free one if that is in use.
    pub async fn open(port: Option<u16>, other: Option<IpAddr>) -> Result<Sockets, Error> {
        let first = match (bind(LOOPBACK, port.unwrap_or(USUAL_PORT)).await, port) {
            (Err(error), None) if error.kind() == ErrorKind::AddrInUse => bind(LOOPBACK, 0).await,
            (first, _) => first,
        };
        let first = first.map_err(|error| cannot_listen(LOOPBACK, port, error))?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        match bind(LOOPBACK_6, port).await {
            Ok(listener) => listeners.push(listener),
            // Not every machine has it.
            Err(error) if other != Some(LOOPBACK_6) => tracing::debug!("[::1]:{port}: {error}"),
            Err(error) => return Err(cannot_listen(LOOPBACK_6, Some(port), error)),
        }
        let other = other.filter(|address| ![LOOPBACK, LOOPBACK_6].contains(address));
        if let Some(address) = other {
            let listener = bind(address, port).await;
            let listener = listener.map_err(|error| cannot_listen(address, Some(port), error))?;
            listeners.push(listener);
        }
        Ok(Sockets {
            listeners,
            port,
            other,
        })
    }

    /// The address of the page on this machine.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(LOOPBACK, self.port)
    }

    /// The address of the page for other machines.
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

async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(address, port)).await
}

fn cannot_listen(address: IpAddr, port: Option<u16>, error: io::Error) -> Error {
    let address = SocketAddr::new(address, port.unwrap_or(USUAL_PORT));
    let hint = match error.kind() {
        ErrorKind::AddrInUse => "; choose another port with `--port`, or `--port 0` for any",
        ErrorKind::AddrNotAvailable => "; it is no address of this machine",
        ErrorKind::PermissionDenied => "; ports below 1024 are for the system",
        _ => "",
    };
    anyhow!("cannot listen on {address}: {error}{hint}")
}

/// A connection, as long as its task has it.
#[derive(Debug, Default)]
struct Connection {
    trust: Trust,
    /// Cancelled when it gives way to another one.
    closing: CancellationToken,
}

/// The connections that are open, the oldest first.
#[derive(Debug, Default)]
struct Connections(Vec<Weak<Connection>>);

impl Connections {
    /// Adds a connection, in place of one that never had the token if there are too many; `None`
    /// if all of them had it.
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

/// Serves connections until `stop`; then what is under way is finished.
pub async fn serve(sockets: Sockets, guard: Guard, stop: &CancellationToken) {
    let guard = Arc::new(guard);
    let mut connections = Connections::default();
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                ended.context("internal error in a connection").unwrap_or_else(report);
                continue;
            }
            accepted = sockets.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        match connections.add(MOST_CONNECTIONS) {
            Some(connection) => {
                let guard = Arc::clone(&guard);
                tasks.spawn(converse(stream, connection, guard, stop.clone()));
            }
            None => turn_away(stream),
        }
    }
    drop(sockets);
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(LAST_ANSWERS, all).await.is_err() {
        tracing::warn!("some answers were not complete in time");
    }
}

fn report(error: Error) {
    tracing::error!("{error:#}");
}

/// Serves the requests of a connection.
async fn converse(
    mut stream: TcpStream,
    connection: Arc<Connection>,
    guard: Arc<Guard>,
    stop: CancellationToken,
) {
    // Small pieces of a stream are to be seen at once.
    let _ = stream.set_nodelay(true);
    let is_unread = {
        let of_request = Arc::clone(&connection);
        let service = service_fn(move |request: Request<Incoming>| {
            let (guard, connection) = (Arc::clone(&guard), Arc::clone(&of_request));
            let answer =
                async move { Ok::<_, Infallible>(guard.answer(request, &connection.trust).await) };
            answer.boxed()
        });
        let timed = TokioIo::new(TimedStream::new(&mut stream, UNREAD_TIME));
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
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(MOST_HEADER_BYTES);
    http
}

/// Reads what the client still sends: a connection that is closed before is reset, and the client
/// might not see its answer.
async fn linger(stream: &mut TcpStream) {
    let mut rest = stream.take(MOST_LINGERING_BYTES);
    let mut nothing = tokio::io::sink();
    let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut nothing)).await;
}

/// Refuses a connection, without waiting for anything.
fn turn_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(BUSY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_was_chosen_is_the_port() {
        let first = Sockets::open(Some(0), None).await.expect("a free port");
        let taken = first.address().port();
        let error = Sockets::open(Some(taken), None).await;
        let error = error.expect_err("the port is in use").to_string();
        assert!(error.contains("`--port`"), "{error}");
        let error = Sockets::open(Some(0), Some(IpAddr::from([192, 0, 2, 1]))).await;
        let error = error.expect_err("an address of no machine").to_string();
        assert!(error.contains("192.0.2.1:"), "{error}");
    }

    #[tokio::test]
    async fn without_a_choice_a_port_is_found() {
        let first = Sockets::open(None, None).await.expect("a port");
        let second = Sockets::open(None, None).await.expect("another one");
        assert_ne!(first.address(), second.address());
    }

    #[tokio::test]
    async fn the_names_of_the_page_are_whole() {
        let mut sockets = Sockets::open(Some(0), None).await.expect("a free port");
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
    fn connections_without_the_token_give_way() {
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
    fn the_refusal_of_a_connection_is_whole() {
        let text = std::str::from_utf8(BUSY).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
