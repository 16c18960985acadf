//! The same over HTTP, behind the guard of the web page.

use anyhow::{Error, bail};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::frontends::{Notifier, ServiceOptions};

/// Answers agents over HTTP until `stop`.
pub async fn run_http(
    _app: App,
    _how: ServiceOptions,
    _tell: Notifier,
    _stop: CancellationToken,
) -> Result<(), Error> {
    bail!("`mcp --http` is not built yet")
}
