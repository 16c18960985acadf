//! `ollacode commit`.

use anyhow::Error;

use super::args::CommitArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &CommitArguments) -> Result<CommandEnd, Error> {
    job::run(app, &arguments.job, Job::Commit(arguments.order())).await
}
