//! `ollacode task`.

use anyhow::{Error, anyhow};

use super::args::TaskArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;
use crate::session;

pub async fn run(app: &App, arguments: &TaskArguments) -> Result<CommandEnd, Error> {
    let mut shared = arguments.job.clone();
    let order = arguments.order();
    let goes_on = arguments.go_on || order.is_about_earlier();
    if goes_on && shared.resume.is_none() {
        let root = &app.workspace.root;
        let latest = session::latest(&app.sessions_folder(), root)?;
        let none = || {
            anyhow!(
                "there is no session to continue in {}: `ollacode task GOAL` begins a task; for another \
                 folder, give `--workspace`",
                root.display()
            )
        };
        shared.resume = Some(latest.ok_or_else(none)?.to_string());
    }
    job::run(app, &shared, arguments.engine(), Job::Task(order)).await
}
