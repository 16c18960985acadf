//! The files that belong to a file, outside of a session.

use std::sync::Arc;

use ollacode_indexer::Events;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::git::GitRunner;
use crate::related::{RelatedAnswer, RelatedError, RelatedQuery, related_files};

impl App {
    /// The files that belong to a file, at most so many.
    ///
    /// # Errors
    ///
    /// There is no index, the file is not in it, or the index fails.
    pub async fn related(
        &self,
        path: &str,
        limit: usize,
        events: Events<'_>,
        stop: &CancellationToken,
    ) -> Result<RelatedAnswer, RelatedError> {
        let root = &self.workspace.root;
        let git = match self.sandbox() {
            Ok(sandbox) => Ok(GitRunner::new(&Arc::new(sandbox), root)),
            Err(error) => Err(error.to_string()),
        };
        let code = self.code_index();
        let query = RelatedQuery {
            path,
            limit,
            code: &code,
            rules: &self.rules,
            git,
            history: &self.git_history,
        };
        related_files(query, events, stop).await
    }
}
