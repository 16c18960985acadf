//! The graph of files of the index, as far as it may be shown.

use std::time::Duration;

use futures::FutureExt;
use ollacode_indexer::{Events, Freshness, IndexError};
use tokio::time::timeout;

use super::CodeIndex;
use crate::project_map::ShownFiles;

impl CodeIndex {
    /// The files of the index and which use which; changed files are indexed first. `None` without
    /// an index. The notes are for the user: what cannot be read, what could not be refreshed.
    ///
    /// # Errors
    /// What the index fails with.
    pub async fn files(
        &self,
        events: Events<'_>,
    ) -> Result<Option<(ShownFiles, Vec<String>)>, IndexError> {
        if !self.index.exists() {
            return Ok(None);
        }
        let (graph, notes) = match &self.pace {
            Some(pace) => self.graph_in_time(pace, events).await?,
            None => {
                let graph = self.index.graph_with_notes(Freshness::Refresh, events);
                graph.await?
            }
        };
        Ok(Some((ShownFiles::new(graph, &self.rules), notes)))
    }

    /// The files of an index that is complete, as it was left; `None` if there is none yet, if it
    /// takes too long, or if it cannot be read.
    pub async fn files_at_hand(&self, patience: Duration) -> Option<ShownFiles> {
        let is_complete = self.source.first_index().now_or_never().is_some();
        if !is_complete || !self.index.exists() {
            return None;
        }
        let graph = timeout(patience, self.index.graph(Freshness::Trust)).await;
        Some(ShownFiles::new(graph.ok()?.ok()?, &self.rules))
    }
}
