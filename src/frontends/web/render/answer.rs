//! Markdown as it streams in: only the end of the text is rendered anew.
//!
//! A block is closed when a later one has begun; it is rendered once and left alone. Where blocks are
//! closed depends on the text alone, not on the pieces in which it comes, so that the blocks are the
//! same in the end. What is open is rendered with each piece while it is short; a longer one only
//! after it has grown by a share of itself, and its code is highlighted where that ended. So the
//! work grows with the length of the text, however it is cut and whatever is in it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::highlight::CodeMemory;
use super::markdown::{Definitions, Rendered, last_block, render};
use super::node::Node;

/// Bytes of open text that are rendered with each piece.
const SHORT: usize = 8 * 1024;
/// A longer text is rendered when it has grown by this part of itself.
const GROWTH: usize = 32;
/// Bytes between two places at which blocks may be closed; more if what is open is long.
const STEP: usize = 256;

/// Blocks with their numbers.
type Blocks = Vec<(usize, Node)>;

/// An answer that is streaming in.
#[derive(Debug, Default)]
pub struct OpenAnswer {
    /// With `\n` at the ends of lines.
    text: String,
    /// Whether a carriage return is the last sign, which a line feed may follow.
    ends_in_return: bool,
    /// Where the open text begins.
    start: usize,
    /// The number of its first block.
    first: usize,
    /// The next line that ends here or later may close blocks.
    next_try: usize,
    /// The blocks of the open text, as they were given last.
    shown: Vec<Node>,
    /// The end of the text that they show.
    shown_end: usize,
    defined: Definitions,
    unresolved: Vec<Unresolved>,
    memory: CodeMemory,
    /// Bytes that were parsed.
    #[cfg(test)]
    parsed: usize,
}

/// Blocks with labels of links that no text before them defines.
#[derive(Debug)]
struct Unresolved {
    range: Range<usize>,
    /// The number of the first block.
    first: usize,
    labels: BTreeSet<String>,
}

impl OpenAnswer {
    pub fn new() -> OpenAnswer {
        OpenAnswer::default()
    }

    /// The text so far, with `\n` at the ends of lines.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the next piece, and gives the blocks that changed, with their numbers from 0.
    ///
    /// A block that turned out to be none, such as the address of a link, becomes an empty text.
    pub fn push(&mut self, piece: &str) -> Blocks {
        let mut changed = Vec::new();
        self.take(piece);
        self.close_blocks(&mut changed);
        self.show_open(&mut changed);
        changed
    }

    /// Ends the text, and gives the blocks that changed.
    pub fn finish(&mut self) -> Blocks {
        let mut changed = Vec::new();
        if std::mem::take(&mut self.ends_in_return) {
            self.text.push('\n');
            self.close_blocks(&mut changed);
        }
        self.close(self.text.len(), &mut changed);
        for (number, block) in (self.first..).zip(&mut self.shown) {
            give_empty(number, block, &mut changed);
        }
        self.shown.clear();
        for blocks in std::mem::take(&mut self.unresolved) {
            if blocks
                .labels
                .iter()
                .any(|label| self.defined.contains_key(label))
            {
                let rendered = self.rendered(blocks.range.clone());
                changed.extend((blocks.first..).zip(rendered.blocks));
            }
        }
        changed
    }

    fn take(&mut self, piece: &str) {
        for sign in piece.chars() {
            if std::mem::take(&mut self.ends_in_return) && sign != '\n' {
                self.text.push('\n');
            }
            match sign {
                '\r' => self.ends_in_return = true,
                _ => self.text.push(sign),
            }
        }
    }

    /// Closes the blocks that are complete at the ends of some lines.
    fn close_blocks(&mut self, changed: &mut Blocks) {
        loop {
            let rest = self
                .text
                .as_bytes()
                .get(self.next_try..)
                .unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == b'\n') else {
                self.next_try = self.next_try.max(self.text.len());
                return;
            };
            let end = self.next_try + found + 1;
            let length = end - self.start;
            #[cfg(test)]
            {
                self.parsed += length;
            }
            let last = last_block(&self.text[self.start..end]);
            if last > 0 {
                self.close(self.start + last, changed);
            }
            self.next_try = end + STEP.max(length / 4);
        }
    }

    /// Closes the blocks up to a place in the text.
    fn close(&mut self, end: usize, changed: &mut Blocks) {
        let range = self.start..end;
        let rendered = self.rendered(range.clone());
        let count = rendered.blocks.len();
        if !rendered.missing.is_empty() {
            self.unresolved.push(Unresolved {
                range,
                first: self.first,
                labels: rendered.missing,
            });
        }
        for (label, address) in rendered.defined {
            self.defined.entry(label).or_insert(address);
        }
        self.give(rendered.blocks, changed);
        self.shown.drain(..count.min(self.shown.len()));
        self.first += count;
        self.start = end;
        self.shown_end = end;
    }

    /// Renders the open text, if that is due.
    fn show_open(&mut self, changed: &mut Blocks) {
        let length = self.text.len() - self.start;
        let grown = self.text.len() - self.shown_end;
        if grown == 0 || (length > SHORT && grown < length / GROWTH) {
            return;
        }
        let blocks = self.rendered(self.start..self.text.len()).blocks;
        let count = blocks.len();
        self.give(blocks, changed);
        for (number, block) in (self.first..).zip(&mut self.shown).skip(count) {
            give_empty(number, block, changed);
        }
        self.shown_end = self.text.len();
    }

    fn rendered(&mut self, range: Range<usize>) -> Rendered {
        #[cfg(test)]
        {
            self.parsed += range.len();
        }
        render(&self.text[range], &self.defined, &mut self.memory)
    }

    /// Gives those of the first open blocks that are not as they were shown.
    fn give(&mut self, blocks: Vec<Node>, changed: &mut Blocks) {
        for (at, block) in blocks.into_iter().enumerate() {
            let number = self.first + at;
            match self.shown.get_mut(at) {
                Some(shown) if *shown == block => {}
                Some(shown) => {
                    shown.clone_from(&block);
                    changed.push((number, block));
                }
                None => {
                    self.shown.push(block.clone());
                    changed.push((number, block));
                }
            }
        }
    }
}

/// Takes a block away.
fn give_empty(number: usize, shown: &mut Node, changed: &mut Blocks) {
    let empty = Node::text("");
    if *shown != empty {
        changed.push((number, empty.clone()));
        *shown = empty;
    }
}

/// Renders a whole text: one node for each block.
pub fn markdown(text: &str) -> Vec<Node> {
    let mut answer = OpenAnswer::new();
    let mut changed = Vec::new();
    answer.take(text);
    answer.close_blocks(&mut changed);
    changed.extend(answer.finish());
    let mut blocks = Vec::new();
    put(&mut blocks, changed);
    blocks
}

/// Puts blocks that changed in their places.
fn put(blocks: &mut Vec<Node>, changed: Blocks) {
    for (number, block) in changed {
        if blocks.len() <= number {
            blocks.resize(number + 1, Node::text(""));
        }
        blocks[number] = block;
    }
}

#[cfg(test)]
mod tests;
