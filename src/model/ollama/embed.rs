//! The indexer's embedder over an embedding model of Ollama.

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

use super::client::OllamaClient;
use super::wire::{EmbedAnswer, EmbedOptions, LocalModel, ModelInfo, remote_host};
use crate::model::embedding::{
    EmbeddingTemplate, MAX_WINDOW, PROBE, UNKNOWN_WINDOW, checked, judged, to_usize,
};
use crate::model::http::{NetworkScope, ServerError, ServerKind};

/// An embedding model on an Ollama server.
pub struct OllamaEmbedder {
    client: OllamaClient,
    /// The address of the server.
    server: String,
    model: EmbeddingModel,
    card: &'static EmbeddingTemplate,
    options: EmbedOptions,
}

impl OllamaEmbedder {
    /// Finds a model and its identity. Loads it only if its metadata has no dimensions of its
    /// vectors.
    pub async fn connect(client: OllamaClient, name: &str) -> Result<OllamaEmbedder, ServerError> {
        let local = client.local_model(name).await?;
        let info = client.show(&local.name).await?;
        refuse_remote(client.reach(), &local, &info)?;
        let card = EmbeddingTemplate::for_model(&local.name);
        let can_embed = info
            .capabilities
            .iter()
            .any(|capability| capability == "embedding");
        // Old servers list no capabilities, and imported weights often the wrong ones.
        if !can_embed && !info.capabilities.is_empty() && !card.is_known() {
            return Err(ServerError::NotForEmbedding {
                server: ServerKind::Ollama,
                model: name.to_owned(),
            });
        }
        let digest = local
            .digest
            .strip_prefix("sha256:")
            .unwrap_or(&local.digest)
            .to_owned();
        if digest.is_empty() {
            let what = format!("the model `{name}` has no digest");
            return Err(bad_answer(what));
        }
        let name = local
            .name
            .strip_suffix(":latest")
            .unwrap_or(&local.name)
            .to_owned();
        let window = window(&local, &info, card);
        let options = EmbedOptions {
            num_ctx: window,
            num_batch: window,
        };
        let declared = info.embedding_length().or(local.details.embedding_length);
        let dimension = match declared.filter(|&length| length > 0) {
            Some(length) => to_usize(length),
            None => measured_dimension(&client, &name, options).await?,
        };
        let template = card.template();
        let model = EmbeddingModel {
            name,
            digest,
            weights: info.weights(),
            dimension,
            window,
            template,
        };
        Ok(OllamaEmbedder {
            server: client.address().to_string(),
            client,
            model,
            card,
            options,
        })
    }

    /// The same model with the digest under which its weights are already known.
    pub fn known_by(mut self, digest: String) -> OllamaEmbedder {
        self.model.digest = digest;
        self
    }

    async fn answer(&self, texts: &[String]) -> Result<Embedded, EmbedError> {
        // Ollama answers an empty list by loading the model.
        if texts.is_empty() {
            return Ok(Embedded {
                vectors: Vec::new(),
                tokens: None,
            });
        }
        match self
            .client
            .embed(&self.model.name, texts, self.options)
            .await
        {
            Ok(EmbedAnswer {
                embeddings,
                prompt_eval_count,
            }) => checked(
                embeddings,
                prompt_eval_count,
                texts.len(),
                self.model.dimension,
            ),
            Err(error) => {
                let probe = [PROBE.to_owned()];
                let probe = self.client.embed(&self.model.name, &probe, self.options);
                Err(judged(error, async { probe.await.is_ok() }).await)
            }
        }
    }
}

impl Embedder for OllamaEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, role: Role) -> String {
        let prefix = match role {
            Role::Query => self.card.query,
            Role::Document => self.card.document,
        };
        format!("{prefix}{text}")
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        self.answer(texts).boxed()
    }
}

/// Refuses models that a server on this machine only forwards to.
pub(super) fn refuse_remote(
    reach: NetworkScope,
    local: &LocalModel,
    info: &ModelInfo,
) -> Result<(), ServerError> {
    match remote_host(local, info) {
        Some(host) if reach == NetworkScope::LoopbackOnly => Err(ServerError::Offline {
            what: format!("`{}` runs on {host}", local.name),
        }),
        _ => Ok(()),
    }
}

/// The smallest of the windows that the weights, the model's settings, its card and Ollama allow.
fn window(local: &LocalModel, info: &ModelInfo, card: &EmbeddingTemplate) -> usize {
    let trained = info
        .context_length()
        .or(local.details.context_length.filter(|&n| n > 0));
    let trained = trained.map_or(UNKNOWN_WINDOW, to_usize);
    let set = info
        .parameter::<u64>("num_ctx")
        .filter(|&tokens| tokens > 0)
        .map(to_usize);
    [set, card.window]
        .into_iter()
        .flatten()
        .fold(trained.min(MAX_WINDOW), usize::min)
}

async fn measured_dimension(
    client: &OllamaClient,
    model: &str,
    options: EmbedOptions,
) -> Result<usize, ServerError> {
    let answer = client.embed(model, &[PROBE.to_owned()], options).await?;
    match answer.embeddings.first().map(Vec::len) {
        Some(width) if width > 0 => Ok(width),
        _ => Err(bad_answer("it has no vector".to_owned())),
    }
}

fn bad_answer(what: String) -> ServerError {
    ServerError::BadAnswer {
        server: ServerKind::Ollama,
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_the_smallest_of_all_that_bound_it() {
        let info = |context: u64, parameters: &str| ModelInfo {
            details: super::super::ModelDetails {
                context_length: Some(context),
                ..Default::default()
            },
            parameters: parameters.to_owned(),
            ..Default::default()
        };
        let local = LocalModel::default();
        for (model, context, parameters, expected) in [
            ("qwen3-embedding", 32_768, "", 2048),
            ("all-minilm", 512, "", 256),
            ("mxbai-embed-large", 512, "num_ctx 512", 512),
            ("x", 8192, "num_ctx   300", 300),
            ("x", 0, "", UNKNOWN_WINDOW),
        ] {
            let window = window(
                &local,
                &info(context, parameters),
                EmbeddingTemplate::for_model(model),
            );
            assert_eq!(window, expected, "{model} {context}");
        }
    }
}
