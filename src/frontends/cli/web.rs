//! `ollacode web`: serves the web page, and shows its messages on the terminal.

use std::path::PathBuf;

use anyhow::Error;

use super::CommandEnd;
use super::args::WebArguments;
use super::confirm::confirm_workspace;
use super::service::terminal_notifier;
use super::signals::stop_signal;
use crate::app::App;
use crate::frontends::{Service, ServiceOptions};

const STOPPING: &str = "stopping; turns are stopped and recorded";

pub async fn run(
    app: &App,
    arguments: &WebArguments,
    other_folders: &[PathBuf],
    service: Service,
) -> Result<CommandEnd, Error> {
    let how = ServiceOptions {
        auto_approve: arguments.auto_approve,
        whole_home: arguments.engine.yes,
        listen: arguments.listen,
        token_file: arguments.token_file.clone(),
        workspaces: other_folders.to_vec(),
        ..ServiceOptions::default()
    };
    confirm_workspace(app, how.whole_home)?;
    let stop = stop_signal(STOPPING);
    service(app.clone(), how, terminal_notifier(), stop).await?;
    Ok(CommandEnd::Good)
}
