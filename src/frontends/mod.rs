//! The ways to use ollacode. None of them holds logic of the index or of the agent.
//!
//! The command line starts the others, and none of them names another: what it can start is
//! handed to it here.

pub mod cli;
mod excerpt;
pub mod telegram;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Error;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Runs the program: reads the command line and the environment, and maps the outcome.
pub fn main() -> ExitCode {
    let services = Services {
        telegram: |app, how, tell, stop| telegram::run(app, how, tell, stop).boxed(),
    };
    cli::main(&services)
}

/// What runs until it is stopped, and shows itself elsewhere than on the terminal.
pub struct Services {
    pub telegram: Service,
}

/// Runs until the token is cancelled, or something is wrong that does not pass.
pub type Service =
    fn(App, ServiceOptions, Tell, CancellationToken) -> BoxFuture<'static, Result<(), Error>>;

/// How a service is to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceOptions {
    /// Let one more user in, and end.
    pub pair: bool,
    /// Do everything without asking that `auto-approve` does not ask.
    pub auto_approve: bool,
    /// Work on all of the home folder, or of one above it, if that is the workspace.
    pub whole_home: bool,
}

/// What a service tells whoever started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Note(String),
    /// Something that should not be overlooked.
    Warning(String),
}

/// Takes what a service tells.
pub type Tell = Arc<dyn Fn(Told) + Send + Sync>;
