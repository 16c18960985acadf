//! The shared state of all conversations, and the dispatch of updates to them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use teloxide::types::{CallbackQueryId, Me, Update};
use tokio::sync::mpsc;
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

/// Size of a conversation's mailbox; more messages are dropped.
const MOST_MAIL: usize = 256;
/// Maximum number of missed messages that are listed.
const MOST_OLD: usize = 10;
/// Maximum number of strangers that are remembered, so that each is reported once.
const MOST_STRANGERS: usize = 1_000;
/// How long conversations may take to end.
const GRACE: Duration = Duration::from_secs(5);

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
    hub: Arc<BotContext>,
    me: Me,
    tell: Notifier,
    conversations: HashMap<ChatUser, OpenConversation>,
    strangers: HashSet<Option<u64>>,
    /// Messages that arrived while the bot was offline.
    old: BTreeMap<ChatUser, Vec<String>>,
}

struct OpenConversation {
    mail: mpsc::Sender<ConversationMessage>,
    task: JoinHandle<()>,
    /// Whether the user was told about dropped messages.
    was_full: bool,
}

impl Dispatcher {
    pub fn new(hub: Arc<BotContext>, me: Me, tell: Notifier) -> Dispatcher {
        Dispatcher {
            hub,
            me,
            tell,
            conversations: HashMap::new(),
            strangers: HashSet::new(),
            old: BTreeMap::new(),
        }
    }

    pub fn take(&mut self, update: Update, age: UpdateAge) {
        match classify(update, &self.me, &self.hub.allowed) {
            ClassifiedUpdate::Ours(_, Incoming::Press { id, .. }) if age == UpdateAge::Old => {
                let words = "the bot was offline: press again if you still want this";
                self.answer(id, words);
            }
            ClassifiedUpdate::Ours(who, Incoming::Press { id, data }) => self.press(who, id, &data),
            ClassifiedUpdate::Ours(who, incoming) if age == UpdateAge::Old => {
                self.old
                    .entry(who)
                    .or_default()
                    .push(request_summary(&incoming));
            }
            ClassifiedUpdate::Ours(who, incoming) => {
                self.hand_on(who, ConversationMessage::Incoming(incoming))
            }
            ClassifiedUpdate::Stranger(user) => self.stranger(user),
            ClassifiedUpdate::Nothing => {}
        }
    }

    /// All missed messages were received: reports them to their senders.
    pub fn caught_up(&mut self) {
        for (who, texts) in std::mem::take(&mut self.old) {
            let count = texts.len();
            let noun = if count == 1 { "message" } else { "messages" };
            let mut list = format!(
                "{count} {noun} arrived while the bot was offline and had no effect. Send again what \
                 you still need:"
            );
            for text in texts.iter().take(MOST_OLD) {
                list.push_str(&format!("\n• {text}"));
            }
            if count > MOST_OLD {
                list.push_str(&format!("\n… and {} more", count - MOST_OLD));
            }
            self.hub.outbox.say(who.room(), &list);
        }
    }

    /// Ends all conversations: turns are stopped and recorded.
    pub async fn close(&mut self) {
        let open = self.conversations.drain();
        let tasks: Vec<JoinHandle<()>> = open.map(|(_, open)| open.task).collect();
        let all = futures::future::join_all(tasks);
        if tokio::time::timeout(GRACE, all).await.is_err() {
            tracing::warn!("a conversation did not end in time");
        }
    }

    /// Answers a button press immediately, since Telegram shows a spinner until then.
    fn press(&self, who: ChatUser, id: CallbackQueryId, data: &str) {
        let said = self.hub.questions.press(who, data);
        let Some(said) = said else {
            (self.tell)(Notice::Warning(format!(
                "user {} pressed a button that belongs to somebody else or is forged",
                who.user
            )));
            return;
        };
        self.answer(id, &said);
    }

    fn answer(&self, id: CallbackQueryId, words: &str) {
        let (outbox, words) = (self.hub.outbox.clone(), words.to_owned());
        tokio::spawn(async move { outbox.answer_press(id, &words).await });
    }

    fn hand_on(&mut self, who: ChatUser, mail: ConversationMessage) {
        let outbox = self.hub.outbox.clone();
        // The first sign of activity.
        tokio::spawn(async move { outbox.typing(who.room()).await });
        let has_ended = self
            .conversations
            .get(&who)
            .is_some_and(|open| open.task.is_finished());
        if has_ended && !self.hub.shared.stop.is_cancelled() {
            // Only a panic ends a conversation.
            self.conversations.remove(&who);
            let words =
                "internal error: this conversation was restarted; /resume continues the session";
            self.hub.outbox.say(who.room(), words);
        }
        let hub = &self.hub;
        let open = self.conversations.entry(who).or_insert_with(|| {
            let (mail, inbox) = mpsc::channel(MOST_MAIL);
            let chat = Chat::new(Arc::clone(hub), who, mail.clone());
            let task = tokio::spawn(chat.run(inbox));
            OpenConversation {
                mail,
                task,
                was_full: false,
            }
        });
        if open.mail.try_send(mail).is_ok() {
            open.was_full = false;
            return;
        }
        tracing::error!("dropped a message of user {}: too many at once", who.user);
        if !std::mem::replace(&mut open.was_full, true) {
            let words = "too many messages at once: some were not read; send them again later";
            self.hub.outbox.say(who.room(), words);
        }
    }

    /// Reports a stranger once, at the terminal only.
    fn stranger(&mut self, user: Option<u64>) {
        if self.strangers.len() < MOST_STRANGERS && self.strangers.insert(user) {
            let user = user.map_or_else(|| "somebody".to_owned(), |user| format!("user {user}"));
            (self.tell)(Notice::Warning(format!(
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
