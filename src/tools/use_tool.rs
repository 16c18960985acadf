//! `use_tool`: calls a tool of an MCP server by its name, so that the list of tools stays as it is.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::server_tool::prepared;
use super::{PreparedCall, Tool, ToolContext, ToolError, Toolbox, arguments};
use crate::mcp::catalog::{KnownTool, ServerTools};
use crate::mcp::names::bare;
use crate::message::ToolCall;
use crate::model::repair::{arguments_of, is_same_name, objects_in};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};

/// Arguments with which other agents name the server beside its tool.
const SERVER: [&str; 3] = ["server", "server_name", "serverName"];

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    // Models write the arguments of the tool beside its name.
    takes_others: true,
    ..DECLARATION.spec()
});

static DECLARATION: LazyLock<ToolDeclaration> = LazyLock::new(|| ToolDeclaration {
    name: "use_tool",
    aliases: &[
        "call_tool",
        "use_mcp_tool",
        "call_mcp_tool",
        "mcp_tool",
        "run_tool",
        "invoke_tool",
    ],
    description: "Call a tool that more_tools found.",
    parameters: PARAMETERS.as_slice(),
    is_core: true,
});

static PARAMETERS: LazyLock<[ParameterDeclaration; 2]> = LazyLock::new(|| {
    [
        ParameterDeclaration {
            name: "name",
            aliases: &["tool", "tool_name"],
            kind: ParameterKind::Text,
            description: "Its name, such as `server.tool`",
            required: true,
        },
        ParameterDeclaration {
            name: "arguments",
            aliases: &[
                "args",
                "parameters",
                "params",
                "input",
                "tool_input",
                "kwargs",
            ],
            // An object is taken, too.
            kind: ParameterKind::Schema(json!({
                "type": "string",
                "description": "Its arguments, as JSON",
            })),
            description: "Its arguments, as JSON",
            required: false,
        },
    ]
});

pub(super) struct UseTool {
    pub servers: ServerTools,
}

impl Tool for UseTool {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let given = given(call.arguments.get("arguments").cloned())?;
            let is_beside = |name: &str| !["name", "arguments"].contains(&name);
            let beside = call.arguments.iter().filter(|(name, _)| is_beside(name));
            let beside = beside.map(|(name, value)| (name.clone(), value.clone()));
            let beside: Map<String, Value> = beside.collect();
            let name = named(arguments::text(call, "name")?, &beside);
            if let Some(own) = own_tool(&name) {
                return Err(ToolError::TellModel(format!(
                    "`{own}` is a tool of its own: call it directly, not through use_tool"
                )));
            }
            // The call may be dropped while a server starts.
            let stop = CancellationToken::new();
            let _stopped = stop.clone().drop_guard();
            let tool = self.servers.find(&name, &stop).await;
            let tool = tool.map_err(ToolError::TellModel)?;
            let given = with_those_beside(given, beside, &tool);
            prepared(&self.servers, tool, given)
        }
        .boxed()
    }
}

/// The arguments of the tool, given as an object or as its text.
fn given(value: Option<Value>) -> Result<Map<String, Value>, ToolError> {
    let text = match &value {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    if let Some(members) = arguments_of(value.unwrap_or_default()) {
        return Ok(members);
    }
    // In a fence, or with words around it.
    let mut found = objects_in(&text).into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ToolError::TellModel(
            "`arguments` must be a JSON object, such as {\"query\": \"a word\"}; nothing was called"
                .to_owned(),
        )),
    }
}

/// The name of the tool, with that of its server if it is given beside.
fn named(name: &str, beside: &Map<String, Value>) -> String {
    let server = SERVER.iter().find_map(|key| beside.get(*key)?.as_str());
    match server {
        Some(server) if !bare(name).contains('.') => format!("{}.{}", bare(server), bare(name)),
        _ => name.to_owned(),
    }
}

/// Our own tool that a name means: those win.
fn own_tool(name: &str) -> Option<String> {
    static OWN: LazyLock<Vec<ToolSpec>> =
        LazyLock::new(|| Toolbox::builtin().specs(super::ToolSet::All));
    let name = bare(name);
    let is_named = |spec: &&ToolSpec| {
        let mut names = [&spec.name].into_iter().chain(&spec.aliases);
        names.any(|known| is_same_name(known, name))
    };
    OWN.iter().find(is_named).map(|spec| spec.name.clone())
}

/// Arguments that stand beside those of the tool: all if there are no others, else those that the tool
/// has.
fn with_those_beside(
    mut given: Map<String, Value>,
    mut beside: Map<String, Value>,
    tool: &KnownTool,
) -> Map<String, Value> {
    let schema = &tool.definition.schema;
    let properties = schema.get("properties").and_then(Value::as_object);
    let has = |name: &str| properties.is_some_and(|known| known.contains_key(name));
    beside.retain(|name, _| has(name) || !SERVER.contains(&name.as_str()));
    let takes_all = given.is_empty();
    for (name, value) in beside {
        if takes_all || has(&name) {
            given.entry(name).or_insert(value);
        }
    }
    given
}
