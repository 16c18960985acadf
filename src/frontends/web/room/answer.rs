//! The answer that is being written: pieces of text go in, rendered blocks go into the log.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::log::{BlockKey, RoomLog, WebEvent};
use crate::frontends::web::render::{Node, OpenAnswer};

/// Bytes of blocks that are sent in a millisecond: a long block, such as a file that is written
/// out, is rendered anew with each piece.
const BYTES_A_MILLISECOND: usize = 2_000;
/// Longest pause between two versions of a block.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The answer of a reply, and the number of the reply.
pub struct AnswerBlocks {
    reply: u64,
    open: Option<OpenAnswer>,
    /// Text that is not rendered yet.
    pending: String,
    /// When it may be rendered.
    ready: Instant,
}

/// A block as JSON.
#[derive(Serialize)]
struct JsonBlock<'a> {
    event: &'static str,
    reply: u64,
    block: usize,
    node: &'a Node,
}

impl Default for AnswerBlocks {
    fn default() -> AnswerBlocks {
        AnswerBlocks {
            reply: 1,
            open: None,
            pending: String::new(),
            ready: Instant::now(),
        }
    }
}

impl AnswerBlocks {
    /// Takes the next piece of the answer.
    pub fn push(&mut self, piece: &str, log: &RoomLog) {
        self.pending.push_str(piece);
        if self.ready <= Instant::now() {
            self.flush(log);
        }
    }

    /// When the text that waits can be rendered; `None` if there is none.
    pub fn due(&self) -> Option<Instant> {
        (!self.pending.is_empty()).then_some(self.ready)
    }

    /// Renders the text that waits.
    pub fn flush(&mut self, log: &RoomLog) {
        if self.pending.is_empty() {
            return;
        }
        let begun = Instant::now();
        let piece = std::mem::take(&mut self.pending);
        let open = self.open.get_or_insert_with(OpenAnswer::new);
        let bytes = show(self.reply, &open.push(&piece), log);
        let sending = Duration::from_millis((bytes / BYTES_A_MILLISECOND) as u64);
        let pause = begun.elapsed().max(sending).min(LONGEST_PAUSE);
        self.ready = Instant::now() + pause;
    }

    /// Ends the reply; the next piece of text begins another one.
    pub fn finish(&mut self, log: &RoomLog) {
        self.flush(log);
        if let Some(mut open) = self.open.take() {
            show(self.reply, &open.finish(), log);
            self.reply += 1;
        }
        self.ready = Instant::now();
    }

    /// Ends the reply without an answer, because its text was thoughts; returns its number.
    pub fn give_up(&mut self) -> u64 {
        self.pending.clear();
        self.open = None;
        self.reply += 1;
        self.ready = Instant::now();
        self.reply - 1
    }
}

/// Adds blocks to the log, and returns how long they are.
fn show(reply: u64, blocks: &[(usize, Node)], log: &RoomLog) -> usize {
    let mut bytes = 0;
    for (block, node) in blocks {
        let block = *block;
        let line = JsonBlock {
            event: "block",
            reply,
            block,
            node,
        };
        // A tree of texts is always JSON.
        let json = serde_json::to_string(&line).unwrap_or_default();
        bytes += json.len();
        log.push_block(BlockKey { reply, block }, WebEvent::new("block", json));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;

    fn blocks(log: &Arc<RoomLog>) -> Vec<(u64, u64)> {
        let batch = log.reader(0).read(usize::MAX);
        let events = batch.events.iter();
        let parsed = events.map(|(_, event)| serde_json::from_str(&event.json).expect("JSON"));
        parsed
            .map(|event: Value| {
                let number = |field: &str| event[field].as_u64().expect("a number");
                (number("reply"), number("block"))
            })
            .collect()
    }

    #[test]
    fn blocks_grow_in_their_place_and_a_reply_has_its_own() {
        let log = Arc::new(RoomLog::default());
        let mut answer = AnswerBlocks::default();
        for piece in ["It ", "boils.\n\n", "At **ninety** ", "degrees."] {
            answer.push(piece, &log);
        }
        answer.finish(&log);
        assert_eq!(blocks(&log), [(1, 0), (1, 1)]);
        answer.push("And more.", &log);
        answer.finish(&log);
        assert_eq!(blocks(&log), [(1, 0), (1, 1), (2, 0)]);
        assert_eq!(answer.due(), None);
        answer.push("Hm.", &log);
        assert_eq!(answer.give_up(), 3);
        answer.finish(&log);
        answer.push("Yes.", &log);
        answer.finish(&log);
        assert_eq!(blocks(&log).last(), Some(&(4, 0)));
    }
}
