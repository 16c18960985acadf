//! Messages of an editor as questions. It reads and writes nothing.

mod places;

use std::path::PathBuf;

use agent_client_protocol::v1::schema::{
    BlobResourceContents, ContentBlock, EmbeddedResourceResource, ResourceLink,
    TextResourceContents,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::calls::{inline_code, shortened, shortened_text};
use crate::engine::{Attachment, EditorText, Question};
use crate::message::Image;
use crate::visible::visible_name;

use places::Place;

/// Longest message, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// Most pictures of a message, and the size of the largest in bytes.
const MOST_IMAGES: usize = 10;
const LARGEST_IMAGE: usize = 20 << 20;
/// What pictures without a word mean.
const LOOK: &str = "Look at this.";
/// Longest name of an attached text, in characters.
const LONGEST_NAME: usize = 200;

/// The folder of a session, by both of its names.
#[derive(Clone, Debug)]
pub struct PromptFolder {
    /// Without links.
    pub root: PathBuf,
    /// As the editor calls it.
    pub given: PathBuf,
}

/// A message of the user.
#[derive(Debug, Default)]
pub struct ReadPrompt {
    /// The message, with the names of what stands in it.
    pub text: String,
    /// What was typed of it.
    pub typed: String,
    pub question: Question,
    /// What could not be used, for the user.
    pub notes: Vec<String>,
}

impl ReadPrompt {
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Reads the parts of a message.
    pub fn new(folder: &PromptFolder, blocks: Vec<ContentBlock>) -> ReadPrompt {
        let mut read = ReadPrompt::default();
        for block in blocks {
            read.block(folder, block);
        }
        if read.text.len() > LONGEST_TEXT {
            read.notes
                .push("the message is too long: its end was left out".to_owned());
            read.text = shortened_text(&read.text, LONGEST_TEXT);
        }
        if read.is_empty() && !read.question.images.is_empty() {
            LOOK.clone_into(&mut read.text);
        }
        read.question.text.clone_from(&read.text);
        read
    }

    fn block(&mut self, folder: &PromptFolder, block: ContentBlock) {
        match block {
            ContentBlock::Text(text) => {
                let follows = text.text.starts_with(|sign: char| sign.is_alphanumeric());
                if follows && self.text.ends_with('`') {
                    self.text.push(' ');
                }
                self.text.push_str(&text.text);
                self.typed.push_str(&text.text);
            }
            ContentBlock::ResourceLink(link) => self.link(folder, &link),
            ContentBlock::Resource(resource) => match resource.resource {
                EmbeddedResourceResource::TextResourceContents(text) => self.resource(folder, text),
                EmbeddedResourceResource::BlobResourceContents(blob) => self.blob(&blob),
                _ => self.unknown("a part of the message"),
            },
            ContentBlock::Image(image) => self.image(&image.data),
            ContentBlock::Audio(_) => self.unknown("audio"),
            _ => self.unknown("a part of the message"),
        }
    }

    fn unknown(&mut self, what: &str) {
        self.notes
            .push(format!("{what} was left out: ollacode cannot use it"));
    }

    /// Adds a word to the text.
    fn word(&mut self, word: &str) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    /// A file that is named: it is read before the model is asked.
    fn link(&mut self, folder: &PromptFolder, link: &ResourceLink) {
        let place = Place::of(folder, &link.uri);
        match place.inside {
            Some(path) => {
                self.word(&mention(&path, place.lines));
                // The next word is no part of the path.
                self.text.push(' ');
                if !self.question.files.contains(&path) {
                    self.question.files.push(path);
                }
            }
            None => {
                let name = visible_name(&shortened(link.uri.clone(), LONGEST_NAME));
                self.word(&inline_code(&name));
                if place.is_outside {
                    self.notes.push(format!(
                        "{} was not read: it is outside the folder of this thread",
                        inline_code(&name)
                    ));
                }
            }
        }
    }

    /// A text with the message: a file as the editor has it, or something else.
    fn resource(&mut self, folder: &PromptFolder, resource: TextResourceContents) {
        let place = Place::of(folder, &resource.uri);
        match place.inside {
            Some(path) => {
                let shown = match place.lines {
                    Some((first, last)) => format!("{path}:{first}-{last}"),
                    None => path.clone(),
                };
                self.word(&inline_code(&visible_name(&shown)));
                self.question.editor_texts.push(EditorText {
                    path,
                    text: resource.text,
                    lines: place.lines,
                });
            }
            None => {
                let name = shortened(place.name, LONGEST_NAME);
                self.word(&inline_code(&visible_name(&name)));
                self.question.attachments.push(Attachment {
                    name,
                    text: resource.text,
                });
            }
        }
    }

    fn blob(&mut self, blob: &BlobResourceContents) {
        let kind = blob.mime_type.as_deref().unwrap_or_default();
        if kind.starts_with("image/") {
            return self.image(&blob.blob);
        }
        let name = visible_name(&shortened(blob.uri.clone(), LONGEST_NAME));
        self.unknown(&inline_code(&name));
    }

    fn image(&mut self, base64: &str) {
        if self.question.images.len() == MOST_IMAGES {
            let note = format!("only the first {MOST_IMAGES} pictures are used");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
            return;
        }
        match STANDARD.decode(base64) {
            Ok(bytes) if bytes.len() <= LARGEST_IMAGE => {
                self.question.images.push(Image::new(&bytes));
            }
            Ok(_) => self
                .notes
                .push("a picture of more than 20 MB was left out".to_owned()),
            Err(_) => self
                .notes
                .push("a picture that is no base64 was left out".to_owned()),
        }
    }
}

/// A file in a question, as users write it at the terminal.
fn mention(path: &str, lines: Option<(u32, u32)>) -> String {
    match lines {
        _ if path.contains(char::is_whitespace) => format!("@\"{path}\""),
        Some((first, last)) => format!("@{path}:{first}-{last}"),
        None => format!("@{path}"),
    }
}

#[cfg(test)]
mod tests;
