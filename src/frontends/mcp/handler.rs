//! What this server answers, whatever carries it: both eras of the protocol, with the same tools.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Error;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult,
    DiscoverResult, ErrorCode, ErrorData, Implementation, InitializeRequestParams,
    InitializeResult, ListToolsResult, MetaObject, PaginatedRequestParams, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::call::{Caller, Calls, quoted};
use super::folders::Folder;
use super::tools::{SearchTool, TOOLS};
use crate::app::App;
use crate::visible::visible_name;

/// How long clients may keep what they were told of the tools, in milliseconds: it changes with the
/// program only.
const TTL: u64 = 3_600_000;

/// When to use what, in at most 120 words with the names of workspaces.
const INSTRUCTIONS: &str = "ollacode has an index of this code. Use `search_codebase` when you do \
    not know the exact words: describe what the code does, or name a symbol. `find_symbol` finds a \
    definition, `find_references` its uses, `related_files` the tests and users of a file before you \
    change it; `map` shows the most used files. Use grep for exact strings and regular expressions, \
    and for ignored or hidden files, which are not indexed. While an answer says that the index is \
    being built, finding nothing proves nothing: search again.";

/// Workspaces that the instructions name.
const MOST_NAMED: usize = 12;

/// The key under which results of the newer era say who made them.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Methods whose parameters are wrong if the protocol does not know the request.
const METHODS: [&str; 5] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/call",
    "tools/list",
];

/// Our search as an MCP server. Clones share the open workspaces.
#[derive(Clone)]
pub struct SearchServer {
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    config: ServerConfig,
    tools: Vec<Tool>,
    scope: CacheScope,
    calls: Calls,
}

impl SearchServer {
    /// Opens the workspaces, and keeps their indexes fresh until `stop`. Needs a runtime.
    ///
    /// # Errors
    ///
    /// One of the other folders is not a folder, its settings cannot be read, or full confinement is
    /// required and not possible.
    pub fn new(
        app: App,
        other_folders: &[PathBuf],
        stop: &CancellationToken,
    ) -> Result<SearchServer, Error> {
        let folders = Folder::open_all(app, other_folders, stop)?;
        let calls = Calls::new(folders, stop.child_token());
        let names = calls.names();
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let config = ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("ollacode", env!("CARGO_PKG_VERSION")).with_title("ollacode"),
            )
            .with_instructions(instructions(names));
        let shared = Shared {
            config,
            tools: TOOLS.iter().map(|tool| tool.definition(names)).collect(),
            // The names of folders are nobody else's business.
            scope: match names.len() {
                0 | 1 => CacheScope::Public,
                _ => CacheScope::Private,
            },
            calls,
        };
        Ok(SearchServer {
            shared: Arc::new(shared),
        })
    }

    /// Warnings about settings and rules of the further workspaces: those of the first one were told
    /// when the program started.
    pub fn warnings(&self) -> Vec<String> {
        let others = self.shared.calls.folders().iter().skip(1);
        others
            .flat_map(|folder| folder.warnings().iter().cloned())
            .collect()
    }

    /// Ends the calls that still run; their results say so.
    pub fn end_calls(&self) {
        self.shared.calls.end();
    }

    /// What results of the newer era carry.
    fn about_us(&self) -> MetaObject {
        let mut about = MetaObject::new();
        about.insert(
            SERVER_INFO.to_owned(),
            json!(self.shared.config.server_info),
        );
        about
    }
}

/// Whether a request is of the era without `initialize`.
fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| !version.has_initialize())
}

fn instructions(names: &[String]) -> String {
    if names.len() < 2 {
        return INSTRUCTIONS.to_owned();
    }
    let shown = &names[..names.len().min(MOST_NAMED)];
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more, which `index_status` lists"),
    };
    format!("{INSTRUCTIONS} The workspaces are {}{more}.", quoted(shown))
}

impl ServerHandler for SearchServer {
    fn get_info(&self) -> ServerConfig {
        self.shared.config.clone()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let result = self.negotiate_initialize(&request)?;
        // What follows is read and written as both agreed, not as the client asked for.
        let agreed = request.with_protocol_version(result.protocol_version.clone());
        context.peer.set_peer_info(agreed);
        Ok(result)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let result = DiscoverResult::from_server_info(versions, self.get_info());
        Ok(result.with_ttl_ms(TTL).with_cache_scope(self.shared.scope))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|request| request.cursor.is_some()) {
            let why = "there is one page of tools, so no cursor is valid";
            return Err(ErrorData::invalid_params(why, None));
        }
        let mut result = ListToolsResult::with_all_items(self.shared.tools.clone());
        if is_modern(&context) {
            result.meta = Some(self.about_us());
            result = result.with_ttl_ms(TTL).with_cache_scope(self.shared.scope);
        }
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = SearchTool::named(&request.name) else {
            let name: String = request.name.chars().take(80).collect();
            let known: Vec<String> = TOOLS.iter().map(|tool| tool.name().to_owned()).collect();
            let why = format!(
                "there is no tool `{}`; there are {}",
                visible_name(&name),
                quoted(&known)
            );
            return Err(ErrorData::invalid_params(why, None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let caller = Caller::new(&context);
        let mut result = self.shared.calls.run(tool, arguments, caller).await;
        if is_modern(&context) {
            result.meta = Some(self.about_us());
        }
        Ok(result.into())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let mut tools = self.shared.tools.iter();
        tools.find(|tool| tool.name == name).cloned()
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let name: String = request.method.chars().take(80).collect();
        let name = visible_name(&name);
        if METHODS.contains(&request.method.as_str()) {
            let why = format!("the parameters of `{name}` are not valid");
            return Err(ErrorData::invalid_params(why, None));
        }
        let why = format!("there is no method `{name}`");
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, why, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instructions_are_short_and_name_the_workspaces() {
        let words = |text: &str| text.split_whitespace().count();
        let names: Vec<String> = (0..40).map(|number| format!("shop-{number}")).collect();
        for count in [0, 1, 2, 12, 13, 40] {
            let text = instructions(&names[..count]);
            assert!(words(&text) <= 120, "{}: {text}", words(&text));
            assert_eq!(text.contains("`shop-1`"), count > 1, "{text}");
        }
        let text = instructions(&names);
        assert!(
            text.ends_with("and 28 more, which `index_status` lists."),
            "{text}"
        );
    }
}
