//! The servers of a run: started at the first use, restarted once, ended with the run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, RequestError, ToolCall};
use super::given::GivenSecrets;
use super::{McpError, ServerResult, ServerTool};
use crate::permission::{Approver, McpServer};
use crate::sandbox::{CommandAccess, Sandbox};

/// How often a server is started before the user has to ask for it.
const MOST_STARTS: u32 = 2;
/// What ran so long without an end may be started again as at first.
const STEADY: Duration = Duration::from_secs(600);
/// Time in which a server must be ready.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a server that is being started is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// Whether a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// It was not used yet, or is to be started anew.
    NotStarted,
    Running,
    /// Why it does not run any more; untrusted words.
    Ended(String),
}

/// The servers of a run. Dropping it kills them; [`McpServers::end`] lets them end by themselves.
pub struct McpServers {
    servers: Vec<McpServer>,
    slots: Vec<Slot>,
    secrets: GivenSecrets,
    setup: McpSetup,
    start_limit: Duration,
}

/// What is known of a server at run time.
#[derive(Default)]
struct Slot {
    /// Held while it starts, so that it starts once for all who wait.
    running: tokio::sync::Mutex<Option<Arc<Connection>>>,
    history: parking_lot::Mutex<History>,
}

#[derive(Default)]
struct History {
    starts: u32,
    is_running: bool,
    /// How it ended the last time.
    why: Option<String>,
}

impl McpServers {
    /// Starts nothing yet.
    pub fn new(servers: Vec<McpServer>, setup: McpSetup) -> McpServers {
        McpServers {
            slots: servers.iter().map(|_| Slot::default()).collect(),
            servers,
            secrets: GivenSecrets::of(&setup.variables),
            setup,
            start_limit: START_LIMIT,
        }
    }

    /// Has servers be ready within another time than ten seconds.
    #[must_use]
    pub fn starting_within(self, start_limit: Duration) -> McpServers {
        McpServers {
            start_limit,
            ..self
        }
    }

    /// The servers, in the order of the settings.
    pub fn configured(&self) -> &[McpServer] {
        &self.servers
    }

    /// Variables that a server names and that are not set.
    pub fn missing_variables(&self, server: &str) -> Vec<String> {
        let found = self.servers.iter().find(|known| known.name == server);
        let missing = found.into_iter();
        let missing = missing.flat_map(|server| super::missing_variables(server, &self.setup));
        missing.map(str::to_owned).collect()
    }

    /// Whether a server runs; `None` if there is none of this name.
    pub fn status(&self, server: &str) -> Option<ServerStatus> {
        let (_, slot) = self.find(server).ok()?;
        let history = slot.history.lock();
        Some(match (history.is_running, &history.why) {
            (true, _) => ServerStatus::Running,
            (false, Some(why)) => ServerStatus::Ended(why.clone()),
            (false, None) => ServerStatus::NotStarted,
        })
    }

    /// Lets a server start again that has ended too often; `false` if there is none of this name.
    pub fn reset(&self, server: &str) -> bool {
        let Ok((_, slot)) = self.find(server) else {
            return false;
        };
        let mut history = slot.history.lock();
        history.starts = u32::from(history.is_running);
        history.why = None;
        true
    }

    /// The tools of a server, which is started if it does not run.
    pub async fn tools(
        &self,
        server: &str,
        stop: &CancellationToken,
    ) -> Result<Vec<ServerTool>, McpError> {
        let (server, slot) = self.find(server)?;
        let listed = async {
            let connection = self.connected(server, slot, stop).await?;
            let tools = connection.tools(server.timeout, stop).await;
            slot.outcome(server, &connection, tools).await
        };
        let listed = listed.await;
        listed.map_err(|error| self.secrets.hidden_in_error(error))
    }

    /// Calls a tool. What the server asks meanwhile goes to the approver.
    ///
    /// A call during which the server ends is not repeated: it may have had effects.
    pub async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
        approver: &dyn Approver,
        stop: &CancellationToken,
    ) -> Result<ServerResult, McpError> {
        let (server, slot) = self.find(server)?;
        let call = ToolCall {
            tool,
            arguments,
            limit: server.timeout,
            approver,
            stop,
        };
        let called = async {
            let connection = self.connected(server, slot, stop).await?;
            let result = connection.call(call).await;
            slot.outcome(server, &connection, result).await
        };
        match called.await {
            Ok(result) => Ok(self.secrets.hidden_in_result(result)),
            Err(error) => Err(self.secrets.hidden_in_error(error)),
        }
    }

    /// Ends all servers: their input ends, then they have some seconds to end by themselves, then they
    /// are killed. They can be started again.
    pub async fn end(&self) {
        let ending = self.slots.iter().map(|slot| async move {
            let Ok(mut running) = timeout(PATIENCE, slot.running.lock()).await else {
                return;
            };
            // This is no failure of it.
            *slot.history.lock() = History::default();
            if let Some(connection) = running.take() {
                connection.close().await;
            }
        });
        futures::future::join_all(ending).await;
    }

    fn find(&self, server: &str) -> Result<(&McpServer, &Slot), McpError> {
        let mut all = self.servers.iter().zip(&self.slots);
        let found = all.find(|(known, _)| known.name == server);
        found.ok_or_else(|| McpError::Unknown(server.to_owned()))
    }

    /// The connection to a server, which is started if it does not run.
    async fn connected(
        &self,
        server: &McpServer,
        slot: &Slot,
        stop: &CancellationToken,
    ) -> Result<Arc<Connection>, McpError> {
        let starting = async {
            let mut running = slot.running.lock().await;
            if let Some(connection) = running.as_ref() {
                if !connection.is_over() {
                    return Ok(Arc::clone(connection));
                }
                let why = connection.how_it_ended().await;
                slot.has_ended(why, connection.began.elapsed());
                *running = None;
            }
            slot.may_start(server)?;
            match Connection::start(server, &self.setup, self.start_limit).await {
                Ok(connection) => {
                    let connection = Arc::new(connection);
                    *running = Some(Arc::clone(&connection));
                    slot.has_started();
                    Ok(connection)
                }
                Err(error) => {
                    slot.has_failed(&error);
                    Err(error)
                }
            }
        };
        tokio::select! {
            connected = starting => connected,
            () = stop.cancelled() => Err(McpError::Stopped),
        }
    }
}

impl Slot {
    /// Whether it may be started again.
    fn may_start(&self, server: &McpServer) -> Result<(), McpError> {
        let history = self.history.lock();
        if history.starts < MOST_STARTS {
            return Ok(());
        }
        let why = history.why.as_deref().unwrap_or("it ended");
        Err(McpError::NotRunning(
            server.name.clone(),
            format!(
                "it is not started a third time before the user asks for it; the last time, {why}"
            ),
        ))
    }

    fn has_started(&self) {
        let mut history = self.history.lock();
        history.starts += 1;
        history.is_running = true;
        history.why = None;
    }

    fn has_failed(&self, error: &McpError) {
        let mut history = self.history.lock();
        history.starts += 1;
        history.is_running = false;
        history.why = Some(match error {
            McpError::NotRunning(_, why) => why.clone(),
            error => error.to_string(),
        });
    }

    fn has_ended(&self, why: String, ran: Duration) {
        let mut history = self.history.lock();
        history.is_running = false;
        history.why = Some(why);
        if ran >= STEADY {
            history.starts = 0;
        }
    }

    /// What a request gave; a connection that is over is put away.
    async fn outcome<T>(
        &self,
        server: &McpServer,
        connection: &Arc<Connection>,
        given: Result<T, RequestError>,
    ) -> Result<T, McpError> {
        match given {
            Ok(given) => Ok(given),
            Err(RequestError::Other(error)) => Err(error),
            Err(RequestError::Ended) => {
                let why = connection.how_it_ended().await;
                let mut running = self.running.lock().await;
                // Somebody else may have started it again.
                if running
                    .as_ref()
                    .is_some_and(|it| Arc::ptr_eq(it, connection))
                {
                    *running = None;
                    self.has_ended(why.clone(), connection.began.elapsed());
                }
                Err(McpError::NotRunning(server.name.clone(), why))
            }
        }
    }
}
