//! The servers of a run: started at the first use, restarted once, ended with the run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{McpError, ServerResult, ServerTool};
use crate::permission::{Approver, McpServer};
use crate::sandbox::{CommandAccess, Sandbox};

/// What connections need of the rest of the program.
#[derive(Clone)]
pub struct McpSetup {
    pub programs: ProgramSource,
    /// Values of the variables that servers name, as far as they are set.
    pub variables: BTreeMap<String, OsString>,
    /// Whether only addresses of this machine may be connected to.
    pub offline: bool,
}

/// Where and how the program of a server runs, or why it may not. It looks at the disk.
pub type ProgramSource = Arc<dyn Fn(&McpServer) -> Result<ProgramPlace, String> + Send + Sync>;

/// Where a program runs, and how far it may go.
pub struct ProgramPlace {
    pub sandbox: Sandbox,
    pub access: CommandAccess,
}

/// The servers of a run. Dropping it ends them.
pub struct McpServers {
    servers: Vec<McpServer>,
    _setup: McpSetup,
}

impl McpServers {
    /// Starts nothing yet.
    pub fn new(servers: Vec<McpServer>, setup: McpSetup) -> McpServers {
        McpServers {
            servers,
            _setup: setup,
        }
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
