//! The tools of the servers of a run: their definitions as they are pinned, found by the names that
//! models give, and compared with what the servers say now.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use ollacode_secrets::redact;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::definitions::{Definition, LeftOut, definitions, plain};
use super::names::{MeantName, listed, meant, near, server_in, server_named};
use super::pins::{Pin, PinState, PinStore, ServerIdentity};
use super::{McpError, McpServers, ServerResult, ServerTool};
use crate::permission::{Approver, McpServer};

/// Longest words of an error, in characters.
const LONGEST_ERROR: usize = 1_500;

/// Who lists and calls the tools of servers: [`McpServers`].
pub trait ToolSource: Send + Sync {
    /// The servers, in the order of the settings.
    fn configured(&self) -> &[McpServer];

    /// The tools of a server, which is started if it does not run.
    fn tools<'a>(
        &'a self,
        server: &'a str,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<ServerTool>, McpError>>;

    /// Calls a tool.
    fn call<'a>(
        &'a self,
        server: &'a str,
        tool: &'a str,
        arguments: Map<String, Value>,
        approver: &'a dyn Approver,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ServerResult, McpError>>;
}

impl ToolSource for McpServers {
    fn configured(&self) -> &[McpServer] {
        McpServers::configured(self)
    }

    fn tools<'a>(
        &'a self,
        server: &'a str,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<ServerTool>, McpError>> {
        McpServers::tools(self, server, stop).boxed()
    }

    fn call<'a>(
        &'a self,
        server: &'a str,
        tool: &'a str,
        arguments: Map<String, Value>,
        approver: &'a dyn Approver,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ServerResult, McpError>> {
        McpServers::call(self, server, tool, arguments, approver, stop).boxed()
    }
}

/// Why the tools of a server are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error(transparent)]
    Server(#[from] McpError),
    /// The definitions cannot be compared with those that were seen: in words, with what to do.
    #[error("{0}")]
    Pins(String),
}

/// A tool of a server with its pinned definition.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownTool {
    pub server: String,
    pub definition: Definition,
    /// Whether the user was shown the definition.
    pub is_shown: bool,
}

/// A tool as its server gives it now.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedTool {
    pub definition: Definition,
    pub state: PinState,
}

/// What a server gives now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offered {
    pub tools: Vec<OfferedTool>,
    pub left_out: Vec<LeftOut>,
}

/// What became of a tool since it was pinned.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolNow {
    AsKnown,
    /// Its server gives another definition, which the user has not accepted.
    Changed(Box<Definition>),
    /// Another definition was accepted meanwhile.
    Accepted,
    Gone,
}

/// The tools of the servers of a run. Clones are of the same servers.
#[derive(Clone)]
pub struct ServerTools {
    source: Arc<dyn ToolSource>,
    pins: PinStore,
    identities: Arc<BTreeMap<String, ServerIdentity>>,
}

impl KnownTool {
    /// Its name for models and people: `server.tool`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.server, self.definition.name)
    }
}

impl ServerTools {
    /// `brought` has the names of the servers that the repository at `root` brings.
    pub fn new(
        source: Arc<dyn ToolSource>,
        pins: PinStore,
        root: &Path,
        brought: &[String],
    ) -> ServerTools {
        let identity = |server: &McpServer| {
            let folder = brought.contains(&server.name).then_some(root);
            (server.name.clone(), ServerIdentity::of(server, folder))
        };
        let identities = source.configured().iter().map(identity).collect();
        ServerTools {
            source,
            pins,
            identities: Arc::new(identities),
        }
    }

    /// The servers, in the order of the settings.
    pub fn configured(&self) -> &[McpServer] {
        self.source.configured()
    }

    /// The pinned tools of all servers, in the order of the settings. Looks at the disk, and starts
    /// nothing.
    ///
    /// # Errors
    ///
    /// If the file of pins cannot be read: in words for people.
    pub fn pinned(&self) -> io::Result<Vec<KnownTool>> {
        let mut all = Vec::new();
        for server in self.configured() {
            if let Some(identity) = self.identities.get(&server.name) {
                let pins = self.pins.pinned(identity)?.into_values();
                all.extend(pins.map(|pin| known(&server.name, pin)));
            }
        }
        Ok(all)
    }

    /// What a server gives now, compared with what is pinned; what is new is pinned. The server is
    /// started if it does not run.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or the pins cannot be read or written.
    pub async fn offered(
        &self,
        server: &str,
        stop: &CancellationToken,
    ) -> Result<Offered, CatalogError> {
        let tools = self.source.tools(server, stop).await.map_err(harmless)?;
        let Some(identity) = self.identities.get(server).cloned() else {
            return Err(McpError::Unknown(server.to_owned()).into());
        };
        let (pins, name) = (self.pins.clone(), server.to_owned());
        // A large list takes a while to hash, and the file may be locked.
        on_disk(move || {
            let (definitions, left_out) = definitions(tools);
            let states = pins.compare(&identity, &name, &definitions)?;
            let tools = definitions.into_iter().zip(states);
            let tools = tools.map(|(definition, state)| OfferedTool { definition, state });
            Ok(Offered {
                tools: tools.collect(),
                left_out,
            })
        })
        .await
    }

    /// What all servers give now, each with its name; they are asked at the same time.
    pub async fn all_offered(
        &self,
        stop: &CancellationToken,
    ) -> Vec<(String, Result<Offered, CatalogError>)> {
        let mut asked = Vec::new();
        for server in self.configured() {
            asked.push(async move {
                let offered = self.offered(&server.name, stop).await;
                (server.name.clone(), offered)
            });
        }
        join_all(asked).await
    }

    /// The tool that a name means. A server is started only if the name begins with it, and the tool was
    /// never seen before.
    ///
    /// # Errors
    ///
    /// Words for a model: what it may have meant, or why that is not known.
    pub async fn find(&self, given: &str, stop: &CancellationToken) -> Result<KnownTool, String> {
        let tools = self.pinned_soon().await?;
        let servers = self.configured().iter().map(|it| it.name.as_str());
        let servers: Vec<&str> = servers.collect();
        // A tool of another server must not be taken for one of the server that is named.
        let named = server_named(given, &servers);
        let can_be_meant = |tool: &&KnownTool| named.is_none_or(|server| tool.server == server);
        let of_named = |tools: &[KnownTool]| -> Vec<KnownTool> {
            tools.iter().filter(can_be_meant).cloned().collect()
        };
        if let Some(found) = one_meant(given, &of_named(&tools))? {
            let is_seen = |server: &&str| tools.iter().any(|tool| tool.server == **server);
            let is_whole = server_in(given, &servers) == Some(found.server.as_str());
            // A server that was never seen may have a tool of that name, too.
            if is_whole || servers.iter().all(is_seen) {
                return Ok(found);
            }
            let (given, name) = (plain(given, 60), found.name());
            return Err(format!(
                "other servers may have a tool `{given}`, too: give the whole name, such as `{name}`"
            ));
        }
        let Some(server) = server_in(given, &servers) else {
            return Err(not_found(given, &tools));
        };
        if let Err(error) = self.offered(server, stop).await {
            let advice = advice(&error);
            return Err(format!("{error}{advice}"));
        }
        let tools = self.pinned_soon().await?;
        one_meant(given, &of_named(&tools))?.ok_or_else(|| not_found(given, &tools))
    }

    /// What became of a tool since it was found. Its server is started if it does not run.
    ///
    /// # Errors
    ///
    /// As for [`ServerTools::offered`].
    pub async fn now(
        &self,
        tool: &KnownTool,
        stop: &CancellationToken,
    ) -> Result<ToolNow, CatalogError> {
        let offered = self.offered(&tool.server, stop).await?;
        let mut tools = offered.tools.into_iter();
        let Some(now) = tools.find(|it| it.definition.name == tool.definition.name) else {
            return Ok(ToolNow::Gone);
        };
        Ok(match now.state {
            PinState::Changed { .. } => ToolNow::Changed(Box::new(now.definition)),
            _ if now.definition.hash == tool.definition.hash => ToolNow::AsKnown,
            _ => ToolNow::Accepted,
        })
    }

    /// Calls a tool.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or refuses.
    pub async fn call(
        &self,
        tool: &KnownTool,
        arguments: Map<String, Value>,
        approver: &dyn Approver,
        stop: &CancellationToken,
    ) -> Result<ServerResult, McpError> {
        let name = &tool.definition.name;
        let called = self
            .source
            .call(&tool.server, name, arguments, approver, stop);
        called.await.map_err(harmless)
    }

    /// Remembers that the user was shown the definition of a tool.
    ///
    /// # Errors
    ///
    /// If the pins cannot be read or written: in words for people.
    pub async fn note_shown(&self, tool: &KnownTool) -> Result<(), CatalogError> {
        self.change(&tool.server, &tool.definition, PinStore::note_shown)
            .await
    }

    /// Pins a definition in place of the one before: the user was shown it, and accepts it.
    ///
    /// # Errors
    ///
    /// As for [`ServerTools::note_shown`].
    pub async fn accept(&self, server: &str, definition: &Definition) -> Result<(), CatalogError> {
        self.change(server, definition, PinStore::accept).await
    }

    async fn change(
        &self,
        server: &str,
        definition: &Definition,
        change: fn(&PinStore, &ServerIdentity, &str, &Definition) -> io::Result<()>,
    ) -> Result<(), CatalogError> {
        let Some(identity) = self.identities.get(server).cloned() else {
            return Err(McpError::Unknown(server.to_owned()).into());
        };
        let (pins, definition) = (self.pins.clone(), definition.clone());
        let name = server.to_owned();
        on_disk(move || change(&pins, &identity, &name, &definition)).await
    }

    /// [`ServerTools::pinned`] on a thread that may block.
    async fn pinned_soon(&self) -> Result<Vec<KnownTool>, String> {
        let all = self.clone();
        on_disk(move || all.pinned())
            .await
            .map_err(|error| error.to_string())
    }
}

/// An error in a line without secrets: words of a server are in it, which must not look like ours.
fn harmless(error: McpError) -> McpError {
    let harmless = |words: String| plain(&redact(&words).text, LONGEST_ERROR);
    match error {
        McpError::NotRunning(server, why) => McpError::NotRunning(server, harmless(why)),
        McpError::Refused(server, why) => McpError::Refused(server, harmless(why)),
        other => other,
    }
}

/// What to do about an error, as the end of a sentence to a model, with what joins it; may be empty.
pub fn advice(error: &CatalogError) -> &'static str {
    match error {
        CatalogError::Server(McpError::Unknown(_)) => {
            "; more_tools lists the servers that there are"
        }
        CatalogError::Server(McpError::NotRunning(..)) => {
            "; go on without it, and tell the user, who can look with `ollacode mcp list`"
        }
        CatalogError::Server(McpError::TimedOut(..)) => {
            "; it may still be at work, so do not repeat a call that changes something: go on \
             without it, or ask for less"
        }
        CatalogError::Server(McpError::Refused(..)) => {
            "; correct the call if that says how, or go on without it"
        }
        CatalogError::Server(McpError::Offline(_)) => {
            "; go on without it: only the user can change that"
        }
        CatalogError::Server(McpError::Stopped) | CatalogError::Pins(_) => "",
    }
}

fn known(server: &str, pin: Pin) -> KnownTool {
    KnownTool {
        server: server.to_owned(),
        definition: pin.definition,
        is_shown: pin.is_shown,
    }
}

/// The one tool that a name means, if any; words for a model if it could be several.
fn one_meant(given: &str, tools: &[KnownTool]) -> Result<Option<KnownTool>, String> {
    let named = tools.iter();
    let named = named.map(|tool| (tool.server.as_str(), tool.definition.name.as_str()));
    match meant(given, &named.collect::<Vec<_>>()) {
        MeantName::One(at) => Ok(tools.get(at).cloned()),
        MeantName::None => Ok(None),
        MeantName::Several(all) => {
            let names = all.into_iter().filter_map(|at| tools.get(at));
            let names: Vec<String> = names.map(KnownTool::name).collect();
            let given = plain(given, 60);
            Err(format!(
                "`{given}` could be several tools: {}; give the whole name",
                listed(&names)
            ))
        }
    }
}

/// What is said where no tool has a name.
fn not_found(given: &str, tools: &[KnownTool]) -> String {
    let names: Vec<String> = tools.iter().map(KnownTool::name).collect();
    let near: Vec<String> = near(given, &names).into_iter().map(str::to_owned).collect();
    let given = plain(given, 60);
    let hint = match near.as_slice() {
        [] => String::new(),
        near => format!("did you mean {}? Else, ", listed(near)),
    };
    format!("there is no tool `{given}` of a server; {hint}more_tools lists those that there are")
}

/// Works on the file of pins, on a thread that may block.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, CatalogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| CatalogError::Pins(error.to_string())),
        Err(error) => Err(CatalogError::Pins(format!(
            "the pins were not read: {error}"
        ))),
    }
}
