//! Reads the body of a request, within limits of size and time.

use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use futures::{Stream, StreamExt};
use tokio::time::timeout;

use super::refusal::Refusal;

/// Maximum size of a body: attached files are in it.
pub const MOST_BYTES: usize = 4 << 20;

pub const TOO_LARGE: Refusal = Refusal::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too_large",
    "the body is larger than 4 MB",
);

const SLOW: Refusal = Refusal::new(
    StatusCode::REQUEST_TIMEOUT,
    "too_slow",
    "the body did not arrive in time",
);

const INCOMPLETE: Refusal = Refusal::new(
    StatusCode::BAD_REQUEST,
    "incomplete",
    "the body is incomplete",
);

/// How long a client may take.
struct Limits {
    /// Until the next piece.
    pause: Duration,
    /// For all of it.
    whole: Duration,
}

const LIMITS: Limits = Limits {
    pause: Duration::from_secs(10),
    whole: Duration::from_secs(60),
};

/// Reads a body that comes in pieces.
pub async fn read<E>(pieces: impl Stream<Item = Result<Bytes, E>>) -> Result<Vec<u8>, Refusal> {
    read_within(pieces, LIMITS).await
}

async fn read_within<E>(
    pieces: impl Stream<Item = Result<Bytes, E>>,
    limits: Limits,
) -> Result<Vec<u8>, Refusal> {
    let body = timeout(limits.whole, gather(pieces, limits.pause)).await;
    body.unwrap_or(Err(SLOW))
}

async fn gather<E>(
    pieces: impl Stream<Item = Result<Bytes, E>>,
    pause: Duration,
) -> Result<Vec<u8>, Refusal> {
    let mut pieces = pin!(pieces);
    let mut body = Vec::new();
    loop {
        let piece = timeout(pause, pieces.next()).await.map_err(|_| SLOW)?;
        let Some(piece) = piece else {
            return Ok(body);
        };
        let piece = piece.map_err(|_| INCOMPLETE)?;
        if body.len() + piece.len() > MOST_BYTES {
            return Err(TOO_LARGE);
        }
        body.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::stream;

    use super::*;

    const QUICK: Limits = Limits {
        pause: Duration::from_millis(40),
        whole: Duration::from_millis(120),
    };

    fn piece(size: usize) -> Result<Bytes, io::Error> {
        Ok(Bytes::from(vec![b'x'; size]))
    }

    #[tokio::test]
    async fn a_body_is_whole_or_refused() {
        let all = stream::iter([piece(3), piece(0), piece(2)]);
        assert_eq!(read(all).await, Ok(b"xxxxx".to_vec()));
        let full = stream::iter([piece(MOST_BYTES), piece(0)]);
        let length = read(full).await.map(|body| body.len());
        assert_eq!(length, Ok(MOST_BYTES));
        let larger = stream::iter([piece(MOST_BYTES), piece(1)]);
        assert_eq!(read(larger).await, Err(TOO_LARGE));
        let broken = stream::iter([piece(3), Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(read(broken).await, Err(INCOMPLETE));
    }

    #[tokio::test]
    async fn a_slow_body_is_refused() {
        let silent = stream::iter([piece(3)]).chain(stream::pending());
        assert_eq!(read_within(silent, QUICK).await, Err(SLOW));
        // Each piece comes in time, but all of them take too long.
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(QUICK.pause / 4).await;
            Some((piece(1), ()))
        });
        assert_eq!(read_within(drip, QUICK).await, Err(SLOW));
    }
}
