//! The indexer's embedder over an embedding model of Ollama.

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};

use super::client::OllamaClient;
use super::embedding_templates::EmbeddingTemplate;
use super::wire::{EmbedAnswer, EmbedOptions, LocalModel, ModelInfo, remote_host};
use crate::model::http::{NetworkScope, ServerError, ServerKind};

/// Largest window used, in tokens: Ollama's largest default batch. Beyond it servers cut silently
/// (bge-m3 declares 8,192) or crash (qwen3-embedding), and a chunk is far below it.
const MAX_WINDOW: usize = 2048;

/// Window of a model without that metadata: that of BERT, the smallest common one.
const UNKNOWN_WINDOW: usize = 512;

/// A text that every model can embed.
const PROBE: &str = "probe";

/// Error of servers for a text over their batch size; one over the window has an error of its own.
const OVER_BATCH: &str = "too large to process";

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
            Ok(answer) => check(answer, texts.len(), self.model.dimension),
            Err(error) => Err(self.judge(error).await),
        }
    }

    /// Decides whether a text caused a failure.
    ///
    /// Ollama answers 400 or 500 for a bad text, for one that crashed the model, and for a model
    /// that died otherwise; so a text that is known to be good is tried.
    async fn judge(&self, error: ServerError) -> EmbedError {
        let message = match &error {
            ServerError::Status {
                status: 400 | 500,
                message,
                ..
            } => message.clone(),
            ServerError::BadAnswer { what, .. } => return EmbedError::Invalid(what.clone()),
            ServerError::TooLong { .. } => return EmbedError::TooLong,
            _ => return EmbedError::Unavailable(error.with_hint()),
        };
        if message.contains(OVER_BATCH) {
            return EmbedError::TooLong;
        }
        let is_bad_text = message.contains("NaN") || {
            let probe = [PROBE.to_owned()];
            self.client
                .embed(&self.model.name, &probe, self.options)
                .await
                .is_ok()
        };
        if is_bad_text {
            EmbedError::Rejected(message)
        } else {
            EmbedError::Unavailable(error.with_hint())
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

/// Checks an answer and normalises each vector to unit length.
fn check(answer: EmbedAnswer, count: usize, dimension: usize) -> Result<Embedded, EmbedError> {
    let mut vectors = answer.embeddings;
    if vectors.len() != count {
        let what = format!("it has {} vectors for {count} texts", vectors.len());
        return Err(EmbedError::Invalid(what));
    }
    for vector in &mut vectors {
        if vector.len() != dimension {
            let what = format!("a vector has {} dimensions, not {dimension}", vector.len());
            return Err(EmbedError::Invalid(what));
        }
        to_unit_length(vector).map_err(|what| EmbedError::Invalid(what.to_owned()))?;
    }
    Ok(Embedded {
        vectors,
        tokens: answer.prompt_eval_count,
    })
}

fn to_unit_length(vector: &mut [f32]) -> Result<(), &'static str> {
    let square: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    if !square.is_finite() {
        return Err("a vector has numbers that are not finite");
    }
    if square == 0.0 {
        return Err("a vector has only zeros");
    }
    let length = square.sqrt();
    // Left alone if it is as near as 32 bits allow, so that equal answers stay equal.
    if (length - 1.0).abs() > 1e-5 {
        for x in vector {
            // At most 1 in size, so only digits beyond 32 bits are lost.
            *x = (f64::from(*x) / length) as f32;
        }
    }
    Ok(())
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_out_at_unit_length_or_not_at_all() {
        let mut vector = [3.0, 4.0];
        assert_eq!(to_unit_length(&mut vector), Ok(()));
        assert_eq!(vector, [0.6, 0.8]);
        let mut huge = [f32::MAX, 0.0];
        assert_eq!(to_unit_length(&mut huge), Ok(()));
        assert_eq!(huge, [1.0, 0.0]);
        let mut unit = [0.6, 0.8];
        assert_eq!(to_unit_length(&mut unit), Ok(()));
        assert_eq!(unit, [0.6, 0.8]);
        assert!(to_unit_length(&mut [0.0, 0.0]).is_err());
        assert!(to_unit_length(&mut [f32::NAN, 1.0]).is_err());
        assert!(to_unit_length(&mut [f32::INFINITY, 1.0]).is_err());
        assert!(to_unit_length(&mut []).is_err());
    }

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
