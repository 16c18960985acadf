//! One user in one chat: takes messages, drives the [`Conversation`], and shows its updates.
//!
//! A turn runs as a task while messages are read, so it can be stopped, and further questions are
//! queued.

mod approvals;
mod asking;
mod files;
mod paste;
mod replies;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::dispatcher::BotContext;
use super::formatted_text::FormattedText;
use super::incoming::{ChatUser, Incoming};
use super::outbox::Payload;
use super::quoted::MessageReference;
use super::rate_limiter::{MessageSlot, MessageStage};
use super::view::TurnView;
use crate::conversation::commands::{self, CommandScope, ParsedInput};
use crate::conversation::messages::error_words;
use crate::conversation::{
    Conversation, EndReason, FinishedTurn, OpenedSession, PlanOffer, PlanWay, Update,
};
use crate::engine::Attachment;
use crate::engine::event::Event;
use crate::jail::Jail;
use crate::message::Image;

use paste::Paste;

/// The session is closed after this time without activity, so that the terminal can resume it.
const RELEASE: Duration = Duration::from_secs(600);
/// Maximum number of files that wait for a question.
const MOST_FILES: usize = 10;
/// Interval between updates of the shown messages.
const LOOK: Duration = Duration::from_millis(300);
/// Telegram shows the typing sign for five seconds.
const TYPING: Duration = Duration::from_secs(4);

/// A message to a chat task.
pub enum ConversationMessage {
    Incoming(Incoming),
    /// A download has ended.
    Fetched {
        fetched: Result<FetchedFile, String>,
        /// The caption of the file.
        caption: String,
        /// Whether it is not part of an album.
        is_alone: bool,
        /// The value of `Chat::collection` when the download began.
        collection: u64,
    },
    /// A plan was approved.
    CarryOut(PlanOffer, PlanWay),
    /// No more files of this album are expected.
    AlbumOver(u64),
    /// No more parts of this long text are expected.
    PasteOver(u64),
}

/// The content of a file.
pub enum FetchedFile {
    Text(Attachment),
    Picture(Image),
}

pub struct Chat {
    context: Arc<BotContext>,
    who: ChatUser,
    /// Its own mailbox, for the tasks that it starts.
    mailbox: mpsc::Sender<ConversationMessage>,
    conversation: Conversation,
    /// The turn that is shown.
    shown: Option<ShownTurn>,
    /// Files that wait for a question.
    attachments: Vec<Attachment>,
    images: Vec<Image>,
    /// Number of running downloads, and the captions that wait for them.
    fetching: usize,
    captions: Vec<String>,
    album: u64,
    /// A long text that may have more parts, and how many such texts there were.
    paste: Option<Paste>,
    pastes: u64,
    /// Changes when the collected files are dropped: running downloads are then ignored.
    collection: u64,
    /// Withdraws the offer to carry out a plan.
    plan_offer: Option<AbortHandle>,
    queue_notice: Option<MessageSlot>,
    refused: usize,
    last_used: Instant,
}

/// The messages of a running turn.
struct ShownTurn {
    view: TurnView,
    looks: Interval,
    typing: Interval,
}

impl Chat {
    /// Restores the conversation after a restart.
    pub fn new(
        context: Arc<BotContext>,
        who: ChatUser,
        mailbox: mpsc::Sender<ConversationMessage>,
    ) -> Chat {
        let participant = context.participant(who);
        Chat {
            conversation: Conversation::new(Arc::clone(&context.shared), Some(participant)),
            context,
            who,
            mailbox,
            shown: None,
            attachments: Vec::new(),
            images: Vec::new(),
            fetching: 0,
            captions: Vec::new(),
            album: 0,
            paste: None,
            pastes: 0,
            collection: 0,
            plan_offer: None,
            queue_notice: None,
            refused: 0,
            last_used: Instant::now(),
        }
    }

    /// Handles messages until the bot ends.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<ConversationMessage>) {
        let stop = self.context.shared.stop.clone();
        loop {
            let idle = self.conversation.open_session().is_some() && self.shown.is_none();
            tokio::select! {
                () = stop.cancelled() => break,
                update = self.conversation.update() => self.update(update),
                tick = tick(&mut self.shown) => match tick {
                    TurnTick::Look => self.draw(),
                    TurnTick::Typing => self.show_typing(),
                },
                message = inbox.recv() => match message {
                    Some(message) => self.take(message).await,
                    None => break,
                },
                () = tokio::time::sleep_until(self.last_used + RELEASE), if idle => self.release(),
            }
        }
        self.leave(inbox).await;
    }

    async fn take(&mut self, message: ConversationMessage) {
        self.last_used = Instant::now();
        match message {
            ConversationMessage::Incoming(Incoming::Text {
                message,
                text,
                refers,
            }) => self.written(message, text, refers).await,
            ConversationMessage::Incoming(incoming) => {
                self.paste_over().await;
                self.sent(incoming).await;
            }
            ConversationMessage::PasteOver(number) if number == self.pastes => {
                self.paste_over().await
            }
            ConversationMessage::PasteOver(_) => {}
            ConversationMessage::Fetched {
                fetched,
                caption,
                is_alone,
                collection,
            } => {
                if collection == self.collection {
                    self.fetched(fetched, caption, is_alone).await;
                }
            }
            ConversationMessage::AlbumOver(album) => self.album_over(album).await,
            ConversationMessage::CarryOut(plan, way) => self.carry_out(&plan, way).await,
        }
    }

    /// Handles everything but text messages.
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
                "I can't process {what}: send a message, a text file or a photo"
            )),
            // These are handled earlier.
            Incoming::Text { .. } | Incoming::Press { .. } => {}
        }
    }

    async fn text(&mut self, message: i32, text: String, refers: MessageReference) {
        let understood = self
            .conversation
            .understand(&text, CommandScope::Chat)
            .await;
        let skill = match understood {
            ParsedInput::Command(command, argument) => {
                return self.command(command, argument).await;
            }
            ParsedInput::Unknown(typed, nearest) => {
                return self.say(&commands::unknown(typed, &nearest));
            }
            ParsedInput::Skill(skill) => Some(skill.line()),
            ParsedInput::Question => None,
        };
        let is_skill = skill.is_some();
        // Its whole name is known behind captions, too.
        let text = skill.unwrap_or(text);
        // What starts a skill answers no question of the model.
        let is_answer = || self.context.questions.write(self.who, &text);
        if text.trim().is_empty() || !is_skill && is_answer() {
            return;
        }
        self.attachments.extend(refers.quoted);
        if let Some(file) = refers.file {
            return self.file(file, text);
        }
        if self.fetching > 0 {
            // It is about the files that are being downloaded.
            return self.captions.push(text);
        }
        self.ask(Some(message), text).await;
    }

    /// Starts showing a turn.
    fn begin_turn(&mut self) {
        self.withdraw_plan();
        let ticks = |period| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        };
        self.shown = Some(ShownTurn {
            view: TurnView::new(self.context.outbox.clone(), self.who.room()),
            looks: ticks(LOOK),
            typing: ticks(TYPING),
        });
    }

    fn update(&mut self, update: Update) {
        match update {
            Update::Opened => self.show_opened(),
            Update::Event(numbered) => self.event(&numbered.event),
            Update::Ended(ended) => self.finished(ended),
        }
    }

    fn event(&mut self, event: &Event) {
        let Some(shown) = &mut self.shown else {
            // Compaction has no view.
            if let Event::Notice(text) = event {
                self.say(&format!("ℹ {text}"));
            }
            return;
        };
        match event {
            Event::ApprovalAsked { id, request } => {
                shown.view.asking(event.is_of_check());
                self.ask_approval(*id, request);
            }
            Event::QuestionAsked {
                id,
                question,
                options,
            } => {
                shown.view.asking_in_words();
                self.ask_in_words(*id, question, options);
            }
            event => shown.view.event(event),
        }
    }

    fn finished(&mut self, ended: FinishedTurn) {
        self.shown = None;
        self.last_used = Instant::now();
        match ended.how {
            // The last event reported it.
            EndReason::Turn(_) | EndReason::Ran(_) => {}
            EndReason::Compacted(Ok(report)) => self.say_compacted(&report),
            EndReason::Compacted(Err(why)) => self.say(&why),
            EndReason::NotBegun => self.say("■ stopped"),
            EndReason::Failed(error) => self.say(&format!("✗ error: {}", error_words(&error))),
            EndReason::Lost => self.say(
                "✗ internal error; finished work is in the session's journal, and the next message \
                 continues the session",
            ),
        }
        if let Some(plan) = ended.plan {
            self.offer_plan(plan);
        }
        if ended.is_followed {
            self.show_queue();
            self.begin_turn();
        }
    }

    fn draw(&mut self) {
        if let Some(shown) = &mut self.shown {
            shown.view.draw();
        }
    }

    fn show_typing(&self) {
        let (outbox, room) = (self.context.outbox.clone(), self.who.room());
        tokio::spawn(async move { outbox.typing(room).await });
    }

    /// Shows warnings about the session that was opened.
    fn show_opened(&mut self) {
        let Some(opened) = self.conversation.take_opened() else {
            return;
        };
        self.keep_back(&opened);
        for warning in crate::conversation::messages::opened_warnings(&opened) {
            self.say(&warning);
        }
    }

    /// Values of the workspace's secret files are redacted from everything that is sent.
    fn keep_back(&self, opened: &OpenedSession) {
        match Jail::open(&opened.workspace) {
            Ok(jail) => self.context.outbox.keep_back(&jail),
            // Without a jail no file can be read either.
            Err(error) => tracing::warn!("{error}"),
        }
    }

    /// Shows the length of the queue, in one message that is edited.
    fn show_queue(&mut self) {
        self.show_queue_as("all queued messages were read");
    }

    /// The same, with a text for the empty queue.
    fn show_queue_as(&mut self, over: &str) {
        let count = self.conversation.queued();
        let place = match (self.queue_notice, count) {
            (None, 0) => return,
            (None, _) => *self.queue_notice.insert(self.context.outbox.new_slot()),
            (Some(place), _) => place,
        };
        let mut text = match count {
            0 => over.to_owned(),
            1 => "⏳ 1 message queued; /stop drops it".to_owned(),
            count => format!("⏳ {count} messages queued; /stop drops them"),
        };
        if self.refused > 0 {
            text.push_str(&format!(
                "\n{} more did not fit into the queue: send them again later",
                self.refused
            ));
        }
        let stage = if count == 0 {
            (self.queue_notice, self.refused) = (None, 0);
            MessageStage::Final
        } else {
            MessageStage::Draft
        };
        let payload = Payload::text(FormattedText::plain_text(&text)).silent();
        self.context
            .outbox
            .show(self.who.room(), place, stage, payload);
    }

    /// Drops the files that wait for a question; `false` if there are none.
    fn drop_files(&mut self) -> bool {
        let count = self.attachments.len() + self.images.len() + self.fetching;
        self.attachments.clear();
        self.images.clear();
        self.captions.clear();
        self.fetching = 0;
        self.collection += 1;
        count > 0
    }

    /// Ends the chat: stops the turn, and reports queued messages, which are not asked after a
    /// restart.
    async fn leave(mut self, mut inbox: mpsc::Receiver<ConversationMessage>) {
        let mut unread = self.conversation.clear_queue() + usize::from(self.paste.is_some());
        while let Ok(message) = inbox.try_recv() {
            unread += usize::from(matches!(
                message,
                ConversationMessage::Incoming(Incoming::Text { .. })
            ));
        }
        if unread > 0 {
            self.queue_notice
                .get_or_insert_with(|| self.context.outbox.new_slot());
            self.show_queue_as(
                "✗ the bot was stopped; the queued messages were not read: send them again",
            );
        }
        self.conversation.stop();
        while self.conversation.is_busy() {
            let update = self.conversation.update().await;
            self.update(update);
        }
        self.release();
    }

    /// Closes the session, so that the terminal can resume it.
    fn release(&mut self) {
        if let Err(error) = self.conversation.release("left") {
            tracing::warn!("{error}");
        }
        self.conversation.disconnect();
    }

    fn say(&self, text: &str) {
        self.context.outbox.say(self.who.room(), text);
    }

    fn say_error(&self, error: &anyhow::Error) {
        self.say(&format!("✗ {}", error_words(error)));
    }

    fn send(&self, text: FormattedText) {
        let payload = Payload::text(text.made_visible());
        self.context.outbox.send(self.who.room(), payload);
    }

    fn stop_token(&self) -> CancellationToken {
        self.context.shared.stop.child_token()
    }
}

enum TurnTick {
    Look,
    Typing,
}

/// Waits for the next tick of the shown turn; never returns without one.
async fn tick(shown: &mut Option<ShownTurn>) -> TurnTick {
    let Some(ShownTurn { looks, typing, .. }) = shown else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = looks.tick() => TurnTick::Look,
        _ = typing.tick() => TurnTick::Typing,
    }
}
