//! `ollacode commit`: of the last session of the folder, or of another one.

use anyhow::{Error, bail};

use super::args::{ChatArguments, CommitArguments};
use super::{CommandEnd, chat};
use crate::app::App;
use crate::engine::jobs::Job;
use crate::session;

pub async fn run(app: &App, arguments: &CommitArguments) -> Result<CommandEnd, Error> {
    let job = &arguments.job;
    let root = &app.workspace.root;
    if job.resume.is_none() && session::latest(&app.sessions_folder(), root)?.is_none() {
        bail!(
            "nothing to commit: there is no session in {}, and only what a session changed is committed. \
             Start one with `ollacode`, name another folder with `--workspace`, or commit with git",
            root.display()
        );
    }
    let chat = ChatArguments {
        json: job.json,
        // A session of its own would have changed nothing.
        go_on: job.resume.is_none(),
        resume: job.resume.clone(),
        auto_edit: job.auto_edit,
        auto_approve: job.auto_approve,
        engine: arguments.engine(),
        ..ChatArguments::default()
    };
    let ended = chat::run_job(app, &chat, Job::Commit(arguments.order())).await;
    ended.map_err(|error| chat::in_use(error, "type `/commit` in it"))
}
