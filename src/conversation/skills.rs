//! The command `/skills`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;

impl Conversation {
    pub(super) async fn skills(&mut self, _name: &str) -> Result<CommandReply, Error> {
        bail!("/skills is not built yet")
    }
}
