//! A row for each server, where there are several: what it does, and why it does not embed.

use super::{Check, CheckState};
use crate::app::{App, OtherEmbedders};
use crate::config::ServerSettings;
use crate::engine::ChatActivity;
use crate::model::fleet::choice::ModelPresence;
use crate::model::http::ServerError;

const NAME: &str = "servers";

pub(super) async fn servers(app: &App) -> Vec<Check> {
    let servers = &app.settings.servers;
    if servers.len() < 2 {
        return Vec::new();
    }
    // Replies do not hold it up: it sends one short text.
    let activity = ChatActivity::default();
    let embedder = app.embedder().await.ok().flatten();
    let others = match &embedder {
        Some(first) => Some(app.other_embedders(&**first, &activity, &|_| {}).await),
        None => None,
    };
    let first = embedder.as_ref().map(|first| first.server());
    let mut checks = Vec::new();
    for server in servers {
        checks.push(match server.is_within(app.settings.reach) {
            true => usable(app, server, first, others.as_deref()).await,
            false => Check::good(NAME, format!("{server}: left out by `--offline`")),
        });
    }
    checks
}

async fn usable(
    app: &App,
    server: &ServerSettings,
    first: Option<&str>,
    others: Option<&OtherEmbedders>,
) -> Check {
    let chat = match server.chat {
        true => match app.look(server, app.model_name()).await {
            Ok(presence) => presence_words(app.model_name(), presence),
            Err(error) => return unreachable(server, &error),
        },
        false => "no chat".to_owned(),
    };
    let address = server.config.address.to_string();
    let why_not = others.and_then(|others| {
        let mut left_out = others.left_out.iter();
        left_out.find(|(name, _)| *name == server.to_string())
    });
    if let Some((_, why)) = why_not {
        let message = format!("{server}: {chat}; does not embed: {why}");
        let fix = "give it the same version of the embedding model, or `roles = [\"chat\"]` in \
                   config.toml";
        return Check::bad(NAME, CheckState::Warning, message, fix);
    }
    let is_other = others.is_some_and(|others| others.addresses().any(|it| it == address));
    let embeds = match (first == Some(&*address), is_other) {
        (true, _) => "embeds, and the others must make the same vectors",
        (_, true) => "embeds, with the same vectors",
        (false, false) => "does not embed",
    };
    Check::good(NAME, format!("{server}: {chat}; {embeds}"))
}

fn presence_words(model: &str, presence: ModelPresence) -> String {
    match presence {
        ModelPresence::Loaded => format!("chats with {model}, which is in memory"),
        ModelPresence::Installed => format!("chats with {model}"),
        ModelPresence::Absent => format!("does not have {model}"),
    }
}

fn unreachable(server: &ServerSettings, error: &ServerError) -> Check {
    let fix = error.hint();
    let fix = fix.unwrap_or_else(|| "look at its log, or take it out of config.toml".to_owned());
    Check::bad(NAME, CheckState::Warning, format!("{server}: {error}"), fix)
}
