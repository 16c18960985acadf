//! The tools of MCP servers: which servers there are, whose they are, and what is known of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use crate::mcp::catalog::{KnownTool, ServerTools};
use crate::mcp::pins::PinStore;
use crate::mcp::report::ServerReport;
use crate::mcp::repository::{Brought, BroughtServer, FILE, Usable, is_like};
use crate::permission::McpServer;
use crate::session::create_private_folder;
use crate::text::with_causes;
use crate::tools::Toolbox;
use crate::trust::TrustKind;
use crate::workspace::workspace_id;

/// How long a server is waited for when it is only asked what it has.
const PATIENCE: Duration = Duration::from_secs(15);
/// Stands behind the content of a file whose servers are trusted with the network.
const WITH_NETWORK: &[u8] = b"\0network";

/// Whether the user trusts the servers that a repository brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroughtTrust {
    No,
    Yes {
        /// Whether its programs have the network.
        network: bool,
    },
}

impl App {
    /// The tools of MCP servers; `None` where there are no servers. Nothing is started.
    pub fn server_tools(&self) -> Option<ServerTools> {
        let servers = self.mcp_servers();
        if servers.configured().is_empty() {
            return None;
        }
        let own = &self.settings.rules.servers;
        let is_own = |name: &str| own.iter().any(|server| server.name == name);
        let brought = servers.configured().iter().map(|server| &server.name);
        let brought: Vec<String> = brought.filter(|name| !is_own(name)).cloned().collect();
        let pins = PinStore::new(self.settings.data_folder.join("mcp").join("pins.json"));
        let root = self.jail.root();
        Some(ServerTools::new(servers, pins, root, &brought))
    }

    /// Adds the tools with which those of servers are found and called, and exposed ones; also gives what
    /// the user should know of that.
    pub(super) fn with_server_tools(&self, toolbox: Toolbox) -> (Toolbox, Vec<String>) {
        let Some(tools) = self.server_tools() else {
            return (toolbox, Vec::new());
        };
        let (exposed, mut notes) = exposed(&tools);
        let (toolbox, taken) = toolbox.with_servers(&tools, &exposed);
        notes.extend(taken.iter().map(ToString::to_string));
        (toolbox, notes)
    }

    /// Asks servers that were never seen and have exposed tools what they have, so that these are there from
    /// the start of a session. It takes some seconds at most.
    pub async fn meet_exposed_tools(&self, stop: &CancellationToken) {
        let Some(tools) = self.server_tools() else {
            return;
        };
        // What is wrong with the file is told by the notes.
        let pinned = tools.pinned().unwrap_or_default();
        let is_seen = |server: &McpServer| pinned.iter().any(|tool| tool.server == server.name);
        let mut asked = Vec::new();
        for server in tools.configured() {
            if !server.expose.is_empty() && !is_seen(server) {
                asked.push(tools.offered(&server.name, stop));
            }
        }
        let answers = futures::future::join_all(asked);
        if tokio::time::timeout(PATIENCE, answers).await.is_err() {
            tracing::warn!("MCP servers with exposed tools did not answer in time");
        }
    }

    /// What the user should know of servers when a session begins.
    pub fn server_notes(&self) -> Vec<String> {
        let (_, mut notes) = self.with_server_tools(Toolbox::builtin());
        notes.extend(self.news_of_brought());
        notes
    }

    /// The servers that the repository brings, if any, and whether they are trusted.
    ///
    /// # Errors
    ///
    /// If its file cannot be read: in words for people.
    pub fn brought(&self) -> Result<Option<(Brought, BroughtTrust)>, String> {
        let Some(brought) = Brought::read(&self.jail)? else {
            return Ok(None);
        };
        let (store, root) = (self.trust(), self.jail.root());
        let trusts = |content: &[u8]| store.trusts(TrustKind::McpServers, root, content);
        let trust = if trusts(&brought.content) {
            BroughtTrust::Yes { network: false }
        } else if trusts(&[&brought.content[..], WITH_NETWORK].concat()) {
            BroughtTrust::Yes { network: true }
        } else {
            BroughtTrust::No
        };
        Ok(Some((brought, trust)))
    }

    /// Trusts the servers of a file with just this content.
    pub fn trust_brought(&self, brought: &Brought, network: bool) -> io::Result<()> {
        let mut content = brought.content.clone();
        if network {
            content.extend_from_slice(WITH_NETWORK);
        }
        self.trust()
            .trust(TrustKind::McpServers, self.jail.root(), &content)
    }

    /// Ends that trust; whether there was any.
    pub fn forget_brought(&self) -> io::Result<bool> {
        self.trust().forget(TrustKind::McpServers, self.jail.root())
    }

    /// The servers of the repository that may be used, and values that their headers name as if they
    /// were variables.
    pub(super) fn trusted_servers(&self) -> (Vec<McpServer>, BTreeMap<String, OsString>) {
        let (mut servers, mut values) = (Vec::new(), BTreeMap::new());
        for server in self.judged_brought().unwrap_or_default() {
            if let Ok((server, of_headers)) = server.1 {
                servers.push(server);
                values.extend(of_headers);
            }
        }
        (servers, values)
    }

    /// The trusted servers of the repository, each as it can be used, or why it cannot be.
    fn judged_brought(&self) -> Option<Vec<(BroughtServer, Result<Usable, String>)>> {
        let (brought, trust) = self.brought().ok().flatten()?;
        let BroughtTrust::Yes { network } = trust else {
            return None;
        };
        let variables: BTreeMap<&str, &str> = self
            .environment
            .variables()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
            .collect();
        let value = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let own = &self.settings.rules.servers;
        let judged = brought.servers.into_iter().map(|server| {
            let is_taken = own.iter().any(|own| is_like(&own.name, &server.name));
            let usable = match is_taken {
                true => Err("a server of your own has its name".to_owned()),
                false => server.usable(network, &value),
            };
            (server, usable)
        });
        Some(judged.collect())
    }

    /// What is to be said of the servers that the repository brings: that they are not trusted, or why
    /// some cannot be used.
    pub fn words_of_brought(&self) -> Option<String> {
        let (brought, trust) = match self.brought() {
            Ok(found) => found?,
            Err(why) => return Some(format!("{why}; servers that it names are not used")),
        };
        if brought.servers.is_empty() {
            return None;
        }
        if trust == BroughtTrust::No {
            let names: Vec<&str> = brought.servers.iter().map(|it| it.name.as_str()).collect();
            return Some(format!(
                "`{FILE}` of this repository names MCP servers, which are not started: {}. `ollacode \
                 mcp trust` shows what they would run, and trusts them",
                names.join(", ")
            ));
        }
        let judged = self.judged_brought().unwrap_or_default().into_iter();
        let wrong = judged.filter_map(|(server, usable)| {
            let why = usable.err()?;
            Some(format!("`{}` is not used: {why}", server.name))
        });
        let wrong: Vec<String> = wrong.collect();
        (!wrong.is_empty()).then(|| format!("`{FILE}`: {}", wrong.join("; ")))
    }

    /// The same, once for each content of the file.
    fn news_of_brought(&self) -> Option<String> {
        let words = self.words_of_brought()?;
        let content = self.brought().ok().flatten();
        let content = content
            .map(|(brought, _)| brought.content)
            .unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(words.as_bytes()).update(&content);
        let hash = hasher.finalize().to_hex().to_string();
        let folder = self.settings.data_folder.join("mcp").join("told");
        let file = folder.join(workspace_id(&self.workspace.root));
        if fs::read_to_string(&file).is_ok_and(|told| told == hash) {
            return None;
        }
        let told = create_private_folder(&folder).and_then(|()| fs::write(&file, hash));
        if let Err(error) = told {
            // Then it is told again the next time.
            tracing::warn!("{}", with_causes(&error));
        }
        Some(words)
    }

    /// What is known of the servers without asking them.
    ///
    /// # Errors
    ///
    /// If the file of pins cannot be read: in words for people.
    pub fn known_servers(&self) -> io::Result<Vec<ServerReport>> {
        let Some(tools) = self.server_tools() else {
            return Ok(Vec::new());
        };
        let pinned = tools.pinned()?;
        let brought = self.brought_by_name();
        let servers = tools.configured().iter().map(|server| {
            ServerReport::of(server, brought.get(&server.name)).with_known(server, &pinned)
        });
        Ok(servers.collect())
    }

    /// Asks all servers, or one, what they have; servers are started, also those that ended too often
    /// before. It takes some seconds at most. `None` if there is no server of that name.
    pub async fn asked_servers(
        &self,
        name: Option<&str>,
        stop: &CancellationToken,
    ) -> Option<Vec<ServerReport>> {
        let Some(tools) = self.server_tools() else {
            return name.is_none().then(Vec::new);
        };
        let brought = self.brought_by_name();
        let mut asked = Vec::new();
        for server in tools.configured() {
            if name.is_some_and(|name| name != server.name) {
                continue;
            }
            self.mcp_servers().reset(&server.name);
            let report = ServerReport::of(server, brought.get(&server.name));
            let offered = tokio::time::timeout(PATIENCE, tools.offered(&server.name, stop));
            asked.push(async move {
                match offered.await {
                    Ok(Ok(offered)) => report.with_offered(server, &offered),
                    Ok(Err(error)) => report.with_error(&error.to_string()),
                    Err(_) => {
                        let seconds = PATIENCE.as_secs();
                        report.with_error(&format!("it did not answer within {seconds} s"))
                    }
                }
            });
        }
        if asked.is_empty() {
            return None;
        }
        Some(futures::future::join_all(asked).await)
    }

    fn brought_by_name(&self) -> BTreeMap<String, BroughtServer> {
        let brought = self.brought().ok().flatten();
        let servers = brought.into_iter().flat_map(|(brought, _)| brought.servers);
        servers
            .map(|server| (server.name.clone(), server))
            .collect()
    }
}

/// The exposed tools whose definitions are known, and what is to be said of the others.
fn exposed(tools: &ServerTools) -> (Vec<KnownTool>, Vec<String>) {
    let pinned = match tools.pinned() {
        Ok(pinned) => pinned,
        Err(error) => return (Vec::new(), vec![error.to_string()]),
    };
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for server in tools.configured() {
        for name in &server.expose {
            let mut own = pinned.iter().filter(|tool| tool.server == server.name);
            match own.find(|tool| tool.definition.name == *name) {
                Some(tool) => found.push(tool.clone()),
                None => notes.push(format!(
                    "`{name}` of the MCP server `{}` cannot be exposed, since it was never seen: \
                     `ollacode mcp list` looks for it",
                    server.name
                )),
            }
        }
    }
    (found, notes)
}
