//! `ollacode check`.

use anyhow::Error;

use super::args::CheckArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &CheckArguments) -> Result<CommandEnd, Error> {
    job::run(
        app,
        &arguments.job,
        arguments.engine(),
        Job::Check(arguments.order()),
    )
    .await
}
