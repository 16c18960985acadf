//! Classification of updates: who sent them, and what they want.
//!
//! Users who are not allowed are rejected here, by their numeric id, since names can be taken over.
//! What somebody else wrote (forwarded, or sent via another bot) is never a command; it is kept as
//! a quotation, as is a message that is replied to.

use serde_json::Value;
use teloxide::types::{
    CallbackQueryId, FileId, Me, MediaKind, Message, MessageEntityKind, MessageKind, Update,
    UpdateKind,
};

use super::names::document_name;
use super::quoted::{MessageReference, is_by_others, quotation, refers};
use crate::config::AllowList;
use crate::engine::Attachment;

#[cfg(test)]
mod tests;

/// A user in a chat, or in a topic of it: one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatUser {
    pub user: u64,
    /// In a private chat it equals the user's id; negative for a group.
    pub chat: i64,
    /// The topic of a forum; `None` in its general one.
    pub topic: Option<i32>,
}

/// Where messages are sent: a chat, or a topic of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    pub chat: i64,
    pub topic: Option<i32>,
}

impl ChatUser {
    pub fn room(self) -> Destination {
        Destination {
            chat: self.chat,
            topic: self.topic,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum ClassifiedUpdate {
    /// From an allowed user.
    Allowed(ChatUser, Incoming),
    /// From somebody else; `None` if unnamed.
    Stranger(Option<u64>),
    /// Not for the bot.
    Ignored,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A question or a command.
    Text {
        message: i32,
        /// The text, without the bot's name.
        text: String,
        refers: MessageReference,
    },
    /// A forwarded message.
    Forwarded { quoted: Attachment },
    /// An edited message.
    Edited {
        message: i32,
        /// The new text.
        text: String,
    },
    File {
        message: i32,
        file: TelegramFile,
        /// May be empty.
        caption: String,
        /// The messages that it quotes.
        quoted: Vec<Attachment>,
    },
    /// A kind of message that is not supported.
    Unusable {
        /// In words: `voice messages`.
        what: &'static str,
    },
    Press {
        /// The id that the response needs.
        id: CallbackQueryId,
        /// The callback data of the button.
        data: String,
    },
}

/// A file, not downloaded yet.
#[derive(Clone, Debug, PartialEq)]
pub struct TelegramFile {
    pub id: FileId,
    /// Safe to show.
    pub name: String,
    /// In bytes; `None` if unknown.
    pub size: Option<u64>,
    pub is_photo: bool,
    pub album: Option<String>,
}

pub fn classify(update: Update, me: &Me, allowed: &AllowList) -> ClassifiedUpdate {
    match update.kind {
        UpdateKind::Message(message) => of_message(&message, me, allowed, false),
        UpdateKind::EditedMessage(message) => of_message(&message, me, allowed, true),
        UpdateKind::CallbackQuery(query) => {
            let user = query.from.id.0;
            // A message that is too old to be included still has a chat.
            let chat = query.message.as_ref().map(|message| message.chat().id.0);
            match (chat, query.data) {
                (Some(chat), Some(data)) if allowed.permits(user, chat) => {
                    let press = Incoming::Press { id: query.id, data };
                    // Buttons are not bound to topics.
                    let topic = None;
                    ClassifiedUpdate::Allowed(ChatUser { user, chat, topic }, press)
                }
                _ => ClassifiedUpdate::Stranger(Some(user)),
            }
        }
        UpdateKind::Error(update) => of_unknown(&update["message"], allowed),
        _ => ClassifiedUpdate::Ignored,
    }
}

/// A message of a kind that this version does not know: the sender should get a reply.
fn of_unknown(message: &Value, allowed: &AllowList) -> ClassifiedUpdate {
    let (user, chat) = (&message["from"]["id"], &message["chat"]["id"]);
    match (user.as_u64(), chat.as_i64()) {
        (Some(user), Some(chat)) if allowed.permits(user, chat) => {
            let what = "this kind of message";
            let incoming = Incoming::Unusable { what };
            // In a group it is unknown whether the bot was addressed.
            if chat < 0 {
                return ClassifiedUpdate::Ignored;
            }
            let is_in_topic = message["is_topic_message"].as_bool() == Some(true);
            let topic = message["message_thread_id"].as_i64();
            let topic = topic.filter(|_| is_in_topic);
            let topic = topic.and_then(|topic| i32::try_from(topic).ok());
            ClassifiedUpdate::Allowed(ChatUser { user, chat, topic }, incoming)
        }
        (user, Some(_)) => ClassifiedUpdate::Stranger(user),
        _ => ClassifiedUpdate::Ignored,
    }
}

fn of_message(
    message: &Message,
    me: &Me,
    allowed: &AllowList,
    is_edited: bool,
) -> ClassifiedUpdate {
    let user = message.from.as_ref().map(|user| user.id.0);
    let chat = message.chat.id.0;
    let Some(user) = user.filter(|user| allowed.permits(*user, chat)) else {
        return ClassifiedUpdate::Stranger(user);
    };
    // A message in the name of a channel or a group has no user.
    if message.sender_chat.is_some() {
        return ClassifiedUpdate::Stranger(None);
    }
    let is_addressed = message.chat.is_private() || is_addressed(message, me);
    let topic = message.thread_id.filter(|_| message.is_topic_message);
    let topic = topic.map(|thread| thread.0.0);
    match wanted(message, me, is_edited) {
        Some(incoming) if is_addressed => {
            ClassifiedUpdate::Allowed(ChatUser { user, chat, topic }, incoming)
        }
        _ => ClassifiedUpdate::Ignored,
    }
}

/// Whether a message in a group is for the bot: a reply to it, a mention, or a command with the
/// name of this bot.
fn is_addressed(message: &Message, me: &Me) -> bool {
    let answered = message.reply_to_message();
    let answered = answered.and_then(|message| message.from.as_ref());
    if answered.is_some_and(|user| user.id == me.id) {
        return true;
    }
    let name = format!("@{}", me.username()).to_lowercase();
    let entities = message.parse_entities();
    let entities = entities.or_else(|| message.parse_caption_entities());
    entities
        .into_iter()
        .flatten()
        .any(|entity| match entity.kind() {
            MessageEntityKind::Mention => entity.text().to_lowercase() == name,
            MessageEntityKind::BotCommand => entity.text().to_lowercase().ends_with(&name),
            _ => false,
        })
}

fn wanted(message: &Message, me: &Me, is_edited: bool) -> Option<Incoming> {
    let number = message.id.0;
    if is_by_others(message) {
        return passed_on(message, is_edited);
    }
    if let Some(text) = message.text() {
        let (text, refers) = (without_name(text, me), refers(message, me));
        let message = number;
        return Some(if is_edited {
            Incoming::Edited { message, text }
        } else {
            Incoming::Text {
                message,
                text,
                refers,
            }
        });
    }
    if is_edited {
        let text = without_name(message.caption()?, me);
        let message = number;
        return Some(Incoming::Edited { message, text });
    }
    if let Some(file) = file(message) {
        let caption = without_name(message.caption().unwrap_or_default(), me);
        return Some(Incoming::File {
            message: number,
            file,
            caption,
            quoted: refers(message, me).quoted.into_iter().collect(),
        });
    }
    unusable(message).map(|what| Incoming::Unusable { what })
}

/// A message that somebody else wrote: never a command or a question of this user.
fn passed_on(message: &Message, is_edited: bool) -> Option<Incoming> {
    let name = if message.forward_origin().is_some() {
        "a forwarded message"
    } else {
        "a message sent via another bot"
    };
    if is_edited {
        return None;
    }
    let quoted = quotation(name, message.text().or_else(|| message.caption()));
    match file(message) {
        Some(file) => Some(Incoming::File {
            message: message.id.0,
            file,
            caption: String::new(),
            quoted: quoted.into_iter().collect(),
        }),
        None => match quoted {
            Some(quoted) => Some(Incoming::Forwarded { quoted }),
            None => unusable(message).map(|what| Incoming::Unusable { what }),
        },
    }
}

/// The text without the bot's name: `/undo@shop_bot` is `/undo`.
fn without_name(text: &str, me: &Me) -> String {
    let name = format!("@{}", me.username()).to_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let is_named = rest.get(at..at + name.len());
        let is_named = is_named.is_some_and(|found| found.to_lowercase() == name);
        let after = rest.get(at + name.len()..).unwrap_or_default();
        let ends = !after.starts_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '_');
        kept.push_str(&rest[..at]);
        if is_named && ends {
            rest = after;
        } else {
            kept.push('@');
            rest = &rest[at + 1..];
        }
    }
    kept.push_str(rest);
    // It may be part of a longer text, whose blanks must be kept.
    if kept == text {
        return kept;
    }
    kept.trim().to_owned()
}

/// The file of a message, if the bot supports it.
pub fn file(message: &Message) -> Option<TelegramFile> {
    let album = message.media_group_id().map(|album| album.0.clone());
    if let Some(document) = message.document() {
        let kind = document.mime_type.as_ref().map(|kind| kind.essence_str());
        return Some(TelegramFile {
            id: document.file.id.clone(),
            name: document_name(document.file_name.as_deref()),
            size: Some(u64::from(document.file.size)),
            // A photo that was sent as a file.
            is_photo: matches!(kind, Some("image/jpeg" | "image/png" | "image/webp")),
            album,
        });
    }
    // The last one is the largest.
    let photo = message.photo()?.last()?;
    Some(TelegramFile {
        id: photo.file.id.clone(),
        name: "photo".to_owned(),
        size: Some(u64::from(photo.file.size)),
        is_photo: true,
        album,
    })
}

fn unusable(message: &Message) -> Option<&'static str> {
    let common = match &message.kind {
        MessageKind::Common(common) => common,
        // A kind that this version does not know.
        MessageKind::Empty {} => return Some("this kind of message"),
        // Somebody joined, or a title changed.
        _ => return None,
    };
    Some(match &common.media_kind {
        MediaKind::Voice(_) | MediaKind::Audio(_) => "voice and audio messages",
        MediaKind::Video(_) | MediaKind::VideoNote(_) | MediaKind::Animation(_) => "videos",
        MediaKind::Sticker(_) => "stickers",
        MediaKind::Location(_) | MediaKind::Venue(_) => "locations",
        MediaKind::Contact(_) => "contacts",
        _ => "this kind of message",
    })
}
