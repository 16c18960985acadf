//! A stream whose writes fail when the client reads nothing for too long.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

pub struct TimedStream<'a, S> {
    stream: &'a mut S,
    /// How long a write may wait for the client.
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<'a, S> TimedStream<'a, S> {
    pub fn new(stream: &'a mut S, limit: Duration) -> TimedStream<'a, S> {
        TimedStream {
            stream,
            limit,
            waiting: None,
        }
    }

    /// The outcome of a write, or an error if it has waited for too long.
    fn limited<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = None;
            return outcome;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut *this.stream).poll_write(context, bytes);
        this.limited(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut *this.stream).poll_write_vectored(context, slices);
        this.limited(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut *this.stream).poll_flush(context);
        this.limited(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut *this.stream).poll_shutdown(context);
        this.limited(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(500);

    #[tokio::test]
    async fn a_write_fails_if_the_client_does_not_read() {
        let (mut here, mut there) = duplex(16);
        let mut stream = TimedStream::new(&mut here, LIMIT);
        assert!(stream.write_all(&[b'x'; 16]).await.is_ok());
        let error = stream.write_all(b"x").await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let mut read = [0; 16];
        assert!(there.read_exact(&mut read).await.is_ok());
    }

    #[tokio::test]
    async fn a_client_may_read_slowly() {
        let (mut here, mut there) = duplex(16);
        let reader = tokio::spawn(async move {
            let mut piece = [0; 16];
            let mut total = 0;
            while let Ok(length @ 1..) = there.read(&mut piece).await {
                total += length;
                sleep(LIMIT / 20).await;
            }
            total
        });
        {
            let mut stream = TimedStream::new(&mut here, LIMIT);
            // In all, this takes longer than one write may wait.
            assert!(stream.write_all(&[b'x'; 32 * 16]).await.is_ok());
        }
        drop(here);
        assert_eq!(reader.await.ok(), Some(32 * 16));
    }
}
