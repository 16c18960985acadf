//! `ollacode task`.

use anyhow::{Error, anyhow};

use super::args::TaskArguments;
use super::{CommandEnd, job};
use crate::app::App;
use crate::engine::jobs::Job;
use crate::session;

pub async fn run(app: &App, arguments: &TaskArguments) -> Result<CommandEnd, Error> {
    let mut shared = arguments.job.clone();
    // Without a goal there is only an earlier task to go on with.
    let goes_on = arguments.go_on || arguments.goal.is_none();
    if goes_on && shared.resume.is_none() {
        let root = &app.workspace.root;
        let latest = session::latest(&app.sessions_folder(), root)?;
        let none = || anyhow!("there is no session to continue in {}", root.display());
        shared.resume = Some(latest.ok_or_else(none)?.to_string());
    }
    job::run(app, &shared, Job::Task(arguments.order())).await
}
