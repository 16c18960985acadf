//! Files as an editor has them. One with changes that are not saved is named to the model, and no
//! tool changes it until it is saved.

use super::attachment::{plain_text, shown_text};
use super::clip::clipped_to;
use super::question::safe_name;
use super::turn::Turn;
use crate::jail::{JailError, is_secret};
use crate::model::budget::part;
use crate::retrieval::fenced;
use crate::text::with_causes;
use crate::visible::escape_hidden;

/// Most texts of an editor that are sent to the model.
const MOST_TEXTS: usize = 10;
/// Percent of the window for all of them together.
const SHARE: u32 = 25;
/// How Zed begins what it sends in place of a large file.
const OUTLINE: &str = "# File outline for ";
const BEGINNING: &str = "# First 1KB of ";

/// A file of the workspace as an editor has it, perhaps with changes that are not saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditorText {
    /// The file: relative to the workspace, or absolute.
    pub path: String,
    pub text: String,
    /// The first and the last line that the text is, from 1; `None`: it is the whole file.
    pub lines: Option<(u32, u32)>,
}

/// What the disk says of such a text.
struct ComparedText {
    /// The real path, relative to the workspace.
    path: String,
    state: TextState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextState {
    /// It is on disk.
    Saved,
    Unsaved,
    /// It is not of the file itself, but what the editor made of it; nothing is known of the rest.
    Extract,
}

impl Turn<'_> {
    /// Texts of an editor as sections of the user's message.
    pub(super) async fn editor_texts(&mut self, texts: &[EditorText]) -> Vec<String> {
        let count = texts.len().clamp(1, MOST_TEXTS);
        let share = part(self.window(), SHARE) / u32::try_from(count).unwrap_or(1);
        let mut sections = Vec::new();
        for (number, given) in texts.iter().enumerate() {
            // Those that are not sent are compared all the same.
            let section = match self.compared(given) {
                Ok(compared) if number < MOST_TEXTS => {
                    if compared.state == TextState::Unsaved {
                        self.notice(unsaved_words(&compared.path)).await;
                    }
                    self.editor_section(given, &compared, share)
                }
                Ok(_) => continue,
                Err(why) => Err(why),
            };
            match section {
                Ok(section) => sections.push(section),
                Err(why) => {
                    let path = escape_hidden(&given.path).into_owned();
                    let notice = format!("`{path}` was not sent to the model: {why}");
                    self.notice(notice).await;
                }
            }
        }
        let left_out = texts.len().saturating_sub(MOST_TEXTS);
        if left_out > 0 {
            let all = texts.len();
            let notice =
                format!("only the first {MOST_TEXTS} of {all} texts are sent to the model");
            self.notice(notice).await;
            sections.push(format!("Texts of the user's editor left out: {left_out}."));
        }
        sections
    }

    /// Compares a text with the disk, and notes for the tools whether it is saved.
    fn compared(&self, given: &EditorText) -> Result<ComparedText, String> {
        let context = &self.engine.context;
        let wrong = |error: JailError| with_causes(&error);
        let path = context.jail.path(&given.path).map_err(wrong)?;
        let file = match context.jail.read(&path) {
            Ok(file) => Some(file),
            Err(JailError::NotFound(_)) => None,
            Err(error) => return Err(wrong(error)),
        };
        let real = file.as_ref().map_or(&path, |file| &file.path);
        let state = file.as_ref().map_or(TextState::Unsaved, |file| {
            state_of(given, real.as_str(), &file.text)
        });
        match (state, given.lines) {
            (TextState::Saved, None) => context.unsaved.forget(real.as_str()),
            // It says nothing of the other lines.
            (TextState::Saved, Some(_)) | (TextState::Extract, _) => {}
            (TextState::Unsaved, _) => {
                let on_disk = file.as_ref().map(|file| file.hash);
                context.unsaved.note(real.as_str(), on_disk);
            }
        }
        if is_secret(&path) || is_secret(real) {
            return Err("it may hold secrets; the model can ask to read it".to_owned());
        }
        if context.rules.hides(path.as_str()) || context.rules.hides(real.as_str()) {
            return Err("a rule hides it from the model".to_owned());
        }
        Ok(ComparedText {
            path: real.to_string(),
            state,
        })
    }

    fn editor_section(
        &mut self,
        given: &EditorText,
        compared: &ComparedText,
        tokens: u32,
    ) -> Result<String, String> {
        let name = safe_name(&compared.path);
        let body = || fenced(&clipped_to(&shown_text(&given.text), tokens), "");
        Ok(match (compared.state, given.lines) {
            (TextState::Saved, None) | (TextState::Extract, _) => {
                return self.mentioned(&given.path, tokens);
            }
            (TextState::Saved, Some((first, last))) => format!(
                "## Lines {first} to {last} of `{name}`, selected by the user\n\n{}",
                body()
            ),
            (TextState::Unsaved, lines) => {
                let which = lines.map_or_else(String::new, |(first, last)| {
                    format!("lines {first} to {last} of ")
                });
                format!(
                    "## Not saved: {which}`{name}` in the user's editor\n\nThe file on disk is \
                     different, and tools read the file on disk. No tool can change it before the \
                     user saves it; if it has to be changed, ask the user to save it.\n\n{}",
                    body()
                )
            }
        })
    }
}

/// What a text of an editor is to the file on disk.
fn state_of(given: &EditorText, path: &str, file: &str) -> TextState {
    if is_in(given, file) {
        TextState::Saved
    } else if given.lines.is_none() && is_extract(&given.text, path, file) {
        TextState::Extract
    } else {
        TextState::Unsaved
    }
}

/// Whether a text is the outline or the beginning of a file below a heading that names the file: Zed
/// sends these in place of a file of more than 16 KB.
fn is_extract(text: &str, path: &str, file: &str) -> bool {
    let text = plain_text(text);
    let Some((heading, rest)) = text.split_once("\n\n") else {
        return false;
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    if !heading.contains(name) || heading.contains('\n') || file.starts_with(heading) {
        return false;
    }
    heading.starts_with(OUTLINE) || (heading.starts_with(BEGINNING) && file.starts_with(rest))
}

/// Whether a file has a text; the line end of the last line does not count.
fn is_in(given: &EditorText, file: &str) -> bool {
    let text = plain_text(&given.text);
    let (text, file) = (text.trim_end_matches('\n'), file.trim_end_matches('\n'));
    match given.lines {
        None => text == file,
        Some(_) => file.contains(text.trim_start_matches('\n')),
    }
}

/// What the user is told of a file that is not saved.
fn unsaved_words(path: &str) -> String {
    let path = escape_hidden(path);
    format!(
        "`{path}` is not saved: the model sees your text, and cannot edit the file until you save it"
    )
}
