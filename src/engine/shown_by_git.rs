//! The section of a question that has what git shows of changes.

use std::sync::Arc;
use std::time::Duration;

use super::event::Event;
use super::turn::Turn;
use crate::model::budget::part;
use crate::retrieval::fenced;
use crate::text::hits::{GIT_HEADING, GIT_INTRODUCTION};
use crate::tools::{GitChanges, GitRange, git_changes};
use crate::visible::{defang_chat_markers, escape_hidden};

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Percent of the window that changes may fill.
const PERCENT: u32 = 25;
/// Fewest and most tokens of them.
const TOKENS: (u32, u32) = (600, 12_000);

impl Turn<'_> {
    /// What git shows of a range, or a line that says why there is nothing; `None` if the turn is
    /// stopped.
    pub(super) async fn shown_by_git(&mut self, range: &GitRange) -> Option<String> {
        let context = Arc::clone(&self.engine.context);
        let tokens = part(self.window(), PERCENT).clamp(TOKENS.0, TOKENS.1);
        let shown = git_changes(&context, range, (tokens, PATIENCE), &self.stop).await;
        if self.stop.is_cancelled() {
            return None;
        }
        match shown {
            Ok(changes) => {
                let sources = changes.sources.clone();
                self.add_sources(sources.iter().cloned());
                self.events.send(Event::Retrieved { sources }).await;
                Some(section(&changes))
            }
            Err(why) => Some(format!("(Git: {why}.)")),
        }
    }
}

fn section(changes: &GitChanges) -> String {
    let summary = escape_hidden(&changes.summary);
    let summary = defang_chat_markers(&summary);
    let mut text = format!("{GIT_HEADING}\n\n{summary}\n\n{GIT_INTRODUCTION}");
    for (part, language) in [(&changes.files, ""), (&changes.diff, "diff")] {
        if !part.trim().is_empty() {
            text.push_str("\n\n");
            text.push_str(&fenced(part, language));
        }
    }
    text
}
