//! The same over HTTP, on this machine only: one service of the protocol crate, behind a guard.
//!
//! `guard` has what a request must meet, as for the web page; `token` keeps the token in the data
//! folder, so that clients are set up once.

mod guard;
mod token;

use std::time::Duration;

use anyhow::Error;
use tokio_util::sync::CancellationToken;

use super::SearchServer;
use crate::app::App;
use crate::frontends::http::listen::{self, Sockets};
use crate::frontends::http::login_limit::{LoginLimit, LoginWords};
use crate::frontends::{Notice, Notifier, ServiceOptions};
use crate::visible::visible_name;

use guard::{Guard, PATH};

/// The port, unless one is chosen: an address that stays the same can stand in the settings of clients.
const DEFAULT_PORT: u16 = 4781;

/// The file of the data folder that has the token.
const TOKEN_FILE: &str = "mcp-token";

/// How long requests may still run when the program ends; then they are cut off.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// How long all connections may take when the program ends.
const LAST_ANSWERS: Duration = Duration::from_millis(1_500);

const LOGIN_WORDS: LoginWords = LoginWords {
    cause: "a client that has no token, or an old one",
    unaffected: "clients that have it are",
};

/// Answers agents over HTTP until `stop`.
///
/// # Errors
///
/// The port is in use, the token cannot be kept, or a workspace cannot be opened.
pub async fn run_http(
    app: App,
    how: ServiceOptions,
    tell: Notifier,
    stop: CancellationToken,
) -> Result<(), Error> {
    let sockets = Sockets::open(how.port, DEFAULT_PORT, None).await?;
    let file = app.settings.data_folder.join(TOKEN_FILE);
    let token = token::stored(&file, &tell)?;
    let root = visible_name(&app.workspace.root.display().to_string());
    // Calls, and what goes on behind them, end when the program is to end, and with this service.
    let running = stop.child_token();
    let _ends = running.clone().drop_guard();
    let server = SearchServer::new(app, &how.workspaces, &running)?;
    for warning in server.warnings() {
        tell(Notice::Warning(warning));
    }
    let address = sockets.address();
    tell(Notice::Note(format!(
        "serving the search of {root} over MCP at http://{address}{PATH}; Ctrl-C stops it"
    )));
    tell(Notice::Note(format!(
        "clients send `Authorization: Bearer TOKEN`; the token is in {}",
        visible_name(&file.display().to_string())
    )));
    if how.port.is_none() && address.port() != DEFAULT_PORT {
        tell(Notice::Warning(format!(
            "port {DEFAULT_PORT} is in use, so this address is not the usual one; choose one with \
             `--port`"
        )));
    }
    let closing = CancellationToken::new();
    let logins = LoginLimit::new(tell, LOGIN_WORDS);
    let guard = Guard::new(server, sockets.authorities(), token, logins, &closing);
    let ending = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_CALLS).await;
        closing.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = listen::serve(sockets, guard, &stop, LAST_ANSWERS) => {}
        () = ending => {}
    }
    Ok(())
}
