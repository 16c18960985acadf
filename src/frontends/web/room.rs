//! The rooms of the page: each has a conversation, which a task of its own drives.
//!
//! Handlers send a [`RoomMessage`] and wait for the reply; streams read the [`RoomLog`]. In reading
//! order: [`log`] keeps the events, [`event`] and [`answer`] make them, `actor` drives the
//! conversation, `messages` answers handlers.

mod actor;
pub mod answer;
pub mod event;
pub mod lists;
pub mod log;
mod messages;
pub mod model;
pub mod progress;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::conversation::workspaces::OpenWorkspace;
use crate::conversation::{Conversation, SharedContext};
use crate::session::SessionId;

pub use messages::{
    AnswerResult, AskResult, AskedQuestion, CommandFailure, CommandOutcome, GivenAnswer,
    RoomMessage, RoomSnapshot,
};

use actor::RoomActor;
use lists::FileLists;
use log::RoomLog;
use model::ModelCheck;
use progress::IndexRuns;

/// Most rooms; the one that was used longest ago makes room.
const MOST_ROOMS: usize = 32;
/// Most questions of programs that are answered at a time.
const MOST_AGENTS: usize = 8;
/// How many requests can wait for a room.
const MAILBOX_CAPACITY: usize = 64;
/// How long the rooms may take to end when the program ends.
const LONGEST_END: Duration = Duration::from_secs(5);

/// Everything that the page has open.
pub struct Rooms {
    open: Mutex<Vec<OpenRoom>>,
    number: AtomicU64,
    /// Tells rooms of this process from those of an earlier one.
    process: String,
    /// Streams that are open.
    pub streams: Arc<AtomicUsize>,
    /// Questions of programs that may run now.
    pub agents: Arc<Semaphore>,
    /// Whether the chat model can be reached.
    pub model: ModelCheck,
    /// Index updates that the page has started.
    pub indexing: IndexRuns,
    /// The files of workspaces.
    pub files: FileLists,
}

struct OpenRoom {
    room: Arc<Room>,
    task: JoinHandle<()>,
}

/// A conversation, as handlers and streams know it.
pub struct Room {
    pub id: String,
    pub log: Arc<RoomLog>,
    facts: Mutex<RoomFacts>,
    last_used: Mutex<Instant>,
    mailbox: mpsc::Sender<RoomMessage>,
    stop: CancellationToken,
}

/// What is known of a room without asking it.
#[derive(Clone)]
pub struct RoomFacts {
    pub title: String,
    pub session: Option<SessionId>,
    pub workspace: Arc<OpenWorkspace>,
    pub is_busy: bool,
    /// Whether a request for approval, or a question of the model, waits for an answer.
    pub is_asking: bool,
}

/// The room has ended: it made room for another one, or the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomGone;

/// There are too many rooms, and all of them are busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRooms;

impl Default for Rooms {
    fn default() -> Rooms {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let process = now.unwrap_or_default().as_micros() & 0xff_ffff;
        Rooms {
            open: Mutex::default(),
            number: AtomicU64::new(0),
            process: format!("{process:x}"),
            streams: Arc::default(),
            agents: Arc::new(Semaphore::new(MOST_AGENTS)),
            model: ModelCheck::default(),
            indexing: IndexRuns::default(),
            files: FileLists::default(),
        }
    }
}

impl Rooms {
    /// Opens a room for a new session, or for an earlier one: if that is open here, its room. Needs a
    /// runtime.
    pub fn open(
        &self,
        shared: &Arc<SharedContext>,
        workspace: Arc<OpenWorkspace>,
        session: Option<SessionId>,
    ) -> Result<Arc<Room>, TooManyRooms> {
        let mut open = self.open.lock();
        open.retain(|open| !open.task.is_finished());
        if let Some(session) = &session
            && let Some(known) = open.iter().find(|open| open.room.has(&workspace, session))
        {
            return Ok(Arc::clone(&known.room));
        }
        if open.len() >= MOST_ROOMS {
            make_room(&mut open)?;
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("c{number}-{}", self.process);
        let mut conversation = Conversation::new(Arc::clone(shared), None);
        conversation.begin_in(workspace);
        conversation.begin_with(session, None);
        let (mailbox, inbox) = mpsc::channel(MAILBOX_CAPACITY);
        let room = Arc::new(Room {
            id,
            log: Arc::default(),
            facts: Mutex::new(RoomFacts {
                title: String::new(),
                session: conversation.session().cloned(),
                workspace: Arc::clone(conversation.workspace()),
                is_busy: false,
                is_asking: false,
            }),
            last_used: Mutex::new(Instant::now()),
            mailbox,
            stop: shared.stop.child_token(),
        });
        let actor = RoomActor::new(conversation, Arc::clone(&room));
        let task = tokio::spawn(actor.run(inbox));
        open.push(OpenRoom {
            room: Arc::clone(&room),
            task,
        });
        Ok(room)
    }

    pub fn get(&self, id: &str) -> Option<Arc<Room>> {
        let open = self.open.lock();
        let found = open.iter().find(|open| open.room.id == id)?;
        (!found.task.is_finished()).then(|| Arc::clone(&found.room))
    }

    /// All rooms, in the order in which they were opened.
    pub fn all(&self) -> Vec<Arc<Room>> {
        let open = self.open.lock();
        let live = open.iter().filter(|open| !open.task.is_finished());
        live.map(|open| Arc::clone(&open.room)).collect()
    }

    /// Whether a session is open in a room.
    pub fn has_session(&self, workspace: &Arc<OpenWorkspace>, session: &SessionId) -> bool {
        let open = self.open.lock();
        let mut live = open.iter().filter(|open| !open.task.is_finished());
        live.any(|open| open.room.has(workspace, session))
    }

    /// Ends all rooms: turns are stopped and recorded. Call it when the program ends.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.open.lock());
        let tasks = open.into_iter().map(|open| {
            open.room.stop.cancel();
            open.task
        });
        let all = futures::future::join_all(tasks);
        if tokio::time::timeout(LONGEST_END, all).await.is_err() {
            tracing::warn!("a conversation did not end in time");
        }
    }
}

/// Ends the room that was used longest ago, among those in which nothing runs.
fn make_room(open: &mut Vec<OpenRoom>) -> Result<(), TooManyRooms> {
    let idle = open.iter().enumerate();
    let idle = idle.filter(|(_, open)| !open.room.facts().is_busy);
    let oldest = idle.min_by_key(|(_, open)| *open.room.last_used.lock());
    let (at, _) = oldest.ok_or(TooManyRooms)?;
    open.remove(at).room.stop.cancel();
    Ok(())
}

impl Room {
    pub fn facts(&self) -> RoomFacts {
        self.facts.lock().clone()
    }

    fn has(&self, workspace: &Arc<OpenWorkspace>, session: &SessionId) -> bool {
        let facts = self.facts.lock();
        facts.session.as_ref() == Some(session) && facts.workspace.root() == workspace.root()
    }

    /// Sends a message, and waits for the reply.
    pub async fn call<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> RoomMessage,
    ) -> Result<T, RoomGone> {
        *self.last_used.lock() = Instant::now();
        let (reply, answer) = oneshot::channel();
        let sent = self.mailbox.send(message(reply)).await;
        sent.map_err(|_| RoomGone)?;
        answer.await.map_err(|_| RoomGone)
    }
}
