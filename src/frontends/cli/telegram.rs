//! `ollacode telegram`: runs the bot, and shows its messages on the terminal.

use std::sync::Arc;

use anyhow::Error;

use super::args::TelegramArguments;
use super::confirm::confirm_workspace;
use super::signals::stop_signal;
use super::{Ending, note, warn};
use crate::app::App;
use crate::frontends::{Service, ServiceOptions, Told};

const STOPPING: &str = "stopping; pending messages are still sent";

pub async fn run(
    app: &App,
    arguments: &TelegramArguments,
    service: Service,
) -> Result<Ending, Error> {
    let how = ServiceOptions {
        pair: arguments.pair,
        auto_approve: arguments.auto_approve,
        whole_home: arguments.engine.yes,
    };
    if !how.pair {
        confirm_workspace(app, how.whole_home)?;
    }
    let tell = Arc::new(|told: Told| match told {
        Told::Note(text) => note(&text),
        Told::Warning(text) => warn(&text),
    });
    service(app.clone(), how, tell, stop_signal(STOPPING)).await?;
    Ok(Ending::Good)
}
