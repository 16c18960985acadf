//! A Telegram bot: ask about the code from the phone, and approve tool calls.
//!
//! In reading order: `poll` requests updates, `incoming` classifies them and rejects strangers,
//! `dispatcher` dispatches them to the chats. A `chat` drives the [`crate::conversation::Conversation`]; a
//! `view` shows its events, an `approver` asks through `questions`. Everything that is sent passes
//! through the `outbox`, at the [`rate_limiter`] that Telegram accepts. [`html`] converts Markdown,
//! [`split`] splits long texts.

mod api;
mod approver;
mod buttons;
mod chat;
mod dispatcher;
pub mod formatted_text;
pub mod html;
mod incoming;
mod menu;
mod names;
mod outbox;
mod pair;
mod poll;
mod questions;
mod quoted;
pub mod rate_limiter;
pub mod split;
mod steps;
mod table;
mod view;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, bail};
use teloxide::types::Me;
use tokio_util::sync::CancellationToken;

use super::{Notice, Notifier, ServiceOptions};
use crate::app::App;
use crate::config::TelegramSettings;
use crate::conversation::messages::risk_warning;
use crate::conversation::registry::SessionRegistry;
use crate::model::http::NetworkScope;

use api::Api;
use dispatcher::{BotContext, Dispatcher};
use outbox::Outbox;
use poll::{UpdatePoller, no_client};
use questions::Questions;
use rate_limiter::SendRates;

/// How long sending the last messages may take.
const LAST_MESSAGES: Duration = Duration::from_secs(10);
/// How long a command waits for Ollama: `/stop` is not handled meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the bot until `stop`, or pairs a user.
pub async fn run(
    app: App,
    how: ServiceOptions,
    tell: Notifier,
    stop: CancellationToken,
) -> Result<(), Error> {
    if how.pair {
        return pair::run(&app, tell, stop).await;
    }
    let settings = app.settings.telegram.check()?;
    check_reach(&app, &settings)?;
    let api = Api::new(&settings).map_err(no_client)?;
    let Some((poll, me)) = UpdatePoller::start(api.clone(), Arc::clone(&tell), &stop).await? else {
        return Ok(());
    };
    let context = bot_context(app, how, &settings, &api, &me, &stop)?;
    greet(&context, &me, &tell)?;
    menu::register(&api, &context.shared.workspaces.first()).await;
    let mut dispatcher = Dispatcher::new(Arc::clone(&context), me, tell);
    let ended = poll.run(&stop, &mut dispatcher).await;
    // Also after the token was rejected: turns are stopped and recorded.
    stop.cancel();
    dispatcher.close().await;
    if !context.outbox.flush(LAST_MESSAGES).await {
        tracing::error!("the last messages were not sent in time");
    }
    ended
}

/// Checks that `--offline` and the proxy settings allow the bot to connect.
fn check_reach(app: &App, settings: &TelegramSettings) -> Result<(), Error> {
    if app.settings.reach == NetworkScope::LoopbackOnly && !settings.is_local() {
        bail!(
            "`--offline` allows connections to this machine only: leave it out to use Telegram, or \
             set `TELEGRAM_API_URL` to a Bot API server on this machine"
        );
    }
    if let Some(name) = app.socks_proxy().filter(|_| !settings.is_local()) {
        bail!(
            "`{name}` is a SOCKS proxy, and the bot supports HTTP proxies only: set `HTTPS_PROXY` to \
             one (`http://host:port`), or unset `{name}`"
        );
    }
    Ok(())
}

fn bot_context(
    app: App,
    how: ServiceOptions,
    settings: &TelegramSettings,
    api: &Api,
    me: &Me,
    stop: &CancellationToken,
) -> Result<Arc<BotContext>, Error> {
    let outbox = Outbox::start(api.clone(), SendRates::default());
    let book = format!("{}.json", me.id);
    let book = app.settings.data_folder.join("telegram").join(book);
    let registry = SessionRegistry::open(book);
    let shared = how.shared_context(app, Some(registry), PATIENCE, stop);
    Ok(Arc::new(BotContext {
        shared: Arc::new(shared),
        questions: Questions::new(outbox.clone(), settings.approval_life)?,
        outbox,
        api: api.clone(),
        allowed: settings.allowed.clone(),
    }))
}

/// Reports at the terminal who the bot is, and warns about risks.
fn greet(context: &BotContext, me: &Me, tell: &Notifier) -> Result<(), Error> {
    let first = context.shared.workspaces.first();
    let app = &first.app;
    let users: Vec<String> = context.allowed.users().iter().map(u64::to_string).collect();
    tell(Notice::Note(format!(
        "@{} works on {}; allowed users: {}; Ctrl-C stops it",
        me.username(),
        app.workspace.root.display(),
        users.join(", ")
    )));
    if app.needs_confirmation() && !app.index.exists() {
        tell(Notice::Warning(
            "this folder is not a project, so it is not indexed; choose one with `--workspace` or \
             `WORKSPACE_DIR`"
                .to_owned(),
        ));
    }
    let confinement = app.confinement()?.level;
    let mode = context.shared.first_mode;
    if let Some(risk) = risk_warning(mode, confinement) {
        tell(Notice::Warning(format!(
            "for every user of the bot, {risk}"
        )));
    }
    Ok(())
}
