//! An ACP agent: editors use ollacode as their agent. An editor starts the program and speaks the
//! Agent Client Protocol, version 1, with it on stdin and stdout.
//!
//! In reading order: `lines` is the connection, `agent` answers requests, `session` is a session as the
//! agent knows it, and `actor` the task that drives its conversation. The rest is pure: `prompt` reads
//! what the user sends; `convert`, `calls` and `history` make updates of events; `answers`, `modes`,
//! `commands` and `replies` make what is asked, offered and said.

mod actor;
mod agent;
mod answers;
mod calls;
mod commands;
mod convert;
mod editor;
mod history;
mod lines;
mod listing;
mod modes;
mod prompt;
mod replies;
mod session;
mod visible_text;

use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::v1::schema::{CancelNotification, ClientRequest};
use agent_client_protocol::{
    Agent, Client, ConnectTo, on_receive_notification, on_receive_request, v1,
};
use anyhow::Error;
use tokio_util::sync::CancellationToken;

use super::{Notice, Notifier, ServiceOptions};
use crate::app::App;
use crate::conversation::workspaces::{IndexUpdates, Workspaces};
use crate::conversation::{InstalledModels, SharedContext};
use crate::permission::Mode;

use agent::AcpAgent;

/// How long a command waits for Ollama.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last messages may take once the sessions have ended.
const LONGEST_FLUSH: Duration = Duration::from_millis(300);

/// Answers an editor on stdin and stdout until stdin ends.
pub async fn run(
    app: App,
    how: ServiceOptions,
    tell: Notifier,
    stop: CancellationToken,
) -> Result<(), Error> {
    let agent = Arc::new(AcpAgent::new(shared_context(app, &how, &stop)));
    let answering = answer(Arc::clone(&agent), lines::on_stdio(), stop);
    let flushed = async {
        agent.closed().await;
        tokio::time::sleep(LONGEST_FLUSH).await;
    };
    tokio::select! {
        answered = answering => {
            // An editor that dies breaks the connection; that ends the program as well.
            if let Err(error) = answered {
                tell(Notice::Warning(format!("the connection with the editor broke: {error}")));
            }
        }
        () = flushed => {}
    }
    agent.close().await;
    Ok(())
}

fn shared_context(app: App, how: &ServiceOptions, stop: &CancellationToken) -> SharedContext {
    let activity = app.chat_activity();
    SharedContext {
        workspaces: Workspaces::new(
            app,
            IndexUpdates::WatchedWhenNamed,
            how.whole_home,
            activity.clone(),
            stop.clone(),
        ),
        registry: None,
        activity,
        connector: Arc::new(InstalledModels),
        patience: Some(PATIENCE),
        first_mode: Mode::Ask,
        offers_auto_approve: how.auto_approve,
        has_user: true,
        stop: stop.clone(),
    }
}

/// Answers until the editor closes the connection, or the program ends; then all sessions end.
async fn answer(
    agent: Arc<AcpAgent>,
    transport: impl ConnectTo<Agent> + 'static,
    stop: CancellationToken,
) -> Result<(), agent_client_protocol::Error> {
    let (asked, cancelled) = (Arc::clone(&agent), Arc::clone(&agent));
    Agent
        .v1()
        .name("ollacode")
        .on_receive_request(
            async move |request: ClientRequest,
                        responder: v1::Responder,
                        connection: v1::ConnectionTo<Client>| {
                asked.request(request, responder, &connection)
            },
            on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _: v1::ConnectionTo<Client>| {
                cancelled.cancel(&cancel.session_id);
                Ok(())
            },
            on_receive_notification!(),
        )
        .connect_with(
            transport,
            move |connection: v1::ConnectionTo<Client>| async move {
                tokio::select! {
                    () = connection.incoming_closed() => {}
                    () = stop.cancelled() => {}
                }
                agent.close().await;
                Ok::<(), agent_client_protocol::Error>(())
            },
        )
        .await
}
