//! Runs a job for a command: its events go where those of `chat -p` go.

use anyhow::Error;

use super::args::{ChatArguments, EngineArguments, JobArguments};
use super::{CommandEnd, chat};
use crate::app::App;
use crate::engine::jobs::Job;

pub async fn run(
    app: &App,
    arguments: &JobArguments,
    engine: EngineArguments,
    job: Job,
) -> Result<CommandEnd, Error> {
    let arguments = ChatArguments {
        json: arguments.json,
        resume: arguments.resume.clone(),
        auto_edit: arguments.auto_edit,
        auto_approve: arguments.auto_approve,
        engine,
        ..ChatArguments::default()
    };
    chat::run_job(app, &arguments, job).await
}
