//! The words of a command for rules that forbid: whatever could be one, understood or not.

use std::path::{Component, Path, PathBuf};

use super::pattern::{Name, Place};
use crate::permission::command::parts;

/// Words that may be one command.
pub(super) struct Spoken {
    /// As they are, without quotes.
    pub words: Vec<String>,
    /// At how many of them, from the first, a program may stand.
    pub starts: usize,
    /// Whether it only reads, as far as is known.
    pub reads: bool,
}

/// Takes a command apart. What is not known to only read may run others: `env`, `sh -c '…'`.
pub(super) fn spoken(command: &str) -> Vec<Spoken> {
    let Some(parts) = parts(command) else {
        return loose(command);
    };
    let mut spoken = Vec::new();
    for part in parts {
        if !part.reads {
            spoken.extend(loose(&part.words.join(" ")));
        }
        spoken.push(Spoken {
            starts: 1,
            reads: part.reads,
            words: part.words,
        });
    }
    spoken
}

/// Words of a text that is not understood, as if there were no quotes.
fn loose(text: &str) -> Vec<Spoken> {
    let mut text = text.replace("\\\n", "");
    for (written, meant) in [
        ("{IFS}", "IFS"),
        ("$IFS", " "),
        ("{HOME}", "HOME"),
        ("$HOME", "~"),
        ("{PWD}", "PWD"),
        ("$PWD", "."),
    ] {
        text = text.replace(written, meant);
    }
    text.retain(|character| !matches!(character, '\'' | '"' | '\\'));
    let ends = |c: char| c.is_control() && c != '\t' || ";&|()`<>".contains(c);
    let parts = text.split(ends).map(|part| {
        let words = part.split(|c: char| c.is_whitespace() || "{},$".contains(c));
        let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
        words.collect::<Vec<_>>()
    });
    parts
        .filter(|words| !words.is_empty())
        .map(|words| Spoken {
            starts: words.len(),
            reads: false,
            words,
        })
        .collect()
}

/// The paths that a word may name, as if run in `root`: `src`, `--file=src/x`, `~/x`, `host:x`.
pub(super) fn places(word: &str, root: &Path, home: Option<&Path>) -> Vec<Place> {
    let pieces = word.split(['=', ':', ',', '@']).skip(1);
    let wild = word.find(['*', '?', '[']);
    let folder = wild.and_then(|at| word[..at].rsplit_once('/'));
    [word]
        .into_iter()
        .chain(pieces)
        .chain(folder.map(|(folder, _)| folder))
        .filter(|piece| !piece.is_empty() && !piece.starts_with('-'))
        .map(|piece| match (piece.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => place(&home.join(rest), root),
            _ => place(&root.join(piece), root),
        })
        .collect()
}

/// A full path as rules see it; `.` and `..` are taken off as they are written.
pub(super) fn place(full: &Path, root: &Path) -> Place {
    let mut plain = PathBuf::new();
    for component in full.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    let below = plain.strip_prefix(root).ok();
    let below = below.map(|below| match below.to_string_lossy() {
        root if root.is_empty() => ".".to_owned(),
        below => below.into_owned(),
    });
    Place {
        below: below.map(Name::new),
        full: Some(Name::new(plain.to_string_lossy().into_owned())),
    }
}
