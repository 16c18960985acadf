//! Messages of a service, on the terminal.

use std::sync::Arc;

use super::{note, warn};
use crate::frontends::{Notice, Notifier};

/// Shows the messages of a service on stderr.
pub fn terminal_notifier() -> Notifier {
    Arc::new(|told: Notice| match told {
        Notice::Note(text) => note(&text),
        Notice::Warning(text) => warn(&text),
    })
}
