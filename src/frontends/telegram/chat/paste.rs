//! Long texts, which Telegram's clients cut into messages of 4,096 units: they are one question.

use std::time::Duration;

use super::super::quoted::Refers;
use super::super::rich::units;
use super::{Chat, Mail};
use crate::conversation::commands::{Parsed, Place, parse};

/// From this length on, in UTF-16 units, a message may be the first part of a longer text.
const MAY_BE_CUT: usize = 4_000;
/// A message that is full was cut in the middle of a line; a shorter one at the end of one.
const FULL: usize = 4_096;
/// How long the next part may take.
const REST: Duration = Duration::from_millis(1_500);

/// A long text of which the rest may follow.
pub struct Paste {
    message: i32,
    text: String,
    refers: Refers,
    /// Length of its last part, in UTF-16 units.
    last: usize,
}

impl Chat {
    /// Takes a text, which may be a part of a longer one.
    pub(super) async fn written(&mut self, message: i32, text: String, refers: Refers) {
        let parsed = parse(&text, Place::Chat);
        let is_command = !matches!(parsed, Parsed::Question);
        if is_command {
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
        let (number, mail) = (self.pastes, self.mail.clone());
        tokio::spawn(async move {
            tokio::time::sleep(REST).await;
            // Where the conversation has ended, nobody wants it.
            let _ = mail.send(Mail::PasteOver(number)).await;
        });
    }

    /// No more parts follow.
    pub(super) async fn paste_over(&mut self) {
        if let Some(paste) = self.paste.take() {
            self.text(paste.message, paste.text, paste.refers).await;
        }
    }
}
