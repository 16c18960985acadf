//! Sending: the pace decides when, and this sends it.
//!
//! Every message passes [`Outbox::show`], which redacts secrets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ollacode_secrets::redact;
use parking_lot::Mutex;
use teloxide::prelude::*;
use teloxide::types::{
    CallbackQueryId, ChatAction, InlineKeyboardButton, InlineKeyboardMarkup, InputFile,
    LinkPreviewOptions, MessageId, ParseMode, ThreadId,
};
use teloxide::{ApiError, RequestError};
use tokio::sync::{Notify, oneshot};

use super::api::Api;
use super::formatted_text::FormattedText;
use super::html::rich;
use super::incoming::Destination;
use super::rate_limiter::{
    MessageSlot, MessageStage, NextSend, RateLimiter, SendJob, SendOutcome, SendRates,
};
use super::split::{MOST_OF_CAPTION, MOST_UNITS, beginning};
use crate::jail::Jail;

/// Interval between two typing signs in a chat; each is visible for five seconds.
const BETWEEN_SIGNS: Duration = Duration::from_secs(3);
/// Telegram's limit, in UTF-16 units.
const TELEGRAM_UNITS: usize = 4_096;
const TELEGRAM_CAPTION: usize = 1_024;
/// Maximum number of pending messages of a chat, sent at one per second.
const MOST_PENDING: usize = 100;
/// Longest response to a button press, in characters; Telegram's limit is 200.
const MOST_OF_ANSWER: usize = 190;

/// A message to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    body: PayloadBody,
    /// Rows of buttons: label and callback data.
    buttons: Vec<Vec<(String, String)>>,
    is_silent: bool,
    /// Whether to send it without markup, because Telegram rejected that.
    is_plain: bool,
    topic: Option<i32>,
}

#[derive(Clone, Debug, PartialEq)]
enum PayloadBody {
    Text(FormattedText),
    Document {
        name: String,
        contents: Arc<[u8]>,
        caption: FormattedText,
    },
}

impl Payload {
    pub fn text(text: FormattedText) -> Payload {
        Payload {
            body: PayloadBody::Text(text),
            buttons: Vec::new(),
            is_silent: false,
            is_plain: false,
            topic: None,
        }
    }

    /// A file with a caption.
    pub fn document(name: &str, contents: &str, caption: FormattedText) -> Payload {
        let contents = contents.as_bytes().into();
        Payload {
            body: PayloadBody::Document {
                name: name.to_owned(),
                contents,
                caption,
            },
            ..Payload::text(FormattedText::default())
        }
    }

    /// Adds rows of buttons: label and callback data.
    pub fn with_buttons(self, buttons: Vec<Vec<(String, String)>>) -> Payload {
        Payload { buttons, ..self }
    }

    /// Sends it without a notification sound.
    pub fn silent(self) -> Payload {
        Payload {
            is_silent: true,
            ..self
        }
    }

    /// Replaces every text in it, including buttons and files.
    fn map_text(mut self, change: impl Fn(&str) -> String) -> Payload {
        match &mut self.body {
            PayloadBody::Text(text) => *text = std::mem::take(text).map_text(&change),
            PayloadBody::Document {
                contents, caption, ..
            } => {
                *contents = change(&String::from_utf8_lossy(contents)).as_bytes().into();
                *caption = std::mem::take(caption).map_text(&change);
            }
        }
        for (label, _) in self.buttons.iter_mut().flatten() {
            *label = change(label);
        }
        self
    }

    /// Shortens it to Telegram's limits: a placeholder may be longer than the secret.
    fn fitting(mut self) -> Payload {
        let cut = |text: &mut FormattedText, most: usize, to: usize| {
            if text.units() > most {
                *text = beginning(text, to);
            }
        };
        match &mut self.body {
            PayloadBody::Text(text) => cut(text, TELEGRAM_UNITS, MOST_UNITS),
            PayloadBody::Document { caption, .. } => {
                cut(caption, TELEGRAM_CAPTION, MOST_OF_CAPTION)
            }
        }
        self
    }

    fn is_blank(&self) -> bool {
        matches!(&self.body, PayloadBody::Text(text) if text.is_blank())
    }

    fn keyboard(&self) -> InlineKeyboardMarkup {
        let button = |(text, data): &(String, String)| InlineKeyboardButton::callback(text, data);
        let rows = self.buttons.iter();
        InlineKeyboardMarkup::new(rows.map(|row| row.iter().map(button).collect::<Vec<_>>()))
    }
}

/// Converts Markdown of a model, without its secrets.
pub fn markdown(text: &str) -> FormattedText {
    rich(&redact(text).text)
}

/// Sends messages. Clones share it.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<OutboxState>,
}

struct OutboxState {
    api: Api,
    pace: Mutex<RateLimiter<Payload>>,
    changed: Notify,
    last_place: AtomicU64,
    /// When the last typing sign was sent to each chat.
    typed: Mutex<HashMap<Destination, Instant>>,
    /// Tasks that wait until a message is delivered.
    arrivals: Mutex<HashMap<MessageSlot, oneshot::Sender<bool>>>,
    /// Workspaces whose secret values are redacted.
    workspaces: Mutex<Vec<Jail>>,
}

impl Outbox {
    /// Starts the sending task, which ends with the runtime.
    pub fn start(api: Api, rates: SendRates) -> Outbox {
        let outbox = Outbox {
            shared: Arc::new(OutboxState {
                api,
                pace: Mutex::new(RateLimiter::new(rates)),
                changed: Notify::new(),
                last_place: AtomicU64::new(0),
                typed: Mutex::default(),
                arrivals: Mutex::default(),
                workspaces: Mutex::default(),
            }),
        };
        tokio::spawn(Arc::clone(&outbox.shared).run());
        outbox
    }

    /// Redacts the values of this workspace's secret files from now on.
    pub fn keep_back(&self, workspace: &Jail) {
        let mut known = self.shared.workspaces.lock();
        if !known.iter().any(|jail| jail.root() == workspace.root()) {
            known.push(workspace.clone());
        }
    }

    /// An id for a new message.
    pub fn new_slot(&self) -> MessageSlot {
        self.shared.last_place.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sets what a message should show. Only the newest draft is sent.
    pub fn show(
        &self,
        room: Destination,
        place: MessageSlot,
        stage: MessageStage,
        payload: Payload,
    ) {
        let mut payload = payload.map_text(|text| self.shared.clean(text)).fitting();
        if payload.is_blank() {
            return;
        }
        payload.topic = room.topic;
        self.shared
            .pace
            .lock()
            .show(room.chat, place, stage, payload);
        self.shared.changed.notify_one();
    }

    /// Sends a message that is not edited later.
    pub fn send(&self, room: Destination, payload: Payload) -> MessageSlot {
        let place = self.new_slot();
        let chat = room.chat;
        if self.shared.pace.lock().pending(chat) >= MOST_PENDING {
            tracing::error!("too many messages for chat {chat}: one was dropped");
            return place;
        }
        self.show(room, place, MessageStage::Final, payload);
        place
    }

    /// Sends a message and waits until it is delivered; `false` if Telegram rejects it.
    pub async fn deliver(&self, room: Destination, payload: Payload) -> bool {
        let place = self.new_slot();
        let (arrived, arrival) = oneshot::channel();
        self.shared.arrivals.lock().insert(place, arrived);
        self.show(room, place, MessageStage::Final, payload);
        arrival.await.unwrap_or(false)
    }

    /// Sends plain text.
    pub fn say(&self, room: Destination, text: &str) -> MessageSlot {
        self.send(room, Payload::text(FormattedText::plain_text(text)))
    }

    /// Removes the secrets of a text, as before sending.
    pub fn clean(&self, text: &str) -> String {
        self.shared.clean(text)
    }

    /// Withdraws a message that was not sent yet; `false` if it was.
    pub fn withdraw(&self, chat: i64, place: MessageSlot) -> bool {
        self.shared.pace.lock().withdraw(chat, place)
    }

    /// Shows the typing sign for five seconds. Failures do not matter.
    pub async fn typing(&self, room: Destination) {
        let now = Instant::now();
        if self.shared.pace.lock().is_blocked(room.chat, now) || !self.shared.may_type(room, now) {
            return;
        }
        let bot = &self.shared.api.bot;
        let mut request = bot.send_chat_action(ChatId(room.chat), ChatAction::Typing);
        if let Some(topic) = room.topic {
            request = request.message_thread_id(thread(topic));
        }
        let _ = request.await;
    }

    /// Answers a button press; the text is shown for a moment.
    pub async fn answer_press(&self, id: CallbackQueryId, text: &str) {
        let text: String = text.chars().take(MOST_OF_ANSWER).collect();
        let mut request = self.shared.api.bot.answer_callback_query(id);
        if !text.is_empty() {
            request = request.text(self.shared.clean(&text));
        }
        if let Err(error) = request.await {
            // Usually it is too old, and nobody looks at it any more.
            let error = self.shared.api.describe(&error);
            tracing::debug!("cannot answer a button press: {error}");
        }
    }

    /// Waits until everything is sent, up to a limit; `false` if something is left.
    pub async fn flush(&self, most: Duration) -> bool {
        let empty = async {
            while !self.shared.pace.lock().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(most, empty).await.is_ok()
    }
}

impl OutboxState {
    /// Whether the last typing sign has nearly faded.
    fn may_type(&self, room: Destination, now: Instant) -> bool {
        let mut typed = self.typed.lock();
        let last = typed.get(&room).copied();
        let is_due = last.is_none_or(|last| now.duration_since(last) >= BETWEEN_SIGNS);
        if is_due {
            typed.insert(room, now);
        }
        is_due
    }

    fn clean(&self, text: &str) -> String {
        let mut text = redact(text).text.into_owned();
        let workspaces = self.workspaces.lock().clone();
        for workspace in workspaces {
            if let Cow::Owned(clean) = workspace.secret_values().hide_all(&text) {
                text = clean;
            }
        }
        self.api.token.redact(&text)
    }

    async fn run(self: Arc<OutboxState>) {
        loop {
            let next = self.pace.lock().next(Instant::now());
            match next {
                NextSend::Send(job) => {
                    tokio::spawn(Arc::clone(&self).deliver(job));
                }
                NextSend::Wait(until) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until.into()) => {}
                        () = self.changed.notified() => {}
                    }
                }
                NextSend::Idle => self.changed.notified().await,
            }
        }
    }

    async fn deliver(self: Arc<OutboxState>, job: SendJob<Payload>) {
        let sent = self.request(&job).await;
        let outcome = self.outcome(sent, &job);
        let is_settled = match outcome {
            SendOutcome::Shown(_) => Some(true),
            SendOutcome::Refused => Some(false),
            _ => None,
        };
        if let Some(is_shown) = is_settled
            && let Some(arrived) = self.arrivals.lock().remove(&job.place)
        {
            // The waiting task may have been stopped.
            let _ = arrived.send(is_shown);
        }
        {
            let mut pace = self.pace.lock();
            pace.done(job.chat, Instant::now(), outcome);
            if matches!(job.payload.body, PayloadBody::Document { .. }) {
                // Documents are never edited, and may be large.
                pace.forget(job.chat, job.place);
            }
        }
        self.changed.notify_one();
    }

    async fn request(&self, job: &SendJob<Payload>) -> Result<i32, RequestError> {
        let (bot, chat) = (&self.api.bot, ChatId(job.chat));
        let payload = &job.payload;
        let written = |text: &FormattedText| {
            if payload.is_plain {
                text.text()
            } else {
                text.html()
            }
        };
        let message = match (&payload.body, job.edits) {
            (PayloadBody::Text(text), Some(message)) => {
                let mut request = bot
                    .edit_message_text(chat, MessageId(message), written(text))
                    .link_preview_options(no_preview())
                    .reply_markup(payload.keyboard());
                if !payload.is_plain {
                    request = request.parse_mode(ParseMode::Html);
                }
                request.await?
            }
            (PayloadBody::Text(text), None) => {
                let mut request = bot
                    .send_message(chat, written(text))
                    .link_preview_options(no_preview())
                    .disable_notification(payload.is_silent)
                    .reply_markup(payload.keyboard());
                if let Some(topic) = payload.topic {
                    request = request.message_thread_id(thread(topic));
                }
                if !payload.is_plain {
                    request = request.parse_mode(ParseMode::Html);
                }
                request.await?
            }
            (PayloadBody::Document { .. }, Some(message)) => return Ok(message),
            (
                PayloadBody::Document {
                    name,
                    contents,
                    caption,
                },
                None,
            ) => {
                let file = InputFile::memory(contents.to_vec()).file_name(name.clone());
                let mut request = bot
                    .send_document(chat, file)
                    .caption(written(caption))
                    .disable_notification(payload.is_silent);
                if let Some(topic) = payload.topic {
                    request = request.message_thread_id(thread(topic));
                }
                if !payload.is_plain {
                    request = request.parse_mode(ParseMode::Html);
                }
                request.await?
            }
        };
        Ok(message.id.0)
    }

    fn outcome(
        &self,
        sent: Result<i32, RequestError>,
        job: &SendJob<Payload>,
    ) -> SendOutcome<Payload> {
        let error = match sent {
            Ok(message) => return SendOutcome::Shown(message),
            Err(error) => error,
        };
        let described = self.api.describe(&error);
        match (error, job.edits) {
            (RequestError::RetryAfter(wait), _) => SendOutcome::RetryAfter(wait.duration()),
            (RequestError::Api(ApiError::MessageNotModified), Some(message)) => {
                SendOutcome::Shown(message)
            }
            (
                RequestError::Api(
                    ApiError::MessageToEditNotFound
                    | ApiError::MessageIdInvalid
                    | ApiError::MessageCantBeEdited,
                ),
                Some(_),
            ) => SendOutcome::Gone,
            (RequestError::Api(ApiError::CantParseEntities(_)), _) if !job.payload.is_plain => {
                tracing::warn!("Telegram rejected the markup of a message: {described}");
                SendOutcome::Instead(Payload {
                    is_plain: true,
                    ..job.payload.clone()
                })
            }
            (RequestError::Api(error), _) if !is_of_the_server(&error) => {
                tracing::error!(
                    "Telegram rejected a message to chat {}: {described}",
                    job.chat
                );
                SendOutcome::Refused
            }
            (RequestError::MigrateToChatId(chat), _) => {
                tracing::error!(
                    "group {} is now {chat}: put that id into TELEGRAM_ALLOWED_CHATS",
                    job.chat
                );
                SendOutcome::Refused
            }
            _ => {
                tracing::info!("cannot reach Telegram: {described}");
                SendOutcome::Unreachable
            }
        }
    }
}

fn thread(topic: i32) -> ThreadId {
    ThreadId(MessageId(topic))
}

/// Whether a server error is temporary.
fn is_of_the_server(error: &ApiError) -> bool {
    let passing = ["Internal Server Error", "Bad Gateway", "Gateway Timeout"];
    matches!(error, ApiError::Unknown(text) if passing.iter().any(|it| text.contains(it)))
}

/// Telegram's servers would fetch the pages that a model links to.
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
