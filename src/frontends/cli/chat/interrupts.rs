//! Ctrl-C and signals: the first one stops the current work, the second one quits.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::signal::unix::signal;
use tokio_util::sync::CancellationToken;

use super::super::CommandEnd;
use super::super::signals::{INTERRUPT, STOPPING};

/// Two presses within this time quit.
const TWICE: Duration = Duration::from_secs(2);

/// What Ctrl-C stops at the moment.
#[derive(Clone)]
pub struct Interrupts {
    /// Cancelled when the program should quit.
    pub leave: CancellationToken,
    state: Arc<Mutex<InterruptState>>,
}

#[derive(Default)]
struct InterruptState {
    /// Stops the current work, if there is any.
    stop: Option<CancellationToken>,
    last: Option<Instant>,
    /// The number of the last signal.
    signal: Option<u8>,
}

impl InterruptState {
    /// Starts work that a press stops. An earlier press does not count towards quitting.
    fn begin(&mut self, stop: CancellationToken) {
        *self = InterruptState {
            stop: Some(stop),
            ..InterruptState::default()
        };
    }

    /// Handles a press; `true` if it means to quit.
    fn press(&mut self, now: Instant) -> bool {
        let again = self
            .last
            .replace(now)
            .is_some_and(|last| now.duration_since(last) <= TWICE);
        match &self.stop {
            // Work that does not stop is abandoned.
            Some(stop) if stop.is_cancelled() => return true,
            Some(stop) => stop.cancel(),
            None => {}
        }
        again
    }
}

impl Interrupts {
    /// Watches for signals from now on, as long as the runtime lives.
    ///
    /// It must come before the line editor, which puts the handlers back that it finds.
    pub fn watch() -> io::Result<Interrupts> {
        let interrupts = Interrupts {
            leave: CancellationToken::new(),
            state: Arc::default(),
        };
        for kind in STOPPING {
            let mut signals = signal(kind)?;
            let watched = interrupts.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    watched.take(kind.as_raw_value());
                }
            });
        }
        Ok(interrupts)
    }

    /// Starts work that Ctrl-C stops, until [`Interrupts::nothing_to_stop`].
    pub fn begin(&self) -> CancellationToken {
        let stop = self.leave.child_token();
        self.state.lock().begin(stop.clone());
        stop
    }

    pub fn nothing_to_stop(&self) {
        self.state.lock().stop = None;
    }

    pub fn press(&self) {
        self.take(INTERRUPT);
    }

    /// How the program ends after a signal.
    pub fn ending(&self) -> CommandEnd {
        self.state
            .lock()
            .signal
            .map_or(CommandEnd::Bad, CommandEnd::Signal)
    }

    /// Ctrl-C stops, and quits if it is repeated; every other signal quits.
    fn take(&self, signal: impl TryInto<u8>) {
        let mut state = self.state.lock();
        let signal = signal.try_into().unwrap_or(INTERRUPT);
        let leaves = signal != INTERRUPT || state.press(Instant::now());
        state.signal = Some(signal);
        drop(state);
        if leaves {
            self.leave.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_within_two_seconds_leaves() {
        let mut state = InterruptState::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!state.press(at(0)));
        assert!(!state.press(at(3)));
        assert!(state.press(at(4)));
    }

    #[test]
    fn a_press_before_something_began_does_not_count() {
        let mut state = InterruptState::default();
        let start = Instant::now();
        assert!(!state.press(start));
        let stop = CancellationToken::new();
        state.begin(stop.clone());
        assert!(!state.press(start + Duration::from_secs(1)) && stop.is_cancelled());
        // The second within two seconds leaves, even if what it stops has ended meanwhile.
        state.stop = None;
        assert!(state.press(start + Duration::from_secs(2)));
    }

    #[test]
    fn what_ended_by_itself_leaves_no_press_behind() {
        let mut state = InterruptState::default();
        let start = Instant::now();
        state.begin(CancellationToken::new());
        state.stop = None;
        assert!(!state.press(start + Duration::from_secs(1)));
    }

    #[test]
    fn the_first_stops_and_a_second_leaves_what_does_not_stop() {
        let stop = CancellationToken::new();
        let mut state = InterruptState {
            stop: Some(stop.clone()),
            ..InterruptState::default()
        };
        let start = Instant::now();
        assert!(!state.press(start) && stop.is_cancelled());
        assert!(state.press(start + Duration::from_secs(60)));
    }
}
