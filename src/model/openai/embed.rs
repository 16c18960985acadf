//! The indexer's embedder over `/v1/embeddings`.

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{OpenAiClient, ServedModel};
use crate::model::embedding::{
    EmbeddingTemplate, MAX_WINDOW, PROBE, UNKNOWN_WINDOW, checked, judged, to_unit_length, to_usize,
};
use crate::model::http::{ServerError, ServerKind, null_as_default};

/// Most bytes of an answer beside its vectors.
const MAX_REST: usize = 64 << 10;

/// Most bytes of a vector in an answer: more numbers than any model gives, with all their digits.
const MAX_VECTOR: usize = 256 << 10;

/// Request of `/v1/embeddings`.
#[derive(Debug, Serialize)]
struct EmbeddingsRequest<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

/// Answer of `/v1/embeddings`.
#[derive(Debug, Deserialize)]
struct EmbeddingsAnswer {
    #[serde(deserialize_with = "null_as_default")]
    data: Vec<IndexedVector>,
    #[serde(default)]
    usage: Value,
}

#[derive(Debug, Deserialize)]
struct IndexedVector {
    #[serde(default)]
    index: Option<u64>,
    embedding: Vec<f32>,
}

/// An embedding model on a server with OpenAI's `/v1`.
pub struct OpenAiEmbedder {
    client: OpenAiClient,
    model: EmbeddingModel,
    card: &'static EmbeddingTemplate,
}

impl OpenAiEmbedder {
    /// Finds a model and its identity, with one request that embeds a word. A server that is loading
    /// its model is waited for, as long as the first byte of an answer may take.
    ///
    /// Such servers have no digests, so the model is known by its name, its dimensions and what it
    /// makes of that word: with other weights it is another model, and vectors are made anew.
    ///
    /// # Errors
    ///
    /// If the server does not answer, does not have the model, or makes no vectors with it.
    pub async fn connect(client: OpenAiClient, name: &str) -> Result<OpenAiEmbedder, ServerError> {
        let served = client.when_loaded(|| client.model(name)).await?;
        let card = EmbeddingTemplate::for_model(&served.name);
        let probe = [PROBE.to_owned()];
        let (vectors, _) = vectors(&client, &served.name, &probe)
            .await
            .map_err(|error| unsuitable(error, client.kind(), &served.name))?;
        let mut probed = vectors.into_iter().next().unwrap_or_default();
        if probed.is_empty() {
            return Err(bad_answer(client.kind(), "it has no vector"));
        }
        to_unit_length(&mut probed).map_err(|what| bad_answer(client.kind(), what))?;
        let model = EmbeddingModel {
            digest: digest(client.kind(), &served.name, &probed),
            weights: None,
            dimension: probed.len(),
            window: window(&served, card),
            template: card.template(),
            name: served.name,
        };
        Ok(OpenAiEmbedder {
            client,
            model,
            card,
        })
    }

    async fn answer(&self, texts: &[String]) -> Result<Embedded, EmbedError> {
        if texts.is_empty() {
            return Ok(Embedded {
                vectors: Vec::new(),
                tokens: None,
            });
        }
        let name = &self.model.name;
        match vectors(&self.client, name, texts).await {
            Ok((vectors, tokens)) => checked(vectors, tokens, texts.len(), self.model.dimension),
            Err(error) => {
                let probe = [PROBE.to_owned()];
                let probe = vectors(&self.client, name, &probe);
                Err(judged(error, async { probe.await.is_ok() }).await)
            }
        }
    }
}

impl Embedder for OpenAiEmbedder {
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

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        self.answer(texts).boxed()
    }
}

/// The vectors of texts, in their order, and the tokens of all texts together.
async fn vectors(
    client: &OpenAiClient,
    model: &str,
    texts: &[String],
) -> Result<(Vec<Vec<f32>>, Option<u64>), ServerError> {
    let body = EmbeddingsRequest {
        model,
        input: texts,
        encoding_format: "float",
    };
    let most = MAX_REST + texts.len() * MAX_VECTOR;
    let answer: EmbeddingsAnswer = client
        .http()
        .ask("v1/embeddings", &body, model, most)
        .await?;
    let tokens = answer.usage["prompt_tokens"].as_u64();
    let vectors = in_order(answer.data).map_err(|what| bad_answer(client.kind(), what))?;
    Ok((vectors, tokens))
}

/// Sorts vectors by their index; without any they are in order.
fn in_order(mut data: Vec<IndexedVector>) -> Result<Vec<Vec<f32>>, &'static str> {
    if data.iter().any(|vector| vector.index.is_some()) {
        data.sort_by_key(|vector| vector.index);
        let are_all = (0..).zip(&data).all(|(at, it)| it.index == Some(at));
        if !are_all {
            return Err("its vectors do not have the numbers of the texts");
        }
    }
    Ok(data.into_iter().map(|vector| vector.embedding).collect())
}

/// The window, in tokens: the smallest of those of the server, the model, its card and ours.
fn window(served: &ServedModel, card: &EmbeddingTemplate) -> usize {
    let known = [served.window, served.trained_window].into_iter().flatten();
    let known = known.map(|tokens| to_usize(u64::from(tokens))).min();
    let window = known.unwrap_or(UNKNOWN_WINDOW).min(MAX_WINDOW);
    card.window.map_or(window, |card| card.min(window))
}

/// Identifies a model without a digest: by the kind of the server, its name, its dimensions and where
/// the vector of a word rises and falls.
///
/// The numbers differ a little with the hardware and the version of the server, and rounded ones still
/// would, near the middle between two. Whether one is larger than its neighbour changes far more
/// rarely, and with other weights always.
fn digest(kind: ServerKind, name: &str, probed: &[f32]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [kind.setting(), name, &probed.len().to_string()] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    for (number, next) in probed.iter().zip(probed.iter().cycle().skip(1)) {
        hasher.update(&[u8::from(number > next)]);
    }
    hasher.finalize().to_hex().to_string()
}

fn bad_answer(server: ServerKind, what: &str) -> ServerError {
    ServerError::BadAnswer {
        server,
        what: what.to_owned(),
    }
}

/// The error for a model that makes no vectors of a word.
fn unsuitable(error: ServerError, server: ServerKind, model: &str) -> ServerError {
    let says_so = |message: &str| {
        let message = message.to_lowercase();
        let words = ["support", "not an embedding", "pooling"];
        message.contains("embedding") && words.iter().any(|word| message.contains(word))
    };
    match error {
        // llama.cpp's server was started for chatting: its own words say with what it must be.
        ServerError::Status { message, .. }
            if says_so(&message) && server != ServerKind::LlamaServer =>
        {
            ServerError::NotForEmbedding {
                server,
                model: model.to_owned(),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(index: Option<u64>, embedding: &[f32]) -> IndexedVector {
        IndexedVector {
            index,
            embedding: embedding.to_vec(),
        }
    }

    #[test]
    fn vectors_are_in_the_order_of_the_texts() {
        let data = vec![vector(Some(1), &[2.0]), vector(Some(0), &[1.0])];
        assert_eq!(in_order(data), Ok(vec![vec![1.0], vec![2.0]]));
        let data = vec![vector(None, &[2.0]), vector(None, &[1.0])];
        assert_eq!(in_order(data), Ok(vec![vec![2.0], vec![1.0]]));
        for wrong in [[Some(0), Some(0)], [Some(1), Some(2)], [None, Some(0)]] {
            let data = wrong.map(|index| vector(index, &[1.0])).into();
            assert!(in_order(data).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn other_weights_are_another_model_and_other_arithmetic_is_not() {
        let kind = ServerKind::LlamaServer;
        let probed = |difference: f32| -> Vec<f32> {
            let numbers = (0_u8..64).map(f32::from);
            let number = |at: f32| (at * at).sin() + difference * (3.0 * at).cos();
            numbers.map(number).collect()
        };
        let first = digest(kind, "m", &probed(0.0));
        for near in [0.000_01, 0.001, -0.001] {
            assert_eq!(digest(kind, "m", &probed(near)), first, "{near}");
        }
        let longer = [probed(0.0), vec![0.0]].concat();
        for other in [
            digest(kind, "m", &probed(0.1)),
            digest(kind, "n", &probed(0.0)),
            digest(ServerKind::Vllm, "m", &probed(0.0)),
            digest(kind, "m", &longer),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn the_window_is_the_smallest_of_all_that_bound_it() {
        let served = |window, trained_window| ServedModel {
            window,
            trained_window,
            ..ServedModel::default()
        };
        for (name, window, trained, expected) in [
            ("qwen3-embedding", Some(8_192), Some(32_768), MAX_WINDOW),
            ("qwen3-embedding", Some(1_024), Some(32_768), 1_024),
            ("all-minilm", Some(512), None, 256),
            ("x", None, Some(300), 300),
            ("x", None, None, UNKNOWN_WINDOW),
        ] {
            let card = EmbeddingTemplate::for_model(name);
            assert_eq!(
                super::window(&served(window, trained), card),
                expected,
                "{name}"
            );
        }
    }
}
