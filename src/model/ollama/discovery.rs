//! Connects to a chat model by name, and lists the alternatives.

use std::fmt;

use super::chat::OllamaChat;
use super::client::OllamaClient;
use super::context_window::{WindowInputs, context_length, token_cost};
use super::embed::refuse_remote;
use super::request_profile::{RequestProfile, is_weak};
use super::wire::{LocalModel, ModelInfo, remote_host, same_model};
use super::{FITS_MOST, template};
use crate::model::ModelProfile;
use crate::model::embedding::EmbeddingTemplate;
use crate::model::http::{NetworkScope, ServerError, ServerKind};

/// Ollama's cloud.
const CLOUD: &str = "https://ollama.com";

/// Families of embedding models, for servers that do not list capabilities.
const EMBEDDERS: &[&str] = &["bert", "nomic-bert", "nomic-bert-moe"];

impl OllamaChat {
    /// Finds a model and its request settings; loads nothing.
    ///
    /// `wanted` is the window that the user set, in tokens. With [`NetworkScope::LoopbackOnly`], here or
    /// in the client, a model that the server only forwards to is refused: a server on this machine
    /// would send everything on.
    pub async fn connect(
        client: OllamaClient,
        name: &str,
        wanted: Option<u32>,
        reach: NetworkScope,
    ) -> Result<OllamaChat, ServerError> {
        let reach = match client.reach() {
            NetworkScope::LoopbackOnly => NetworkScope::LoopbackOnly,
            NetworkScope::Any => reach,
        };
        let is_cloud = is_cloud(name);
        if is_cloud && reach == NetworkScope::LoopbackOnly {
            return Err(ServerError::Offline {
                what: format!("`{name}` runs on {CLOUD}"),
            });
        }
        let local = match client.local_model(name).await {
            // A server forwards cloud models that it does not list.
            Err(ServerError::ModelMissing { model, .. }) if is_cloud => LocalModel {
                name: model,
                ..LocalModel::default()
            },
            found => found?,
        };
        let info = client.show(&local.name).await?;
        refuse_remote(reach, &local, &info)?;
        if !can_chat(&local, &info) {
            return Err(ServerError::NotForChat {
                server: ServerKind::Ollama,
                model: name.to_owned(),
            });
        }
        let forwarded = is_cloud || remote_host(&local, &info).is_some();
        let facts = facts(&client, &local, &info, wanted, forwarded).await;
        Ok(joined(client, local, &info, facts))
    }
}

/// What is known about the window of a model.
async fn facts(
    client: &OllamaClient,
    local: &LocalModel,
    info: &ModelInfo,
    wanted: Option<u32>,
    forwarded: bool,
) -> WindowInputs {
    // It only helps to choose: a server that does not say is no reason to fail.
    let in_memory = client.ps().await.unwrap_or_default();
    let loaded = in_memory
        .iter()
        .find(|loaded| loaded.is(&local.name, &local.digest));
    WindowInputs {
        wanted,
        trained: trained(local, info),
        set: info.parameter("num_ctx"),
        loaded: loaded.and_then(context_length),
        cost: token_cost(info),
        size: local.size,
        elsewhere: forwarded,
    }
}

fn joined(
    client: OllamaClient,
    local: LocalModel,
    info: &ModelInfo,
    facts: WindowInputs,
) -> OllamaChat {
    let address = client.address();
    let remote = match remote_host(&local, info) {
        Some(host) => Some(host.to_owned()),
        None if facts.elsewhere => Some(CLOUD.to_owned()),
        None => (!address.is_loopback()).then(|| address.to_string()),
    };
    let window = facts.window();
    let weak = is_weak(&local, info, facts.elsewhere);
    let request_profile = RequestProfile::for_model(&local, info, window, weak);
    let profile = ModelProfile {
        name: without_latest(&local.name),
        window,
        // Servers that list no capabilities say so when they are asked.
        tools: !request_profile.garbles_tools
            && (info.capabilities.is_empty() || has(&info.capabilities, "tools")),
        // Servers that list none do not say so: their models fail on a picture, or make it up.
        vision: has(&info.capabilities, "vision"),
        weak,
        // A server that knows the model's thoughts hands them on apart.
        thinks_in_text: !has(&info.capabilities, "thinking")
            && template::ends_within_thoughts(info),
        remote,
    };
    let digest = local.digest.strip_prefix("sha256:");
    let digest = digest.unwrap_or(&local.digest).to_owned();
    OllamaChat::new(client, digest, request_profile, profile, facts.elsewhere)
}

fn trained(local: &LocalModel, info: &ModelInfo) -> Option<u32> {
    let length = info.context_length().or(local.details.context_length)?;
    (length > 0).then(|| u32::try_from(length).unwrap_or(u32::MAX))
}

fn without_latest(name: &str) -> String {
    name.strip_suffix(":latest").unwrap_or(name).to_owned()
}

fn has(capabilities: &[String], wanted: &str) -> bool {
    capabilities.iter().any(|capability| capability == wanted)
}

/// Whether a name means a model in Ollama's cloud.
fn is_cloud(name: &str) -> bool {
    let Some((_, tag)) = name.trim().rsplit_once(':') else {
        return false;
    };
    let tag = tag.trim().to_ascii_lowercase();
    tag == "cloud" || (tag.ends_with("-cloud") && !tag.contains('/'))
}

/// Whether a model can chat. Old servers list no capabilities; there, the architecture shows which
/// models only make vectors.
fn can_chat(local: &LocalModel, info: &ModelInfo) -> bool {
    if !info.capabilities.is_empty() {
        return has(&info.capabilities, "completion");
    }
    let family = info.details.family.as_str();
    let only_vectors = info.number("pooling_type").is_some()
        || EMBEDDERS.contains(&family)
        || EmbeddingTemplate::for_model(&local.name).is_known();
    !only_vectors
}

/// A chat model of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledModel {
    /// Its name, without `:latest`.
    pub name: String,
    /// Size on disk in bytes.
    pub size: u64,
    /// Whether it claims native tool calls.
    pub tools: bool,
    /// The longest window that it was trained for, in tokens.
    pub window: Option<u32>,
    /// The host where it runs, if the server only forwards to it.
    pub remote: Option<String>,
}

/// Lists the chat models of the server, in its order; without remote ones if only this machine may
/// be called.
pub async fn installed_chat_models(
    client: &OllamaClient,
) -> Result<Vec<InstalledModel>, ServerError> {
    let mut installed = Vec::new();
    for local in client.tags().await? {
        let info = if local.capabilities.is_empty() {
            // Before 0.30, only this says what a model can do.
            client.show(&local.name).await.unwrap_or_default()
        } else {
            ModelInfo {
                capabilities: local.capabilities.clone(),
                details: local.details.clone(),
                ..ModelInfo::default()
            }
        };
        let remote = remote_host(&local, &info).map(str::to_owned);
        let may_be_used = client.reach() == NetworkScope::Any || remote.is_none();
        if may_be_used && can_chat(&local, &info) {
            installed.push(InstalledModel {
                name: without_latest(&local.name),
                size: local.size,
                tools: has(&info.capabilities, "tools"),
                window: trained(&local, &info),
                remote,
            });
        }
    }
    Ok(installed)
}

/// Suggests a replacement for a missing model. Displayed as the end of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The model that is missing.
    pub missing: String,
    /// The best installed one with tools.
    pub installed: Option<String>,
    /// A smaller one that fits most machines, unless it is the missing one or installed.
    pub fits: Option<&'static str>,
}

/// Finds a suggestion; asks the server for its models.
pub async fn suggest(client: &OllamaClient, missing: &str) -> Suggestion {
    // A server that does not answer has said so before.
    let installed = installed_chat_models(client).await.unwrap_or_default();
    let has_small = installed
        .iter()
        .any(|model| same_model(&model.name, FITS_MOST));
    let best = installed
        .into_iter()
        .filter(|model| model.tools)
        .max_by_key(|model| {
            let is_here = model.remote.is_none();
            (is_here, model.name.contains("coder"), model.size)
        });
    let is_small = same_model(missing, FITS_MOST);
    Suggestion {
        missing: missing.to_owned(),
        installed: best.map(|model| model.name),
        fits: (!has_small && !is_small).then_some(FITS_MOST),
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.installed {
            write!(
                formatter,
                "use `{name}`, which is installed (`ollacode --model {name}`), or "
            )?;
        }
        write!(formatter, "get it with `ollama pull {}`", self.missing)?;
        match self.fits {
            Some(name) => write!(
                formatter,
                ", or one that fits most machines with `ollama pull {name}`"
            ),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cloud_models_are_known() {
        for (name, cloud) in [
            ("qwen3-coder:480b-cloud", true),
            ("gpt-oss:cloud", true),
            ("me/x:Cloud ", true),
            ("x:120B-CLOUD", true),
            ("x:local", false),
            ("cloud", false),
            ("my-cloud", false),
            ("localhost:5000/my-cloud", false),
            ("qwen3-coder:30b", false),
        ] {
            assert_eq!(is_cloud(name), cloud, "{name}");
        }
    }

    #[test]
    fn models_that_only_make_vectors_are_known() {
        let named = |name: &str| LocalModel {
            name: name.to_owned(),
            ..LocalModel::default()
        };
        let info = |text: &str| serde_json::from_str::<ModelInfo>(text).expect("an answer of show");
        for (name, shown, chat) in [
            ("a", r#"{"capabilities": ["completion", "tools"]}"#, true),
            ("a", r#"{"capabilities": ["embedding"]}"#, false),
            ("a", r#"{"details": {"family": "llama"}}"#, true),
            ("a", r#"{"details": {"family": "bert"}}"#, false),
            ("bge-m3", "{}", false),
            (
                "a",
                r#"{"model_info": {"general.architecture": "x", "x.pooling_type": 1}}"#,
                false,
            ),
        ] {
            assert_eq!(can_chat(&named(name), &info(shown)), chat, "{name} {shown}");
        }
    }

    #[test]
    fn a_suggestion_reads_as_the_end_of_a_message() {
        let mut suggestion = Suggestion {
            missing: "qwen3-coder:30b".to_owned(),
            installed: Some("qwen3:8b".to_owned()),
            fits: Some(FITS_MOST),
        };
        assert_eq!(
            suggestion.to_string(),
            "use `qwen3:8b`, which is installed (`ollacode --model qwen3:8b`), or get it with `ollama \
             pull qwen3-coder:30b`, or one that fits most machines with `ollama pull \
             qwen2.5-coder:7b`"
        );
        suggestion.installed = None;
        suggestion.fits = None;
        assert_eq!(
            suggestion.to_string(),
            "get it with `ollama pull qwen3-coder:30b`"
        );
    }
}
