//! The client: what a server is, which models it has, and their windows.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded::byte_serialize;

use super::listing::{self, ServerProps};
use crate::model::embedding::EmbeddingTemplate;
use crate::model::http::{HttpClient, ServerError, ServerKind};

/// A model of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedModel {
    /// Its name, as requests must have it.
    pub name: String,
    /// The actual context window of requests, in tokens; `None` if the server does not say.
    pub window: Option<u32>,
    /// The longest window that it was trained for, in tokens.
    pub trained_window: Option<u32>,
    /// Whether it has vision; `false` if the server does not say.
    pub vision: bool,
    /// Whether it has native tool calls; `None` if the server does not say.
    pub tools: Option<bool>,
    /// Whether it is in memory.
    pub is_loaded: bool,
    /// Its size in bytes; 0 if the server does not say.
    pub size: u64,
    /// The number of its parameters, if the server says it.
    pub parameters: Option<u64>,
    /// Whether it only makes vectors.
    pub embeds: bool,
}

/// Talks to one server. Clones share their connections.
#[derive(Clone, Debug)]
pub struct OpenAiClient {
    http: HttpClient,
}

impl OpenAiClient {
    /// Makes a client for a server of a kind; sends nothing.
    pub fn new(http: HttpClient, kind: ServerKind) -> OpenAiClient {
        OpenAiClient {
            http: http.of_kind(kind),
        }
    }

    /// Sends its requests.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The kind of the server.
    pub fn kind(&self) -> ServerKind {
        self.http.server()
    }

    /// Asks for the server's name and version, for people.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or refuses.
    pub async fn describe(&self) -> Result<String, ServerError> {
        let name = self.kind().name();
        let version = match self.kind() {
            ServerKind::LlamaServer => self.props(None).await?.build,
            ServerKind::Vllm => {
                let answer = self.beside_v1("version").await?.unwrap_or_default();
                answer["version"].as_str().map(str::to_owned)
            }
            ServerKind::Ollama | ServerKind::LmStudio | ServerKind::OpenAi => None,
        };
        if let Some(version) = version {
            return Ok(format!("{name} {version}"));
        }
        self.list().await?;
        Ok(name.to_owned())
    }

    /// Asks for something. A server that is loading its model refuses everything; it is waited for,
    /// as long as the first byte of an answer may take.
    ///
    /// # Errors
    ///
    /// Those of the question; that of a server which is still loading when the time is up.
    pub(in crate::model) async fn when_loaded<T, F>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, ServerError>>,
    {
        let mut patience = LoadingPatience::new(self.http.limits().first_byte);
        loop {
            match ask().await {
                Err(error) if patience.waits(&self.http, &error).await => {}
                found => return found,
            }
        }
    }

    /// Lists the models that the server has, in its order.
    ///
    /// # Errors
    ///
    /// If the server does not answer, refuses, or has no list.
    pub async fn models(&self) -> Result<Vec<ServedModel>, ServerError> {
        let mut models = self.list().await?;
        if self.kind() == ServerKind::LlamaServer
            && let [only] = models.as_mut_slice()
            && only.is_loaded
        {
            let props = self.props(Some(&only.name)).await?;
            only.add(&props);
        }
        Ok(models)
    }

    /// Finds one model among those that the server has.
    ///
    /// # Errors
    ///
    /// As for [`OpenAiClient::models`]; [`ServerError::ModelMissing`] if it is not among them.
    pub async fn model(&self, name: &str) -> Result<ServedModel, ServerError> {
        self.model_and_props(name).await.map(|(model, _)| model)
    }

    /// Asks for the actual context window of a model, in tokens; `None` if the server does not say,
    /// as long as the model is not in memory.
    ///
    /// # Errors
    ///
    /// As for [`OpenAiClient::model`].
    pub async fn window_of(&self, model: &str) -> Result<Option<u32>, ServerError> {
        self.model(model).await.map(|model| model.window)
    }

    /// A model, with what llama.cpp's server says of it.
    pub(super) async fn model_and_props(
        &self,
        name: &str,
    ) -> Result<(ServedModel, ServerProps), ServerError> {
        let found = named(self.list().await?, name);
        let mut model = found.ok_or_else(|| ServerError::ModelMissing {
            server: self.kind(),
            model: name.to_owned(),
        })?;
        let mut props = ServerProps::default();
        if self.kind() == ServerKind::LlamaServer && model.is_loaded {
            props = self.props(Some(&model.name)).await?;
            model.add(&props);
        }
        Ok((model, props))
    }

    /// Asks llama.cpp's server for its properties. One that serves several models tells those of one;
    /// any other takes no notice of the name.
    async fn props(&self, model: Option<&str>) -> Result<ServerProps, ServerError> {
        let path = match model {
            Some(name) => {
                let name: String = byte_serialize(name.as_bytes()).collect();
                format!("props?model={name}")
            }
            None => "props".to_owned(),
        };
        let answer = self.beside_v1(&path).await?;
        Ok(listing::props(&answer.unwrap_or_default()))
    }

    /// Asks for something that is not of OpenAI's API; `None` if a proxy lets only that through.
    async fn beside_v1(&self, path: &str) -> Result<Option<Value>, ServerError> {
        match self.http.look_up(path).await {
            Ok(answer) => Ok(Some(answer)),
            Err(
                ServerError::Status {
                    status: 403..=405, ..
                }
                | ServerError::BadAnswer { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The models as the server lists them.
    async fn list(&self) -> Result<Vec<ServedModel>, ServerError> {
        if self.kind() == ServerKind::LmStudio
            && let Some(models) = self.studio_list().await?
        {
            return Ok(models);
        }
        let answer: Value = self.http.look_up("v1/models").await?;
        let models = listing::models(&answer, self.kind());
        let mut models = models.ok_or_else(|| ServerError::BadAnswer {
            server: self.kind(),
            what: "it has no list of models".to_owned(),
        })?;
        for model in &mut models {
            model.embeds = EmbeddingTemplate::for_model(&model.name).is_known();
        }
        Ok(models)
    }

    /// The models as LM Studio's own API lists them; `None` before version 0.4, which has not got it.
    async fn studio_list(&self) -> Result<Option<Vec<ServedModel>>, ServerError> {
        match self.http.look_up::<Value>("api/v1/models").await {
            Ok(list) => Ok(Some(listing::studio_models(&list))),
            // It answers an unknown address with a status of success.
            Err(ServerError::Failed { .. } | ServerError::Status { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl ServedModel {
    fn add(&mut self, props: &ServerProps) {
        self.window = props.window.or(self.window);
        self.vision = props.vision;
        self.tools = props.tools;
    }
}

/// The model that a name means: the one that is listed so before those that end so.
fn named(mut models: Vec<ServedModel>, name: &str) -> Option<ServedModel> {
    let is_listed = |model: &ServedModel| model.name.eq_ignore_ascii_case(name.trim());
    let whole = models.iter().position(is_listed);
    let at = whole.or_else(|| models.iter().position(|model| is_named(&model.name, name)))?;
    Some(models.swap_remove(at))
}

/// Whether a name that the user wrote means a model: as it is listed, without the folders before it,
/// or without `.gguf` as well.
fn is_named(listed: &str, name: &str) -> bool {
    let file = listed.rsplit(['/', '\\']).next().unwrap_or(listed);
    let bare = file.strip_suffix(".gguf").unwrap_or(file);
    [listed, file, bare]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name.trim()))
}

/// Waits for a server that is loading its model: until then llama.cpp's answers everything with the
/// status 503.
pub(super) struct LoadingPatience {
    until: Instant,
    failed: u32,
}

/// How often the pause doubles; more would have us wait when the model is there.
const MOST_DOUBLED: u32 = 4;

impl LoadingPatience {
    /// Waits for as long as the first byte of an answer may take.
    pub(super) fn new(time: Duration) -> LoadingPatience {
        LoadingPatience {
            until: Instant::now() + time,
            failed: 0,
        }
    }

    /// Waits a while if the server is loading; otherwise, or when the time is up, it is `false`.
    pub(super) async fn waits(&mut self, http: &HttpClient, error: &ServerError) -> bool {
        if !is_loading(error) || Instant::now() >= self.until {
            return false;
        }
        self.failed += 1;
        http.rest_after(self.failed.min(MOST_DOUBLED)).await;
        true
    }
}

/// Whether an error says that the model is being loaded.
pub(super) fn is_loading(error: &ServerError) -> bool {
    matches!(error, ServerError::Status { status: 503, message, .. }
        if message.to_ascii_lowercase().contains("loading"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_the_last_part_of_its_name() {
        let path = "/models/Qwen2.5-Coder-7B-Q4_K_M.gguf";
        for (listed, name, same) in [
            (path, path, true),
            (path, "qwen2.5-coder-7b-q4_k_m.gguf", true),
            (path, "Qwen2.5-Coder-7B-Q4_K_M", true),
            ("C:\\models\\a.gguf", "a", true),
            ("Qwen/Qwen3-8B", "qwen3-8b", true),
            ("Qwen/Qwen3-8B", "qwen3", false),
            ("a", " a ", true),
        ] {
            assert_eq!(is_named(listed, name), same, "{listed} {name}");
        }
    }

    #[test]
    fn a_whole_name_comes_before_the_end_of_another() {
        let models = ["org/qwen3-8b", "qwen3-8b", "other"].map(|name| ServedModel {
            name: name.to_owned(),
            ..ServedModel::default()
        });
        for (name, expected) in [
            ("qwen3-8b", Some("qwen3-8b")),
            ("org/Qwen3-8B", Some("org/qwen3-8b")),
            ("absent", None),
        ] {
            let found = named(models.to_vec(), name).map(|model| model.name);
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
