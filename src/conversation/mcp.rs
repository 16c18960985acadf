//! The command `/mcp`.

use anyhow::{Error, anyhow};

use super::Conversation;
use super::messages::counted;
use super::reply::CommandReply;
use crate::app::App;
use crate::mcp::definitions::LeftOut;
use crate::mcp::report::{ServerOrigin, ServerReport, ToolReport, ToolState};
use crate::text::fenced;
use crate::visible::visible_name;

/// Said where there are no servers.
const NONE: &str = "There are no MCP servers: `[mcp.NAME]` in `config.toml` sets one up.\n";

impl Conversation {
    /// All servers as they are known, without starting one; or one, which is asked.
    pub(super) async fn mcp(&mut self, server: &str) -> Result<CommandReply, Error> {
        let app = &self.workspace.app;
        let reports = if server.is_empty() {
            app.known_servers()?
        } else {
            let asked = app.asked_servers(Some(server), &self.shared.stop).await;
            asked.ok_or_else(|| unknown(app, server))?
        };
        let mut text = match reports.is_empty() {
            true => NONE.to_owned(),
            false => reports.iter().map(described).collect(),
        };
        if let Some(words) = app.words_of_brought() {
            text.push_str(&format!("\n{words}\n"));
        }
        Ok(CommandReply::Report(text))
    }
}

fn unknown(app: &App, server: &str) -> Error {
    let servers = app.mcp_servers();
    let names = servers.configured().iter();
    let names: Vec<String> = names.map(|server| format!("`{}`", server.name)).collect();
    let there = match names.as_slice() {
        [] => "there are none".to_owned(),
        names => format!("there are {}", names.join(", ")),
    };
    anyhow!("there is no MCP server `{}`: {there}", visible_name(server))
}

/// A server in Markdown. What it says stands between backticks, of which there are none in it.
fn described(report: &ServerReport) -> String {
    let origin = match report.origin {
        ServerOrigin::User => "",
        ServerOrigin::Repository => ", of this repository",
    };
    let name = &report.name;
    let mut text = format!(
        "**{name}** `{}`{origin}\n\n",
        report.place.replace('`', "'")
    );
    text.push_str(
        &match (&report.error, report.is_asked, report.tools.len()) {
            (Some(why), _, _) => format!("- does not answer: `{why}`\n"),
            (None, false, 0) => format!("- not seen yet: `/mcp {name}` asks it\n"),
            (None, true, 0) => "- has no tools\n".to_owned(),
            (None, _, count) => format!("- {}\n", counted(count as u64, "tool")),
        },
    );
    for tool in &report.tools {
        text.push_str(&described_tool(name, tool));
    }
    for LeftOut { name, why } in &report.left_out {
        text.push_str(&format!("- `{name}` is left out: {why}\n"));
    }
    text.push('\n');
    text
}

fn described_tool(server: &str, tool: &ToolReport) -> String {
    let name = &tool.name;
    let words = match tool.description.as_str() {
        "" => String::new(),
        words => format!(": `{words}`"),
    };
    let exposed = if tool.exposed { ", exposed" } else { "" };
    let state = match tool.state {
        ToolState::New => "new: it is shown before its first call",
        ToolState::Seen => "seen",
        ToolState::Blocked => "**blocked**: it has changed since you saw it",
    };
    let mut text = format!("- `{name}` ({state}{exposed}){words}\n");
    if let Some(change) = &tool.change {
        let change = fenced(change.trim_end(), "diff");
        text.push_str(&format!(
            "\n{change}\n\n`ollacode mcp accept {server}.{name}` accepts it.\n\n"
        ));
    }
    text
}
