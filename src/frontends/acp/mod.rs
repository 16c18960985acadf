//! An ACP agent: editors use ollacode as their agent.

use anyhow::{Error, bail};
use tokio_util::sync::CancellationToken;

use super::{Notifier, ServiceOptions};
use crate::app::App;

/// Answers an editor on stdin and stdout until stdin ends.
pub async fn run(
    _app: App,
    _how: ServiceOptions,
    _tell: Notifier,
    _stop: CancellationToken,
) -> Result<(), Error> {
    bail!("`acp` is not built yet")
}
