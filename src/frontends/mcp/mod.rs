//! An MCP server: our search for other agents. Everything only reads.
//!
//! In reading order: `tools` has the table of tools, `schemas` what their results look like; `handler`
//! answers the requests of both eras of the protocol, `call` runs one call within its time, `folders`
//! has the workspaces and their indexes, `results` writes what was found. `stdio` carries messages as
//! lines, which `lines` and `messages` read; `http` carries the same over HTTP.

mod call;
mod folders;
mod handler;
mod http;
mod messages;
mod results;
mod schemas;
mod stdio;
mod tools;

use std::io::{IsTerminal, stdin};

use anyhow::Error;
use tokio_util::sync::CancellationToken;

use super::{Notice, Notifier, ServiceOptions};
use crate::app::App;

pub use handler::SearchServer;
pub use http::run_http;

/// Answers an agent on stdin and stdout until stdin ends.
pub async fn run(
    app: App,
    how: ServiceOptions,
    tell: Notifier,
    stop: CancellationToken,
) -> Result<(), Error> {
    // What goes on behind the calls ends with them.
    let running = stop.child_token();
    let _ends = running.clone().drop_guard();
    let server = SearchServer::new(app, &how.workspaces, &running)?;
    for warning in server.warnings() {
        tell(Notice::Warning(warning));
    }
    if stdin().is_terminal() {
        let words = "this waits for messages of an agent, which starts it by itself: see `ollacode mcp \
                     install`; Ctrl-D ends it";
        tell(Notice::Note(words.to_owned()));
    }
    stdio::serve(&server, &running).await;
    Ok(())
}
