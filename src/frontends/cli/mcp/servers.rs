//! `ollacode mcp list`, `accept` and `trust`: the servers of others.

use std::io::{self, Write};

use anyhow::{Context, Error, bail};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{App, BroughtTrust};
use crate::frontends::cli::confirm::{can_ask, confirmed};
use crate::frontends::cli::style::{BOLD, DIM, ERROR, PLAIN, WARNING, counted, escape_hidden};
use crate::frontends::cli::{CommandEnd, note, print, print_json};
use crate::mcp::catalog::ServerTools;
use crate::mcp::definitions::{Definition, LeftOut, difference};
use crate::mcp::pins::PinState;
use crate::mcp::report::{ServerOrigin, ServerReport, ToolReport, ToolState, brought_place};
use crate::mcp::repository::{Brought, BroughtServer, BroughtTransport, FILE};

/// Lists the servers, which are started and asked for it.
pub async fn list(app: &App, json: bool) -> Result<CommandEnd, Error> {
    let asked = app.asked_servers(None, &CancellationToken::new()).await;
    let reports = asked.unwrap_or_default();
    let has_failed = reports.iter().any(|report| report.error.is_some());
    let words = app.words_of_brought();
    if json {
        print_json(&json!({"servers": reports, "repository": words}))?;
    } else {
        print(|out| {
            let mut reports = reports.iter();
            reports.try_for_each(|report| write_server(out, report))
        })?;
        if reports.is_empty() {
            note("there are no MCP servers: `[mcp.NAME]` in config.toml sets one up");
        }
        if let Some(words) = &words {
            note(words);
        }
    }
    Ok(if has_failed {
        CommandEnd::Bad
    } else {
        CommandEnd::Good
    })
}

fn write_server(out: &mut impl Write, report: &ServerReport) -> io::Result<()> {
    let origin = match report.origin {
        ServerOrigin::User => "",
        ServerOrigin::Repository => " (of this repository)",
    };
    let (name, place) = (&report.name, escape_hidden(&report.place));
    writeln!(out, "{BOLD}{name}{PLAIN}{origin}  {DIM}{place}{PLAIN}")?;
    if let Some(why) = &report.error {
        writeln!(out, "  {ERROR}does not answer:{PLAIN} {why}")?;
    } else if report.tools.is_empty() {
        writeln!(out, "  no tools")?;
    }
    for tool in &report.tools {
        write_tool(out, name, tool)?;
    }
    for LeftOut { name, why } in &report.left_out {
        writeln!(out, "  {name}  {WARNING}left out:{PLAIN} {why}")?;
    }
    Ok(())
}

fn write_tool(out: &mut impl Write, server: &str, tool: &ToolReport) -> io::Result<()> {
    let state = match tool.state {
        ToolState::New => "new",
        ToolState::Seen => "seen",
        ToolState::Blocked => "blocked",
    };
    let exposed = if tool.exposed { ", exposed" } else { "" };
    let (name, words) = (&tool.name, escape_hidden(&tool.description));
    writeln!(out, "  {name}  {DIM}{state}{exposed}{PLAIN}  {words}")?;
    if let Some(change) = &tool.change {
        writeln!(out, "    {WARNING}it has changed since you saw it:{PLAIN}")?;
        for line in change.lines() {
            writeln!(out, "    {line}")?;
        }
        writeln!(out, "    `ollacode mcp accept {server}.{name}` accepts it")?;
    }
    Ok(())
}

/// Shows what has changed in definitions, and accepts it if the user wants that.
pub async fn accept(app: &App, name: &str) -> Result<CommandEnd, Error> {
    let (server, tool) = match name.split_once('.') {
        Some((server, tool)) => (server, Some(tool)),
        None => (name, None),
    };
    let is_known = |tools: &ServerTools| tools.configured().iter().any(|it| it.name == server);
    let Some(tools) = app.server_tools().filter(is_known) else {
        let server = escape_hidden(server);
        bail!("there is no MCP server `{server}`; `ollacode mcp list` lists them");
    };
    let offered = tools.offered(server, &CancellationToken::new()).await?;
    let changed = offered.tools.into_iter().filter_map(|now| match now.state {
        PinState::Changed { before } => Some((*before, now.definition)),
        PinState::New | PinState::Same { .. } => None,
    });
    let is_wanted = |(_, now): &(Definition, Definition)| tool.is_none_or(|tool| tool == now.name);
    let changed: Vec<(Definition, Definition)> = changed.filter(is_wanted).collect();
    if changed.is_empty() {
        note("nothing has changed since you saw it");
        return Ok(CommandEnd::Good);
    }
    print(|out| {
        changed.iter().try_for_each(|(before, now)| {
            writeln!(out, "{BOLD}{server}.{}{PLAIN}", now.name)?;
            write!(out, "{}", difference(before, now))
        })
    })?;
    let count = counted(changed.len() as u64, "changed definition");
    if !can_ask() {
        bail!("{count} of `{server}` can be accepted at a terminal only, since somebody must look");
    }
    if !confirmed(&format!("Accept {count} of `{server}`?"))? {
        note("nothing was accepted");
        return Ok(CommandEnd::Bad);
    }
    for (_, now) in &changed {
        tools.accept(server, now).await?;
    }
    note(&format!("accepted {count}"));
    Ok(CommandEnd::Good)
}

/// Ends the trust in the servers of the repository.
pub fn forget(app: &App) -> Result<CommandEnd, Error> {
    match app.forget_brought()? {
        true => note(&format!("`{FILE}` of this repository is no longer trusted")),
        false => note(&format!("`{FILE}` of this repository was not trusted")),
    }
    Ok(CommandEnd::Good)
}

/// Shows what the repository would start, and trusts just that if the user wants it.
pub fn trust(app: &App, network: bool) -> Result<CommandEnd, Error> {
    let Some((brought, trust)) = app.brought().map_err(Error::msg)? else {
        bail!("this repository has no `{FILE}`");
    };
    print(|out| write_brought(out, &brought, network))?;
    if brought.servers.is_empty() {
        bail!("`{FILE}` names no server that can be used");
    }
    if trust == (BroughtTrust::Yes { network }) {
        note("it is trusted already; a change of the file ends that");
        return Ok(CommandEnd::Good);
    }
    if !can_ask() {
        bail!(
            "servers of a repository can be trusted at a terminal only, since somebody must look"
        );
    }
    let count = counted(brought.servers.len() as u64, "server");
    if !confirmed(&format!("Trust {count} of this repository?"))? {
        note("nothing was trusted");
        return Ok(CommandEnd::Bad);
    }
    let trusted = app.trust_brought(&brought, network);
    trusted.context("nothing was trusted")?;
    note("trusted from the next start of ollacode, until the file changes");
    Ok(CommandEnd::Good)
}

fn write_brought(out: &mut impl Write, brought: &Brought, network: bool) -> io::Result<()> {
    for server in &brought.servers {
        writeln!(out, "{BOLD}{}{PLAIN}", server.name)?;
        write_place(out, server, network)?;
        if !server.unused.is_empty() {
            writeln!(out, "  not used: {}", server.unused.join(", "))?;
        }
    }
    for (name, why) in &brought.refused {
        writeln!(out, "{name}  {WARNING}cannot be used:{PLAIN} {why}")?;
    }
    Ok(())
}

fn write_place(out: &mut impl Write, server: &BroughtServer, network: bool) -> io::Result<()> {
    let place = brought_place(server);
    let (verb, given, what) = match &server.transport {
        BroughtTransport::Command { env, .. } => ("starts", env, "variable"),
        BroughtTransport::Http { headers, .. } => ("connects to", headers, "header"),
    };
    writeln!(out, "  {verb}: {place}")?;
    for (name, value) in given {
        let value = escape_hidden(value.written());
        writeln!(out, "  {what}: {name} = {value}")?;
    }
    let variables: Vec<&str> = server.variables().into_iter().collect();
    if !variables.is_empty() {
        let names = variables.join(", ");
        writeln!(out, "  is given the values of your variables: {names}")?;
    }
    if let BroughtTransport::Command { .. } = &server.transport {
        let words = match network {
            true => "yes",
            false => "no (`--network` allows it)",
        };
        writeln!(out, "  network: {words}")?;
    }
    Ok(())
}
