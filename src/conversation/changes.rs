//! What the session changed, and putting one file back.

use anyhow::Error;

use super::Conversation;
use crate::session::changes::{FileDiff, Undone};

impl Conversation {
    /// A diff per file that the session changed, also while a turn runs.
    pub async fn file_diffs(&mut self) -> Result<Vec<FileDiff>, Error> {
        if let Some(live) = self.live.as_ref().filter(|_| self.running.is_some()) {
            return Ok(live.file_diffs());
        }
        // A session that is being opened has changed nothing yet, as far as is known.
        if self.session.is_none() || self.running.is_some() {
            return Ok(Vec::new());
        }
        let open = self.opened_session().await?;
        Ok(open.engine.file_diffs())
    }

    /// Puts a file back as it was before the session changed it, as a change that can be undone;
    /// `None` while a turn runs.
    pub async fn revert(&mut self, path: &str) -> Result<Option<Undone>, Error> {
        if self.running.is_some() {
            return Ok(None);
        }
        anyhow::ensure!(
            self.session.is_some(),
            "this session has not changed `{path}`"
        );
        let open = self.opened_session().await?;
        Ok(Some(open.engine.revert(&mut open.session, path)?))
    }
}
