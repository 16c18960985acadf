//! A web page, and an HTTP API for it and for scripts, on this machine.
//!
//! In reading order: `guard` refuses requests that are not from the user, `page` has the files of the
//! page, `routes` the API. A `room` drives a [`crate::conversation::Conversation`] and numbers its
//! events, `stream` sends them, `render` turns text into what the page shows. The sockets are in
//! `frontends/http`.

mod guard;
mod page;
mod render;
mod room;
mod routes;
mod stream;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, bail};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;

use super::http::listen::{self, Sockets};
use super::http::login_limit::{LoginLimit, LoginWords};
use super::http::refusal::{METHOD, Refusal};
use super::http::token::{Token, TokenFile};
use super::{Notice, Notifier, ServiceOptions};
use crate::app::App;
use crate::conversation::SharedContext;
use crate::conversation::messages::risk_warning;
use crate::model::http::NetworkScope;
use crate::visible::visible_name;

use guard::Guard;

/// The port, unless one is chosen: an address that stays the same suits bookmarks and tunnels.
const DEFAULT_PORT: u16 = 4780;

/// How long the last answers may take when the program ends.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

const LOGIN_WORDS: LoginWords = LoginWords {
    cause: "a page that was opened before this start",
    unaffected: "your page is",
};

/// How long a command waits for Ollama.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all requests share.
pub struct Server {
    pub shared: Arc<SharedContext>,
    /// The conversations that are open.
    pub rooms: room::Rooms,
    pub token: Token,
    /// The allowed values of a `Host` header.
    pub authorities: Vec<String>,
}

/// Serves the page until `stop`.
pub async fn run(
    app: App,
    how: ServiceOptions,
    tell: Notifier,
    stop: CancellationToken,
) -> Result<(), Error> {
    check_reach(&app, how.listen)?;
    let app = with_workspaces(app, &how.workspaces)?;
    let port = app.settings.web_port;
    let sockets = Sockets::open(port, DEFAULT_PORT, how.listen).await?;
    let token = Token::random()?;
    let file = how.token_file.as_deref();
    let file = file.map(|path| TokenFile::write(path, &token, &workspaces(&app)));
    // The file is deleted when this is dropped.
    let _file = file.transpose()?;
    let server = Arc::new(Server {
        shared: Arc::new(how.shared_context(app, None, PATIENCE, &stop)),
        rooms: room::Rooms::default(),
        token,
        authorities: sockets.authorities(),
    });
    greet(&server, &sockets, &tell)?;
    let guard = Guard::new(
        Arc::clone(&server),
        complete(page::routes(), &server),
        complete(routes::api(), &server),
        LoginLimit::new(tell, LOGIN_WORDS),
    );
    let serving = listen::serve(sockets, guard, &stop, LAST_ANSWERS);
    let ending = async {
        stop.cancelled().await;
        // Streams end with their rooms.
        server.rooms.close().await;
    };
    tokio::join!(serving, ending);
    Ok(())
}

/// Checks that `--offline` was not given if other machines may connect.
fn check_reach(app: &App, listen: Option<IpAddr>) -> Result<(), Error> {
    let is_other = listen.is_some_and(|address| !address.is_loopback());
    if is_other && app.settings.reach == NetworkScope::LoopbackOnly {
        bail!(
            "`--offline` allows connections from this machine only: leave it out to use `--listen`, \
             or leave `--listen` out and use a tunnel"
        );
    }
    Ok(())
}

/// The folders whose files the model can read.
fn workspaces(app: &App) -> Vec<PathBuf> {
    let named = app.settings.rules.workspaces.values().cloned();
    named.chain([app.workspace.root.clone()]).collect()
}

/// Adds the folders of the command line to the named workspaces, each by the name of its folder.
fn with_workspaces(mut app: App, folders: &[PathBuf]) -> Result<App, Error> {
    for folder in folders {
        let shown = visible_name(&folder.display().to_string());
        let root = folder
            .canonicalize()
            .with_context(|| format!("cannot open the workspace {shown}"))?;
        if !root.is_dir() {
            bail!("the workspace {shown} is not a folder");
        }
        let named = &mut app.settings.rules.workspaces;
        if root == app.workspace.root || named.values().any(|known| *known == root) {
            continue;
        }
        let name = root.file_name().unwrap_or(root.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let mut free = (1..).map(|number| match number {
            1 => name.clone(),
            _ => format!("{name}-{number}"),
        });
        if let Some(free) = free.find(|name| !named.contains_key(name)) {
            named.insert(free, root);
        }
    }
    Ok(app)
}

/// Reports at the terminal where the page is, and warns about risks.
fn greet(server: &Server, sockets: &Sockets, tell: &Notifier) -> Result<(), Error> {
    let first = server.shared.workspaces.first();
    let app = &first.app;
    let root = visible_name(&app.workspace.root.display().to_string());
    tell(Notice::Note(format!(
        "the page works on {root}; Ctrl-C stops it"
    )));
    if first.needs_leave_to_index() {
        tell(Notice::Warning(
            "this folder is not a project, so it is not indexed; choose one with `--workspace` or \
             `WORKSPACE_DIR`"
                .to_owned(),
        ));
    }
    let confinement = app.confinement()?.level;
    if let Some(risk) = risk_warning(server.shared.first_mode, confinement) {
        tell(Notice::Warning(format!(
            "for everybody who has the token, {risk}"
        )));
    }
    let token = server.token.reveal();
    if let Some(address) = sockets.other_address() {
        let host = address.ip();
        tell(Notice::Warning(format!(
            "every machine that reaches {host} can open the page, and nothing is encrypted: whoever \
             reads the traffic has the token, and with it your files and your approvals"
        )));
        tell(Notice::Note(format!(
            "open http://{address}/#token={token}"
        )));
    }
    // Browsers send the fragment to no server, so the token gets into no log.
    let address = sockets.address();
    tell(Notice::Note(format!(
        "open http://{address}/#token={token}"
    )));
    Ok(())
}

/// Adds the state to routes, and the answers to all other requests.
fn complete(routes: Router<Arc<Server>>, server: &Arc<Server>) -> Router {
    routes
        .fallback(|| async { NOT_FOUND })
        .method_not_allowed_fallback(|| async { METHOD })
        // The guard has limited the body.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(server))
}

const NOT_FOUND: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "there is nothing at this address",
);
