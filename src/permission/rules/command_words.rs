//! The words of a command for `deny` and `ask` rules: everything that could be a command,
//! understood or not.

use std::path::{Component, Path, PathBuf};

use super::pattern::{PathName, RulePath};
use crate::permission::command::{CommandPart, parts};

/// Words that may be one command.
pub(super) struct CommandWords {
    /// As they are, without quotes.
    pub words: Vec<String>,
    /// How many of the first words may be the program.
    pub starts: usize,
    /// Whether it is known to only read.
    pub reads: bool,
}

/// Splits a command. What is not known to only read may run others: `env`, `sh -c '…'`.
pub(super) fn split_command(command: &str) -> Vec<CommandWords> {
    let Some(parts) = parts(command) else {
        return split_loosely(command);
    };
    let mut spoken = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if !part.reads || is_run(&parts, at) {
            spoken.extend(split_loosely(&part.words.join(" ")));
        }
        if part.piped && part.runs {
            // `echo -rf src | xargs rm` runs `rm -rf src`.
            let before = &parts[at - 1].words[1..];
            spoken.extend(split_loosely(&[&part.words[..], before].concat().join(" ")));
        }
        spoken.push(CommandWords {
            starts: 1,
            reads: part.reads,
            words: part.words.clone(),
        });
    }
    spoken
}

/// Whether a later part of the same pipe may run the output of a part: `echo 'x' | sh`.
fn is_run(parts: &[CommandPart], at: usize) -> bool {
    let mut behind = parts[at + 1..].iter().take_while(|part| part.piped);
    behind.any(|part| part.runs)
}

/// Words of a text that cannot be parsed, ignoring quotes.
fn split_loosely(text: &str) -> Vec<CommandWords> {
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
    // `git -c alias.x='!rm y' x`
    text = text.replace("=!", "= ");
    let ends = |c: char| c.is_control() && c != '\t' || ";&|()`<>".contains(c);
    let parts = text.split(ends).map(|part| {
        let words = part.split(|c: char| c.is_whitespace() || "{},$".contains(c));
        let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
        words.collect::<Vec<_>>()
    });
    let spoken = |words: Vec<String>| CommandWords {
        starts: words.len(),
        reads: false,
        words,
    };
    parts
        .filter(|words| !words.is_empty())
        .flat_map(|words| {
            // Behind `=` there may be a program, too: `alias r=rm`, `X=rm; $X`.
            let pieces = words.iter().flat_map(|word| word.split('='));
            let pieces: Vec<String> = pieces.map(str::to_owned).collect();
            let pieces = (pieces.len() > words.len()).then_some(pieces);
            [words].into_iter().chain(pieces)
        })
        .map(spoken)
        .collect()
}

/// The paths that a word may name, relative to `root`: `src`, `--file=src/x`, `~/x`, `host:x`.
pub(super) fn places(word: &str, root: &Path, home: Option<&Path>) -> Vec<RulePath> {
    let pieces = word.split(['=', ':', ',', '@']).skip(1);
    let wild = word.find(['*', '?', '[']);
    let folder = wild.and_then(|at| word[..at].rsplit_once('/'));
    [word]
        .into_iter()
        .chain(pieces)
        .chain(folder.map(|(folder, _)| folder))
        .filter(|piece| !piece.is_empty() && !piece.starts_with('-'))
        .map(|piece| match (piece.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => rule_path(&home.join(rest), root),
            _ => rule_path(&root.join(piece), root),
        })
        .collect()
}

/// A full path with `.` and `..` removed by text.
pub(super) fn without_dots(full: &Path) -> PathBuf {
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
    plain
}

/// A full path for rules, with `.` and `..` removed by text.
pub(super) fn rule_path(full: &Path, root: &Path) -> RulePath {
    let plain = without_dots(full);
    let below = plain.strip_prefix(root).ok();
    let below = below.map(|below| match below.to_string_lossy() {
        root if root.is_empty() => ".".to_owned(),
        below => below.into_owned(),
    });
    RulePath {
        below: below.map(PathName::new),
        full: Some(PathName::new(plain.to_string_lossy().into_owned())),
    }
}
