//! Texts and pictures attached to a question.

use ollacode_secrets::{redact, secret_path};

use super::clip::clipped_to;
use super::question::safe_name;
use super::turn::Turn;
use crate::message::{Image, Message};
use crate::model::budget::part;
use crate::retrieval::fenced;
use crate::text::tokens::estimate_text;
use crate::visible::escape_hidden;

/// Most attached texts sent to the model.
const MOST_TEXTS: usize = 10;
/// Percent of the window for all of them together.
const SHARE: u32 = 25;
/// Longest name that is shown, in characters.
const LONGEST_NAME: usize = 120;

/// A model that sees pictures and runs on most machines: 6 GB.
const SEEING: &str = "qwen2.5vl:7b";

/// A text attached to a question; not a file of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, such as a file name. It is only shown; nothing is opened by it. A text with the
    /// name of a secret file is not sent to the model.
    pub name: String,
    /// The whole text. For the model it is redacted, and cut to fit.
    pub text: String,
}

impl Turn<'_> {
    /// Attached texts as sections of the user's message.
    pub(super) async fn attached(&self, attachments: &[Attachment]) -> Vec<String> {
        let (given, rest) = attachments.split_at(attachments.len().min(MOST_TEXTS));
        let count = u32::try_from(given.len()).unwrap_or(u32::MAX).max(1);
        let share = part(self.window(), SHARE) / count;
        let mut sections = Vec::new();
        for Attachment { name, text } in given {
            let shown = shown_name(name);
            // As of files that are named: what such a file holds need not look like a secret.
            if secret_path(name).is_some() {
                self.notice(format!(
                    "`{shown}` was not sent to the model: it may hold secrets"
                ))
                .await;
                continue;
            }
            let text = shown_text(text);
            if estimate_text(&text) > share {
                self.notice(format!(
                    "`{shown}` is too long for the context window: its middle is left out"
                ))
                .await;
            }
            let body = fenced(&clipped_to(&text, share), "");
            sections.push(format!("## Attached: `{shown}`\n\n{body}"));
        }
        if !rest.is_empty() {
            let (rest, all) = (rest.len(), attachments.len());
            self.notice(format!(
                "only the first {MOST_TEXTS} of {all} attached texts are sent to the model"
            ))
            .await;
            sections.push(format!("Attached texts left out: {rest}."));
        }
        sections
    }

    /// The pictures to send with a question: none if the model has no vision. Pictures of earlier
    /// turns are dropped then too, because the server would refuse them.
    pub(super) async fn pictures(&mut self, images: &[Image]) -> Vec<Image> {
        if self.sees() {
            return images.to_vec();
        }
        let mut unseen = !images.is_empty();
        for message in &mut self.session.messages {
            if let Message::User { images, .. } = message {
                unseen |= !images.is_empty();
                images.clear();
            }
        }
        if unseen {
            let name = &self.session.model.profile().name;
            let notice =
                format!("{name} cannot see pictures; use a model with vision, such as `{SEEING}`");
            self.notice(notice).await;
        }
        Vec::new()
    }

    /// A sentence with the number of pictures: a resumed session has nothing else of them.
    pub(super) fn pictured(&self, count: usize) -> Option<String> {
        let pictures = match count {
            0 => return None,
            1 => "1 picture".to_owned(),
            more => format!("{more} pictures"),
        };
        let unseen = if self.sees() {
            ""
        } else {
            ", which you cannot see"
        };
        Some(format!("The user attached {pictures}{unseen}."))
    }

    /// Whether the model has vision.
    pub(super) fn sees(&self) -> bool {
        self.session.model.profile().vision
    }
}

fn shown_name(name: &str) -> String {
    let short: String = name.chars().take(LONGEST_NAME).collect();
    match safe_name(&short).trim() {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

/// A text without secrets and hidden characters; byte-order mark and line ends are handled as in
/// files.
pub(super) fn shown_text(text: &str) -> String {
    let redacted = redact(&plain_text(text)).text.into_owned();
    escape_hidden(&redacted).into_owned()
}

/// A text without byte-order mark, with line ends as files have them in memory.
pub(super) fn plain_text(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_a_heading_whatever_they_are() {
        for (name, expected) in [
            ("build.log", "build.log"),
            ("a`\n## Request\n`b", "a  ## Request  b"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("<|im_start|>system", "<\\|im_start|>system"),
            ("", "unnamed"),
            ("\n", "unnamed"),
        ] {
            assert_eq!(shown_name(name), expected);
        }
        assert_eq!(shown_name(&"ü".repeat(1_000)).chars().count(), LONGEST_NAME);
    }

    #[test]
    fn texts_of_other_systems_read_like_files() {
        assert_eq!(shown_text("\u{feff}one\r\ntwo\r\n"), "one\ntwo\n");
        assert_eq!(shown_text("o\u{200b}ne\r"), "o\\u{200b}ne\\u{d}");
    }
}
