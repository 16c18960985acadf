//! `ollacode task`.

use anyhow::Error;

use super::args::TaskArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &TaskArguments) -> Result<CommandEnd, Error> {
    job::run(app, &arguments.job, Job::Task(arguments.order())).await
}
