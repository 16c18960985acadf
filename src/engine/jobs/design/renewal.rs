//! The marks of a design document: which text the program wrote and may renew, and which is the
//! user's and stays as it is, byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use crate::jail::hash_of;

/// How the line before a block begins.
const MARK: &str = "<!-- ollacode:design ";
const MARK_END: &str = " -->";
/// The line behind it.
const END: &str = "<!-- /ollacode:design -->";
/// Characters of a hash that are kept.
const HASH: usize = 16;

/// Which block it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BlockId {
    Overview,
    /// Its folder.
    Part(String),
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment<'text> {
    /// Text of the user.
    Foreign(&'text str),
    Block(Block<'text>),
}

/// A marked part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block<'text> {
    pub id: BlockId,
    /// The hash of the outline that its description is about; empty if it has none.
    pub outline: String,
    /// What tells the lines that it cites.
    pub lines: String,
    /// Whether it is as the program wrote it.
    pub is_untouched: bool,
    /// Between its marks.
    pub body: &'text str,
    /// With its marks.
    pub whole: &'text str,
}

/// Why a document cannot be renewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the block that begins with the mark in line {line} has no end: add the line `{END}` behind it, or \
     remove the mark"
)]
pub(super) struct OpenBlock {
    line: usize,
}

/// A block with its marks. `outline` and `lines` are kept for [`Block::outline`] and [`Block::lines`].
pub(super) fn block(id: &BlockId, (outline, lines): (&str, &str), body: &str) -> String {
    let body = format!("\n{}\n\n", without_marks(body.trim()));
    let text = short_hash(&body);
    let what = match id {
        BlockId::Overview => "overview".to_owned(),
        BlockId::Part(path) => format!(
            "part=\"{}\" outline=\"{outline}\" lines=\"{lines}\"",
            encoded(path)
        ),
    };
    format!("{MARK}{what} text=\"{text}\"{MARK_END}\n{body}{END}\n")
}

/// A body in which no line is a mark.
fn without_marks(body: &str) -> String {
    let lines = body.lines().map(|line| {
        let is_mark = line.trim() == END || read_mark(line).is_some();
        if is_mark {
            line.replacen("<!--", "&lt;!--", 1)
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// Divides a document. Marks in code blocks of the user are text.
pub(super) fn segments(text: &str) -> Result<Vec<Segment<'_>>, OpenBlock> {
    let mut found = Vec::new();
    let mut known: BTreeSet<BlockId> = BTreeSet::new();
    let mut foreign = 0;
    let mut at = 0;
    let mut fence: Option<String> = None;
    // The first line of the open block: its number, its place, and what it says.
    let mut open: Option<(usize, usize, usize, Mark)> = None;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let start = at;
        at += line.len();
        if let Some((_, from, inside, mark)) = &open {
            if line.trim() != END {
                continue;
            }
            let body = &text[*inside..start];
            let block = mark.block(body, &text[*from..at]);
            if known.insert(block.id.clone()) {
                if foreign < *from {
                    found.push(Segment::Foreign(&text[foreign..*from]));
                }
                foreign = at;
                found.push(Segment::Block(block));
            }
            open = None;
            continue;
        }
        fence = fence_after(line, fence);
        if fence.is_none()
            && let Some(mark) = read_mark(line)
        {
            open = Some((number, start, at, mark));
        }
    }
    if let Some((line, ..)) = open {
        return Err(OpenBlock { line });
    }
    if foreign < text.len() {
        found.push(Segment::Foreign(&text[foreign..]));
    }
    Ok(found)
}

/// The code block that is open behind a line: what ends it.
fn fence_after(line: &str, open: Option<String>) -> Option<String> {
    let line = line.trim();
    let run = |sign: char| line.chars().take_while(|c| *c == sign).count();
    let (ticks, waves) = (run('`'), run('~'));
    match open {
        Some(end) => {
            let closes = line.len() >= end.len() && line.chars().all(|c| end.starts_with(c));
            (!closes).then_some(end)
        }
        None if ticks >= 3 && !line[ticks..].contains('`') => Some("`".repeat(ticks)),
        None if waves >= 3 => Some("~".repeat(waves)),
        None => None,
    }
}

/// What the mark before a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    id: BlockId,
    outline: String,
    lines: String,
    text: String,
}

impl Mark {
    fn block<'text>(&self, body: &'text str, whole: &'text str) -> Block<'text> {
        // Programs that check files out may change the ends of lines.
        let as_written = body.replace("\r\n", "\n");
        Block {
            id: self.id.clone(),
            outline: self.outline.clone(),
            lines: self.lines.clone(),
            is_untouched: short_hash(&as_written) == self.text,
            body,
            whole,
        }
    }
}

fn read_mark(line: &str) -> Option<Mark> {
    let inside = line.trim().strip_prefix(MARK)?.strip_suffix(MARK_END)?;
    let mut words = inside.split_whitespace();
    let first = words.next()?;
    let rest: BTreeMap<&str, &str> = words
        .filter_map(|word| {
            let (name, value) = word.split_once("=\"")?;
            Some((name, value.strip_suffix('"')?))
        })
        .collect();
    let value = |name: &str| rest.get(name).copied().unwrap_or_default().to_owned();
    let id = match first.strip_prefix("part=\"") {
        Some(path) => BlockId::Part(decoded(path.strip_suffix('"')?)?),
        None if first == "overview" => BlockId::Overview,
        None => return None,
    };
    Some(Mark {
        id,
        outline: value("outline"),
        lines: value("lines"),
        text: value("text"),
    })
}

fn short_hash(text: &str) -> String {
    let hash = hash_of(text.as_bytes());
    let digits = hash.iter().map(|byte| format!("{byte:02x}"));
    digits.take(HASH / 2).collect()
}

/// A path that can stand in a comment of HTML, between quotes: everything but letters, digits and a
/// few signs in percent codes, and `-` behind `-`.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for character in path.chars() {
        let is_dash = character == '-' && !text.ends_with('-');
        if character.is_alphanumeric() || "/._+@".contains(character) || is_dash {
            text.push(character);
        } else {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                text.push_str(&format!("%{byte:02x}"));
            }
        }
    }
    text
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// A document with its blocks renewed. `fresh` are the wanted blocks in their order, with their marks:
/// those that the document has are replaced where they stand, others are put behind the block before
/// them, and blocks that are not wanted any more are removed. The rest stays as it is.
pub(super) fn renewed(old: &[Segment<'_>], fresh: &[(BlockId, String)]) -> String {
    let has = |id: &BlockId| {
        let mut segments = old.iter();
        segments.any(|segment| matches!(segment, Segment::Block(block) if block.id == *id))
    };
    // The new blocks behind each block; those behind `None` have none before them.
    let mut behind: BTreeMap<Option<&BlockId>, Vec<&str>> = BTreeMap::new();
    let mut last = None;
    for (id, text) in fresh {
        if has(id) {
            last = Some(id);
        } else {
            behind.entry(last).or_default().push(text);
        }
    }
    let mut text = String::new();
    let mut first_blocks = behind.remove(&None).unwrap_or_default();
    for segment in old {
        match segment {
            Segment::Foreign(foreign) => text.push_str(foreign),
            Segment::Block(block) => {
                for first in first_blocks.drain(..) {
                    push_block(&mut text, first);
                }
                if let Some((id, wanted)) = fresh.iter().find(|(id, _)| *id == block.id) {
                    push_block(&mut text, wanted);
                    for new in behind.remove(&Some(id)).unwrap_or_default() {
                        push_block(&mut text, new);
                    }
                }
            }
        }
    }
    for first in first_blocks {
        push_block(&mut text, first);
    }
    text
}

/// Adds a block, on a line of its own.
fn push_block(text: &mut String, block: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(block);
}

#[cfg(test)]
mod tests;
