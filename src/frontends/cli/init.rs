//! `ollacode init`.

use anyhow::Error;

use super::args::InitArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &InitArguments) -> Result<CommandEnd, Error> {
    job::run(
        app,
        &arguments.job,
        arguments.engine(),
        Job::Init(arguments.order()),
    )
    .await
}
