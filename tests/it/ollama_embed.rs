//! The Ollama embedder against a stand-in server over real HTTP.

mod answering;
mod connecting;
mod models;
mod pulling;

use std::time::Duration;

use ollacode::model::http::{Address, ClientLimits, NetworkScope, ServerError};
use ollacode::model::ollama::{OllamaClient, OllamaEmbedder};
use ollacode_indexer::{EmbedError, Embedder};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const MODEL: &str = "nomic-embed-text";

fn limits() -> ClientLimits {
    ClientLimits {
        connect: Duration::from_secs(5),
        lookup: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        tries: 3,
        pause: Duration::from_millis(1),
    }
}

fn client_with(uri: &str, reach: NetworkScope, limits: ClientLimits) -> OllamaClient {
    let address = Address::parse(uri).expect("an address");
    OllamaClient::new(address, None, reach, limits).expect("a client")
}

fn client(uri: &str) -> OllamaClient {
    client_with(uri, NetworkScope::Any, limits())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A server that has one model with vectors of three numbers, and no answer to `/api/embed` yet.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    mount_model(
        &server,
        json!({"bert.embedding_length": 3}),
        json!(["embedding"]),
    )
    .await;
    server
}

async fn mount_model(server: &MockServer, metadata: Value, capabilities: Value) {
    let tags = json!({"models": [
        {"name": "other:7b", "digest": "0f", "details": {"families": null}},
        {"name": format!("{MODEL}:latest"), "digest": "sha256:abc", "capabilities": null},
    ]});
    let mut info = json!({"general.architecture": "bert", "bert.context_length": 2048});
    let (Some(info_fields), Some(more)) = (info.as_object_mut(), metadata.as_object()) else {
        panic!("metadata is an object");
    };
    info_fields.extend(more.clone());
    let show = json!({"capabilities": capabilities, "model_info": info});
    for (verb, at, body) in [("GET", "/api/tags", tags), ("POST", "/api/show", show)] {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(method(verb))
            .and(path(at))
            .respond_with(answer)
            .mount(server)
            .await;
    }
}

async fn mount_embed(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path("/api/embed"))
        .respond_with(answer)
        .mount(server)
        .await;
}

fn vectors(vectors: Value) -> ResponseTemplate {
    let body = json!({"model": MODEL, "embeddings": vectors, "prompt_eval_count": 7});
    ResponseTemplate::new(200).set_body_json(body)
}

fn refusal(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": message}))
}

async fn embedder(server: &MockServer) -> OllamaEmbedder {
    OllamaEmbedder::connect(client(&server.uri()), MODEL)
        .await
        .expect("an embedder")
}

/// What becomes of one text when the server always answers so.
async fn failure(answer: ResponseTemplate) -> EmbedError {
    let server = server().await;
    mount_embed(&server, answer).await;
    match embedder(&server).await.embed(&texts(&["a"])).await {
        Ok(_) => panic!("the call succeeded"),
        Err(error) => error,
    }
}

async fn embed_requests(server: &MockServer) -> Vec<Value> {
    let requests = server
        .received_requests()
        .await
        .expect("requests are recorded");
    let embeds = requests
        .iter()
        .filter(|request| request.url.path() == "/api/embed");
    embeds
        .map(|request| request.body_json().expect("JSON"))
        .collect()
}

/// Answers each text `n` with a vector that leans by `n`, and fails whole batches on a bad text.
fn by_text(request: &Request) -> ResponseTemplate {
    let body: Value = request.body_json().expect("JSON");
    let inputs: Vec<&str> = body["input"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if inputs.iter().any(|text| text.contains("bad")) {
        return refusal(
            400,
            "do embedding request: Post \"http://127.0.0.1:1/embedding\": EOF",
        );
    }
    let lean = |text: &str| {
        text.rsplit(' ')
            .next()
            .and_then(|last| last.parse::<f32>().ok())
    };
    vectors(
        inputs
            .into_iter()
            .map(|text| json!([3.0, lean(text).unwrap_or(0.0), 0.0]))
            .collect(),
    )
}
