//! Calls of tools of MCP servers: what is asked, sent and shown, whichever tool of ours makes them.

#[cfg(test)]
mod exposed_tests;
mod result;
#[cfg(test)]
mod tests;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_secrets::redact;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{
    Permitted, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, render,
};
use crate::mcp::catalog::{CatalogError, KnownTool, ServerTools, ToolNow, advice};
use crate::mcp::definitions::{Definition, difference, plain};
use crate::mcp::names::function_name;
use crate::mcp::{McpError, schema};
use crate::message::ToolCall;
use crate::model::ToolSpec;
use crate::permission::{Effect, Preview};
use crate::text::clip::clipped;
use crate::visible::escape_hidden;

/// Largest arguments, in bytes: they are shown whole before they are sent.
const MOST_ARGUMENTS: usize = 64 << 10;
/// Longest line about a call, in characters.
const LONGEST_LINE: usize = 100;
/// Longest form of arguments in a message, in bytes.
const LONGEST_OUTLINE: usize = 1_200;
/// Longest difference in a question, in characters.
const LONGEST_DIFFERENCE: usize = 1_500;
/// Largest schema that is shown before the first call, in characters.
const LONGEST_SCHEMA: usize = 4_000;

/// The answer that accepts a changed definition.
const ACCEPT: &str = "accept the change and make the call";
const REFUSE: &str = "no";

/// A tool of a server that is a tool of its own: its definition is as it was when the session began.
pub(super) struct ExposedTool {
    spec: ToolSpec,
    servers: ServerTools,
    /// `server.tool`.
    name: String,
}

impl ExposedTool {
    /// A tool with the name of a function, and `server.tool` as another name.
    pub(super) fn new(servers: ServerTools, tool: &KnownTool) -> ExposedTool {
        let definition = &tool.definition;
        let words = match definition.words() {
            words if words.is_empty() => "nothing of it".to_owned(),
            words => format!("\"{words}\""),
        };
        let description = format!("The server `{}` says: {words}", tool.server);
        let name = function_name(&tool.server, &definition.name);
        let spec = ToolSpec::from_schema(name, description, schema::shown(&definition.schema));
        ExposedTool {
            spec: ToolSpec {
                aliases: vec![tool.name()],
                // The user chose it, so that weak models get it, too.
                is_core: true,
                ..spec
            },
            servers,
            name: tool.name(),
        }
    }
}

impl Tool for ExposedTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            // The call may be dropped while a server starts.
            let stop = CancellationToken::new();
            let _stopped = stop.clone().drop_guard();
            let tool = self.servers.find(&self.name, &stop).await;
            let tool = tool.map_err(ToolError::TellModel)?;
            prepared(&self.servers, tool, call.arguments.clone())
        }
        .boxed()
    }
}

/// A call whose arguments fit the pinned definition of the tool. No server is started.
pub(super) fn prepared(
    servers: &ServerTools,
    tool: KnownTool,
    given: Map<String, Value>,
) -> Result<PreparedCall, ToolError> {
    let arguments = fitted(&tool.name(), &tool.definition, given)?;
    let line = Value::Object(arguments.clone()).to_string();
    let line = match arguments.is_empty() {
        true => tool.name(),
        false => format!("{} {line}", tool.name()),
    };
    let servers = servers.clone();
    Ok(PreparedCall {
        what: render::narrow(&render::name(&redact(&line).text), LONGEST_LINE).into_owned(),
        effects: vec![Effect::External {
            server: tool.server.clone(),
            tool: tool.definition.name.clone(),
        }],
        preview: preview(&tool, &arguments),
        remember: None,
        run: Box::new(move |running| call(servers, tool, arguments, running).boxed()),
    })
}

/// Arguments that fit a definition, or what is wrong with them, for the model.
fn fitted(
    name: &str,
    definition: &Definition,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, ToolError> {
    let arguments = schema::fitted(&definition.schema, given).map_err(|why| {
        let outline = schema::outline(&definition.schema, LONGEST_OUTLINE);
        ToolError::TellModel(format!(
            "`{name}` did not run: {why}. Its arguments are {outline}"
        ))
    })?;
    let bytes = Value::Object(arguments.clone()).to_string().len();
    if bytes > MOST_ARGUMENTS {
        return Err(ToolError::TellModel(format!(
            "`{name}` did not run: its arguments have {bytes} bytes, and at most {MOST_ARGUMENTS} \
             are sent to a server"
        )));
    }
    Ok(arguments)
}

/// What is asked about: the arguments as they are sent, and the definition if the user does not know
/// it.
fn preview(tool: &KnownTool, arguments: &Map<String, Value>) -> Preview {
    let mut text = serde_json::to_string_pretty(arguments).unwrap_or_default();
    if !tool.is_shown {
        let definition = &tool.definition;
        let schema = schema::outline(&definition.schema, LONGEST_SCHEMA);
        text.push_str(&format!(
            "\n\nThis tool is new. Its server `{}` says of it:\n{}\nIts arguments: {schema}\n",
            tool.server,
            match definition.words() {
                words if words.is_empty() => "(nothing)".to_owned(),
                words => words,
            },
        ));
    }
    Preview::Text(escape_hidden(&text).into_owned())
}

async fn call(
    servers: ServerTools,
    tool: KnownTool,
    arguments: Map<String, Value>,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let name = tool.name();
    let arguments = match servers.now(&tool, running.stop).await {
        Err(error) => return Err(failed(&error)),
        Ok(ToolNow::AsKnown) => {
            if !tool.is_shown && running.permitted == Permitted::Approved {
                // At worst it is shown again the next time.
                if let Err(error) = servers.note_shown(&tool).await {
                    tracing::warn!("{error}");
                }
            }
            arguments
        }
        Ok(ToolNow::Changed(now)) => {
            accept(&servers, &tool, &now, &running).await?;
            fitted(&name, &now, arguments)?
        }
        Ok(ToolNow::Accepted) => {
            return Err(ToolError::TellModel(format!(
                "`{name}` did not run: the user accepted another definition of it meanwhile. Look \
                 at it with more_tools, then repeat the call"
            )));
        }
        Ok(ToolNow::Gone) => {
            return Err(ToolError::TellModel(format!(
                "`{name}` did not run: its server no longer has it; more_tools lists what it has"
            )));
        }
    };
    let answered = servers
        .call(&tool, arguments, running.approver, running.stop)
        .await;
    let result = answered.map_err(|error| failed(&error.into()))?;
    result::output(&name, result, &running)
}

/// Asks the user whether a tool may be used as its server gives it now.
async fn accept(
    servers: &ServerTools,
    tool: &KnownTool,
    now: &Definition,
    running: &RunningCall<'_>,
) -> Result<(), ToolError> {
    let name = tool.name();
    let difference = difference(&tool.definition, now);
    let question = format!(
        "The MCP server `{}` has changed its tool `{}` since you saw it:\n{}",
        tool.server,
        plain(&tool.definition.name, 128),
        clipped(&difference, LONGEST_DIFFERENCE)
    );
    let options = [ACCEPT.to_owned(), REFUSE.to_owned()];
    let answer = match running.approver.can_ask() {
        true => running.approver.answer(&question, &options).await,
        false => None,
    };
    if !answer.as_deref().is_some_and(is_yes) {
        return Err(ToolError::TellModel(format!(
            "`{name}` did not run: its server has changed its definition since the user saw it, so \
             it is blocked until they accept the change, here or with `ollacode mcp accept {name}`. \
             Tell them, and go on without it"
        )));
    }
    let accepted = servers.accept(&tool.server, now).await;
    accepted.map_err(|error| failed(&error))
}

/// Whether an answer accepts a change; anything unclear does not.
fn is_yes(answer: &str) -> bool {
    let answer = answer.trim().to_lowercase();
    [ACCEPT, "y", "yes", "accept"].contains(&answer.as_str())
}

/// What a model is told of a failure.
fn failed(error: &CatalogError) -> ToolError {
    match error {
        CatalogError::Server(McpError::Stopped) => {
            ToolError::TellModel("the call was stopped".to_owned())
        }
        error => ToolError::TellModel(format!("{}{}", error, advice(error))),
    }
}
