//! The command `/mcp`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;

impl Conversation {
    pub(super) async fn mcp(&mut self, _server: &str) -> Result<CommandReply, Error> {
        bail!("/mcp is not built yet")
    }
}
