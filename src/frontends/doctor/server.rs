//! Checks of Ollama and its models.

use std::time::Duration;

use ollacode_indexer::{Embedder, Role};
use tokio::time::timeout;

use super::{Check, CheckState};
use crate::app::App;
use crate::config::EmbedModel;
use crate::conversation::messages::count;
use crate::model::http::ServerError;
use crate::model::ollama::{LocalModel, OllamaClient, suggest};
use crate::model::{ChatModel, ModelProfile};

/// Maximum time to embed one word; the model may have to be loaded first.
const LONGEST_TRIAL: Duration = Duration::from_secs(30);

/// A missing server is broken only if embeddings are on.
pub(super) async fn ollama(app: &App) -> Vec<Check> {
    let client = match app.ollama() {
        Ok(client) => client,
        Err(error) => return vec![failed("ollama", &error)],
    };
    let version = match client.version().await {
        Ok(version) => version,
        Err(error) => return vec![without_server(app, &error)],
    };
    let mut checks = vec![Check::good(
        "ollama",
        format!("version {version} at {}", client.address()),
    )];
    if !client.address().is_loopback() {
        checks.push(Check::bad(
            "ollama",
            CheckState::Warning,
            format!("code is sent to {}", client.address()),
            "use `--offline` to connect to this machine only",
        ));
    }
    checks.push(chat_model(app, &client).await);
    checks.push(embeddings(app).await);
    checks.extend(models(&client).await);
    checks
}

/// Checks the embedding model by embedding a text: a model that is listed may still fail.
async fn embeddings(app: &App) -> Check {
    const NAME: &str = "embeddings";
    let embedder = match app.embedder().await {
        Ok(Some(embedder)) => embedder,
        Ok(None) => return Check::good(NAME, "off: search is lexical only"),
        Err(error) => return failed(NAME, &error),
    };
    let model = embedder.model();
    let text = [embedder.wrap("test", Role::Document)];
    let why = match timeout(LONGEST_TRIAL, embedder.embed(&text)).await {
        Ok(Ok(embedded)) if embedded.vectors.len() == 1 => {
            let (name, dimension, window) = (&model.name, model.dimension, model.window);
            let message = format!("{name}: {dimension} dimensions, up to {window} tokens per text");
            return Check::good(NAME, message);
        }
        Ok(Ok(_)) => "the response has no vector".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no response within {} s", LONGEST_TRIAL.as_secs()),
    };
    let message = format!("{} does not embed: {why}", model.name);
    let fix = "see the log of Ollama; until it works, search is lexical only";
    Check::bad(NAME, CheckState::Broken, message, fix)
}

/// With embeddings off, only the chat needs a server.
fn without_server(app: &App, error: &ServerError) -> Check {
    let mut check = failed("ollama", error);
    if app.settings.embed_model == EmbedModel::None {
        check.state = CheckState::Warning;
        check
            .message
            .push_str(" (search works without it; `ollacode chat` needs it)");
        return check;
    }
    let without = "or set `OLLAMA_EMBED_MODEL=none` for lexical search only";
    check.fix = Some(
        check
            .fix
            .map_or(without.into(), |fix| format!("{fix}, {without}")),
    );
    check
}

/// Checks the chat model.
async fn chat_model(app: &App, client: &OllamaClient) -> Check {
    const NAME: &str = "chat";
    match app.chat_model(None).await {
        Ok(model) => {
            let ModelProfile {
                name,
                window,
                tools,
                ..
            } = model.profile();
            let tools = match (*tools, model.why_in_words()) {
                (true, _) => "native tool calls".to_owned(),
                (false, None) => "text tool calls".to_owned(),
                (false, Some(why)) => format!("text tool calls, since {why}"),
            };
            let window = count(u64::from(*window));
            let form = app.settings.edit_form.unwrap_or_else(|| model.edit_form());
            let form = form.words();
            Check::good(
                NAME,
                format!("{name}: {tools}; context window of {window} tokens; edits by {form}"),
            )
        }
        Err(ServerError::ModelMissing { model, .. }) => {
            let suggestion = suggest(client, &model).await;
            let message = format!("Ollama does not have the model `{model}`");
            Check::bad(NAME, CheckState::Warning, message, suggestion.to_string())
        }
        Err(error) => Check {
            state: CheckState::Warning,
            ..failed(NAME, &error)
        },
    }
}

fn failed(name: &'static str, error: &ServerError) -> Check {
    Check {
        name,
        state: CheckState::Broken,
        message: error.to_string(),
        fix: error.hint(),
    }
}

/// A row for each model of the server, with its capabilities and context window.
async fn models(client: &OllamaClient) -> Vec<Check> {
    let models = match client.tags().await {
        Ok(models) => models,
        Err(error) => return vec![failed("model", &error)],
    };
    let mut checks = Vec::new();
    for LocalModel { name, .. } in models {
        checks.push(match client.show(&name).await {
            Ok(info) => {
                let window = info.context_length().map_or("unknown".into(), count);
                let can = info.capabilities.join(", ");
                let can = if can.is_empty() {
                    "capabilities unknown".to_owned()
                } else {
                    can
                };
                Check::good("model", format!("{name}: {can}; context window {window}"))
            }
            Err(error) => Check {
                state: CheckState::Warning,
                ..failed("model", &error)
            },
        });
    }
    checks
}
