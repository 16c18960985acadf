//! `ollacode acp`: be the agent of an editor, on stdin and stdout.

use anyhow::Error;

use super::CommandEnd;
use super::args::AcpArguments;
use super::service::terminal_notifier;
use super::signals::stop_signal;
use crate::app::App;
use crate::frontends::{Service, ServiceOptions};

pub async fn run(
    app: &App,
    arguments: &AcpArguments,
    service: Service,
) -> Result<CommandEnd, Error> {
    let how = ServiceOptions {
        auto_approve: arguments.auto_approve,
        whole_home: arguments.engine.yes,
        ..ServiceOptions::default()
    };
    let stop = stop_signal("stopping");
    service(app.clone(), how, terminal_notifier(), stop).await?;
    Ok(CommandEnd::Good)
}
