//! The end of what the running command prints, for people who watch it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::capture::readable;

/// Bytes that are kept.
const KEPT: usize = 4 << 10;

/// The end of the output of the running command; empty while none runs. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct LiveOutput {
    state: Arc<Mutex<LiveState>>,
}

#[derive(Debug, Default)]
struct LiveState {
    tail: VecDeque<u8>,
    /// Whether the beginning of the output is not kept any more.
    is_cut: bool,
    version: u64,
}

/// Empties the output when the command has ended, however it did.
pub(super) struct ClearOnDrop(LiveOutput);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl LiveOutput {
    /// Begins with the output of another command, until the value is dropped.
    pub(super) fn begin(&self) -> ClearOnDrop {
        self.clear();
        ClearOnDrop(self.clone())
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        let mut state = self.state.lock();
        state.tail.extend(bytes);
        let surplus = state.tail.len().saturating_sub(KEPT);
        state.tail.drain(..surplus);
        state.is_cut |= surplus > 0;
        state.version += 1;
    }

    fn clear(&self) {
        let mut state = self.state.lock();
        state.tail.clear();
        state.is_cut = false;
        state.version += 1;
    }

    /// Changes with the output.
    pub fn version(&self) -> u64 {
        self.state.lock().version
    }

    /// The end of the output in readable form, from the beginning of a line.
    pub fn text(&self) -> String {
        let state = self.state.lock();
        let bytes: Vec<u8> = state.tail.iter().copied().collect();
        let is_cut = state.is_cut;
        drop(state);
        let text = readable(&bytes);
        match text.split_once('\n') {
            Some((_, rest)) if is_cut => rest.to_owned(),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_from_the_beginning_of_a_line() {
        let live = LiveOutput::default();
        let running = live.begin();
        live.push(b"\x1b[32mone\x1b[0m\r10 %\r20 %\ntwo");
        assert_eq!(live.text(), "20 %\ntwo");
        for number in 0..1_000 {
            live.push(format!("\nline {number}").as_bytes());
        }
        let text = live.text();
        assert!(text.len() <= KEPT && text.starts_with("line "), "{text}");
        assert!(text.ends_with("\nline 999"), "{text}");
        let version = live.version();
        drop(running);
        assert_eq!(live.text(), "");
        assert_ne!(live.version(), version);
    }
}
