//! Commands about the project that need no model: `/map`, `/related`, `/template`.

use anyhow::{Error, bail};

use super::Conversation;
use super::reply::CommandReply;

impl Conversation {
    pub(super) async fn map(&mut self, _focus: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }

    pub(super) async fn related(&mut self, _path: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }

    pub(super) async fn template(&mut self, _argument: &str) -> Result<CommandReply, Error> {
        bail!("this is not available yet")
    }
}
