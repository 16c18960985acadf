//! The events of a room as numbered lines of JSON, of which the last ones are kept.
//!
//! Streams read what is behind the last number that they have sent, and wait for more: nothing is
//! kept for a stream, so a client that does not read costs nothing, and one that comes back goes on
//! where it was.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Most entries that are kept.
const MOST_EVENTS: usize = 10_000;
/// Most bytes of JSON that are kept.
const MOST_BYTES: usize = 8 << 20;
/// Bytes that an entry takes besides its text.
const ENTRY: usize = 96;

/// An event as JSON, without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebEvent {
    pub name: String,
    /// An object whose first bytes are `{"`.
    pub json: String,
}

/// A rendered block of an answer: a later version of it takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockKey {
    pub reply: u64,
    pub block: usize,
}

/// The log of a room.
pub struct RoomLog {
    state: Mutex<LogState>,
    /// Counts the changes; streams wait for the next one.
    changes: watch::Sender<u64>,
    /// Cancelled when the room has ended: streams end behind the last event.
    closed: CancellationToken,
}

#[derive(Default)]
struct LogState {
    /// The number that was given last.
    last: u64,
    /// Numbers up to this one are not kept any more.
    dropped: u64,
    kept: VecDeque<LogEntry>,
    bytes: usize,
    /// What a running command prints: only the last state is worth sending.
    live: Option<Arc<WebEvent>>,
    live_version: u64,
}

struct LogEntry {
    /// Its number; of several pieces, that of the last one.
    number: u64,
    /// Whether a turn begins with it: whole turns are dropped.
    begins_turn: bool,
    block: Option<BlockKey>,
    content: Content,
}

enum Content {
    Event(Arc<WebEvent>),
    /// Consecutive pieces of thoughts, with the number of each and where it ends.
    Thoughts {
        text: String,
        ends: Vec<(u64, usize)>,
    },
}

/// A position in a log.
pub struct LogReader {
    log: Arc<RoomLog>,
    changes: watch::Receiver<u64>,
    position: u64,
    live_version: u64,
    /// A past that the log never had.
    unknown: Option<EventGap>,
}

/// Events that are not kept any more, or were never there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventGap {
    pub from: u64,
    pub to: u64,
}

/// What is behind a position.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogBatch {
    pub gap: Option<EventGap>,
    pub events: Vec<(u64, Arc<WebEvent>)>,
    pub live: Option<Arc<WebEvent>>,
}

impl WebEvent {
    pub fn new(name: &str, json: String) -> WebEvent {
        WebEvent {
            name: name.to_owned(),
            json,
        }
    }
}

impl From<Value> for WebEvent {
    /// An object with the field `event`.
    fn from(value: Value) -> WebEvent {
        let name = value["event"].as_str().unwrap_or_default();
        WebEvent::new(name, value.to_string())
    }
}

impl Default for RoomLog {
    fn default() -> RoomLog {
        RoomLog {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
            closed: CancellationToken::new(),
        }
    }
}

impl RoomLog {
    /// Adds an event and returns its number.
    pub fn push(&self, event: impl Into<WebEvent>) -> u64 {
        self.add(event.into(), false, None)
    }

    /// Adds the first event of a turn.
    pub fn push_turn(&self, event: impl Into<WebEvent>) -> u64 {
        self.add(event.into(), true, None)
    }

    /// Adds a block, in the place of its earlier version.
    pub fn push_block(&self, key: BlockKey, event: WebEvent) -> u64 {
        self.state.lock().remove_block(key);
        self.add(event, false, Some(key))
    }

    /// Adds a piece of thoughts. Consecutive pieces are one entry, so that a long thought does not
    /// push everything else out.
    pub fn push_thoughts(&self, piece: &str) {
        self.change(|state| {
            state.last += 1;
            let number = state.last;
            if let Some(LogEntry {
                number: entry,
                content: Content::Thoughts { text, ends },
                ..
            }) = state.kept.back_mut()
            {
                text.push_str(piece);
                ends.push((number, text.len()));
                *entry = number;
                state.bytes += piece.len() + size_of::<(u64, usize)>();
            } else {
                state.keep(LogEntry {
                    number,
                    begins_turn: false,
                    block: None,
                    content: Content::Thoughts {
                        text: piece.to_owned(),
                        ends: vec![(number, piece.len())],
                    },
                });
            }
            state.trim();
        });
    }

    /// Shows what a running command prints: sent to the streams that are open, and not kept.
    pub fn show_live(&self, event: Option<WebEvent>) {
        self.change(|state| {
            state.live = event.map(Arc::new);
            state.live_version += 1;
        });
    }

    /// Forgets all events, because another session begins. A number is left out, so that every
    /// stream has a gap and its client reads the new state.
    pub fn restart(&self) {
        self.change(|state| {
            state.kept.clear();
            state.bytes = 0;
            state.live = None;
            state.last += 1;
            state.dropped = state.last;
        });
    }

    /// The number that was given last.
    pub fn last(&self) -> u64 {
        self.state.lock().last
    }

    /// Numbers up to this one are not kept any more.
    pub fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }

    /// Ends all streams behind the last event.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Reads behind a number; 0 means from the first event that is kept.
    pub fn reader(self: &Arc<RoomLog>, after: u64) -> LogReader {
        let state = self.state.lock();
        let unknown = (after > state.last).then_some(EventGap {
            from: state.last + 1,
            to: after,
        });
        let is_beginning = after == 0 || unknown.is_some();
        LogReader {
            log: Arc::clone(self),
            changes: self.changes.subscribe(),
            position: if is_beginning { state.dropped } else { after },
            live_version: 0,
            unknown,
        }
    }

    fn add(&self, event: WebEvent, begins_turn: bool, block: Option<BlockKey>) -> u64 {
        self.change(|state| {
            state.last += 1;
            let number = state.last;
            state.keep(LogEntry {
                number,
                begins_turn,
                block,
                content: Content::Event(Arc::new(event)),
            });
            state.trim();
            number
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut LogState) -> T) -> T {
        let changed = change(&mut self.state.lock());
        self.changes.send_modify(|count| *count += 1);
        changed
    }
}

impl LogState {
    fn keep(&mut self, entry: LogEntry) {
        self.bytes += entry.bytes();
        self.kept.push_back(entry);
    }

    /// Removes a block; it is among the last entries.
    fn remove_block(&mut self, key: BlockKey) {
        let known = |entry: &LogEntry| entry.block == Some(key);
        if let Some(at) = self.kept.iter().rposition(known)
            && let Some(entry) = self.kept.remove(at)
        {
            self.bytes -= entry.bytes();
        }
    }

    /// Drops the oldest entries until the limits hold, and then the rest of their turn: half a turn
    /// would be shown without its question. The turn that is running is cut only by the limits.
    fn trim(&mut self) {
        let mut is_cut = false;
        while self.kept.len() > MOST_EVENTS || self.bytes > MOST_BYTES {
            if !self.drop_oldest() {
                return;
            }
            is_cut = true;
        }
        let next = self.kept.iter().position(|entry| entry.begins_turn);
        if let (true, Some(next)) = (is_cut, next) {
            (0..next).for_each(|_| {
                self.drop_oldest();
            });
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(oldest) = self.kept.pop_front() else {
            return false;
        };
        self.bytes -= oldest.bytes();
        self.dropped = oldest.number;
        true
    }
}

impl LogEntry {
    fn bytes(&self) -> usize {
        ENTRY
            + match &self.content {
                Content::Event(event) => event.json.len(),
                Content::Thoughts { text, ends } => text.len() + size_of_val(ends.as_slice()),
            }
    }

    /// What of it is behind a number.
    fn after(&self, position: u64) -> Arc<WebEvent> {
        match &self.content {
            Content::Event(event) => Arc::clone(event),
            Content::Thoughts { text, ends } => {
                let known = ends.partition_point(|(number, _)| *number <= position);
                let start = known.checked_sub(1).map_or(0, |last| ends[last].1);
                let event = json!({"event": "thinking", "text": &text[start..]});
                Arc::new(WebEvent::from(event))
            }
        }
    }
}

impl LogReader {
    /// Reads on, up to about `most` bytes.
    pub fn read(&mut self, most: usize) -> LogBatch {
        // Before the log: what is added from here on is seen as a change.
        self.changes.mark_unchanged();
        let state = self.log.state.lock();
        let mut batch = LogBatch {
            gap: self.unknown.take(),
            ..LogBatch::default()
        };
        if self.position < state.dropped {
            batch.gap = Some(EventGap {
                from: self.position + 1,
                to: state.dropped,
            });
            self.position = state.dropped;
        }
        let first = state
            .kept
            .partition_point(|entry| entry.number <= self.position);
        let mut bytes = 0;
        for entry in state.kept.range(first..) {
            if bytes >= most {
                return batch;
            }
            let event = entry.after(self.position);
            bytes += event.json.len();
            self.position = entry.number;
            batch.events.push((entry.number, event));
        }
        // Behind everything else: it belongs to the call that was told of last.
        if self.live_version != state.live_version {
            self.live_version = state.live_version;
            batch.live.clone_from(&state.live);
        }
        batch
    }

    /// Waits until there may be more to read; `false` once the room has ended.
    pub async fn changed(&mut self) -> bool {
        let closed = self.log.closed.clone();
        tokio::select! {
            biased;
            changed = self.changes.changed() => changed.is_ok(),
            () = closed.cancelled() => false,
        }
    }
}

impl LogBatch {
    pub fn is_empty(&self) -> bool {
        self.gap.is_none() && self.events.is_empty() && self.live.is_none()
    }
}

#[cfg(test)]
mod tests;
