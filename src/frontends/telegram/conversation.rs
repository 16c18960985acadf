//! The conversation of one user in one chat: its mail, its session, and the turn that runs.
//!
//! A turn runs as a task, and the mail is read meanwhile: so it can be stopped, and what is asked
//! in the meantime waits for its end.

pub mod commands;
mod files;
mod listing;
mod paste;
mod plan;
mod sessions;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::hub::Hub;
use super::incoming::{Incoming, Who};
use super::outbox::Payload;
use super::pace::{Place, Stage};
use super::quoted::Refers;
use super::rich::Rich;
use crate::engine::event::TurnEnd;
use crate::engine::{Attachment, Question};
use crate::frontends::mentions::named;
use crate::message::Image;
use crate::permission::Mode;
use crate::session::SessionId;

use paste::Paste;
use sessions::{Held, Seat};
use turn::{Done, Running};

/// Questions that may wait for their turn.
const MOST_WAITING: usize = 20;
/// After so long without a question, the session can be gone on with on the terminal.
const RELEASE: Duration = Duration::from_secs(600);
/// Files that may wait for a question.
const MOST_FILES: usize = 10;

/// What a conversation gets.
pub enum Mail {
    /// From its user.
    Incoming(Incoming),
    /// A file has come, or why it has not.
    Fetched {
        /// The file.
        fetched: Result<Fetched, String>,
        /// What was written below it.
        caption: String,
        /// Whether it belongs to no album.
        is_alone: bool,
        /// What was being collected when it was asked for.
        collection: u64,
    },
    /// The plan that a turn of a session ended with is to be carried out.
    CarryOut {
        /// The session.
        session: SessionId,
        /// The turn.
        turn: u32,
    },
    /// The files of an album have come.
    AlbumOver(u64),
    /// A long text has no more parts.
    PasteOver(u64),
}

/// What was in a file.
pub enum Fetched {
    /// A text.
    Text(Attachment),
    /// A picture.
    Picture(Image),
}

/// A conversation.
pub struct Conversation {
    hub: Arc<Hub>,
    who: Who,
    /// Its own mail box, for what it starts.
    mail: mpsc::Sender<Mail>,
    desk: Arc<Desk>,
    /// The session that it has, or had last.
    session: Option<SessionId>,
    /// The same, while nobody else may go on with it and no turn has it.
    held: Option<Held>,
    /// The model, if one was chosen.
    model: Option<String>,
    /// How much is asked when work is done.
    work_mode: Mode,
    /// Whether only plans are made.
    plans: bool,
    /// Whether the session's own mode does not count any more: it was opened, or a mode chosen.
    is_mode_chosen: bool,
    running: Option<Running>,
    waiting: VecDeque<Waiting>,
    /// Files that came without a question.
    attachments: Vec<Attachment>,
    images: Vec<Image>,
    /// Files on their way, and the question that waits for them.
    fetching: usize,
    captions: Vec<String>,
    album: u64,
    /// A long text of which the rest may follow, and how many there were.
    paste: Option<Paste>,
    pastes: u64,
    /// Changes when what is collected belongs to nobody's question any more.
    collection: u64,
    /// Ends the question whether a plan is to be carried out.
    plan_offer: Option<AbortHandle>,
    /// Stops bringing the index up to date; cancelled also when that is over.
    indexing: Option<CancellationToken>,
    queue_notice: Option<Place>,
    refused: usize,
    last_used: Instant,
}

/// A question that waits.
struct Waiting {
    /// The message that asked it, which may be edited meanwhile.
    message: Option<i32>,
    question: Question,
}

impl Conversation {
    /// Begins where it stood before a restart.
    pub fn new(hub: Arc<Hub>, who: Who, mail: mpsc::Sender<Mail>) -> Conversation {
        let entry = hub.ledger().conversation(who);
        let desk = entry
            .as_ref()
            .and_then(|entry| hub.desks.at(&entry.workspace));
        let session = match (&desk, entry) {
            (Some(_), Some(entry)) => SessionId::parse(&entry.session).ok(),
            _ => None,
        };
        // Who is the owner may have changed meanwhile.
        let session = session.filter(|id| hub.may_resume(who, id));
        Conversation {
            desk: desk.unwrap_or_else(|| hub.desks.first()),
            work_mode: hub.first_mode(),
            hub,
            who,
            mail,
            session,
            held: None,
            model: None,
            plans: false,
            is_mode_chosen: false,
            running: None,
            waiting: VecDeque::new(),
            attachments: Vec::new(),
            images: Vec::new(),
            fetching: 0,
            captions: Vec::new(),
            album: 0,
            paste: None,
            pastes: 0,
            collection: 0,
            plan_offer: None,
            indexing: None,
            queue_notice: None,
            refused: 0,
            last_used: Instant::now(),
        }
    }

    /// Reads the mail until the bot ends.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Mail>) {
        let stop = self.hub.stop.clone();
        loop {
            let idle = self.held.is_some() && self.running.is_none();
            tokio::select! {
                () = stop.cancelled() => break,
                done = turn::done(&mut self.running) => self.finished(done).await,
                mail = inbox.recv() => match mail {
                    Some(mail) => self.take(mail).await,
                    None => break,
                },
                () = tokio::time::sleep_until(self.last_used + RELEASE), if idle => self.release(),
            }
        }
        self.leave(inbox).await;
    }

    async fn take(&mut self, mail: Mail) {
        self.last_used = Instant::now();
        match mail {
            Mail::Incoming(Incoming::Text {
                message,
                text,
                refers,
            }) => self.written(message, text, refers).await,
            Mail::Incoming(incoming) => {
                self.paste_over().await;
                self.sent(incoming).await;
            }
            Mail::PasteOver(number) if number == self.pastes => self.paste_over().await,
            Mail::PasteOver(_) => {}
            Mail::Fetched {
                fetched,
                caption,
                is_alone,
                collection,
            } => {
                if collection == self.collection {
                    self.fetched(fetched, caption, is_alone).await;
                }
            }
            Mail::AlbumOver(album) => self.album_over(album).await,
            Mail::CarryOut { session, turn } => self.carry_out(&session, turn).await,
        }
    }

    /// Takes what is no text.
    async fn sent(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Edited { message, text } => self.edited(message, text).await,
            Incoming::File {
                message: _,
                file,
                caption,
                quoted,
            } => {
                self.attachments.extend(quoted);
                self.file(file, caption);
            }
            Incoming::Forwarded { quoted } => self.forwarded(quoted),
            Incoming::Unusable { what } => self.say(&format!(
                "I can do nothing with {what}: write, or send a text file or a photo"
            )),
            // Texts are taken, and presses answered, before they get here.
            Incoming::Text { .. } | Incoming::Press { .. } => {}
        }
    }

    async fn text(&mut self, message: i32, text: String, refers: Refers) {
        if let Some((command, argument)) = commands::parse(&text) {
            return self.command(command, argument).await;
        }
        if text.trim().is_empty() || self.hub.questions.write(self.who, &text) {
            return;
        }
        self.attachments.extend(refers.quoted);
        if let Some(file) = refers.file {
            return self.file(file, text);
        }
        if self.fetching > 0 {
            // It is about the files that are on their way.
            return self.captions.push(text);
        }
        self.ask(Some(message), text).await;
    }

    /// Asks with the files that came before.
    async fn ask(&mut self, message: Option<i32>, text: String) {
        // What was written below files that nobody asked about yet.
        self.album += 1;
        let mut texts = std::mem::take(&mut self.captions);
        texts.push(text);
        let text = texts.join("\n\n");
        let question = Question {
            files: self.named_in(&text).await,
            plan: self.plans,
            attachments: std::mem::take(&mut self.attachments),
            images: std::mem::take(&mut self.images),
            text,
        };
        if self.running.is_none() {
            return self.start(question);
        }
        if self.waiting.len() == MOST_WAITING {
            self.refused += 1;
        } else {
            self.waiting.push_back(Waiting { message, question });
        }
        self.show_queue();
    }

    /// The files that a text names.
    async fn named_in(&self, text: &str) -> Vec<String> {
        let root = self.desk.root().to_owned();
        let found = named(text, root, Arc::default(), &self.hub.stop).await;
        found.ok().flatten().unwrap_or_default()
    }

    /// A question that still waits is changed; one that was asked is not.
    async fn edited(&mut self, message: i32, text: String) {
        let files = self.named_in(&text).await;
        let mut waiting = self.waiting.iter_mut();
        let Some(at) = waiting.position(|waiting| waiting.message == Some(message)) else {
            return self.say("that message was read already: send what you mean as a new one");
        };
        if text.trim().is_empty() {
            self.waiting.remove(at);
            return self.show_queue();
        }
        if let Some(waiting) = self.waiting.get_mut(at) {
            waiting.question.text = text;
            waiting.question.files = files;
        }
    }

    fn start(&mut self, question: Question) {
        self.withdraw_plan();
        let seat = self.seat();
        let held = self.held.take();
        self.running = Some(turn::start(&self.hub, self.who, seat, held, question));
    }

    async fn finished(&mut self, done: Done) {
        self.running = None;
        self.last_used = Instant::now();
        match done.session {
            Some(id) => self.remember(id),
            // It broke off: the session is the one that was opened.
            None if self.session.is_none() => {
                let entry = self.hub.ledger().conversation(self.who);
                self.session = entry.and_then(|entry| SessionId::parse(&entry.session).ok());
            }
            None => {}
        }
        if let Some(mode) = done.mode {
            self.plans = mode == Mode::Plan;
            self.is_mode_chosen = true;
        }
        self.held = done.held;
        if let Some(why) = done.trouble {
            self.say(&format!("✗ error: {why}"));
        }
        if done.end == Some(TurnEnd::Planned) && self.waiting.is_empty() {
            self.offer_plan();
        }
        // What waits when the bot ends is not begun any more.
        if !self.hub.stop.is_cancelled()
            && let Some(next) = self.waiting.pop_front()
        {
            self.show_queue();
            self.start(next.question);
        }
    }

    /// Shows how many questions wait, in one message that changes.
    fn show_queue(&mut self) {
        self.show_queue_as("the messages that waited were read");
    }

    /// The same; at its end it says so.
    fn show_queue_as(&mut self, over: &str) {
        let count = self.waiting.len();
        let place = match (self.queue_notice, count) {
            (None, 0) => return,
            (None, _) => *self.queue_notice.insert(self.hub.outbox.place()),
            (Some(place), _) => place,
        };
        let mut text = match count {
            0 => over.to_owned(),
            1 => "⏳ 1 message waits for its turn; /stop drops it".to_owned(),
            count => format!("⏳ {count} messages wait for their turn; /stop drops them"),
        };
        if self.refused > 0 {
            text.push_str(&format!(
                "\n{} more were not taken: send them again later",
                self.refused
            ));
        }
        let stage = if count == 0 {
            (self.queue_notice, self.refused) = (None, 0);
            Stage::Final
        } else {
            Stage::Draft
        };
        let payload = Payload::text(Rich::plain_text(&text)).silent();
        self.hub.outbox.show(self.who.room(), place, stage, payload);
    }

    /// Stops what is done, and drops what waits.
    fn stop(&mut self) {
        let dropped = self.waiting.len();
        self.waiting.clear();
        self.show_queue_as("✗ the messages that waited were dropped");
        let had_files = self.drop_files();
        let indexing = self
            .indexing
            .take()
            .filter(|indexing| !indexing.is_cancelled());
        if let Some(indexing) = &indexing {
            indexing.cancel();
        }
        match &self.running {
            Some(running) => running.stop.cancel(),
            None if dropped == 0 && indexing.is_none() && !had_files => {
                self.say("nothing is being done");
            }
            None if had_files => self.say("the files that were sent are dropped"),
            None => {}
        }
    }

    /// Forgets the files that wait for a question; `false` if there are none.
    fn drop_files(&mut self) -> bool {
        let count = self.attachments.len() + self.images.len() + self.fetching;
        self.attachments.clear();
        self.images.clear();
        self.captions.clear();
        self.fetching = 0;
        self.collection += 1;
        count > 0
    }

    /// The end of the bot: the turn is stopped, and its end written down. What waits is not asked
    /// after a restart either, and that is said.
    async fn leave(mut self, mut inbox: mpsc::Receiver<Mail>) {
        if let Some(paste) = self.paste.take() {
            self.waiting.push_back(Waiting {
                message: Some(paste.message),
                question: Question::default(),
            });
        }
        while let Ok(mail) = inbox.try_recv() {
            if let Mail::Incoming(Incoming::Text { message, text, .. }) = mail {
                let question = Question {
                    text,
                    ..Question::default()
                };
                let message = Some(message);
                self.waiting.push_back(Waiting { message, question });
            }
        }
        if !self.waiting.is_empty() {
            self.queue_notice
                .get_or_insert_with(|| self.hub.outbox.place());
            self.waiting.clear();
            self.show_queue_as(
                "✗ the bot ended; the messages that waited were not read: send them again",
            );
        }
        if let Some(running) = &self.running {
            running.stop.cancel();
            let done = turn::done(&mut self.running).await;
            self.held = done.held;
        }
        self.release();
    }

    /// Lets go of the session, so that it can be gone on with on the terminal.
    fn release(&mut self) {
        if let Some(mut held) = self.held.take()
            && let Err(error) = held.session.end("left")
        {
            tracing::warn!("{error}");
        }
    }

    fn seat(&self) -> Seat {
        Seat {
            desk: Arc::clone(&self.desk),
            session: self.session.clone(),
            model: self.model.clone(),
            mode: if self.plans {
                Mode::Plan
            } else {
                self.work_mode
            },
            is_mode_chosen: self.is_mode_chosen,
        }
    }

    fn say(&self, text: &str) {
        self.hub.outbox.say(self.who.room(), text);
    }

    fn say_error(&self, error: &anyhow::Error) {
        self.say(&format!("✗ {}", sessions::words(error)));
    }

    fn is_busy(&self) -> bool {
        if self.running.is_some() {
            self.say("something is being done: wait for its end, or /stop it first");
        }
        self.running.is_some()
    }

    fn stop_token(&self) -> CancellationToken {
        self.hub.stop.child_token()
    }
}
