//! Updates sorted: from whom they are, and what is wanted.
//!
//! Whoever is not allowed is sorted out here, whatever the update is: by number, since names can
//! be taken over.

use serde_json::Value;
use teloxide::types::{
    CallbackQueryId, FileId, Me, MediaKind, Message, MessageEntityKind, MessageKind, Update,
    UpdateKind,
};

use super::names::document_name;
use crate::config::Allowed;

/// A user in a chat: whoever has a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    /// The user's number.
    pub user: u64,
    /// The chat's; in private it is the user's, and negative for a group.
    pub chat: i64,
}

/// What an update is.
#[derive(Clone, Debug, PartialEq)]
pub enum Sorted {
    /// Somebody who is allowed wants something.
    Ours(Who, Incoming),
    /// Somebody else, who gets no answer; `None` where nobody is named.
    Stranger(Option<u64>),
    /// Nothing that is for the bot.
    Nothing,
}

/// What somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Wrote something: a question or a command.
    Text {
        /// The message's number in its chat.
        message: i32,
        /// The text, without the bot's name.
        text: String,
    },
    /// Changed what was written.
    Edited {
        /// The message's number.
        message: i32,
        /// The text as it is now.
        text: String,
    },
    /// Sent a file.
    File {
        /// The message's number.
        message: i32,
        /// The file.
        file: File,
        /// What is written below it; may be empty.
        caption: String,
    },
    /// Sent something that the bot can do nothing with.
    Unusable {
        /// In words: `voice messages`.
        what: &'static str,
    },
    /// Pressed a button.
    Press {
        /// The press, which waits for an answer.
        id: CallbackQueryId,
        /// What the button carries.
        data: String,
    },
}

/// A file as Telegram announces it.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// By which it can be had.
    pub id: FileId,
    /// Safe to be shown.
    pub name: String,
    /// In bytes; `None` if it is not said.
    pub size: Option<u64>,
    /// Whether it is a photo.
    pub is_photo: bool,
    /// The album that it belongs to.
    pub album: Option<String>,
}

/// Sorts an update.
pub fn sort(update: Update, me: &Me, allowed: &Allowed) -> Sorted {
    match update.kind {
        UpdateKind::Message(message) => of_message(&message, me, allowed, false),
        UpdateKind::EditedMessage(message) => of_message(&message, me, allowed, true),
        UpdateKind::CallbackQuery(query) => {
            let user = query.from.id.0;
            // A message too old to be had has a chat all the same.
            let chat = query.message.as_ref().map(|message| message.chat().id.0);
            match (chat, query.data) {
                (Some(chat), Some(data)) if allowed.permits(user, chat) => {
                    let press = Incoming::Press { id: query.id, data };
                    Sorted::Ours(Who { user, chat }, press)
                }
                _ => Sorted::Stranger(Some(user)),
            }
        }
        UpdateKind::Error(update) => of_unknown(&update["message"], allowed),
        _ => Sorted::Nothing,
    }
}

/// A message of a kind that came after this program; silence would be no answer.
fn of_unknown(message: &Value, allowed: &Allowed) -> Sorted {
    let (user, chat) = (&message["from"]["id"], &message["chat"]["id"]);
    match (user.as_u64(), chat.as_i64()) {
        (Some(user), Some(chat)) if allowed.permits(user, chat) => {
            let what = "such messages";
            let incoming = Incoming::Unusable { what };
            // In a group, nobody knows whether the bot was addressed.
            if chat < 0 {
                return Sorted::Nothing;
            }
            Sorted::Ours(Who { user, chat }, incoming)
        }
        (user, Some(_)) => Sorted::Stranger(user),
        _ => Sorted::Nothing,
    }
}

fn of_message(message: &Message, me: &Me, allowed: &Allowed, is_edited: bool) -> Sorted {
    let user = message.from.as_ref().map(|user| user.id.0);
    let chat = message.chat.id.0;
    let Some(user) = user.filter(|user| allowed.permits(*user, chat)) else {
        return Sorted::Stranger(user);
    };
    // Somebody who writes in the name of a channel or a group is nobody.
    if message.sender_chat.is_some() {
        return Sorted::Stranger(None);
    }
    let is_addressed = message.chat.is_private() || is_addressed(message, me);
    match wanted(message, me, is_edited) {
        Some(incoming) if is_addressed => Sorted::Ours(Who { user, chat }, incoming),
        _ => Sorted::Nothing,
    }
}

/// Whether a message in a group is for the bot: it answers the bot, names it, or is a command of
/// this bot by its name.
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
    if let Some(text) = message.text() {
        let (message, text) = (number, without_name(text, me));
        return Some(if is_edited {
            Incoming::Edited { message, text }
        } else {
            Incoming::Text { message, text }
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
        });
    }
    unusable(message).map(|what| Incoming::Unusable { what })
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
    kept.trim().to_owned()
}

fn file(message: &Message) -> Option<File> {
    let album = message.media_group_id().map(|album| album.0.clone());
    if let Some(document) = message.document() {
        let kind = document.mime_type.as_ref().map(|kind| kind.essence_str());
        return Some(File {
            id: document.file.id.clone(),
            name: document_name(document.file_name.as_deref()),
            size: Some(u64::from(document.file.size)),
            // A photo that was sent as a file, for its quality.
            is_photo: matches!(kind, Some("image/jpeg" | "image/png" | "image/webp")),
            album,
        });
    }
    // The last one is the largest.
    let photo = message.photo()?.last()?;
    Some(File {
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
        // Of a kind that came after this program.
        MessageKind::Empty {} => return Some("such messages"),
        // Somebody joined, or a title changed.
        _ => return None,
    };
    Some(match &common.media_kind {
        MediaKind::Voice(_) | MediaKind::Audio(_) => "voice and sound",
        MediaKind::Video(_) | MediaKind::VideoNote(_) | MediaKind::Animation(_) => "films",
        MediaKind::Sticker(_) => "stickers",
        MediaKind::Location(_) | MediaKind::Venue(_) => "places",
        MediaKind::Contact(_) => "contacts",
        _ => "such messages",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn me() -> Me {
        serde_json::from_value(json!({
            "id": 1, "is_bot": true, "first_name": "o", "username": "Shop_bot",
            "can_join_groups": true, "can_read_all_group_messages": false,
            "supports_inline_queries": false, "can_connect_to_business": false,
            "has_main_web_app": false,
        }))
        .expect("a bot")
    }

    fn sorted(kind: &str, chat: i64, user: u64, more: Value) -> Sorted {
        let chat = if chat < 0 {
            json!({"id": chat, "type": "supergroup", "title": "G"})
        } else {
            json!({"id": chat, "type": "private", "first_name": "U"})
        };
        let mut message = json!({
            "message_id": 5, "date": 0, "chat": chat,
            "from": {"id": user, "is_bot": false, "first_name": "U"},
        });
        let fields = message.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        let given = json!({"update_id": 9, kind: message});
        let update: Result<Update, _> = serde_json::from_str(&given.to_string());
        let mut update = update.expect("an update");
        if let UpdateKind::Error(unread) = &mut update.kind {
            // As the client does it.
            *unread = given;
        }
        let allowed = Allowed::parse("7", "-50").expect("a list");
        sort(update, &me(), &allowed)
    }

    fn text_of(sorted: Sorted) -> Option<String> {
        match sorted {
            Sorted::Ours(_, Incoming::Text { text, .. }) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn strangers_are_told_apart_whatever_they_do() {
        let text = json!({"text": "hi"});
        assert_eq!(
            sorted("message", 8, 8, text.clone()),
            Sorted::Stranger(Some(8))
        );
        assert_eq!(
            sorted("edited_message", 8, 8, text.clone()),
            Sorted::Stranger(Some(8))
        );
        assert_eq!(
            sorted("message", -50, 8, text.clone()),
            Sorted::Stranger(Some(8))
        );
        assert_eq!(
            sorted("message", -51, 7, text.clone()),
            Sorted::Stranger(Some(7))
        );
        assert_eq!(
            sorted("message", 8, 7, text.clone()),
            Sorted::Stranger(Some(7))
        );
        let channel =
            json!({"text": "hi", "sender_chat": {"id": -9, "type": "channel", "title": "C"}});
        assert_eq!(sorted("message", 7, 7, channel), Sorted::Stranger(None));
        assert_eq!(
            text_of(sorted("message", 7, 7, text)).as_deref(),
            Some("hi")
        );
    }

    #[test]
    fn in_a_group_the_bot_must_be_addressed() {
        let said = |text: &str, kind: &str, length: usize| {
            let entities = json!([{"type": kind, "offset": 0, "length": length}]);
            text_of(sorted(
                "message",
                -50,
                7,
                json!({"text": text, "entities": entities}),
            ))
        };
        assert_eq!(
            said("@shop_bot where is it?", "mention", 9).as_deref(),
            Some("where is it?")
        );
        assert_eq!(
            said("/undo@Shop_bot", "bot_command", 14).as_deref(),
            Some("/undo")
        );
        assert_eq!(said("/undo", "bot_command", 5), None);
        assert_eq!(said("/undo@other_bot", "bot_command", 15), None);
        assert_eq!(said("@shop_bots hello", "mention", 10), None);
        assert_eq!(
            sorted("message", -50, 7, json!({"text": "hello"})),
            Sorted::Nothing
        );
        let answered = json!({
            "text": "and now?",
            "reply_to_message": {
                "message_id": 4, "date": 0, "text": "x",
                "chat": {"id": -50, "type": "supergroup", "title": "G"},
                "from": {"id": 1, "is_bot": true, "first_name": "o"},
            },
        });
        let answered = sorted("message", -50, 7, answered);
        assert_eq!(text_of(answered).as_deref(), Some("and now?"));
    }

    #[test]
    fn files_and_other_things_are_told_apart() {
        let document = json!({
            "caption": "look", "document": {
                "file_id": "f", "file_unique_id": "u", "file_size": 12, "file_name": "../a.log",
            },
        });
        let Sorted::Ours(_, Incoming::File { file, caption, .. }) =
            sorted("message", 7, 7, document)
        else {
            panic!("a file");
        };
        assert_eq!(
            (file.name.as_str(), file.size, caption.as_str()),
            ("a.log", Some(12), "look")
        );
        let photo = json!({"photo": [
            {"file_id": "s", "file_unique_id": "u", "file_size": 1, "width": 1, "height": 1},
            {"file_id": "l", "file_unique_id": "v", "file_size": 9, "width": 9, "height": 9},
        ]});
        let Sorted::Ours(_, Incoming::File { file, .. }) = sorted("message", 7, 7, photo) else {
            panic!("a photo");
        };
        assert_eq!((file.id.0.as_str(), file.is_photo), ("l", true));
        let mut voice = json!({"voice": {
            "file_id": "f", "file_unique_id": "u", "duration": 3, "mime_type": "audio/ogg",
        }});
        let what = |sorted: Sorted| match sorted {
            Sorted::Ours(_, Incoming::Unusable { what }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            what(sorted("message", 7, 7, voice.clone())),
            "voice and sound"
        );
        // What cannot be read is answered, too.
        voice["voice"]["duration"] = json!("long");
        assert_eq!(
            what(sorted("message", 7, 7, voice.clone())),
            "such messages"
        );
        assert_eq!(
            sorted("message", 8, 8, voice.clone()),
            Sorted::Stranger(Some(8))
        );
        assert_eq!(sorted("message", -50, 7, voice), Sorted::Nothing);
    }
}
