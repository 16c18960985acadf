//! An MCP server: our search for other agents. Everything only reads.

mod handler;
mod http;

use anyhow::{Error, bail};
use tokio_util::sync::CancellationToken;

use super::{Notifier, ServiceOptions};
use crate::app::App;

pub use handler::SearchServer;
pub use http::run_http;

/// Answers an agent on stdin and stdout until stdin ends.
pub async fn run(
    _app: App,
    _how: ServiceOptions,
    _tell: Notifier,
    _stop: CancellationToken,
) -> Result<(), Error> {
    bail!("`mcp` is not built yet")
}
