//! The task of a room: it owns the conversation, writes its events into the log, and answers
//! handlers.

mod requests;
mod turns;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Error;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::answer::AnswerBlocks;
use super::event;
use super::log::RoomLog;
use super::messages::{AskResult, RoomMessage, RoomTokens};
use super::{Room, RoomFacts};
use crate::conversation::messages::error_words;
use crate::conversation::{Conversation, FinishedTurn, OpenedSession, PlanOffer, Update};
use crate::engine::event::{AskId, Event};
use crate::permission::{Decision, Preview};
use crate::session;
use crate::visible::escape_hidden;

use turns::TurnMarks;

/// How long a session stays open without use, before another process can resume it.
const RELEASE: Duration = Duration::from_secs(10 * 60);
/// How often is looked what a running command printed.
const LIVE: Duration = Duration::from_millis(200);
/// Maximum lines of a running command that are shown.
const MOST_LIVE: usize = 40;
/// Longest request for approval, in bytes of JSON: what cannot be shown whole cannot be allowed.
const MOST_OF_REQUEST: usize = 2 << 20;

pub struct RoomActor {
    conversation: Conversation,
    room: Arc<Room>,
    answer: AnswerBlocks,
    /// Requests and questions that wait for an answer.
    asked: BTreeMap<u64, OpenAsk>,
    queued: VecDeque<QueuedMessage>,
    /// The last messages of clients: a repeated one is not asked again.
    clients: VecDeque<(String, AskResult)>,
    /// The plan that can be carried out.
    plan: Option<PlanOffer>,
    /// The call that runs.
    running_call: Option<String>,
    marks: TurnMarks,
    tokens: Option<RoomTokens>,
    model: String,
    /// Whether the session is to be opened before the first question.
    wants_open: bool,
    title: String,
    messages: i32,
}

/// What can be answered, and how.
enum OpenAsk {
    Approval {
        /// Whether all of it is shown: else it can only be denied.
        is_whole: bool,
        can_remember: bool,
        can_replace: bool,
    },
    Question,
}

/// A question that waits until the turn ends.
struct QueuedMessage {
    number: i32,
    client: Option<String>,
    text: String,
    names: Vec<String>,
}

/// What the conversation does next.
enum RoomStep {
    Update(Update),
    /// The session was opened before a question, or could not be.
    Opened(Result<(), Error>),
}

/// Ends the streams of a room also when its task panics.
struct CloseOnDrop(Arc<RoomLog>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl RoomActor {
    pub fn new(conversation: Conversation, room: Arc<Room>) -> RoomActor {
        RoomActor {
            model: conversation.workspace().app.model_name().to_owned(),
            wants_open: conversation.session().is_some(),
            conversation,
            room,
            answer: AnswerBlocks::default(),
            asked: BTreeMap::new(),
            queued: VecDeque::new(),
            clients: VecDeque::new(),
            plan: None,
            running_call: None,
            marks: TurnMarks::default(),
            tokens: None,
            title: String::new(),
            messages: 0,
        }
    }

    /// Drives the conversation until the room ends.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<RoomMessage>) {
        let _streams_end = CloseOnDrop(Arc::clone(&self.room.log));
        let stop = self.room.stop.clone();
        let mut live = interval(LIVE);
        live.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet_since = Instant::now();
        self.read_session();
        loop {
            self.publish();
            let is_busy = self.conversation.is_busy();
            let is_idle = self.conversation.open_session().is_some();
            let due = self.answer.due();
            tokio::select! {
                () = stop.cancelled() => break,
                step = next(&mut self.conversation, self.wants_open) => {
                    quiet_since = Instant::now();
                    self.step(step);
                }
                () = at(due) => self.answer.flush(&self.room.log),
                _ = live.tick(), if is_busy => self.show_live().await,
                message = inbox.recv() => match message {
                    Some(message) => {
                        quiet_since = Instant::now();
                        self.handle(message).await;
                    }
                    None => break,
                },
                () = at(Some(quiet_since + RELEASE)), if is_idle => self.release(),
            }
        }
        self.leave().await;
    }

    fn step(&mut self, step: RoomStep) {
        match step {
            RoomStep::Update(Update::Opened) => self.show_opened(),
            RoomStep::Update(Update::Event(numbered)) => self.event(&numbered.event),
            RoomStep::Update(Update::Ended(ended)) => self.finished(ended),
            RoomStep::Opened(opened) => {
                self.wants_open = false;
                self.show_opened();
                if let Err(error) = opened {
                    let text = error_words(&error);
                    self.tell(json!({"event": "notice", "text": text}));
                }
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let log = &self.room.log;
        match event {
            Event::Text(piece) => return self.answer.push(piece, log),
            Event::Thinking(piece) => {
                self.answer.flush(log);
                return log.push_thoughts(&escape_hidden(piece));
            }
            Event::TextWasThought => {
                let reply = self.answer.give_up();
                return self.tell(json!({"event": "text_was_thought", "reply": reply}));
            }
            Event::Replied { used, window, .. } => {
                self.answer.finish(log);
                self.tokens = Some(RoomTokens {
                    used: *used,
                    window: *window,
                });
            }
            _ => self.answer.flush(log),
        }
        // The end is told once the session is free again.
        if matches!(event, Event::TurnEnded(_)) {
            return;
        }
        let shown = event::of_engine(event);
        match event {
            Event::ApprovalAsked { id, request } => {
                if shown.json.len() > MOST_OF_REQUEST {
                    return self.deny_unseen(*id);
                }
                let can_replace =
                    request.can_edit && matches!(request.preview, Preview::Command(_));
                self.asked.insert(
                    id.0,
                    OpenAsk::Approval {
                        is_whole: event::is_whole(request),
                        can_remember: request.remember.is_some(),
                        can_replace,
                    },
                );
            }
            Event::QuestionAsked { id, .. } => {
                self.asked.insert(id.0, OpenAsk::Question);
            }
            Event::ToolStarted { id, .. } => self.running_call = Some(id.clone()),
            Event::ToolFinished { .. } => {
                self.running_call = None;
                self.room.log.show_live(None);
            }
            _ => {}
        }
        self.room.log.push(shown);
    }

    /// Denies a call that cannot be shown completely.
    fn deny_unseen(&self, id: AskId) {
        let why = "it is too long to be shown in a browser; start the turn at the terminal to \
                   approve it";
        let denied = Decision::Deny(Some(why.to_owned()));
        self.conversation.answers().decide(id, denied);
        self.tell(json!({"event": "notice", "text": format!("a call was denied: {why}")}));
    }

    fn finished(&mut self, ended: FinishedTurn) {
        self.answer.finish(&self.room.log);
        self.room.log.show_live(None);
        self.running_call = None;
        // Nobody waits for the answers any more.
        for id in std::mem::take(&mut self.asked).into_keys() {
            self.tell(json!({"event": "decided", "id": id, "decision": "withdrawn"}));
        }
        self.tell(event::end(&ended.how));
        self.marks.end(&ended.how);
        self.offer(ended.plan);
        if ended.is_followed {
            let next = self.queued.pop_front();
            self.tell_queue();
            if let Some(next) = next {
                self.begin(&next.text, next.client.as_deref(), &next.names);
            }
        }
    }

    fn offer(&mut self, plan: Option<PlanOffer>) {
        if let Some(plan) = &plan {
            self.tell(json!({
                "event": "plan_offered",
                "mode": plan.mode.name(),
                "turn": plan.turn,
                "has_steps": plan.has_steps,
            }));
        }
        self.plan = plan;
    }

    /// Tells that a question is being answered.
    fn begin(&mut self, text: &str, client: Option<&str>, attachments: &[String]) {
        self.plan = None;
        let mut asked = json!({
            "event": "asked",
            "text": text,
            "client": client,
            "attachments": attachments,
        });
        event::make_visible(&mut asked);
        let first = self.room.log.push_turn(asked);
        self.marks.begin(first);
        if self.title.is_empty() {
            self.set_title(session::title(text));
        }
    }

    fn set_title(&mut self, title: String) {
        if self.title != title {
            self.tell(json!({"event": "title", "title": title}));
            self.title = title;
        }
    }

    fn tell_queue(&self) {
        let texts: Vec<&str> = self.queued.iter().map(|it| it.text.as_str()).collect();
        let clients: Vec<Option<&str>> =
            self.queued.iter().map(|it| it.client.as_deref()).collect();
        self.tell(json!({"event": "queued", "texts": texts, "clients": clients}));
    }

    /// Adds an event without hidden characters to the log.
    fn tell(&self, mut value: Value) {
        event::make_visible(&mut value);
        self.room.log.push(value);
    }

    /// Tells what should be known of a session that was opened.
    fn show_opened(&mut self) {
        if let Some(opened) = self.conversation.take_opened() {
            self.note_opened(&opened);
        }
    }

    fn note_opened(&mut self, opened: &OpenedSession) {
        self.model.clone_from(&opened.model.name);
        self.marks.opened(opened.turns);
        self.room.log.push(event::opened(opened));
        self.tell_mode();
    }

    fn tell_mode(&self) {
        let conversation = &self.conversation;
        let (mode, work_mode) = (conversation.mode(), conversation.work_mode());
        self.tell(event::mode(mode, work_mode, conversation.confinement()));
    }

    /// Title and number of questions of the session, which need not be open.
    fn read_session(&mut self) {
        self.title.clear();
        self.marks = TurnMarks::default();
        let folder = self.conversation.workspace().app.sessions_folder();
        let Some(id) = self.conversation.session() else {
            return;
        };
        if let Ok(summary) = session::summary(&folder, id) {
            self.title = summary.title;
            self.marks.opened(summary.turns);
            if !summary.model.is_empty() {
                self.model = summary.model;
            }
        }
    }

    /// Begins the log anew if the session was gone on with elsewhere while it was not open here.
    async fn catch_up(&mut self) {
        let conversation = &self.conversation;
        if conversation.is_busy() || conversation.open_session().is_some() {
            return;
        }
        let Some(id) = conversation.session().cloned() else {
            return;
        };
        let folder = conversation.workspace().app.sessions_folder();
        let reading = spawn_blocking(move || session::summary(&folder, &id));
        let Ok(Ok(summary)) = reading.await else {
            return;
        };
        if self.marks.are_behind(summary.turns) {
            self.plan = None;
            self.tokens = None;
            self.room.log.restart();
            self.read_session();
        }
    }

    async fn show_live(&mut self) {
        let Some(lines) = self.conversation.live_lines(MOST_LIVE).await else {
            return;
        };
        let mut live = json!({"event": "live", "id": self.running_call, "lines": lines});
        event::make_visible(&mut live);
        self.room.log.show_live(Some(live.into()));
    }

    /// What is known of the room without asking it.
    fn publish(&self) {
        *self.room.facts.lock() = RoomFacts {
            title: escape_hidden(&self.title).into_owned(),
            session: self.conversation.session().cloned(),
            workspace: Arc::clone(self.conversation.workspace()),
            is_busy: self.conversation.is_busy(),
            is_asking: !self.asked.is_empty(),
        };
    }

    /// Closes the session, so that another process can resume it.
    fn release(&mut self) {
        if let Err(error) = self.conversation.release("left") {
            tracing::warn!("{error}");
        }
        self.conversation.disconnect();
    }

    /// Ends the room: the turn is stopped and recorded, queued questions are not asked.
    async fn leave(mut self) {
        if self.conversation.clear_queue() > 0 {
            self.queued.clear();
            let text = "the program ends; the queued messages were not read: send them again";
            self.tell(json!({"event": "notice", "text": text}));
        }
        self.conversation.stop();
        while self.conversation.is_busy() {
            let update = self.conversation.update().await;
            self.step(RoomStep::Update(update));
        }
        self.release();
        self.publish();
    }
}

/// Waits for the next step: a session that is to be opened, or an update of the turn. Cancel-safe.
async fn next(conversation: &mut Conversation, wants_open: bool) -> RoomStep {
    if wants_open && !conversation.is_busy() {
        RoomStep::Opened(conversation.open().await)
    } else {
        RoomStep::Update(conversation.update().await)
    }
}

/// Waits until a time; for ever without one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => pending().await,
    }
}
