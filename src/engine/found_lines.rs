//! Lines that the hits of a question show count as read, as those that tools show do.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::turn::Turn;
use crate::tools::{FileView, found_view};

impl Turn<'_> {
    /// Notes what the sources of the question show of their files; these are read off the runtime.
    pub(super) async fn note_found(&self) {
        let context = Arc::clone(&self.engine.context);
        let sources = self.session.sources.clone();
        if sources.is_empty() {
            return;
        }
        let noting = spawn_blocking(move || {
            let views = sources
                .iter()
                .filter_map(|source| found_view(&context.jail, source));
            let views: Vec<FileView> = views.collect();
            let mut knowledge = context.knowledge();
            views.into_iter().for_each(|view| knowledge.add(view));
            knowledge.end_question();
        });
        // That can only fail by a panic; then the lines do not count as read.
        drop(noting.await);
    }
}
