//! The end of what the running command prints, for people who watch it: whole lines only, because half
//! of a secret would not be recognised as one.

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

/// Passes on what a stream prints, once its lines are whole. Output that overwrites its line is passed
/// on up to the last state that is whole.
#[derive(Clone, Debug)]
pub(super) struct LiveStream {
    output: LiveOutput,
    /// The line that is not whole yet.
    pending: Vec<u8>,
    /// Whether that line is too long, so that it is left out.
    is_left_out: bool,
}

/// Empties the output when the command has ended, however it did.
pub(super) struct ClearOnDrop(LiveOutput);

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        self.0.clear();
    }
}

impl LiveStream {
    pub(super) fn new(output: &LiveOutput) -> LiveStream {
        LiveStream {
            output: output.clone(),
            pending: Vec::new(),
            is_left_out: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let Some(last) = bytes.iter().rposition(is_end) else {
            self.keep(bytes);
            return;
        };
        let (whole, rest) = bytes.split_at(last + 1);
        let mut lines = std::mem::take(&mut self.pending);
        if std::mem::take(&mut self.is_left_out) {
            let end = whole.iter().position(is_end).unwrap_or(last);
            lines = "…".as_bytes().to_vec();
            lines.extend(&whole[end..]);
        } else {
            lines.extend(whole);
        }
        self.output.push(&lines);
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_left_out {
            return;
        }
        self.pending.extend(bytes);
        if self.pending.len() > KEPT {
            self.pending.clear();
            self.is_left_out = true;
        }
    }
}

impl LiveOutput {
    /// Begins with the output of another command, until the value is dropped.
    pub(super) fn begin(&self) -> ClearOnDrop {
        self.clear();
        ClearOnDrop(self.clone())
    }

    fn push(&self, bytes: &[u8]) {
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
            // The only line has lost its beginning.
            None if is_cut => String::new(),
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
        let mut stream = LiveStream::new(&live);
        stream.push(b"\x1b[32mone\x1b[0m\r10 %\r20 %\ntwo\n");
        assert_eq!(live.text(), "20 %\ntwo\n");
        for number in 0..1_000 {
            stream.push(format!("line {number}\n").as_bytes());
        }
        let text = live.text();
        assert!(text.len() <= KEPT && text.starts_with("line "), "{text}");
        assert!(text.ends_with("\nline 999\n"), "{text}");
        let version = live.version();
        drop(running);
        assert_eq!(live.text(), "");
        assert_ne!(live.version(), version);
    }

    #[test]
    fn a_line_is_shown_once_it_is_whole() {
        let live = LiveOutput::default();
        let _running = live.begin();
        let (mut out, mut err) = (LiveStream::new(&live), LiveStream::new(&live));
        out.push(b"token = ghp_a1B2c3");
        assert_eq!(live.text(), "");
        err.push(b"warning\n");
        out.push(b"D4e5\nnext");
        assert_eq!(live.text(), "warning\ntoken = ghp_a1B2c3D4e5\n");
        // A counter is one state behind.
        err.push(b"\r10 %\r20 %\r30");
        assert!(live.text().ends_with("\n20 %"), "{}", live.text());
    }

    #[test]
    fn a_line_without_an_end_is_left_out() {
        let live = LiveOutput::default();
        let _running = live.begin();
        let mut stream = LiveStream::new(&live);
        for _ in 0..10 {
            stream.push(&[b'x'; 1_000]);
        }
        stream.push(b"y\nz\n");
        assert_eq!(live.text(), "…\nz\n");
    }
}
