//! `ollacode mcp install`: the settings of clients that start our server.

use anyhow::{Error, bail};

use crate::app::App;
use crate::frontends::cli::CommandEnd;

pub async fn run(_app: &App, _client: &str, _write: bool) -> Result<CommandEnd, Error> {
    bail!("`mcp install` is not built yet")
}
