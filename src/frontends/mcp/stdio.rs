//! The transport over stdin and stdout: a message a line, and nothing else.
//!
//! It takes in only as much at once as can be answered, answers what is no request, and puts the
//! answers to a batch into one line.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::RoleServer;
use rmcp::model::{ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::service::{TxJsonRpcMessage, serve_directly_with_ct};
use rmcp::transport::{Transport, stdio};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::handler::SearchServer;
use super::messages::{Incoming, Message, Refusal, read, request_id};
use crate::frontends::input_lines::{Line, LineReader};

/// Longest line, in bytes. Our longest arguments have a few thousand.
const LONGEST_LINE: usize = 1 << 20;
/// Requests whose answers are not written yet; what comes after them waits.
const MOST_WAITING: usize = 64;
/// How long calls go on when stdin has ended.
const LAST_CALLS: Duration = Duration::from_millis(1_200);
/// How long they may take to end when they are told to.
const LAST_WORDS: Duration = Duration::from_millis(400);

/// Answers on stdin and stdout until stdin ends or `stop`.
pub async fn serve(server: &SearchServer, stop: &CancellationToken) {
    let (input, output) = stdio();
    let ended = CancellationToken::new();
    let transport = LineTransport::new(input, output, ended.clone());
    let running = serve_directly_with_ct::<RoleServer, _, _, _, _>(
        server.clone(),
        transport,
        None,
        stop.child_token(),
    );
    let mut waiting = Box::pin(running.waiting());
    tokio::select! {
        _ = &mut waiting => return,
        () = ended.cancelled() => {}
        () = stop.cancelled() => {}
    }
    // Who sends its questions and closes stdin still wants the answers.
    if timeout(LAST_CALLS, &mut waiting).await.is_err() {
        server.end_calls();
        // What is not written by then has no reader.
        let _ = timeout(LAST_WORDS, waiting).await;
    }
}

/// Messages as lines.
struct LineTransport<R, W> {
    input: LineReader<R>,
    /// Messages of a batch that were not given on yet.
    ready: VecDeque<Message>,
    output: Arc<Output<W>>,
    /// Cancelled when the input ends.
    ended: CancellationToken,
}

/// The answers, and the requests that wait for them.
struct Output<W> {
    writer: tokio::sync::Mutex<W>,
    pending: Mutex<Pending>,
    /// Notified when an answer was written.
    written: Notify,
}

#[derive(Default)]
struct Pending {
    /// Requests, each with its batch if it came in one.
    requests: HashMap<RequestId, Option<u64>>,
    batches: HashMap<u64, Batch>,
    /// Batches until now.
    count: u64,
    /// Lines of our own that are being written.
    refusals: usize,
}

/// A batch that is not answered yet.
#[derive(Default)]
struct Batch {
    /// Requests without an answer.
    left: usize,
    answers: Vec<Value>,
}

impl Pending {
    fn size(&self) -> usize {
        self.requests.len() + self.refusals
    }

    /// Takes a request out of its batch; gives the answers if it was the last one.
    fn leave(&mut self, batch: u64, answer: Option<Value>) -> Option<Vec<Value>> {
        let open = self.batches.get_mut(&batch)?;
        open.answers.extend(answer);
        open.left = open.left.saturating_sub(1);
        if open.left > 0 {
            return None;
        }
        let answers = self.batches.remove(&batch)?.answers;
        (!answers.is_empty()).then_some(answers)
    }
}

impl<R, W> LineTransport<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    fn new(input: R, output: W, ended: CancellationToken) -> LineTransport<R, W> {
        LineTransport {
            input: LineReader::new(input, LONGEST_LINE),
            ready: VecDeque::new(),
            output: Arc::new(Output {
                writer: tokio::sync::Mutex::new(output),
                pending: Mutex::default(),
                written: Notify::new(),
            }),
            ended,
        }
    }

    /// Takes in a message; what is no request is answered here.
    fn take(&mut self, read: Result<Box<Message>, Refusal>) {
        let message = match read {
            Ok(message) => *message,
            Err(refusal) => return self.output.refuse(refusal),
        };
        if let Some(id) = request_id(&message) {
            let mut pending = self.output.pending.lock();
            if pending.requests.contains_key(id) {
                drop(pending);
                let why = "a request with this id is not answered yet";
                let refusal = Refusal::new(Some(id.clone()), why);
                return self.output.refuse(refusal);
            }
            pending.requests.insert(id.clone(), None);
        }
        self.output.forget_cancelled(&message);
        self.ready.push_back(message);
    }

    /// Takes in a batch, whose answers go out together.
    fn take_batch(&mut self, messages: Vec<Result<Box<Message>, Refusal>>) {
        let mut batch = Batch::default();
        let mut answered = None;
        {
            let mut pending = self.output.pending.lock();
            pending.count += 1;
            let number = pending.count;
            for read in messages {
                let message = match read {
                    Ok(message) => *message,
                    Err(refusal) => {
                        batch.answers.push(error_of(refusal));
                        continue;
                    }
                };
                if let Some(id) = request_id(&message) {
                    if pending.requests.contains_key(id) {
                        let why = "a request with this id is not answered yet";
                        let refusal = Refusal::new(Some(id.clone()), why);
                        batch.answers.push(error_of(refusal));
                        continue;
                    }
                    pending.requests.insert(id.clone(), Some(number));
                    batch.left += 1;
                }
                self.ready.push_back(message);
            }
            match (batch.left, batch.answers.is_empty()) {
                (0, true) => {}
                (0, false) => answered = Some(batch.answers),
                _ => {
                    pending.batches.insert(number, batch);
                }
            }
        }
        if let Some(answers) = answered {
            self.output.write_behind(Value::Array(answers));
        }
        let cancelled: Vec<RequestId> = self.ready.iter().filter_map(cancelled_by).collect();
        for id in cancelled {
            self.output.forget(&id);
        }
    }
}

impl<W: AsyncWrite + Unpin + Send + 'static> Output<W> {
    /// Answers what is no request.
    fn refuse(self: &Arc<Self>, refusal: Refusal) {
        self.write_behind(error_of(refusal));
    }

    /// Writes a line of our own, which counts as a request until it is written.
    fn write_behind(self: &Arc<Self>, value: Value) {
        self.pending.lock().refusals += 1;
        let output = Arc::clone(self);
        // Reading may be broken off at any time; a line must not.
        tokio::spawn(async move {
            if let Err(error) = output.write(value.to_string().into_bytes()).await {
                tracing::debug!(%error, "cannot write an answer");
            }
            output.pending.lock().refusals -= 1;
            output.written.notify_waiters();
        });
    }

    /// Writes a line.
    async fn write(&self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        let mut writer = self.writer.lock().await;
        writer.write_all(&line).await?;
        writer.flush().await
    }

    /// Writes a message, or keeps it until its batch is complete.
    async fn send(&self, item: ServerJsonRpcMessage) -> io::Result<()> {
        let id = match &item {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let batch = id.as_ref().and_then(|id| {
            let pending = self.pending.lock();
            pending.requests.get(id).copied().flatten()
        });
        let line = match batch {
            None => Some(serde_json::to_vec(&item)?),
            Some(batch) => {
                let answer = serde_json::to_value(&item)?;
                let answers = self.pending.lock().leave(batch, Some(answer));
                answers.map(|answers| Value::Array(answers).to_string().into_bytes())
            }
        };
        let written = match line {
            Some(line) => self.write(line).await,
            None => Ok(()),
        };
        if let Some(id) = id {
            self.pending.lock().requests.remove(&id);
            self.written.notify_waiters();
        }
        written
    }

    /// A request that is cancelled has no answer.
    fn forget_cancelled(self: &Arc<Self>, message: &Message) {
        if let Some(id) = cancelled_by(message) {
            self.forget(&id);
        }
    }

    fn forget(self: &Arc<Self>, id: &RequestId) {
        let answers = {
            let mut pending = self.pending.lock();
            let batch = pending.requests.remove(id).flatten();
            batch.and_then(|batch| pending.leave(batch, None))
        };
        self.written.notify_waiters();
        if let Some(answers) = answers {
            self.write_behind(Value::Array(answers));
        }
    }

    /// Waits until something holds of what is pending.
    async fn wait_until(&self, holds: impl Fn(&Pending) -> bool) {
        loop {
            let mut written = std::pin::pin!(self.written.notified());
            // From here on no notification is missed.
            written.as_mut().enable();
            if holds(&self.pending.lock()) {
                return;
            }
            written.await;
        }
    }
}

impl<R, W> Transport<RoleServer> for LineTransport<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move { output.send(item).await }
    }

    async fn receive(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Some(message);
            }
            let has_room = |pending: &Pending| pending.size() < MOST_WAITING;
            self.output.wait_until(has_room).await;
            match self.input.next().await {
                Line::Whole(line) => match read(&line) {
                    Incoming::One(read) => self.take(read),
                    Incoming::Batch(messages) => self.take_batch(messages),
                    Incoming::Nothing => {}
                },
                Line::TooLong => {
                    let why = format!("the message is longer than {LONGEST_LINE} bytes");
                    self.output.refuse(Refusal::new(None, why));
                }
                Line::End => {
                    self.ended.cancel();
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.output
            .wait_until(|pending| pending.refusals == 0)
            .await;
        Ok(())
    }
}

/// The request that a notification cancels.
fn cancelled_by(message: &Message) -> Option<RequestId> {
    match message {
        JsonRpcMessage::Notification(notification) => match &notification.notification {
            ClientNotification::CancelledNotification(cancelled) => {
                cancelled.params.request_id.clone()
            }
            _ => None,
        },
        _ => None,
    }
}

/// The answer to what is refused.
fn error_of(refusal: Refusal) -> Value {
    let Refusal { id, error } = refusal;
    let message = ServerJsonRpcMessage::error(error, id);
    serde_json::to_value(message).unwrap_or_default()
}

#[cfg(test)]
mod tests;
