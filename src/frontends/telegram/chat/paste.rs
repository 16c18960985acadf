//! Long texts, which Telegram's clients split into messages of 4,096 units: they are joined again.

use std::time::Duration;

use super::super::formatted_text::units;
use super::super::quoted::MessageReference;
use super::{Chat, ConversationMessage};
use crate::conversation::commands::{CommandScope, ParsedInput};

/// A message of at least this length, in UTF-16 units, may have a next part.
const MAY_BE_CUT: usize = 4_000;
/// A message of this length was split inside a line, a shorter one at the end of a line.
const FULL: usize = 4_096;
/// How long to wait for the next part.
const REST: Duration = Duration::from_millis(1_500);

/// A long text that may have a next part.
pub struct Paste {
    message: i32,
    text: String,
    refers: MessageReference,
    /// Length of its last part, in UTF-16 units.
    last: usize,
}

impl Chat {
    /// Takes a text, which may be part of a longer one.
    pub(super) async fn written(&mut self, message: i32, text: String, refers: MessageReference) {
        let parsed = self.conversation.understand(&text, CommandScope::Chat);
        let (begins, is_command) = match parsed.await {
            ParsedInput::Question => (false, false),
            // What it is to work on may be long.
            ParsedInput::Skill(_) => (true, false),
            ParsedInput::Command(..) | ParsedInput::Unknown(..) => (true, true),
        };
        if begins {
            self.paste_over().await;
        }
        let length = units(&text);
        let paste = match self.paste.take() {
            Some(mut paste) => {
                if paste.last < FULL {
                    paste.text.push('\n');
                }
                paste.text.push_str(&text);
                paste.last = length;
                paste
            }
            None => Paste {
                message,
                text,
                refers,
                last: length,
            },
        };
        self.pastes += 1;
        let may_be_cut = !is_command && length >= MAY_BE_CUT;
        self.paste = Some(paste);
        if !may_be_cut {
            return self.paste_over().await;
        }
        let (number, mailbox) = (self.pastes, self.mailbox.clone());
        tokio::spawn(async move {
            tokio::time::sleep(REST).await;
            // The conversation may have ended.
            let _ = mailbox.send(ConversationMessage::PasteOver(number)).await;
        });
    }

    /// No more parts follow.
    pub(super) async fn paste_over(&mut self) {
        if let Some(paste) = self.paste.take() {
            self.text(paste.message, paste.text, paste.refers).await;
        }
    }
}
