//! Tells a user who looks elsewhere that a question waits, or that the turn has ended.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::config::NotifyChoice;

/// Whoever was waited for less looks at the terminal.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the user is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    Asks,
    HasEnded,
}

/// Notifies the user, if they have not done anything for a while.
pub struct Notifier {
    choice: NotifyChoice,
    /// When the user did something last.
    since: Instant,
}

impl Notifier {
    pub fn new(choice: NotifyChoice) -> Notifier {
        Notifier {
            choice,
            since: Instant::now(),
        }
    }

    /// The user did something.
    pub fn is_present(&mut self) {
        self.since = Instant::now();
    }

    /// Notifies the terminal. One that cannot be written to is noticed elsewhere.
    pub fn notify(&self, occasion: Occasion) {
        if let Some(signal) = signal(self.choice, occasion, self.since.elapsed()) {
            // Not through the stream that removes control sequences.
            let mut out = io::stdout();
            let _ = out.write_all(signal.as_bytes()).and_then(|()| out.flush());
        }
    }
}

/// What is written to the terminal, if anything.
fn signal(choice: NotifyChoice, occasion: Occasion, waited: Duration) -> Option<&'static str> {
    if waited < PATIENCE {
        return None;
    }
    match (choice, occasion) {
        (NotifyChoice::Off, _) => None,
        (NotifyChoice::Bell, _) => Some("\x07"),
        (NotifyChoice::Desktop, Occasion::Asks) => Some("\x1b]9;ollacode asks you something\x07"),
        (NotifyChoice::Desktop, Occasion::HasEnded) => Some("\x1b]9;ollacode has finished\x07"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_waited_is_notified_as_the_setting_says() {
        let short = PATIENCE.saturating_sub(Duration::from_millis(1));
        for occasion in [Occasion::Asks, Occasion::HasEnded] {
            assert_eq!(signal(NotifyChoice::Bell, occasion, short), None);
            assert_eq!(signal(NotifyChoice::Bell, occasion, PATIENCE), Some("\x07"));
            assert_eq!(signal(NotifyChoice::Off, occasion, PATIENCE), None);
            let desktop = signal(NotifyChoice::Desktop, occasion, PATIENCE).expect("a signal");
            assert!(desktop.starts_with("\x1b]9;ollacode ") && desktop.ends_with('\x07'));
        }
    }
}
