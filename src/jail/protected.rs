//! Protected files: what they contain runs later, instructs later sessions, or is secret. Judged by
//! path alone, so also before they exist.

mod names;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use ollacode_secrets::{SecretClass, secret_class};

use super::WorkspacePath;

use names::{BUILD_FILES, GENERATED, GIT, GROUPS, OUTPUT};

/// How a protected file takes effect; the strictest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProtectedClass {
    /// Later sessions of code agents read it as instructions. Needs approval unless everything is
    /// approved.
    Instructions,
    /// It runs when the user builds, tests or starts the project. Edits need approval in every
    /// mode. Commands may write it, since builds do, except for the files of [`build_file`].
    RunByUser,
    /// It runs without the user starting it: when a folder is opened or entered, `git status` is
    /// shown, or a branch is pushed. Edits need approval in every mode, and commands may not write
    /// it unless the user allows exactly that.
    AutoExecuted,
}

/// Why a file is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protected {
    pub class: ProtectedClass,
    /// The end of a sentence that begins with the file.
    pub why: &'static str,
}

impl Protected {
    /// Whether it also applies in generated folders: [`is_generated`].
    pub fn counts_in_generated(&self) -> bool {
        self.why == GIT
    }
}

/// A row of the table: a name, optionally in a folder of a given name.
struct ProtectedRow {
    parent: Option<NamePattern>,
    name: NamePattern,
    protected: Protected,
}

/// A name with at most one `*`.
struct NamePattern {
    start: &'static str,
    /// The text after the `*`, if there is one.
    end: Option<&'static str>,
}

impl NamePattern {
    fn new(text: &'static str) -> NamePattern {
        match text.split_once('*') {
            Some((start, end)) => NamePattern {
                start,
                end: Some(end),
            },
            None => NamePattern {
                start: text,
                end: None,
            },
        }
    }

    fn is(&self, name: &str) -> bool {
        match self.end {
            Some(end) => name
                .strip_prefix(self.start)
                .is_some_and(|rest| rest.ends_with(end)),
            None => name == self.start,
        }
    }
}

/// The rows of the table: exact names by name, and those with a `*`.
struct ProtectedTable {
    exact: HashMap<&'static str, Vec<ProtectedRow>>,
    wild: Vec<ProtectedRow>,
}

static TABLE: LazyLock<ProtectedTable> = LazyLock::new(|| {
    let mut table = ProtectedTable {
        exact: HashMap::new(),
        wild: Vec::new(),
    };
    for group in GROUPS {
        for text in group.names.split_ascii_whitespace() {
            let (parent, name) = match text.rsplit_once('/') {
                Some((parent, name)) => (Some(NamePattern::new(parent)), NamePattern::new(name)),
                None => (None, NamePattern::new(text)),
            };
            let row = ProtectedRow {
                parent,
                protected: Protected {
                    class: group.class,
                    why: group.why,
                },
                name,
            };
            match row.name.end {
                Some(_) => table.wild.push(row),
                None => table.exact.entry(row.name.start).or_default().push(row),
            }
        }
    }
    table
});

/// Judges one name in a folder of a given name, which is empty for the root: the strictest of the
/// table. Everything below a protected name is protected like it.
///
/// Ignores case, and endings and characters that some file systems ignore.
pub fn classify_name(parent: &str, name: &str) -> Option<Protected> {
    let (parent, name) = (folded(parent), folded(name));
    let exact = TABLE.exact.get(name.as_ref()).into_iter().flatten();
    let wild = TABLE.wild.iter().filter(|row| row.name.is(&name));
    let rows = exact.chain(wild).filter(|row| {
        let parent = row.parent.as_ref().map(|pattern| pattern.is(&parent));
        parent.unwrap_or(true)
    });
    rows.map(|row| row.protected)
        .max_by_key(|found| found.class)
}

/// Whether folders of this name are filled by package managers and build tools.
pub fn is_generated(name: &str) -> bool {
    let name = folded(name);
    GENERATED.split(' ').any(|folder| folder == name)
}

/// Judges a path relative to the workspace root: the strictest of its names.
pub fn classify(path: &str) -> Option<Protected> {
    let found = pairs(path).filter_map(|(parent, name)| classify_name(parent, name));
    found.max_by_key(|found| found.class)
}

/// Why commands may not write a path relative to the root unless the user allows exactly that:
/// auto-executed files, except in generated folders.
pub fn closed_to_commands(path: &str) -> Option<Protected> {
    let mut in_generated = false;
    pairs(path).find_map(|(parent, name)| {
        in_generated |= is_generated(parent);
        let found = classify_name(parent, name)?;
        let counts = !in_generated || found.counts_in_generated();
        (found.class == ProtectedClass::AutoExecuted && counts).then_some(found)
    })
}

/// Whether folders of this name are filled by tools, builds and tests, so that build files in them
/// are not those of the project.
pub fn is_filled(name: &str) -> bool {
    let name = folded(name);
    let is_hidden = name.starts_with('.') && name.len() > 1;
    let mut output = OUTPUT.split_ascii_whitespace();
    is_hidden || is_generated(&name) || output.any(|folder| folder == name)
}

/// Why a path relative to the root is a build file that no build writes: commands write it only
/// with network access, as package managers do, or if the user allows it. At every depth, except in
/// folders that tools, builds and tests fill.
pub fn build_file(path: &str) -> Option<Protected> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = folded(name);
    let is_build_file = BUILD_FILES
        .split_ascii_whitespace()
        .any(|file| file == name);
    if !is_build_file || folders.split('/').any(is_filled) {
        return None;
    }
    classify_name("", &name)
}

/// Names that are closed to commands only in a folder of this name.
pub fn names_closed_in(parent: &str) -> Vec<&'static str> {
    let parent = folded(parent);
    let rows = TABLE.exact.values().flatten();
    let closed = rows.filter(|row| {
        let is_in = row.parent.as_ref().is_some_and(|row| row.is(&parent));
        is_in && row.protected.class == ProtectedClass::AutoExecuted
    });
    closed.map(|row| row.name.start).collect()
}

/// All rows closed to commands, as `name` or `folder/name`; one name may have a `*`.
#[cfg(any(target_os = "macos", test))]
pub(crate) fn closed_rows() -> impl Iterator<Item = &'static str> {
    let groups = GROUPS.iter();
    let closed = groups.filter(|group| group.class == ProtectedClass::AutoExecuted);
    closed.flat_map(|group| group.names.split_ascii_whitespace())
}

/// The names of a path, each with the one above it.
fn pairs(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let names = || path.split('/').filter(|name| !matches!(*name, "" | "."));
    std::iter::once("").chain(names()).zip(names())
}

/// Why a file is protected, if it is.
pub fn protected(path: &WorkspacePath) -> Option<Protected> {
    classify(path.as_str())
}

/// Whether a file likely holds secrets, by its path.
pub fn is_secret(path: &WorkspacePath) -> bool {
    is_secret_path(path.as_str())
}

/// The same for a relative path of the system, which need not be a valid [`WorkspacePath`].
pub fn is_secret_path(path: &str) -> bool {
    class_of(path) == Some(SecretClass::Hidden)
}

/// Whether a file can be read without approval, but without its secret values.
pub fn is_masked_path(path: &str) -> bool {
    class_of(path) == Some(SecretClass::Masked)
}

/// The class of a file by its exact name, or by its name on the most lenient file system.
fn class_of(path: &str) -> Option<SecretClass> {
    let names: Vec<Cow<'_, str>> = path.split('/').map(folded).collect();
    let folded = names.join("/");
    let class = |path: &str| secret_class(path).map(|(class, _)| class);
    match class(&folded) {
        Some(SecretClass::Hidden) => Some(SecretClass::Hidden),
        other if folded == path => other,
        other => class(path).or(other),
    }
}

/// A name on the most lenient file system.
pub(crate) fn folded(name: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if name.bytes().all(is_plain) {
        return Cow::Borrowed(name.trim_end_matches(['.', ' ']));
    }
    let seen: String = name.chars().filter(|c| !is_passed_over(*c)).collect();
    // Upper case first: that is where `ſ` meets `s`, and `ß` meets `ss`.
    let folded = seen.to_uppercase().to_lowercase();
    Cow::Owned(folded.trim_end_matches(['.', ' ']).to_owned())
}

/// Characters that some file systems ignore in names (CVE-2014-9390).
fn is_passed_over(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests;
