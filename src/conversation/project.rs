//! Commands about the project that need no model: `/map`, `/related`, `/template`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;
use crate::project_map::{MapOrder, map};
use crate::text::fenced;

/// Tokens of the map of `/map`: about two screens.
const MAP_TOKENS: u32 = 1_000;

impl Conversation {
    /// The most used files, or those around one.
    pub(super) async fn map(&mut self, focus: &str) -> Result<CommandReply, Error> {
        let code = self.workspace.app.code_index();
        let Some((files, notes)) = code.files(&|_| {}).await? else {
            bail!("this folder is not indexed yet; /index indexes it");
        };
        let focus = match focus {
            "" => Vec::new(),
            path => files.named(path).map_err(Error::msg)?,
        };
        let budget = MAP_TOKENS;
        let text = map(&files, &MapOrder { budget, focus }).text();
        let mut report = match text.trim_end() {
            "" => "There is no code in the index.".to_owned(),
            text => fenced(text, ""),
        };
        for note in notes {
            report.push_str(&format!("\n\n{note}"));
        }
        Ok(CommandReply::Report(report))
    }

    pub(super) async fn related(&mut self, _path: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }

    pub(super) async fn template(&mut self, _argument: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }
}
