//! `ollacode commit`: of the last session of the folder, or of another one.

use anyhow::Error;

use super::args::{ChatArguments, CommitArguments};
use super::{CommandEnd, chat};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(app: &App, arguments: &CommitArguments) -> Result<CommandEnd, Error> {
    let job = &arguments.job;
    let chat = ChatArguments {
        json: job.json,
        // A session of its own would have changed nothing.
        go_on: job.resume.is_none(),
        resume: job.resume.clone(),
        auto_edit: job.auto_edit,
        auto_approve: job.auto_approve,
        engine: job.engine.clone(),
        ..ChatArguments::default()
    };
    chat::run_job(app, &chat, Job::Commit(arguments.order())).await
}
