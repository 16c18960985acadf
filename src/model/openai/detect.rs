//! Finds out what kind of server answers.

use std::time::Duration;

use serde_json::Value;

use super::client::is_loading;
use super::listing;
use crate::model::http::{ClientLimits, HttpClient, ServerError, ServerKind};

/// For each of the requests.
const PATIENCE: Duration = Duration::from_secs(1);

/// Finds out what kind of server answers, by asking for what only one kind has: at most five
/// requests, of a second each. A server that answers everything is known by what it answers.
///
/// # Errors
///
/// [`ServerError::NotReachable`] if nothing answers; what the server answers to `/v1/models` if it
/// is of no known kind.
pub async fn detect(http: &HttpClient) -> Result<ServerKind, ServerError> {
    let limits = http.limits();
    let http = http.with_limits(ClientLimits {
        lookup: PATIENCE.min(limits.lookup),
        ..limits
    });
    let mut has_answered = false;
    for (path, kind, is_it) in KINDS {
        match http.look_up::<Value>(path).await {
            Ok(answer) if kind == ServerKind::Ollama && is_it(&answer) => {
                // Others have that address, too.
                let list = http.look_up::<Value>("api/tags").await;
                if !is_of_another(&list) {
                    return Ok(kind);
                }
                has_answered = true;
            }
            Ok(answer) if is_it(&answer) => return Ok(kind),
            // It refuses everything until then.
            Err(error) if kind == ServerKind::LlamaServer && is_loading(&error) => {
                return Ok(kind);
            }
            Err(error @ (ServerError::NotReachable { .. } | ServerError::Blocked { .. })) => {
                return Err(error);
            }
            Err(ServerError::TimedOut { .. }) => {}
            Ok(_) | Err(_) => has_answered = true,
        }
    }
    match http.look_up::<Value>("v1/models").await {
        Ok(list) if listing::is_vllm(&list) => Ok(ServerKind::Vllm),
        Ok(list) if listing::is_llama(&list) => Ok(ServerKind::LlamaServer),
        Ok(list) if listing::models(&list, ServerKind::OpenAi).is_some() => Ok(ServerKind::OpenAi),
        Ok(_) => Err(ServerError::BadAnswer {
            server: http.server(),
            what: "it has no list of models".to_owned(),
        }),
        Err(ServerError::TimedOut { .. }) if !has_answered => Err(http.silent()),
        Err(error) => Err(error),
    }
}

/// An address, the kind of server that has it, and whether an answer is of that kind.
type Question = (&'static str, ServerKind, fn(&Value) -> bool);

/// In the order in which they are asked.
const KINDS: [Question; 3] = [
    ("api/version", ServerKind::Ollama, is_ollama),
    ("props", ServerKind::LlamaServer, listing::is_props),
    (
        "api/v1/models",
        ServerKind::LmStudio,
        listing::is_studio_list,
    ),
];

fn is_ollama(answer: &Value) -> bool {
    answer["version"].is_string()
}

/// Whether what `/api/tags` answers is not from Ollama: proxies such as llama-swap have a version at
/// the same address, and no such list. Ollama itself may be slow, or refuse.
fn is_of_another(list: &Result<Value, ServerError>) -> bool {
    match list {
        Ok(list) => list.get("models").is_none(),
        Err(error) => matches!(
            error,
            ServerError::Status {
                status: 404 | 405,
                ..
            } | ServerError::BadAnswer { .. }
                | ServerError::Failed { .. }
        ),
    }
}
