//! The front ends. They contain no logic of the index or the agent.
//!
//! The command line starts the others, which are passed to it here, so that front ends do not
//! import each other.

pub mod acp;
mod branch;
mod changed_words;
pub mod cli;
mod completion;
mod doctor;
mod events_json;
mod excerpt;
mod facts_json;
mod failure;
mod http;
mod input_lines;
mod markup;
pub mod mcp;
mod syntaxes;
mod task_json;
pub mod telegram;
pub mod web;
mod wire;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Error;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::conversation::registry::SessionRegistry;
use crate::conversation::workspaces::{IndexUpdates, Workspaces};
use crate::conversation::{InstalledModels, SharedContext};
use crate::permission::Mode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// Whether the process may end at once, since nothing is left that has to end before it.
    pub is_bare: bool,
}

/// Runs the program: reads the command line and the environment, and maps the outcome.
pub fn main() -> Exit {
    let services = Services {
        telegram: |app, how, tell, stop| telegram::run(app, how, tell, stop).boxed(),
        web: |app, how, tell, stop| web::run(app, how, tell, stop).boxed(),
        mcp: |app, how, tell, stop| mcp::run(app, how, tell, stop).boxed(),
        mcp_http: |app, how, tell, stop| mcp::run_http(app, how, tell, stop).boxed(),
        acp: |app, how, tell, stop| acp::run(app, how, tell, stop).boxed(),
    };
    cli::main(&services)
}

/// Front ends that the command line can start.
pub struct Services {
    pub telegram: Service,
    pub web: Service,
    /// Answers an agent on stdin and stdout.
    pub mcp: Service,
    /// Answers agents over HTTP.
    pub mcp_http: Service,
    /// Answers an editor on stdin and stdout.
    pub acp: Service,
}

/// Runs until the token is cancelled or a permanent error occurs.
pub type Service =
    fn(App, ServiceOptions, Notifier, CancellationToken) -> BoxFuture<'static, Result<(), Error>>;

/// Options of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceOptions {
    /// Allow one more user, and exit.
    pub pair: bool,
    /// Start in mode `auto-approve`.
    pub auto_approve: bool,
    /// Accept the home folder, or a folder above it, as the workspace.
    pub whole_home: bool,
    /// Listen on this address, too; by default on this machine only.
    pub listen: Option<IpAddr>,
    /// Write the token of the API to this file.
    pub token_file: Option<PathBuf>,
    /// The port to listen on, where it is no setting.
    pub port: Option<u16>,
    /// Further folders that conversations can switch to.
    pub workspaces: Vec<PathBuf>,
}

impl ServiceOptions {
    /// What the conversations of a service share. `patience` is how long a command waits for Ollama.
    fn shared_context(
        &self,
        app: App,
        registry: Option<SessionRegistry>,
        patience: Duration,
        stop: &CancellationToken,
    ) -> SharedContext {
        let activity = app.chat_activity();
        SharedContext {
            workspaces: Workspaces::new(
                app,
                IndexUpdates::Watched,
                self.whole_home,
                activity.clone(),
                stop.clone(),
            ),
            registry: registry.map(Mutex::new),
            activity,
            connector: Arc::new(InstalledModels),
            patience: Some(patience),
            first_mode: if self.auto_approve {
                Mode::AutoApprove
            } else {
                Mode::Ask
            },
            offers_auto_approve: self.auto_approve,
            has_user: true,
            stop: stop.clone(),
        }
    }
}

/// A message of a service to its starter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Note(String),
    Warning(String),
}

/// Receives the messages of a service.
pub type Notifier = Arc<dyn Fn(Notice) + Send + Sync>;
