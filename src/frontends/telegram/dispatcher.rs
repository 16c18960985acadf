//! The shared state of all conversations, and the dispatch of updates to them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use teloxide::types::{CallbackQueryId, Me, Update};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

use super::api::Api;
use super::chat::{Chat, ConversationMessage};
use super::incoming::{ChatUser, ClassifiedUpdate, Incoming, classify};
use super::outbox::Outbox;
use super::poll::UpdateAge;
use super::questions::Questions;
use super::steps::clipped;
use crate::config::AllowList;
use crate::conversation::{Participant, SharedContext};
use crate::frontends::{Notice, Notifier};

/// How many messages can wait for a conversation; further ones are dropped.
const MAILBOX_CAPACITY: usize = 256;
/// Maximum number of missed messages that are listed.
const MAX_MISSED_LISTED: usize = 10;
/// Maximum number of strangers that are remembered, so that each is reported once.
const MOST_STRANGERS: usize = 1_000;
/// How long to wait at shutdown until all conversations have ended.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

pub struct BotContext {
    pub shared: Arc<SharedContext>,
    pub outbox: Outbox,
    pub questions: Questions,
    pub api: Api,
    pub allowed: AllowList,
}

impl BotContext {
    /// The registry's view of a user in a chat.
    pub fn participant(&self, who: ChatUser) -> Participant {
        let ChatUser { user, chat, topic } = who;
        Participant {
            key: match topic {
                None => format!("{user}:{chat}"),
                Some(topic) => format!("{user}:{chat}:{topic}"),
            },
            user,
            is_owner: self.allowed.owner() == Some(user),
        }
    }
}

/// Dispatches updates to the conversations.
pub struct Dispatcher {
    context: Arc<BotContext>,
    me: Me,
    notify: Notifier,
    conversations: HashMap<ChatUser, OpenConversation>,
    strangers: HashSet<Option<u64>>,
    /// Messages that arrived while the bot was offline.
    missed: BTreeMap<ChatUser, Vec<String>>,
}

struct OpenConversation {
    mailbox: mpsc::Sender<ConversationMessage>,
    task: JoinHandle<()>,
    /// Whether the user was told about dropped messages.
    reported_drop: bool,
}

impl Dispatcher {
    pub fn new(context: Arc<BotContext>, me: Me, notify: Notifier) -> Dispatcher {
        Dispatcher {
            context,
            me,
            notify,
            conversations: HashMap::new(),
            strangers: HashSet::new(),
            missed: BTreeMap::new(),
        }
    }

    /// Delivers an update to its conversation. One that arrived while the bot was offline is only
    /// listed for [`Self::report_missed`].
    pub fn dispatch(&mut self, update: Update, age: UpdateAge) {
        match classify(update, &self.me, &self.context.allowed) {
            ClassifiedUpdate::Allowed(_, Incoming::Press { id, .. }) if age == UpdateAge::Old => {
                let words = "the bot was offline: press again if you still want this";
                self.answer(id, words);
            }
            ClassifiedUpdate::Allowed(who, Incoming::Press { id, data }) => {
                self.press(who, id, &data)
            }
            ClassifiedUpdate::Allowed(who, incoming) if age == UpdateAge::Old => {
                self.missed
                    .entry(who)
                    .or_default()
                    .push(request_summary(&incoming));
            }
            ClassifiedUpdate::Allowed(who, incoming) => {
                self.deliver(who, ConversationMessage::Incoming(incoming))
            }
            ClassifiedUpdate::Stranger(user) => self.stranger(user),
            ClassifiedUpdate::Ignored => {}
        }
    }

    /// Tells the senders of missed messages about them, once all of those have been received.
    pub fn report_missed(&mut self) {
        for (who, texts) in std::mem::take(&mut self.missed) {
            let count = texts.len();
            let noun = if count == 1 { "message" } else { "messages" };
            let mut list = format!(
                "{count} {noun} arrived while the bot was offline and had no effect. Send again what \
                 you still need:"
            );
            for text in texts.iter().take(MAX_MISSED_LISTED) {
                list.push_str(&format!("\n• {text}"));
            }
            if count > MAX_MISSED_LISTED {
                list.push_str(&format!("\n… and {} more", count - MAX_MISSED_LISTED));
            }
            self.context.outbox.say(who.room(), &list);
        }
    }

    /// Ends all conversations: turns are stopped and recorded.
    pub async fn close(&mut self) {
        let open = self.conversations.drain();
        let tasks: Vec<JoinHandle<()>> = open.map(|(_, open)| open.task).collect();
        let all = futures::future::join_all(tasks);
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await.is_err() {
            tracing::warn!("a conversation did not end in time");
        }
    }

    /// Answers a button press immediately, since Telegram shows a spinner until then.
    fn press(&self, who: ChatUser, id: CallbackQueryId, data: &str) {
        let said = self.context.questions.press(who, data);
        let Some(said) = said else {
            (self.notify)(Notice::Warning(format!(
                "user {} pressed a button that belongs to somebody else or is forged",
                who.user
            )));
            return;
        };
        self.answer(id, &said);
    }

    fn answer(&self, id: CallbackQueryId, words: &str) {
        let (outbox, words) = (self.context.outbox.clone(), words.to_owned());
        tokio::spawn(async move { outbox.answer_press(id, &words).await });
    }

    fn deliver(&mut self, who: ChatUser, message: ConversationMessage) {
        let outbox = self.context.outbox.clone();
        // The first sign of activity.
        tokio::spawn(async move { outbox.typing(who.room()).await });
        let has_ended = self
            .conversations
            .get(&who)
            .is_some_and(|open| open.task.is_finished());
        if has_ended && !self.context.shared.stop.is_cancelled() {
            // Only a panic ends a conversation.
            self.conversations.remove(&who);
            let words =
                "internal error: this conversation was restarted; /resume continues the session";
            self.context.outbox.say(who.room(), words);
        }
        let context = &self.context;
        let open = self.conversations.entry(who).or_insert_with(|| {
            let (mailbox, inbox) = mpsc::channel(MAILBOX_CAPACITY);
            let chat = Chat::new(Arc::clone(context), who, mailbox.clone());
            let task = tokio::spawn(chat.run(inbox));
            OpenConversation {
                mailbox,
                task,
                reported_drop: false,
            }
        });
        let (cause, words) = match open.mailbox.try_send(message) {
            Ok(()) => {
                open.reported_drop = false;
                return;
            }
            Err(TrySendError::Full(_)) => (
                "too many at once",
                "too many messages at once: some were not read; send them again later",
            ),
            // During shutdown, a conversation that has ended is not started again.
            Err(TrySendError::Closed(_)) => (
                "its conversation has ended",
                "the bot has ended this conversation: a message was not read; send it again",
            ),
        };
        tracing::error!("dropped a message of user {}: {cause}", who.user);
        if !std::mem::replace(&mut open.reported_drop, true) {
            self.context.outbox.say(who.room(), words);
        }
    }

    /// Reports a stranger once, at the terminal only.
    fn stranger(&mut self, user: Option<u64>) {
        if self.strangers.len() < MOST_STRANGERS && self.strangers.insert(user) {
            let user = user.map_or_else(|| "somebody".to_owned(), |user| format!("user {user}"));
            (self.notify)(Notice::Warning(format!(
                "{user} wrote to the bot but is not allowed to use it here; no reply was sent"
            )));
        }
    }
}

/// An update in one line.
fn request_summary(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Text { text, .. } | Incoming::Edited { text, .. } => clipped(text),
        Incoming::File { file, caption, .. } => clipped(&format!("{} {caption}", file.name)),
        Incoming::Forwarded { quoted } => clipped(&format!("{}: {}", quoted.name, quoted.text)),
        Incoming::Unusable { what } => (*what).to_owned(),
        Incoming::Press { .. } => "a button".to_owned(),
    }
}
