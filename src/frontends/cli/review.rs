//! `ollacode review`.

use anyhow::Error;

use super::args::ReviewArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &ReviewArguments) -> Result<CommandEnd, Error> {
    job::run(
        app,
        &arguments.job,
        arguments.engine(),
        Job::Review(arguments.order()),
    )
    .await
}
