//! `ollacode design`.

use anyhow::Error;

use super::args::DesignArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &DesignArguments) -> Result<CommandEnd, Error> {
    job::run(
        app,
        &arguments.job,
        arguments.engine(),
        Job::Design(arguments.order()),
    )
    .await
}
