//! What changed in files, row by row, with the changed words marked.
//!
//! Both kinds of changes, those that are asked for and those of a session, are read from the unified
//! diff that the terminal shows: there is one way to compare files.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::edit::{FileEdit, edits_diff};
use crate::frontends::changed_words::differing;
use crate::session::changes::FileDiff;
use crate::visible::{escape_hidden, visible_name};

/// Rows that are shown of the files of one question.
const MOST_ROWS: usize = 20_000;
/// Bytes that are shown of them.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Longest line whose changed words are marked, in bytes.
const LONGEST_MARKED: usize = 2_000;
/// What a diff names where there is no file.
const NOWHERE: &str = "/dev/null";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Changed,
    Added,
    Removed,
    Moved,
}

/// A file that changed, as the page shows it. No text has hidden characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownFile {
    pub path: String,
    pub kind: ChangeKind,
    /// Where a moved file was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Lines that are added and removed, also those that are not shown.
    pub added: usize,
    pub removed: usize,
    /// Whether the whole change is shown.
    pub is_whole: bool,
    pub hunks: Vec<ShownHunk>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownHunk {
    pub old_start: usize,
    pub new_start: usize,
    pub rows: Vec<ShownRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownRow {
    /// `-`, `+` or a blank.
    pub kind: char,
    /// The number of the line before and after; a note has none.
    pub old: Option<usize>,
    pub new: Option<usize>,
    /// The text, and whether it is a word that changed.
    pub parts: Vec<(String, bool)>,
}

/// The changes of a question.
pub fn diff(edits: &[FileEdit]) -> Vec<ShownFile> {
    let mut room = Room::new();
    let moves = moves(edits);
    let mut files = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        if moves.values().any(|from| *from == at) {
            continue;
        }
        files.push(match moves.get(&at) {
            Some(from) => moved(&edits[*from].path, &edit.path),
            None => {
                let text = edits_diff(std::slice::from_ref(edit));
                shown(&edit.path, &text, &mut room)
            }
        });
    }
    files
}

/// What a session changed in a file.
pub fn file_diff(diff: &FileDiff) -> ShownFile {
    shown(&diff.path, &diff.text, &mut Room::new())
}

/// The files that are removed in one place and made in another with the same text: the number of
/// the one that is made, and of the one that is removed.
fn moves(edits: &[FileEdit]) -> BTreeMap<usize, usize> {
    let mut moves: BTreeMap<usize, usize> = BTreeMap::new();
    for (from, removed) in edits.iter().enumerate() {
        let Some(text) = removed.old.as_ref().filter(|_| removed.new.is_none()) else {
            continue;
        };
        let made = edits.iter().enumerate().position(|(at, made)| {
            made.old.is_none() && made.new.as_ref() == Some(text) && !moves.contains_key(&at)
        });
        if let Some(made) = made.filter(|_| !text.is_empty()) {
            moves.insert(made, from);
        }
    }
    moves
}

fn moved(from: &str, path: &str) -> ShownFile {
    ShownFile {
        path: visible_name(path),
        kind: ChangeKind::Moved,
        from: Some(visible_name(from)),
        added: 0,
        removed: 0,
        is_whole: true,
        hunks: Vec::new(),
    }
}

/// How much may still be shown.
struct Room {
    rows: usize,
    bytes: usize,
}

impl Room {
    fn new() -> Room {
        Room {
            rows: MOST_ROWS,
            bytes: MOST_BYTES,
        }
    }

    /// Takes the room of a line; without enough of it, nothing more is shown.
    fn take(&mut self, line: &str) -> bool {
        let has_room = self.rows > 0 && line.len() <= self.bytes;
        self.rows = if has_room { self.rows - 1 } else { 0 };
        self.bytes = self.bytes.saturating_sub(line.len());
        has_room
    }
}

/// Reads the unified diff of a file.
fn shown(path: &str, text: &str, room: &mut Room) -> ShownFile {
    let mut file = ShownFile {
        path: visible_name(path),
        kind: ChangeKind::Changed,
        from: None,
        added: 0,
        removed: 0,
        is_whole: true,
        hunks: Vec::new(),
    };
    if text.is_empty() {
        return file;
    }
    let Some((kind, body)) = without_head(path, text) else {
        file.is_whole = false;
        return file;
    };
    file.kind = kind;
    let mut lines: Vec<&str> = Vec::new();
    let mut head = None;
    for line in body.split_terminator('\n') {
        if let Some(starts) = hunk_starts(line) {
            add_hunk(&mut file, head, &lines);
            (head, lines) = (Some(starts), Vec::new());
            continue;
        }
        // Such a text is no diff: it says why there is none.
        let is_row = head.is_some() && line.starts_with([' ', '+', '-', '\\']);
        match line.as_bytes().first() {
            Some(b'+') if is_row => file.added += 1,
            Some(b'-') if is_row => file.removed += 1,
            _ => {}
        }
        if is_row && room.take(line) {
            lines.push(line);
        } else {
            file.is_whole = false;
        }
    }
    add_hunk(&mut file, head, &lines);
    file
}

/// The kind of a diff by its first two lines, and what follows them.
fn without_head<'text>(path: &str, text: &'text str) -> Option<(ChangeKind, &'text str)> {
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    let heads = [
        (ChangeKind::Changed, old.as_str(), new.as_str()),
        (ChangeKind::Added, NOWHERE, new.as_str()),
        (ChangeKind::Removed, old.as_str(), NOWHERE),
    ];
    heads.into_iter().find_map(|(kind, old, new)| {
        let body = text.strip_prefix(&format!("--- {old}\n+++ {new}\n"))?;
        Some((kind, body))
    })
}

/// Where a hunk starts in both files: `@@ -1,3 +1,4 @@`.
fn hunk_starts(line: &str) -> Option<(usize, usize)> {
    let places = line.strip_prefix("@@ -")?.strip_suffix(" @@")?;
    let (old, new) = places.split_once(" +")?;
    let start = |place: &str| place.split(',').next()?.parse().ok();
    Some((start(old)?, start(new)?))
}

fn add_hunk(file: &mut ShownFile, starts: Option<(usize, usize)>, lines: &[&str]) {
    let Some((old_start, new_start)) = starts.filter(|_| !lines.is_empty()) else {
        return;
    };
    let marked = changed_parts(lines);
    // A file that is made or was removed has no lines on one side.
    let (mut old, mut new) = (old_start.max(1), new_start.max(1));
    let next = |is_there: bool, number: &mut usize| {
        let line = is_there.then_some(*number);
        *number += usize::from(is_there);
        line
    };
    let mut rows = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let sign = line.chars().next();
        let kind = sign.filter(|sign| ['+', '-'].contains(sign)).unwrap_or(' ');
        let is_note = line.starts_with('\\');
        rows.push(ShownRow {
            kind,
            old: next(kind != '+' && !is_note, &mut old),
            new: next(kind != '-' && !is_note, &mut new),
            parts: if is_note {
                vec![(escape_hidden(line).into_owned(), false)]
            } else {
                parts(line, marked.get(&at))
            },
        });
    }
    file.hunks.push(ShownHunk {
        old_start,
        new_start,
        rows,
    });
}

/// A line behind its sign, in parts.
fn parts(line: &str, marked: Option<&Range<usize>>) -> Vec<(String, bool)> {
    let marked = marked.cloned().unwrap_or(line.len()..line.len());
    let parts = [
        (1..marked.start, false),
        (marked.clone(), true),
        (marked.end..line.len(), false),
    ];
    let text = |(range, is_marked): (Range<usize>, bool)| {
        let text = line.get(range).filter(|text| !text.is_empty())?;
        Some((escape_hidden(text).into_owned(), is_marked))
    };
    parts.into_iter().filter_map(text).collect()
}

/// What changed in each line that replaces another one, in bytes: lines that have little in common
/// have no such part.
fn changed_parts(lines: &[&str]) -> BTreeMap<usize, Range<usize>> {
    let is_note = |line: &str| line.starts_with('\\');
    let rows: Vec<usize> = (0..lines.len()).filter(|at| !is_note(lines[*at])).collect();
    let run = |from: usize, sign: char| {
        let rest = rows[from..].iter();
        rest.take_while(|row| lines[**row].starts_with(sign))
            .count()
    };
    let mut parts = BTreeMap::new();
    let mut at = 0;
    while at < rows.len() {
        let removed = run(at, '-');
        let added = run(at + removed, '+');
        // Otherwise it is not clear which line replaces which.
        let pairs = if removed == added { removed } else { 0 };
        for row in at..at + pairs {
            let (old, new) = (rows[row], rows[row + removed]);
            let is_short = lines[old].len().max(lines[new].len()) <= LONGEST_MARKED;
            if let Some((one, other)) = differing(lines[old], lines[new]).filter(|_| is_short) {
                parts.insert(old, one);
                parts.insert(new, other);
            }
        }
        at += (removed + added).max(1);
    }
    parts
}

#[cfg(test)]
mod tests;
