//! Embedding models over `/v1/embeddings`.

use ollacode::model::http::ServerError;
use ollacode::model::openai::{OpenAiEmbedder, ServerKind};
use ollacode_indexer::{EmbedError, Embedder, Role};
use serde_json::{Value, json};

use super::{KINDS, client};
use crate::support::openai_server::{Answer, DIMENSION, EMBEDDING_MODEL, MODEL, OpenAiServer};

const KIND: ServerKind = ServerKind::OpenAi;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The model of a server: llama.cpp's has one.
fn name(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::LlamaServer => MODEL,
        _ => EMBEDDING_MODEL,
    }
}

async fn embedder(server: &OpenAiServer, kind: ServerKind) -> OpenAiEmbedder {
    OpenAiEmbedder::connect(client(server, kind), name(kind))
        .await
        .expect("a model")
}

/// An answer with these vectors.
fn vectors(vectors: &[Value]) -> Answer {
    Answer::whole(json!({"data": vectors}))
}

/// What a request is answered after the first one, which is a word.
async fn embedded_after_probe(answers: Vec<Answer>) -> Result<Vec<Vec<f32>>, EmbedError> {
    let first = vectors(&[json!({"index": 0, "embedding": [0.6, 0.8]})]);
    let server = OpenAiServer::start(KIND, vec![first]);
    let embedder = embedder(&server, KIND).await;
    server.then(answers);
    let embedded = embedder.embed(&texts(&["a", "b"])).await;
    embedded.map(|embedded| embedded.vectors)
}

#[tokio::test]
async fn texts_become_unit_vectors_in_their_order() {
    for kind in KINDS {
        let server = OpenAiServer::start(kind, Vec::new());
        let embedder = embedder(&server, kind).await;
        assert_eq!(embedder.model().dimension, DIMENSION);
        let embedded = embedder
            .embed(&texts(&["a red car", "a doctor", "red"]))
            .await;
        let embedded = embedded.expect("vectors");
        assert_eq!((embedded.vectors.len(), embedded.tokens), (3, Some(3)));
        for vector in &embedded.vectors {
            let square: f32 = vector.iter().map(|number| number * number).sum();
            assert!((square - 1.0).abs() < 1e-4, "{square}");
        }
        let alone = embedder.embed(&texts(&["red"])).await.expect("a vector");
        assert_eq!(alone.vectors[0], embedded.vectors[2], "{kind:?}");
        let sent = server.embeddings().remove(1);
        let expected = json!({
            "model": embedder.model().name, "input": ["a red car", "a doctor", "red"],
            "encoding_format": "float",
        });
        assert_eq!(sent, expected);
    }
}

#[tokio::test]
async fn no_texts_are_no_request() {
    let server = OpenAiServer::start(KIND, Vec::new());
    let embedder = embedder(&server, KIND).await;
    let before = server.embeddings().len();
    let embedded = embedder.embed(&[]).await.expect("nothing");
    assert!(embedded.vectors.is_empty());
    assert_eq!(server.embeddings().len(), before);
}

#[tokio::test]
async fn the_window_is_that_of_the_server() {
    for (kind, window) in [
        (ServerKind::LlamaServer, 2_048),
        (ServerKind::LmStudio, 512),
        (ServerKind::Vllm, 512),
        (ServerKind::OpenAi, 512),
    ] {
        let server = OpenAiServer::start(kind, Vec::new());
        let embedder = embedder(&server, kind).await;
        assert_eq!(embedder.model().window, window, "{kind:?}");
    }
}

#[tokio::test]
async fn a_model_is_known_by_what_it_makes_of_a_word() {
    let connected = |numbers: Value| async move {
        let answer = vectors(&[json!({"index": 0, "embedding": numbers})]);
        let server = OpenAiServer::start(KIND, vec![answer]);
        embedder(&server, KIND).await.model().clone()
    };
    let first = connected(json!([0.6, 0.8])).await;
    let near = connected(json!([0.60001, 0.79999])).await;
    let longer = connected(json!([6.0, 8.0])).await;
    let other = connected(json!([0.8, 0.6])).await;
    assert_eq!(first.fingerprint(), near.fingerprint());
    assert_eq!(
        first.fingerprint(),
        longer.fingerprint(),
        "length does not count"
    );
    assert_ne!(first.fingerprint(), other.fingerprint());
    assert_eq!((first.dimension, first.weights), (2, None));
}

#[tokio::test]
async fn templates_go_around_texts_as_with_ollama() {
    let list = json!({"data": [{"id": "text-embedding-nomic-embed-text-v1.5"}]});
    let server = OpenAiServer::start(KIND, Vec::new()).page("/v1/models", 200, list);
    let connected = OpenAiEmbedder::connect(
        client(&server, KIND),
        "text-embedding-nomic-embed-text-v1.5",
    );
    let embedder = connected.await.expect("a model");
    assert_eq!(embedder.wrap("x", Role::Query), "search_query: x");
    assert_eq!(embedder.wrap("x", Role::Document), "search_document: x");
}

#[tokio::test]
async fn vectors_that_cannot_be_used_are_refused() {
    let vector = |index: u64, numbers: Value| json!({"index": index, "embedding": numbers});
    let good = json!([0.6, 0.8]);
    for wrong in [
        vec![vector(0, good.clone())],
        vec![vector(0, good.clone()), vector(0, good.clone())],
        vec![vector(1, good.clone()), vector(2, good.clone())],
        vec![vector(0, good.clone()), vector(1, json!([0.6, 0.8, 0.0]))],
        vec![vector(0, good.clone()), vector(1, json!([0.0, 0.0]))],
        vec![vector(0, good.clone()), vector(1, json!([null, 0.8]))],
        vec![vector(0, good.clone()), vector(1, json!("AACAPwAAgD8="))],
        // Without a pooling, llama.cpp's server gives one for each token.
        vec![vector(0, json!([good])), vector(1, json!([good]))],
    ] {
        let embedded = embedded_after_probe(vec![vectors(&wrong)]).await;
        assert!(
            matches!(embedded, Err(EmbedError::Invalid(_))),
            "{wrong:?}: {embedded:?}"
        );
    }
    let unordered = [vector(1, json!([0.8, 0.6])), vector(0, good)];
    let embedded = embedded_after_probe(vec![vectors(&unordered)]).await;
    assert_eq!(embedded, Ok(vec![vec![0.6, 0.8], vec![0.8, 0.6]]));
}

#[tokio::test]
async fn a_text_that_is_too_long_is_known() {
    let vllm =
        "This model's maximum context length is 512 tokens. However, you requested 600 tokens";
    for (status, message) in [
        (400, vllm),
        (
            500,
            "input (600 tokens) is too large to process. increase the physical batch size",
        ),
        (
            400,
            "request (600 tokens) exceeds the available context size (512 tokens)",
        ),
    ] {
        let embedded = embedded_after_probe(vec![Answer::status(status, message)]).await;
        assert_eq!(embedded, Err(EmbedError::TooLong), "{message}");
    }
}

#[tokio::test]
async fn a_text_is_only_blamed_if_others_work() {
    let refusal = || Answer::status(400, "invalid token in the text");
    let works = vectors(&[json!({"index": 0, "embedding": [0.6, 0.8]})]);
    let embedded = embedded_after_probe(vec![refusal(), works]).await;
    let blamed = EmbedError::Rejected("invalid token in the text".to_owned());
    assert_eq!(embedded, Err(blamed));
    let embedded = embedded_after_probe(vec![refusal(), refusal()]).await;
    assert!(
        matches!(embedded, Err(EmbedError::Unavailable(_))),
        "{embedded:?}"
    );
}

#[tokio::test]
async fn a_server_that_makes_no_vectors_says_so() {
    let connect = |kind, answer| async move {
        let server = OpenAiServer::start(kind, vec![answer]);
        let connected = OpenAiEmbedder::connect(client(&server, kind), name(kind)).await;
        connected.err().expect("no vectors")
    };
    let message = "This server does not support embeddings. Start it with `--embeddings`";
    let error = connect(ServerKind::LlamaServer, Answer::status(501, message)).await;
    assert!(error.to_string().contains("--embeddings"), "{error}");
    let message = "The model does not support Embeddings API";
    let error = connect(ServerKind::Vllm, Answer::status(400, message)).await;
    assert!(
        matches!(error, ServerError::NotForEmbedding { .. }),
        "{error}"
    );
    let error = connect(KIND, vectors(&[])).await;
    assert!(error.to_string().contains("it has no vector"), "{error}");
}
