//! The servers of a run: started at the first use, restarted once, ended with the run.

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{McpError, ServerResult, ServerTool};
use crate::permission::{Approver, McpServer};

/// The servers of a run. Dropping it ends them.
pub struct McpServers {
    servers: Vec<McpServer>,
}

impl McpServers {
    /// Starts nothing yet.
    pub fn new(servers: Vec<McpServer>) -> McpServers {
        McpServers { servers }
    }

    /// The servers, in the order of the settings.
    pub fn configured(&self) -> &[McpServer] {
        &self.servers
    }

    /// The tools of a server, which is started if it does not run.
    pub async fn tools(
        &self,
        server: &str,
        _stop: &CancellationToken,
    ) -> Result<Vec<ServerTool>, McpError> {
        Err(McpError::Unknown(server.to_owned()))
    }

    /// Calls a tool. What the server asks meanwhile goes to the approver.
    pub async fn call(
        &self,
        server: &str,
        _tool: &str,
        _arguments: Map<String, Value>,
        _approver: &dyn Approver,
        _stop: &CancellationToken,
    ) -> Result<ServerResult, McpError> {
        Err(McpError::Unknown(server.to_owned()))
    }
}
