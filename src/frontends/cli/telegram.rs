//! `ollacode telegram`: runs the bot, and shows its messages on the terminal.

use std::sync::Arc;

use anyhow::Error;

use super::args::TelegramArguments;
use super::confirm::confirm_workspace;
use super::signals::stop_signal;
use super::{CommandEnd, note, warn};
use crate::app::App;
use crate::frontends::{Notice, Service, ServiceOptions};

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
    };
    if !how.pair {
        confirm_workspace(app, how.whole_home)?;
    }
    let tell = Arc::new(|told: Notice| match told {
        Notice::Note(text) => note(&text),
        Notice::Warning(text) => warn(&text),
    });
    service(app.clone(), how, tell, stop_signal(STOPPING)).await?;
    Ok(CommandEnd::Good)
}
