//! `ollacode mcp`: serves our search to other agents, and manages the servers of others.

use std::path::PathBuf;

use anyhow::Error;

use super::CommandEnd;
use super::args::{McpArguments, McpCommand};
use super::service::terminal_notifier;
use super::signals::stop_signal;
use crate::app::App;
use crate::frontends::{Service, ServiceOptions};

pub mod install;
mod servers;

pub async fn run(
    app: &App,
    arguments: &McpArguments,
    other_folders: &[PathBuf],
    (stdio, http): (Service, Service),
) -> Result<CommandEnd, Error> {
    match &arguments.command {
        Some(McpCommand::Install(install)) => install::run(app, install, other_folders),
        Some(McpCommand::List { json }) => servers::list(app, *json).await,
        Some(McpCommand::Accept { name }) => servers::accept(app, name).await,
        Some(McpCommand::Trust { forget: true, .. }) => servers::forget(app),
        Some(McpCommand::Trust { network, .. }) => servers::trust(app, *network),
        None => {
            let service = if arguments.http { http } else { stdio };
            let how = ServiceOptions {
                port: arguments.port,
                workspaces: other_folders.to_vec(),
                ..ServiceOptions::default()
            };
            let stop = stop_signal("stopping");
            service(app.clone(), how, terminal_notifier(), stop).await?;
            Ok(CommandEnd::Good)
        }
    }
}
