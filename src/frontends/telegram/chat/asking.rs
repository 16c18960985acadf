//! Questions: made of texts and files, queued, and edited while they wait.

use std::sync::Arc;

use super::Chat;
use crate::conversation::SubmitResult;
use crate::conversation::commands::CommandScope;
use crate::conversation::mentions::mentioned_files;
use crate::engine::Question;

impl Chat {
    /// Asks a question with the files that were sent before.
    pub(super) async fn ask(&mut self, message: Option<i32>, text: String) {
        // Captions of files that no question was asked about yet.
        self.album += 1;
        let mut texts = std::mem::take(&mut self.captions);
        texts.push(text);
        let question = self.question(joined(texts)).await;
        let question = Question {
            attachments: std::mem::take(&mut self.attachments),
            images: std::mem::take(&mut self.images),
            ..question
        };
        match self.conversation.ask(message, question) {
            SubmitResult::Started => return self.begin_turn(),
            SubmitResult::Queued => {}
            SubmitResult::Refused => self.refused += 1,
        }
        self.show_queue();
    }

    /// The question that a text is, with the files that it mentions.
    async fn question(&self, text: String) -> Question {
        let files = self.named_in(&text).await;
        let question = self.conversation.question(text, CommandScope::Chat).await;
        Question { files, ..question }
    }

    /// The files that a text mentions.
    async fn named_in(&self, text: &str) -> Vec<String> {
        let root = self.conversation.workspace().root().to_owned();
        let found = mentioned_files(text, root, Arc::default(), &self.context.shared.stop).await;
        found.ok().flatten().unwrap_or_default()
    }

    /// Edits a queued question; one that was already asked cannot be edited.
    pub(super) async fn edited(&mut self, message: i32, text: String) {
        let is_empty = text.trim().is_empty();
        let edited = self.question(text).await;
        let Some(question) = self.conversation.queued_question(message) else {
            return self.say("that message was already read: send the change as a new message");
        };
        if is_empty {
            self.conversation.unqueue(message);
            return self.show_queue();
        }
        question.text = edited.text;
        question.skill = edited.skill;
        question.files = edited.files;
    }
}

/// Texts that are one question. What starts a skill comes first, whatever captions came before it.
pub(super) fn joined(mut texts: Vec<String>) -> String {
    texts.sort_by_key(|text| !text.trim_start().starts_with('/'));
    texts.join("\n\n")
}
