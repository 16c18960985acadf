//! Quotations: forwarded messages and messages that are replied to. The model gets them together
//! with the question.

use teloxide::types::{Me, Message};

use super::incoming::{TelegramFile, file};
use crate::engine::Attachment;

/// What a message replies to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageReference {
    /// Its text, or the quoted part of it.
    pub quoted: Option<Attachment>,
    pub file: Option<TelegramFile>,
}

/// Whether a message was not written by its sender: forwarded, or sent via a bot.
pub fn is_by_others(message: &Message) -> bool {
    message.forward_origin().is_some()
        || message.is_automatic_forward()
        || message.via_bot.is_some()
        || message.sender_business_bot.is_some()
}

/// What a message replies to: the quoted part, or all of it.
pub fn refers(message: &Message, me: &Me) -> MessageReference {
    let answered = message.reply_to_message();
    let quoted = match (message.quote(), answered) {
        (Some(quote), _) => quotation(
            "the quoted part of the message that this one replies to",
            Some(&quote.text),
        ),
        (None, Some(answered)) => {
            let is_ours = answered.from.as_ref().is_some_and(|user| user.id == me.id);
            let name = if is_ours {
                "your message that this one replies to"
            } else {
                "the message that this one replies to"
            };
            quotation(name, answered.text().or_else(|| answered.caption()))
        }
        (None, None) => None,
    };
    MessageReference {
        quoted,
        file: answered.and_then(file).map(|file| TelegramFile {
            album: None,
            ..file
        }),
    }
}

/// A text as a quotation; `None` if it is blank.
pub fn quotation(name: &str, text: Option<&str>) -> Option<Attachment> {
    let text = text.filter(|text| !text.trim().is_empty())?.to_owned();
    let name = name.to_owned();
    Some(Attachment { name, text })
}
