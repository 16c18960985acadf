//! `ollacode telegram`: runs the bot, and shows its messages on the terminal.

use anyhow::Error;

use super::CommandEnd;
use super::args::TelegramArguments;
use super::confirm::confirm_workspace;
use super::service::terminal_notifier;
use super::signals::stop_signal;
use crate::app::App;
use crate::frontends::{Service, ServiceOptions};

const STOPPING: &str = "stopping; pending messages are still sent";

pub async fn run(
    app: &App,
    arguments: &TelegramArguments,
    service: Service,
) -> Result<CommandEnd, Error> {
    let how = ServiceOptions {
        pair: arguments.pair,
        auto_approve: arguments.auto_approve,
        whole_home: arguments.engine.yes,
        ..ServiceOptions::default()
    };
    if !how.pair {
        confirm_workspace(app, how.whole_home)?;
    }
    let stop = stop_signal(STOPPING);
    service(app.clone(), how, terminal_notifier(), stop).await?;
    Ok(CommandEnd::Good)
}
