//! Checks of the server and its models.

use std::time::Duration;

use ollacode_indexer::Role;
use tokio::time::timeout;

use super::{Check, CheckState};
use crate::app::App;
use crate::config::EmbedModel;
use crate::conversation::messages::count;
use crate::model::http::{ServerError, ServerKind};
use crate::model::ollama::{LocalModel, OllamaClient};
use crate::model::openai::{OpenAiClient, ServedModel};
use crate::model::server::{Server, ServerChat};
use crate::model::{ChatModel, ModelProfile};

/// Maximum time to embed one word; the model may have to be loaded first.
const LONGEST_TRIAL: Duration = Duration::from_secs(30);

/// A missing server is broken only if embeddings are on.
pub(super) async fn server(app: &App) -> Vec<Check> {
    let server = match app.server().await {
        Ok(server) => server,
        Err(error @ ServerError::Offline { .. }) => return vec![failed(row(app), &error)],
        Err(error) => return vec![without_server(app, &error)],
    };
    let version = match server.version().await {
        Ok(version) => version,
        Err(error) => return vec![without_server(app, &error)],
    };
    let address = server.address();
    let name = row(app);
    let found = match server.kind() {
        ServerKind::Ollama => format!("version {version} at {address}"),
        _ => format!("{version} at {address}"),
    };
    let mut checks = vec![Check::good(name, found)];
    if !address.is_loopback() {
        checks.push(Check::bad(
            name,
            CheckState::Warning,
            format!("code is sent to {address}"),
            "use `--offline` to connect to this machine only",
        ));
    }
    if server.kind() == ServerKind::LlamaServer && address.is_loopback() {
        let message = "web pages that you open in a browser can use it, too: by itself it allows \
                       requests of all of them (CORS)";
        checks.push(Check::good(name, message.to_owned()));
    }
    checks.push(chat_model(app, &server).await);
    checks.push(embeddings(app).await);
    checks.extend(match &server {
        Server::Ollama(client) => models(client).await,
        Server::OpenAi(client) => served_models(client).await,
    });
    checks
}

/// The name of the rows about the server.
fn row(app: &App) -> &'static str {
    match app.server_kind() {
        ServerKind::Ollama => "ollama",
        _ => "server",
    }
}

/// Checks the embedding model by embedding a text: a model that is listed may still fail.
async fn embeddings(app: &App) -> Check {
    const NAME: &str = "embeddings";
    let embedder = match app.embedder().await {
        Ok(Some(embedder)) => embedder,
        Ok(None) => return Check::good(NAME, "off: search is lexical only"),
        Err(error @ ServerError::NoEmbeddings { .. }) => {
            let mut check = failed(NAME, &error);
            check.state = CheckState::Warning;
            check
                .message
                .push_str("; until there is one, search is lexical only");
            return check;
        }
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
    let server = app.server_kind().label();
    let fix = format!("see the log of {server}; until it works, search is lexical only");
    Check::bad(NAME, CheckState::Broken, message, fix)
}

/// With embeddings off, only the chat needs a server.
fn without_server(app: &App, error: &ServerError) -> Check {
    let mut check = failed(row(app), error);
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
async fn chat_model(app: &App, server: &Server) -> Check {
    const NAME: &str = "chat";
    match app.chat_model(None).await {
        Ok(model) => {
            let found = chat_model_words(app, &model, server).await;
            match model.warning() {
                None => Check::good(NAME, found),
                Some(warning) => Check::bad(NAME, CheckState::Warning, found, warning),
            }
        }
        Err(ServerError::ModelMissing { model, .. }) => {
            let missing = server.missing(model).await;
            let message = missing.to_string();
            Check::bad(NAME, CheckState::Warning, message, missing.help)
        }
        Err(error) => Check {
            state: CheckState::Warning,
            ..failed(NAME, &error)
        },
    }
}

/// What the model can do, and where that is known from.
async fn chat_model_words(app: &App, model: &ServerChat, server: &Server) -> String {
    let ModelProfile {
        name,
        window,
        tools,
        ..
    } = model.profile();
    let mut tools = match (*tools, model.why_in_words()) {
        (true, _) => "native tool calls".to_owned(),
        (false, None) => "text tool calls".to_owned(),
        (false, Some(why)) => format!("text tool calls, since {why}"),
    };
    let mut source = String::new();
    if let Server::OpenAi(client) = server {
        if model.memory().recall(&app.probes_file()).is_none() {
            let try_it = format!(" (not tried yet: `ollacode doctor --model {name}` does)");
            tools.push_str(&try_it);
        }
        source = window_source(app, client, name, *window).await;
    }
    let window = count(u64::from(*window));
    let form = app.settings.edit_form.unwrap_or_else(|| model.edit_form());
    let form = form.words();
    format!("{name}: {tools}; context window of {window} tokens{source}; edits by {form}")
}

/// Where the number of a window comes from.
async fn window_source(app: &App, client: &OpenAiClient, name: &str, window: u32) -> String {
    let told = client.window_of(name).await.ok().flatten();
    let words = match (told, app.settings.max_context_tokens) {
        (_, Some(wanted)) if wanted == window => "from `MAX_CONTEXT_TOKENS`",
        (Some(_), _) => "from the server",
        (None, _) => "a guess, since the server does not say: set `MAX_CONTEXT_TOKENS`",
    };
    format!(" ({words})")
}

fn failed(name: &'static str, error: &ServerError) -> Check {
    Check {
        name,
        state: CheckState::Broken,
        message: error.to_string(),
        fix: error.hint(),
    }
}

/// A row for each model of Ollama, with its capabilities and context window.
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

/// A row for each model of another server, as far as it says.
async fn served_models(client: &OpenAiClient) -> Vec<Check> {
    let models = match client.models().await {
        Ok(models) => models,
        Err(error) => return vec![failed("model", &error)],
    };
    models.iter().map(served_model).collect()
}

fn served_model(model: &ServedModel) -> Check {
    if model.embeds {
        return Check::good("model", format!("{}: embedding", model.name));
    }
    let window = match (model.window, model.trained_window) {
        (Some(window), _) => format!("context window {}", count(u64::from(window))),
        (None, Some(most)) => format!(
            "context window unknown, trained for up to {}",
            count(u64::from(most))
        ),
        (None, None) => "context window unknown".to_owned(),
    };
    let can = match (model.tools, model.vision) {
        (None, false) => "capabilities unknown",
        (None, true) => "vision",
        (Some(true), false) => "tools",
        (Some(true), true) => "tools, vision",
        (Some(false), false) => "no tools",
        (Some(false), true) => "no tools, vision",
    };
    let name = &model.name;
    Check::good("model", format!("{name}: {can}; {window}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_the_training_is_not_said_to_be_the_real_one() {
        for (window, trained_window, said) in [
            (Some(8_192), Some(131_072), "context window 8,192"),
            (
                None,
                Some(131_072),
                "context window unknown, trained for up to 131,072",
            ),
            (None, None, "context window unknown"),
        ] {
            let model = ServedModel {
                name: "m".to_owned(),
                window,
                trained_window,
                ..ServedModel::default()
            };
            let expected = format!("m: capabilities unknown; {said}");
            assert_eq!(served_model(&model).message, expected);
        }
    }
}
