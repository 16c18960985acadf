//! What this server answers, whatever carries it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Error;
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Our search as an MCP server. Clones share the open workspaces.
#[derive(Clone)]
pub struct SearchServer {
    _shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    _app: App,
}

impl SearchServer {
    /// Opens the workspaces, and keeps their indexes fresh until `stop`. Needs a runtime.
    ///
    /// # Errors
    ///
    /// One of the other folders is not a folder, or its settings cannot be read.
    pub fn new(
        app: App,
        _other_folders: &[PathBuf],
        _stop: &CancellationToken,
    ) -> Result<SearchServer, Error> {
        let shared = Arc::new(Shared { _app: app });
        Ok(SearchServer { _shared: shared })
    }
}

impl ServerHandler for SearchServer {}
