//! A conversation, the same for every front end: its session, its mode, its turns and its queue.
//!
//! A front end reads what the user types, tells commands from questions with [`commands`], passes
//! them to a [`Conversation`], and shows its [`Update`]s and [`CommandReply`]s. In reading order:
//! `opening` creates and resumes sessions, `turn` runs one turn as a task, [`answers`] receives the
//! user's answers, [`event_log`] numbers the events, `run` executes commands. [`workspaces`] and
//! [`registry`] are shared by all conversations of a process.

pub mod answers;
mod beginning;
mod changes;
pub mod commands;
pub mod event_log;
mod hooks;
mod mcp;
pub mod mentions;
pub mod messages;
mod opening;
mod plans;
mod project;
pub mod registry;
pub mod reply;
mod run;
pub mod skills;
mod status;
mod turn;
pub mod turn_facts;
mod update;
pub mod workspaces;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, anyhow};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::engine::event::TurnEnd;
use crate::engine::{ChatActivity, CommandWatch, Question};
use crate::model::ChatModel;
use crate::permission::Mode;
use crate::session::{self, SessionError, SessionId};

pub use event_log::NumberedEvent;
pub use opening::{Connector, InstalledModels, OpenSession, OpenedSession};
pub use reply::CommandReply;
pub use update::{EndReason, FinishedTurn, PlanOffer, PlanWay, StopResult, SubmitResult, Update};

use answers::Answers;
use event_log::EventLog;
use opening::OpenRequest;
use registry::SessionRegistry;
use turn::{RunningTurn, TurnJob};
use workspaces::{OpenWorkspace, Workspaces};

/// Maximum number of queued questions.
const MOST_QUEUED: usize = 20;

/// State that all conversations of a process share.
pub struct SharedContext {
    pub workspaces: Workspaces,
    /// The session of each conversation; `None` for a front end with a single user.
    pub registry: Option<Mutex<SessionRegistry>>,
    /// Tells background embedding that a model is replying.
    pub activity: ChatActivity,
    pub connector: Arc<dyn Connector>,
    /// How long a command waits for a server; `None` where the user can cancel it.
    pub patience: Option<Duration>,
    /// The mode in which conversations start.
    pub first_mode: Mode,
    /// Whether a conversation may switch to `auto-approve`.
    pub offers_auto_approve: bool,
    /// Whether a user can approve calls.
    pub has_user: bool,
    /// Cancelled when the program ends.
    pub stop: CancellationToken,
}

impl SharedContext {
    fn with_registry<T: Default>(&self, act: impl FnOnce(&mut SessionRegistry) -> T) -> T {
        let Some(registry) = &self.registry else {
            return T::default();
        };
        act(&mut registry.lock())
    }
}

/// A remote user of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The key of the conversation in the registry.
    pub key: String,
    pub user: u64,
    /// Whether this user may resume every session, not only their own.
    pub is_owner: bool,
}

pub struct Conversation {
    shared: Arc<SharedContext>,
    /// `None` at the terminal.
    participant: Option<Participant>,
    workspace: Arc<OpenWorkspace>,
    /// The current session, or the last one.
    session: Option<SessionId>,
    /// The id of the only session that is ever opened, if it was given away in advance.
    own_id: Option<SessionId>,
    /// The session and its engine, while it is open and no turn runs.
    open: Option<OpenSession>,
    /// Notices about the opened session that were not shown yet.
    opened: Option<OpenedSession>,
    /// The chosen model, if any.
    model: Option<String>,
    /// An established connection to a model.
    connected: Option<Arc<dyn ChatModel>>,
    /// The mode in which plans are carried out.
    work_mode: Mode,
    is_planning: bool,
    /// Whether the conversation's mode overrides the stored mode of the session.
    is_mode_chosen: bool,
    running: Option<RunningTurn>,
    /// What a command of the running turn prints.
    live: Option<CommandWatch>,
    /// The sessions as they were listed last: they are resumed by their number.
    listed: Vec<SessionId>,
    queue: VecDeque<QueuedQuestion>,
    /// Cancels a running `/index`; already cancelled when it has ended.
    indexing: Option<CancellationToken>,
    answers: Answers,
    /// Whether a user can approve calls.
    has_user: bool,
    log: EventLog,
}

/// A question that waits until the current turn ends.
struct QueuedQuestion {
    /// The front end's id of the message.
    message: Option<i32>,
    question: Question,
}

impl Conversation {
    /// Restores the conversation from the registry, if it is known there.
    pub fn new(shared: Arc<SharedContext>, participant: Option<Participant>) -> Conversation {
        let entry = participant
            .as_ref()
            .and_then(|who| shared.with_registry(|all| all.conversation(&who.key)));
        let workspace = entry
            .as_ref()
            .and_then(|entry| shared.workspaces.at(&entry.workspace));
        let session = match (&workspace, entry) {
            (Some(_), Some(entry)) => SessionId::parse(&entry.session).ok(),
            _ => None,
        };
        let mut conversation = Conversation {
            workspace: workspace.unwrap_or_else(|| shared.workspaces.first()),
            work_mode: shared.first_mode,
            has_user: shared.has_user,
            shared,
            participant,
            session: None,
            own_id: None,
            open: None,
            opened: None,
            model: None,
            connected: None,
            is_planning: false,
            is_mode_chosen: false,
            running: None,
            live: None,
            listed: Vec::new(),
            queue: VecDeque::new(),
            indexing: None,
            answers: Answers::default(),
            log: EventLog::default(),
        };
        // The owner may have changed since.
        conversation.session = session.filter(|id| conversation.may_resume(id));
        conversation
    }

    pub fn workspace(&self) -> &Arc<OpenWorkspace> {
        &self.workspace
    }

    /// The current session, or the last one.
    pub fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    /// The session with its engine, while it is open and no turn runs.
    pub fn open_session(&self) -> Option<&OpenSession> {
        self.open.as_ref()
    }

    /// Receives the answers to approval requests and questions.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The events so far.
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// The mode of the next question.
    pub fn mode(&self) -> Mode {
        if self.is_planning {
            Mode::Plan
        } else {
            self.work_mode
        }
    }

    /// The mode in which a plan would be carried out.
    pub fn work_mode(&self) -> Mode {
        self.work_mode
    }

    /// Sets the work mode, and whether plan mode is on.
    pub fn set_mode(&mut self, work_mode: Mode, is_planning: bool) {
        self.work_mode = work_mode;
        self.is_planning = is_planning;
        self.is_mode_chosen = true;
    }

    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Attachments and pictures of the queued questions.
    pub fn queued_files(&self) -> usize {
        let files = |queued: &QueuedQuestion| {
            queued.question.attachments.len() + queued.question.images.len()
        };
        self.queue.iter().map(files).sum()
    }

    /// Opens the session, unless it is open or a turn has it.
    pub async fn open(&mut self) -> Result<(), Error> {
        if self.open.is_none() && self.running.is_none() {
            let request = self.open_request();
            let opened = self.soon(request.open()).await?;
            self.note_opened(opened);
        }
        Ok(())
    }

    /// Takes the notices about the session that was opened.
    pub fn take_opened(&mut self) -> Option<OpenedSession> {
        self.opened.take()
    }

    /// Asks a question: its turn starts now, or after those in the queue. `message` is the front
    /// end's id of it.
    pub fn ask(&mut self, message: Option<i32>, question: Question) -> SubmitResult {
        if self.running.is_none() {
            self.start(TurnJob::Ask(Box::new(question)));
            return SubmitResult::Started;
        }
        if self.queue.len() == MOST_QUEUED {
            return SubmitResult::Refused;
        }
        self.queue.push_back(QueuedQuestion { message, question });
        SubmitResult::Queued
    }

    /// The queued question of a message.
    pub fn queued_question(&mut self, message: i32) -> Option<&mut Question> {
        let mut queue = self.queue.iter_mut();
        let queued = queue.find(|queued| queued.message == Some(message))?;
        Some(&mut queued.question)
    }

    /// Removes the question of a message from the queue.
    pub fn unqueue(&mut self, message: i32) {
        self.queue.retain(|queued| queued.message != Some(message));
    }

    /// Clears the queue and returns its length.
    pub fn clear_queue(&mut self) -> usize {
        std::mem::take(&mut self.queue).len()
    }

    /// Stops the turn and a running `/index`, and clears the queue.
    pub fn stop(&mut self) -> StopResult {
        let indexing = self.indexing.take();
        let indexing = indexing.filter(|indexing| !indexing.is_cancelled());
        if let Some(indexing) = &indexing {
            indexing.cancel();
        }
        if let Some(running) = &self.running {
            running.stop.cancel();
        }
        StopResult {
            is_turn: self.running.is_some(),
            is_indexing: indexing.is_some(),
            dropped: self.clear_queue(),
        }
    }

    /// Waits for the next update of the turn; never returns while no turn runs. Cancel-safe.
    pub async fn update(&mut self) -> Update {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        match running.next().await {
            turn::TurnProgress::Event(event) => Update::Event(self.log.push(event)),
            turn::TurnProgress::Opened(opened, job) => {
                self.note_opened(*opened);
                self.start(job);
                Update::Opened
            }
            turn::TurnProgress::Ended(open, how) => {
                Update::Ended(self.finish(open.map(|open| *open), how))
            }
        }
    }

    /// The last lines of the command that the turn runs, at most so many; `None` if they are as
    /// they were.
    pub async fn live_lines(&mut self, most: usize) -> Option<Vec<String>> {
        self.live.as_mut()?.changed(most).await
    }

    /// Closes the session, so that another process can resume it; `why` is written into its
    /// journal.
    pub fn release(&mut self, why: &str) -> Result<(), SessionError> {
        let mode = self.mode();
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        self.connected = (!open.is_server_lost).then(|| Arc::clone(&open.session.model));
        open.session.set_mode(mode)?;
        open.session.end(why)
    }

    /// Drops the connection to the model, since the server may change.
    pub fn disconnect(&mut self) {
        self.connected = None;
    }

    /// Starts a new session with the next question.
    fn renew(&mut self) {
        self.let_go();
        self.session = None;
        self.register(None);
    }

    fn let_go(&mut self) {
        if let Err(error) = self.release("left") {
            tracing::warn!("{error}");
        }
        self.is_planning = false;
    }

    /// Forgets the mode that was chosen for the previous session.
    fn reset_mode(&mut self) {
        self.work_mode = self.shared.first_mode;
        self.is_planning = false;
        self.is_mode_chosen = false;
    }

    fn register(&self, session: Option<&SessionId>) {
        if let Some(participant) = &self.participant {
            let root = self.workspace.root();
            self.shared
                .with_registry(|all| all.set(&participant.key, root, session));
        }
    }

    fn may_resume(&self, id: &SessionId) -> bool {
        self.participant.as_ref().is_none_or(|who| {
            who.is_owner || self.shared.with_registry(|all| all.owner(id)) == Some(who.user)
        })
    }

    fn open_request(&self) -> OpenRequest {
        OpenRequest {
            shared: Arc::clone(&self.shared),
            participant: self.participant.clone(),
            workspace: Arc::clone(&self.workspace),
            session: self.session.clone(),
            own_id: self.own_id.clone(),
            model: self.model.clone(),
            connected: self.connected.clone(),
            mode: self.mode(),
            is_mode_chosen: self.is_mode_chosen,
        }
    }

    fn note_opened(&mut self, (open, opened): (OpenSession, OpenedSession)) {
        self.session = Some(opened.id.clone());
        self.is_planning = opened.mode == Mode::Plan;
        self.is_mode_chosen = true;
        self.open = Some(open);
        self.opened = Some(opened);
    }

    fn start(&mut self, job: TurnJob) {
        let stop = self.shared.stop.child_token();
        self.running = Some(match self.open.take() {
            Some(open) => {
                self.live = Some(open.engine.watch_command());
                let approver = (self.answers.clone(), self.has_user);
                let servers = turn::OtherServers {
                    workspace: Arc::clone(&self.workspace),
                    connector: Arc::clone(&self.shared.connector),
                };
                RunningTurn::turn(open, self.mode(), job, approver, servers, stop)
            }
            None => RunningTurn::opening(self.open_request(), job, stop),
        });
    }

    fn finish(&mut self, open: Option<OpenSession>, how: EndReason) -> FinishedTurn {
        self.running = None;
        self.live = None;
        if let Some(open) = open {
            // A stop may come just after the session was opened.
            self.session = Some(open.session.id.clone());
            self.is_planning = open.session.mode == Mode::Plan;
            self.is_mode_chosen = true;
            self.open = Some(open);
        }
        let is_planned = matches!(how, EndReason::Turn(TurnEnd::Planned));
        let plan = self
            .open
            .as_ref()
            .filter(|_| is_planned && self.queue.is_empty());
        let plan = plan.map(|open| PlanOffer::of(&open.session, self.work_mode));
        // Nothing is started once the program ends.
        let next = match self.shared.stop.is_cancelled() {
            true => None,
            false => self.queue.pop_front(),
        };
        let is_followed = next.is_some();
        if let Some(next) = next {
            self.start(TurnJob::Ask(Box::new(next.question)));
        }
        FinishedTurn {
            how,
            plan,
            is_followed,
        }
    }

    /// Waits for a server, with the timeout of the front end.
    async fn soon<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let answer = self.shared.stop.run_until_cancelled(answer);
        let answer = match self.shared.patience {
            None => answer.await,
            Some(patience) => tokio::time::timeout(patience, answer).await.map_err(|_| {
                let seconds = patience.as_secs();
                let server = self.workspace.app.server_kind().label();
                anyhow!(
                    "{server} did not answer within {seconds} s: check that it is running, then \
                     try again"
                )
            })?,
        };
        answer.unwrap_or_else(|| Err(anyhow!("ollacode is shutting down")))
    }

    /// Finds a session by its id or a part of it, among those that the user may resume.
    fn find(&self, folder: &Path, given: &str) -> Result<SessionId, SessionError> {
        if self.participant.as_ref().is_none_or(|who| who.is_owner) {
            return session::find(folder, given);
        }
        let all = session::sessions(folder)?.into_iter();
        let mine: Vec<SessionId> = all
            .map(|summary| summary.id)
            .filter(|id| self.may_resume(id))
            .collect();
        session::find_among(mine, given)
    }
}
