//! What a turn prints and has changed while it runs, for front ends that show it.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::session::changes::FileDiff;
use crate::tools::ToolContext;

/// The last lines of the running command.
pub struct CommandWatch {
    context: Arc<ToolContext>,
    /// The version that was returned last.
    seen: Option<u64>,
}

impl CommandWatch {
    pub(super) fn new(context: Arc<ToolContext>) -> CommandWatch {
        CommandWatch {
            context,
            seen: None,
        }
    }

    /// A diff per file that the session has changed so far.
    pub fn file_diffs(&self) -> Vec<FileDiff> {
        self.context.changes.lock().diffs()
    }

    /// The last lines without secrets, at most so many; `None` if nothing was printed since.
    pub async fn changed(&mut self, most: usize) -> Option<Vec<String>> {
        let version = self.context.sandbox.live().version();
        if self.seen.replace(version) == Some(version) {
            return None;
        }
        let context = Arc::clone(&self.context);
        let reading = spawn_blocking(move || context.live_lines(most));
        reading.await.ok()
    }
}
