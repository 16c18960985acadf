//! A connection over the pipes of a program: a message a line, read in bounded memory.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;

use super::message::{LARGEST, failed, read_message};
use super::screen::Screen;

/// The pipes of a program: what it writes, and what it reads.
pub(super) struct Pipes<R, W> {
    read: BufReader<R>,
    /// The line that has no end yet.
    line: Vec<u8>,
    /// Whether the rest of that line is left out, since it is too long.
    is_discarding: bool,
    /// Answers to requests that will get no other.
    failed: VecDeque<ServerJsonRpcMessage>,
    write: Arc<Mutex<Option<W>>>,
    screen: Arc<Screen>,
}

/// How a line ended.
enum LineEnd {
    Whole,
    TooLong,
}

impl<R: AsyncRead + Unpin, W> Pipes<R, W> {
    pub fn new(read: R, write: W, screen: Arc<Screen>) -> Pipes<R, W> {
        Pipes {
            read: BufReader::new(read),
            line: Vec::new(),
            is_discarding: false,
            failed: VecDeque::new(),
            write: Arc::new(Mutex::new(Some(write))),
            screen,
        }
    }

    /// Reads on to the end of a line; `None` at the end of the output. If the future is dropped, the next
    /// call goes on where it was.
    async fn next_line(&mut self) -> Option<LineEnd> {
        loop {
            if self.screen.why_given_up().is_some() {
                return None;
            }
            // An error ends the output like its end.
            let piece = self.read.fill_buf().await.ok()?;
            if piece.is_empty() {
                return None;
            }
            let end = piece.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(piece.len(), |end| end + 1);
            let is_too_long = self.line.len() + length > LARGEST;
            let ended = if self.is_discarding {
                None
            } else if is_too_long {
                self.line = Vec::new();
                Some(LineEnd::TooLong)
            } else {
                self.line.extend_from_slice(&piece[..length]);
                end.map(|_| LineEnd::Whole)
            };
            self.is_discarding = end.is_none() && (self.is_discarding || is_too_long);
            self.read.consume(length);
            self.screen.counts(length);
            if ended.is_some() {
                return ended;
            }
        }
    }
}

impl<R, W> Transport<RoleClient> for Pipes<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let line = serde_json::to_vec(&item);
        let write = Arc::clone(&self.write);
        async move {
            let mut line = line?;
            line.push(b'\n');
            let mut write = write.lock().await;
            let pipe = write.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            pipe.write_all(&line).await?;
            pipe.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            if let Some(message) = self.failed.pop_front() {
                return Some(message);
            }
            match self.next_line().await? {
                LineEnd::Whole => {
                    let line = std::mem::take(&mut self.line);
                    let line = line.trim_ascii();
                    match read_message(line) {
                        Some(message) => return Some(message),
                        None if line.is_empty() => {}
                        None => self.screen.ignores(),
                    }
                }
                // It may have been the answer to any of them.
                LineEnd::TooLong => {
                    let open = self.screen.open_requests().into_iter();
                    let why = "it sent a message that is too large";
                    self.failed.extend(open.map(|id| failed(id, why)));
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        // Whoever is stuck in writing drops the pipe when it is dropped itself.
        if let Ok(mut write) = self.write.try_lock() {
            write.take();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::{
        ClientRequest, JsonRpcMessage, ListToolsRequest, NumberOrString, PingRequest,
    };
    use tokio::io::{AsyncReadExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

    use super::super::screen::Screened;
    use super::*;

    type Ends = Pipes<ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>;

    /// Pipes with a screen before them, and the other end.
    fn pipes() -> (Screened<Ends>, DuplexStream, Arc<Screen>) {
        let (ours, theirs) = duplex(64 << 10);
        let screen = Arc::new(Screen::new());
        let (read, write) = split(ours);
        let pipes = Pipes::new(read, write, Arc::clone(&screen));
        (
            Screened::new(pipes, Arc::clone(&screen), None),
            theirs,
            screen,
        )
    }

    fn request(id: i64) -> ClientJsonRpcMessage {
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::default());
        ClientJsonRpcMessage::request(request, NumberOrString::Number(id))
    }

    fn answer(id: i64) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"tools\":[]}}}}\n")
    }

    /// The number that a message answers, and the words if it is an error.
    fn answered(message: Option<ServerJsonRpcMessage>) -> (i64, String) {
        let (id, words) = match message {
            Some(JsonRpcMessage::Response(response)) => (response.id, String::new()),
            Some(JsonRpcMessage::Error(error)) => {
                (error.id.expect("a number"), error.error.message.into())
            }
            other => panic!("an answer is wanted: {other:?}"),
        };
        match id {
            NumberOrString::Number(number) => (number, words),
            NumberOrString::String(text) => panic!("a number is wanted: {text}"),
        }
    }

    #[tokio::test]
    async fn a_message_is_a_line() {
        let (mut pipes, mut theirs, _) = pipes();
        pipes.send(request(1)).await.expect("it is written");
        let mut line = vec![0; 1_000];
        let length = theirs.read(&mut line).await.expect("a line");
        let line = std::str::from_utf8(&line[..length]).expect("text");
        assert!(
            line.ends_with("}\n") && !line[..length - 1].contains('\n'),
            "{line}"
        );
        assert!(line.contains(r#""method":"tools/list""#), "{line}");
        // Garbage, blank lines and carriage returns do no harm; pieces are joined.
        let text = format!(
            "garbage\n\n\r\n{{}}\n[]\n{}",
            answer(1).replace('\n', "\r\n")
        );
        let (begin, end) = text.split_at(40);
        theirs.write_all(begin.as_bytes()).await.expect("written");
        let rest = async {
            tokio::task::yield_now().await;
            theirs.write_all(end.as_bytes()).await.expect("written");
        };
        let (message, ()) = tokio::join!(pipes.receive(), rest);
        assert_eq!(answered(message), (1, String::new()));
    }

    #[tokio::test]
    async fn the_end_of_the_output_ends_the_connection() {
        let (mut pipes, mut theirs, screen) = pipes();
        theirs.write_all(b"{\"jsonrpc\"").await.expect("written");
        drop(theirs);
        assert!(pipes.receive().await.is_none());
        assert!(screen.over().is_cancelled());
        assert_eq!(screen.why_given_up(), None);
        assert!(pipes.send(request(1)).await.is_err());
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_fails_what_waits_and_the_next_one_is_read() {
        let (mut pipes, mut theirs, screen) = pipes();
        for id in [1, 2] {
            pipes.send(request(id)).await.expect("it is written");
        }
        let writing = tokio::spawn(async move {
            theirs.write_all(b"{\"jsonrpc\":\"").await.expect("written");
            let piece = vec![b'x'; 1 << 20];
            for _ in 0..6 {
                theirs.write_all(&piece).await.expect("written");
            }
            let rest = format!("\n{}", answer(3));
            theirs.write_all(rest.as_bytes()).await.expect("written");
            theirs
        });
        let mut failed = [
            answered(pipes.receive().await),
            answered(pipes.receive().await),
        ];
        failed.sort();
        let why = "it sent a message that is too large".to_owned();
        assert_eq!(failed, [(1, why.clone()), (2, why)]);
        pipes.send(request(3)).await.expect("it is written");
        assert_eq!(answered(pipes.receive().await), (3, String::new()));
        assert_eq!(screen.why_given_up(), None);
        drop(writing.await.expect("all is written"));
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_given_up() {
        let (mut pipes, mut theirs, screen) = pipes();
        let flood = async {
            let piece = vec![b'x'; 1 << 20];
            // It ends when nobody reads any more.
            while theirs.write_all(&piece).await.is_ok() {}
        };
        let reading = async {
            let message = pipes.receive().await;
            drop(pipes);
            message
        };
        let (message, ()) = tokio::join!(reading, flood);
        assert!(message.is_none());
        assert!(screen.why_given_up().is_some() && screen.over().is_cancelled());
    }

    #[tokio::test]
    async fn a_program_that_reads_nothing_holds_nobody_up_in_closing() {
        let (mut pipes, theirs, _) = pipes();
        let large = format!("x{}", "y".repeat(1 << 20));
        let ping = ClientJsonRpcMessage::request(
            ClientRequest::PingRequest(PingRequest::default()),
            NumberOrString::String(large.into()),
        );
        let mut stuck = Box::pin(pipes.send(ping));
        assert!(futures::poll!(&mut stuck).is_pending());
        pipes.close().await.expect("it is closed");
        drop((stuck, theirs));
    }
}
