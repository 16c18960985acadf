//! Connects to the chat model, and offers to download one that is missing.

use std::sync::Arc;

use anyhow::{Context, Error};

use super::chat::approve::confirm;
use super::chat::interrupts::Interrupts;
use super::chat::terminal::can_ask;
use super::note;
use super::progress::download_bar;
use super::style::visible_name;
use crate::app::App;
use crate::model::ChatModel;
use crate::model::http::ServerError;
use crate::model::server::{PullProgress, Server};

/// Connects to a model: by default the one of the settings.
///
/// A missing model is downloaded if the user agrees; otherwise the error has a suggestion.
pub async fn connect(
    app: &App,
    name: Option<&str>,
    interrupts: &Interrupts,
) -> Result<Arc<dyn ChatModel>, Error> {
    let missing = match app.chat_model(name).await {
        Ok(model) => return Ok(Arc::new(model)),
        Err(ServerError::ModelMissing { model, .. }) => model,
        Err(error) => return Err(error.into()),
    };
    let server = app.server().await?;
    let missing = server.missing(missing).await;
    if !can_ask() || !server.can_pull() {
        return Err(missing.into());
    }
    note(&format!("{missing}: {}", missing.help));
    if !offer_pull(&server, &missing.model, interrupts).await? {
        return Err(missing.into());
    }
    Ok(Arc::new(app.chat_model(Some(&missing.model)).await?))
}

/// Downloads a model if the user agrees; `false` if not, or if it was stopped.
async fn offer_pull(server: &Server, model: &str, interrupts: &Interrupts) -> Result<bool, Error> {
    let stop = interrupts.begin();
    let question = format!("Download `{}` now?", visible_name(model));
    let wanted = confirm(question, stop.clone()).await;
    if !matches!(wanted, Ok(true)) {
        interrupts.nothing_to_stop();
        return Ok(wanted?);
    }
    let pulled = tokio::select! {
        () = stop.cancelled() => None,
        pulled = pull(server, model) => Some(pulled),
    };
    interrupts.nothing_to_stop();
    let Some(pulled) = pulled else {
        note("stopped; the next download continues from here");
        return Ok(false);
    };
    pulled.with_context(|| format!("cannot download `{model}`"))?;
    Ok(true)
}

async fn pull(server: &Server, model: &str) -> Result<(), ServerError> {
    let bar = download_bar();
    let mut progress = |step: PullProgress| {
        bar.set_message(visible_name(&step.status));
        bar.set_length(step.total);
        bar.set_position(step.completed);
    };
    let pulled = server.pull(model, &mut progress).await;
    bar.finish_and_clear();
    pulled
}
