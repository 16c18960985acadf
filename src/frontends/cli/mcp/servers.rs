//! `ollacode mcp list` and `ollacode mcp trust`: the servers of others.

use anyhow::{Error, bail};

use crate::app::App;
use crate::frontends::cli::CommandEnd;

pub async fn list(_app: &App, _json: bool) -> Result<CommandEnd, Error> {
    bail!("`mcp list` is not built yet")
}

pub async fn trust(_app: &App, _forget: bool) -> Result<CommandEnd, Error> {
    bail!("`mcp trust` is not built yet")
}
