//! The connection with an editor: one message of JSON a line. Nothing else is ever written there.

use std::io;

use agent_client_protocol::Lines;
use futures::{Sink, Stream, sink, stream};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::frontends::input_lines::{Line, LineReader};

/// Longest line that is read, in bytes: pictures come in base64.
const LONGEST: usize = 64 << 20;
/// Stands for a longer line. It is no JSON, so it is answered with an error, and the next line is read.
const TOO_LONG: &str = "a line of more than 64 MB";

/// The connection on stdin and stdout.
pub fn on_stdio() -> Lines<
    impl Sink<String, Error = io::Error> + Send + 'static,
    impl Stream<Item = io::Result<String>> + Send + 'static,
> {
    Lines::new(
        written(tokio::io::stdout()),
        read(tokio::io::stdin(), LONGEST),
    )
}

/// Writes lines.
fn written<W>(output: W) -> impl Sink<String, Error = io::Error> + Send + 'static
where
    W: AsyncWrite + Unpin + Send + 'static,
{
    sink::unfold(output, |mut output, mut line: String| async move {
        line.push('\n');
        output.write_all(line.as_bytes()).await?;
        output.flush().await?;
        Ok::<W, io::Error>(output)
    })
}

/// Reads lines that are not blank, of at most so many bytes.
fn read<R>(input: R, longest: usize) -> impl Stream<Item = io::Result<String>> + Send + 'static
where
    R: AsyncRead + Unpin + Send + 'static,
{
    stream::unfold(LineReader::new(input, longest), |mut reader| async move {
        let line = match reader.next().await {
            Line::Whole(line) => String::from_utf8_lossy(&line).into_owned(),
            Line::TooLong => TOO_LONG.to_owned(),
            Line::End => return None,
        };
        Some((Ok(line), reader))
    })
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt, StreamExt};
    use tokio::io::{AsyncBufReadExt, BufReader};

    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_and_what_is_no_text_ends_nothing() {
        let input: &[u8] = b"{}\r\n\n  \n12345678\n123456789\na\xffb\nlast";
        let read: Vec<String> = read(input, 9)
            .map(|line| line.expect("a line"))
            .collect()
            .await;
        assert_eq!(read, ["{}", "12345678", TOO_LONG, "a\u{fffd}b", "last"]);
    }

    #[tokio::test]
    async fn a_message_is_written_at_once_with_the_end_of_its_line() {
        let (near, far) = tokio::io::duplex(64);
        let mut written = Box::pin(written(near));
        written.send("{\"a\":1}".to_owned()).await.expect("a line");
        let mut lines = BufReader::new(far).lines();
        let line = lines.next_line().await.expect("a line");
        assert_eq!(line.as_deref(), Some("{\"a\":1}"));
    }
}
