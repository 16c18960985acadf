//! Templates of code: a folder with `template.toml` and `files/`, whose names and texts have
//! placeholders. They are texts without power: nothing in one is run, and none reads another file.
//!
//! [`library`] finds them: those of this program, of the user, and of the repository. [`manifest`] reads
//! what a template wants, [`render`] fills it in, [`capture`] makes one of files that exist.

pub mod capture;
pub mod library;
pub mod manifest;
pub mod render;
mod shipped;
#[cfg(test)]
mod tests;
pub mod words;

use serde::Serialize;

use crate::jail::{Expected, Jail, JailError, WorkspacePath, hash_of};

pub use library::{Library, ListedTemplate, TemplateOrigin};
pub use manifest::{Manifest, Variable};
pub use render::RenderedFile;

/// Most files of a template,
pub const MOST_FILES: usize = 50;
/// and most bytes of all of them.
pub const MOST_BYTES: usize = 512 << 10;

/// A template that can be filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Template {
    pub name: String,
    pub origin: TemplateOrigin,
    pub manifest: Manifest,
    pub files: Vec<TemplateFile>,
}

/// A file of a template; both parts may have placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateFile {
    /// Where the file will be, relative to the workspace, with `/`.
    pub path: String,
    pub text: String,
}

/// Why a template cannot be used. The name of the template is in each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("there is no template `{name}`{}", among(.known))]
    Unknown { name: String, known: Vec<String> },
    /// The folder cannot be read as a template.
    #[error("the template `{name}` cannot be read: {why}")]
    Unreadable { name: String, why: String },
    /// Values are missing, not known, or do not fit.
    #[error("the template `{name}` cannot be filled in: {why}")]
    Values { name: String, why: String },
    /// A placeholder of it is wrong.
    #[error("the template `{name}` has an error in {place}: {why}")]
    Broken {
        name: String,
        place: String,
        why: String,
    },
}

fn among(known: &[String]) -> String {
    if known.is_empty() {
        return String::new();
    }
    format!("; there are: {}", known.join(", "))
}

/// Writes new files: all of them, or none. Where one cannot be made, those before it are removed again.
pub fn write_new(jail: &Jail, files: &[(&WorkspacePath, &str)]) -> Result<(), JailError> {
    for (at, (path, text)) in files.iter().enumerate() {
        if let Err(error) = jail.write(path, text.as_bytes(), Expected::Absent) {
            for (made, text) in &files[..at] {
                jail.remove(made, hash_of(text.as_bytes()))?;
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Whether a text can be the name of a template: it is also the name of its folder.
pub fn is_template_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len())
        && name.chars().all(is_plain)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}
