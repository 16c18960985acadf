//! The command `/hooks`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;

impl Conversation {
    pub(super) async fn hooks(&mut self) -> Result<CommandReply, Error> {
        bail!("/hooks is not built yet")
    }
}
