//! Index updates that the page has started.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ollacode_indexer::IndexEvent;
use parking_lot::Mutex;

use crate::conversation::messages::error_words;
use crate::conversation::reply::IndexJob;

/// Updates by the root of their workspace; one at a time each.
#[derive(Clone, Default)]
pub struct IndexRuns {
    runs: Arc<Mutex<HashMap<PathBuf, IndexRun>>>,
}

/// The last update of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRun {
    pub is_running: bool,
    pub progress: Option<IndexProgress>,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexProgress {
    /// `reading` or `embedding`.
    pub stage: &'static str,
    pub done: u64,
    pub total: u64,
}

impl IndexRuns {
    /// Starts an update; `false` if one runs already. Needs a runtime.
    pub fn start(&self, root: &Path, job: IndexJob) -> bool {
        {
            let mut runs = self.runs.lock();
            let run = runs.entry(root.to_owned()).or_default();
            if run.is_running {
                return false;
            }
            *run = IndexRun {
                is_running: true,
                ..IndexRun::default()
            };
        }
        let (runs, root) = (self.clone(), root.to_owned());
        tokio::spawn(async move {
            let events = |event: IndexEvent| runs.note(&root, &event);
            let refreshed = job.run(&events).await;
            runs.end(
                &root,
                refreshed.err().map(|error| error_words(&error.into())),
            );
        });
        true
    }

    /// The last update of a workspace, if there was one.
    pub fn of(&self, root: &Path) -> Option<IndexRun> {
        self.runs.lock().get(root).cloned()
    }

    fn note(&self, root: &Path, event: &IndexEvent) {
        let progress = match *event {
            IndexEvent::Chunking { done, total } => IndexProgress {
                stage: "reading",
                done: done as u64,
                total: total as u64,
            },
            IndexEvent::Embedding { done, total } => IndexProgress {
                stage: "embedding",
                done,
                total,
            },
            _ => return,
        };
        if let Some(run) = self.runs.lock().get_mut(root) {
            run.progress = Some(progress);
        }
    }

    fn end(&self, root: &Path, error: Option<String>) {
        let ended = IndexRun {
            error,
            ..IndexRun::default()
        };
        self.runs.lock().insert(root.to_owned(), ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_of_the_update_that_runs() {
        let runs = IndexRuns::default();
        let root = Path::new("/shop");
        let chunking = IndexEvent::Chunking { done: 3, total: 9 };
        runs.note(root, &chunking);
        assert_eq!(runs.of(root), None);
        let running = IndexRun {
            is_running: true,
            ..IndexRun::default()
        };
        runs.runs.lock().insert(root.to_owned(), running);
        runs.note(root, &chunking);
        let progress = runs.of(root).and_then(|run| run.progress);
        assert_eq!(
            progress,
            Some(IndexProgress {
                stage: "reading",
                done: 3,
                total: 9
            })
        );
        runs.end(root, Some("no room".to_owned()));
        let ended = runs.of(root).expect("an update");
        assert!(!ended.is_running && ended.progress.is_none());
        assert_eq!(ended.error.as_deref(), Some("no room"));
    }
}
