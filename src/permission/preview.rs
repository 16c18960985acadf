//! What is shown of a call before it runs.

use std::borrow::Cow;

use crate::edit::{FileEdit, edits_diff};
use crate::visible::escape_hidden;

/// The preview of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Preview {
    /// Nothing beyond the title.
    #[default]
    None,
    /// Files as they are and as they would be.
    Edits(Vec<FileEdit>),
    /// The command, hidden characters made visible.
    Command(String),
    /// What a call of another kind is given, hidden characters made visible.
    Text(String),
}

impl Preview {
    /// The text of the preview: a unified diff, the command or the other text, hidden characters made visible. May be
    /// empty.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Preview::None => Cow::Borrowed(""),
            Preview::Edits(edits) => Cow::Owned(escape_hidden(&edits_diff(edits)).into_owned()),
            Preview::Command(text) | Preview::Text(text) => Cow::Borrowed(text),
        }
    }

    /// Bytes that are held for it.
    pub fn size(&self) -> usize {
        match self {
            Preview::None => 0,
            Preview::Edits(edits) => edits.iter().map(FileEdit::size).sum(),
            Preview::Command(text) | Preview::Text(text) => text.len(),
        }
    }
}
