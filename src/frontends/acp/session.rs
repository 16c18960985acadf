//! The sessions of an editor: each has a conversation, which a task of its own drives.
//!
//! The agent sends [`SessionMessage`]s; the task answers prompts when they are over. A session of an
//! editor is a session of ollacode, by the same id.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::v1::schema::{ContentBlock, PromptResponse, StopReason};
use agent_client_protocol::{Error, RequestCancellation, v1};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::actor::SessionActor;
use super::modes::SessionChoices;
use crate::session::SessionId;

/// How long a session may take to end.
const LONGEST_END: Duration = Duration::from_millis(1_500);

/// A session, as the agent knows it.
pub struct EditorSession {
    pub id: SessionId,
    /// The folder of the sessions of its workspace.
    pub kept_in: PathBuf,
    mailbox: mpsc::UnboundedSender<SessionMessage>,
    /// Cancelled, and renewed, when the editor cancels what runs.
    turns: Mutex<CancellationToken>,
    /// Ends the session.
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

pub enum SessionMessage {
    Prompt(Box<Prompt>),
    /// What is chosen, and what could be.
    Choices(oneshot::Sender<SessionChoices>),
    SetMode(String, oneshot::Sender<Changed>),
    SetModel(String, oneshot::Sender<Changed>),
}

/// What is chosen now, or why it could not be changed.
pub type Changed = Result<SessionChoices, String>;

/// A message of the user that waits for the end of its turn.
pub struct Prompt {
    pub blocks: Vec<ContentBlock>,
    pub stop: PromptStop,
    responder: v1::Responder<PromptResponse>,
}

/// Says when the editor no longer wants an answer.
#[derive(Clone)]
pub struct PromptStop {
    /// `session/cancel`
    token: CancellationToken,
    /// `$/cancel_request`
    withdrawn: RequestCancellation,
}

impl Prompt {
    /// Answers the editor: the turn is over.
    pub fn answer(self, reason: StopReason) {
        if let Err(error) = self.responder.respond(PromptResponse::new(reason)) {
            tracing::debug!("the end of a turn was not sent: {error}");
        }
    }

    /// Answers that nothing came of it.
    fn refuse(self, error: Error) {
        if let Err(error) = self.responder.respond_with_error(error) {
            tracing::debug!("an error was not sent: {error}");
        }
    }
}

impl PromptStop {
    /// Waits until the editor no longer wants an answer.
    pub async fn cancelled(&self) {
        tokio::select! {
            () = self.token.cancelled() => {}
            () = self.withdrawn.cancelled() => {}
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled() || self.withdrawn.is_cancelled()
    }

    /// Waits for something, unless the editor no longer wants an answer.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => None,
            done = work => Some(done),
        }
    }
}

impl EditorSession {
    /// Starts the task of a session. Needs a runtime.
    pub fn start(
        actor: SessionActor,
        id: SessionId,
        kept_in: PathBuf,
        stop: CancellationToken,
    ) -> Arc<EditorSession> {
        let (mailbox, inbox) = mpsc::unbounded_channel();
        let task = tokio::spawn(actor.run(inbox, stop.clone()));
        Arc::new(EditorSession {
            id,
            kept_in,
            mailbox,
            turns: Mutex::default(),
            stop,
            task: Mutex::new(Some(task)),
        })
    }

    /// Passes a message of the user on; its turn answers it.
    pub fn prompt(&self, blocks: Vec<ContentBlock>, responder: v1::Responder<PromptResponse>) {
        let stop = PromptStop {
            token: self.turns.lock().child_token(),
            withdrawn: responder.cancellation(),
        };
        let prompt = Prompt {
            blocks,
            stop,
            responder,
        };
        let sent = self.mailbox.send(SessionMessage::Prompt(Box::new(prompt)));
        if let Err(mpsc::error::SendError(SessionMessage::Prompt(prompt))) = sent {
            prompt.refuse(Error::invalid_params().data("the session is closed"));
        }
    }

    /// Stops what runs, and drops what waits.
    pub fn cancel(&self) {
        std::mem::take(&mut *self.turns.lock()).cancel();
    }

    /// Asks the task, and waits for its reply; `None` if the session has ended.
    pub async fn call<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> SessionMessage,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(message(reply)).ok()?;
        answer.await.ok()
    }

    /// Ends the session: what runs is stopped and recorded.
    pub async fn close(&self) {
        self.cancel();
        self.stop.cancel();
        let Some(task) = self.task.lock().take() else {
            return;
        };
        if tokio::time::timeout(LONGEST_END, task).await.is_err() {
            tracing::warn!("session {} did not end in time", self.id);
        }
    }
}
