//! A server of models, of whatever kind: what the program above the protocols sees of it.

mod chat;
mod embedder;

use super::http::{
    Address, ApiKey, ClientLimits, HttpClient, KindChoice, NetworkScope, ServerError, ServerKind,
};
use super::ollama::{self, OllamaChat, OllamaClient, OllamaEmbedder};
use super::openai::{OpenAiChat, OpenAiClient, OpenAiEmbedder, ServedModel, detect};

pub use super::ollama::{InstalledModel, LoadedMemory, LoadedModel, PullProgress, same_model};
pub use chat::ServerChat;
pub use embedder::ServerEmbedder;

/// Most names of models in a message.
const SHOWN_MODELS: usize = 5;

/// A server, as the settings name it.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub address: Address,
    /// Only sent to this address, and only over https or to this machine.
    pub key: Option<ApiKey>,
    pub kind: KindChoice,
}

/// A server that is known to be of a kind. Clones share their connections.
#[derive(Clone, Debug)]
pub enum Server {
    Ollama(OllamaClient),
    /// Any server with OpenAI's `/v1`.
    OpenAi(OpenAiClient),
}

/// What a server says of a model that need not be in memory; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelSummary {
    /// Such as `30.5B`.
    pub parameters: String,
    /// Such as `Q4_K_M`.
    pub quantization: String,
    /// In bytes; 0 if unknown.
    pub size: u64,
}

/// A model that the server does not have, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("{} does not have the model `{model}`", .server.label())]
pub struct MissingModel {
    pub server: ServerKind,
    pub model: String,
    /// What to do, as the end of a message.
    pub help: String,
}

impl ServerConfig {
    /// Finds out what kind of server it is, if the settings do not say, and makes a client for it.
    /// Without that, nothing is sent.
    ///
    /// # Errors
    ///
    /// If the server may not be called, or does not answer.
    pub async fn connect(
        &self,
        reach: NetworkScope,
        limits: ClientLimits,
    ) -> Result<Server, ServerError> {
        let (address, key) = (self.address.clone(), self.key.clone());
        let http = HttpClient::new(address, key, reach, limits)?;
        let kind = match self.kind {
            KindChoice::Kind(kind) => kind,
            KindChoice::Auto => detect(&http).await?,
        };
        Ok(Server::of_kind(http, kind))
    }
}

impl Server {
    /// A server of a known kind; sends nothing.
    pub fn of_kind(http: HttpClient, kind: ServerKind) -> Server {
        match kind {
            ServerKind::Ollama => Server::Ollama(OllamaClient::from(http)),
            kind => Server::OpenAi(OpenAiClient::new(http, kind)),
        }
    }

    pub fn kind(&self) -> ServerKind {
        match self {
            Server::Ollama(_) => ServerKind::Ollama,
            Server::OpenAi(client) => client.kind(),
        }
    }

    pub fn address(&self) -> &Address {
        match self {
            Server::Ollama(client) => client.address(),
            Server::OpenAi(client) => client.http().address(),
        }
    }

    /// Which addresses may be called.
    pub fn reach(&self) -> NetworkScope {
        match self {
            Server::Ollama(client) => client.reach(),
            Server::OpenAi(client) => client.http().reach(),
        }
    }

    /// Asks for the version, for people: of Ollama the number alone, of others the name, too, as
    /// far as they say.
    pub async fn version(&self) -> Result<String, ServerError> {
        match self {
            Server::Ollama(client) => client.version().await,
            Server::OpenAi(client) => client.describe().await,
        }
    }

    /// Lists the chat models, in the order of the server; without those that run elsewhere if only
    /// this machine may be called.
    pub async fn chat_models(&self) -> Result<Vec<InstalledModel>, ServerError> {
        match self {
            Server::Ollama(client) => ollama::installed_chat_models(client).await,
            Server::OpenAi(client) => {
                let models = chat_models(client).await?;
                Ok(models.into_iter().map(installed).collect())
            }
        }
    }

    /// The model that needs no choice: that of a server which has just one for chatting. Ollama is not asked,
    /// since it has many.
    pub async fn only_model(&self) -> Result<Option<String>, ServerError> {
        let Server::OpenAi(client) = self else {
            return Ok(None);
        };
        let mut models = client.when_loaded(|| chat_models(client)).await?;
        let only = models.pop().filter(|_| models.is_empty());
        Ok(only.map(|model| model.name))
    }

    /// What the server says of a model.
    pub async fn model_summary(&self, name: &str) -> Result<ModelSummary, ServerError> {
        match self {
            Server::Ollama(client) => {
                let local = client.local_model(name).await?;
                Ok(ModelSummary {
                    parameters: local.details.parameter_size,
                    quantization: local.details.quantization_level,
                    size: local.size,
                })
            }
            Server::OpenAi(client) => {
                let model = client.model(name).await?;
                let billions = model.parameters.map(|number| number as f64 / 1e9);
                Ok(ModelSummary {
                    parameters: billions.map_or_else(String::new, |it| format!("{it:.1}B")),
                    quantization: String::new(),
                    size: model.size,
                })
            }
        }
    }

    /// Lists the models in memory, as far as the server says.
    pub async fn loaded_models(&self) -> Result<Vec<LoadedModel>, ServerError> {
        match self {
            Server::Ollama(client) => client.ps().await,
            Server::OpenAi(client) => {
                let models = client.models().await?.into_iter();
                let loaded = models.filter(|model| model.is_loaded);
                let loaded = loaded.map(|model| LoadedModel {
                    name: model.name,
                    context_length: model.window.map(u64::from),
                    ..LoadedModel::default()
                });
                Ok(loaded.collect())
            }
        }
    }

    /// What to do about a model that the server does not have; asks for those that it has.
    pub async fn missing(&self, model: String) -> MissingModel {
        let help = match self {
            Server::Ollama(client) => ollama::suggest(client, &model).await.to_string(),
            Server::OpenAi(client) => {
                // A server that does not answer has said so before.
                let served = chat_models(client).await.unwrap_or_default();
                served_words(served)
            }
        };
        MissingModel {
            server: self.kind(),
            model,
            help,
        }
    }

    /// Whether it downloads models when it is asked to, and may.
    pub fn can_pull(&self) -> bool {
        matches!(self, Server::Ollama(_)) && self.reach() == NetworkScope::Any
    }

    /// Has the server download a model, and calls `progress` for each step.
    ///
    /// # Errors
    ///
    /// Only Ollama can do that.
    pub async fn pull(
        &self,
        model: &str,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), ServerError> {
        match self {
            Server::Ollama(client) => client.pull(model, progress).await,
            Server::OpenAi(client) => Err(ServerError::CannotPull {
                server: client.kind(),
            }),
        }
    }

    /// Finds a chat model and its request settings; loads nothing.
    ///
    /// `wanted` is the window that the user set, in tokens. A model that the server only forwards to
    /// is refused if only this machine may be called.
    pub async fn chat(&self, name: &str, wanted: Option<u32>) -> Result<ServerChat, ServerError> {
        let reach = self.reach();
        match self {
            Server::Ollama(client) => {
                let chat = OllamaChat::connect(client.clone(), name, wanted, reach).await?;
                Ok(ServerChat::from(chat))
            }
            Server::OpenAi(client) => {
                let chat = OpenAiChat::connect(client.clone(), name, wanted, reach).await?;
                Ok(ServerChat::from(chat))
            }
        }
    }

    /// Finds an embedding model and its identity.
    pub async fn embedder(&self, name: &str) -> Result<ServerEmbedder, ServerError> {
        match self {
            Server::Ollama(client) => {
                let embedder = OllamaEmbedder::connect(client.clone(), name).await?;
                Ok(ServerEmbedder::Ollama(embedder))
            }
            Server::OpenAi(client) => match OpenAiEmbedder::connect(client.clone(), name).await {
                Ok(embedder) => Ok(ServerEmbedder::OpenAi {
                    embedder,
                    server: client.http().address().to_string(),
                }),
                Err(ServerError::ModelMissing { server, model }) => {
                    Err(ServerError::NoEmbeddings { server, model })
                }
                Err(error) => Err(error),
            },
        }
    }
}

/// The models that a server has for chatting, in its order.
async fn chat_models(client: &OpenAiClient) -> Result<Vec<ServedModel>, ServerError> {
    let mut models = client.models().await?;
    models.retain(|model| !model.embeds);
    Ok(models)
}

fn installed(model: ServedModel) -> InstalledModel {
    InstalledModel {
        name: model.name,
        size: model.size,
        // Whether they work is tried: most servers do not say.
        tools: model.tools.unwrap_or(true),
        window: model.window.or(model.trained_window),
        remote: None,
    }
}

/// What is served, as the end of a message.
fn served_words(served: Vec<ServedModel>) -> String {
    let names: Vec<String> = served
        .iter()
        .map(|model| format!("`{}`", model.name))
        .collect();
    match names.as_slice() {
        [] => "it serves no chat model: load one there".to_owned(),
        [only] => {
            let name = &served[0].name;
            format!("it serves {only}: use that with `ollacode --model {name}`")
        }
        many => {
            let shown = many[..many.len().min(SHOWN_MODELS)].join(", ");
            let more = match many.len() - many.len().min(SHOWN_MODELS) {
                0 => String::new(),
                left => format!(" and {left} more"),
            };
            format!("it serves {shown}{more}: choose one with `ollacode --model NAME`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_said_and_not_without_end() {
        let served = |count: usize| {
            let model = |number| ServedModel {
                name: format!("m{number}"),
                ..ServedModel::default()
            };
            served_words((0..count).map(model).collect())
        };
        assert_eq!(served(0), "it serves no chat model: load one there");
        assert_eq!(
            served(1),
            "it serves `m0`: use that with `ollacode --model m0`"
        );
        assert_eq!(
            served(2),
            "it serves `m0`, `m1`: choose one with `ollacode --model NAME`"
        );
        assert_eq!(
            served(8),
            "it serves `m0`, `m1`, `m2`, `m3`, `m4` and 3 more: choose one with `ollacode --model \
             NAME`"
        );
    }
}
