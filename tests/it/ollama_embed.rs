//! The Ollama embedder against a stand-in server over real HTTP.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use ollacode::model::ollama::{
    Address, ApiKey, Limits, OllamaClient, OllamaEmbedder, OllamaError, PullProgress, Reach,
};
use ollacode_indexer::{EmbedError, Embedder, Role};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const MODEL: &str = "nomic-embed-text";

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        lookup: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        tries: 3,
        pause: Duration::from_millis(1),
    }
}

fn client_with(uri: &str, reach: Reach, limits: Limits) -> OllamaClient {
    let address = Address::parse(uri).expect("an address");
    OllamaClient::new(address, None, reach, limits).expect("a client")
}

fn client(uri: &str) -> OllamaClient {
    client_with(uri, Reach::Any, limits())
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

#[tokio::test]
async fn a_model_is_identified_by_what_the_server_says() {
    let server = server().await;
    let embedder = embedder(&server).await;
    let model = embedder.model();
    assert_eq!((model.name.as_str(), model.digest.as_str()), (MODEL, "abc"));
    assert_eq!((model.dimension, model.window), (3, 2048));
    assert_eq!(embedder.wrap("x", Role::Query), "search_query: x");
    assert_eq!(embedder.wrap("x", Role::Document), "search_document: x");
    assert!(model.template.contains("search_query: ") && model.template.contains("document: "));
    assert!(
        embed_requests(&server).await.is_empty(),
        "the model need not be loaded for this"
    );
}

#[tokio::test]
async fn vectors_come_in_order_and_at_unit_length() {
    let server = server().await;
    Mock::given(path("/api/embed"))
        .respond_with(by_text)
        .mount(&server)
        .await;
    let answer = embedder(&server)
        .await
        .embed(&texts(&["4", "0", "400"]))
        .await
        .expect("vectors");
    assert_eq!(answer.tokens, Some(7));
    assert_eq!(answer.vectors[0], [0.6, 0.8, 0.0]);
    assert_eq!(answer.vectors[1], [1.0, 0.0, 0.0]);
    assert!(answer.vectors[2][1] > 0.99);
    let requests = embed_requests(&server).await;
    let expected = json!({
        "model": MODEL, "input": ["4", "0", "400"], "truncate": false, "keep_alive": "30m",
        "options": {"num_ctx": 2048, "num_batch": 2048},
    });
    assert_eq!(requests, [expected]);
}

#[tokio::test]
async fn no_text_is_no_request() {
    let server = server().await;
    let answer = embedder(&server).await.embed(&[]).await.expect("nothing");
    assert!(answer.vectors.is_empty());
    assert!(embed_requests(&server).await.is_empty());
}

#[tokio::test]
async fn a_missing_width_is_measured() {
    let server = MockServer::start().await;
    mount_model(&server, json!({}), json!([])).await;
    mount_embed(&server, vectors(json!([[1.0, 0.0, 0.0, 0.0, 0.0]]))).await;
    assert_eq!(embedder(&server).await.model().dimension, 5);
}

#[tokio::test]
async fn a_missing_model_says_how_to_get_it() {
    let server = server().await;
    let Err(error) = OllamaEmbedder::connect(client(&server.uri()), "bge-m3").await else {
        panic!("the server does not have it");
    };
    assert!(matches!(&error, OllamaError::ModelMissing { model } if model == "bge-m3"));
    assert_eq!(
        error.hint().as_deref(),
        Some("get it with `ollama pull bge-m3`")
    );
}

#[tokio::test]
async fn a_chat_model_is_refused_but_a_known_name_is_not() {
    let server = MockServer::start().await;
    mount_model(
        &server,
        json!({"bert.embedding_length": 3}),
        json!(["completion"]),
    )
    .await;
    assert_eq!(embedder(&server).await.model().dimension, 3);
    let Err(error) = OllamaEmbedder::connect(client(&server.uri()), "other:7b").await else {
        panic!("it is a chat model");
    };
    assert!(
        matches!(error, OllamaError::NotForEmbedding { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_model_deleted_meanwhile_is_nobodys_fault() {
    let gone = refusal(
        404,
        "model \"nomic-embed-text\" not found, try pulling it first",
    );
    let error = failure(gone).await;
    let EmbedError::Unavailable(message) = error else {
        panic!("{error:?}")
    };
    assert!(
        message.contains("ollama pull nomic-embed-text"),
        "{message}"
    );
}

#[tokio::test]
async fn a_text_over_the_window_is_too_long() {
    for message in [
        "the input length exceeds the context length",
        r#"{"error":{"code":400,"message":"request (9 tokens) exceeds the available context size (8 tokens), try increasing it","type":"exceed_context_size_error"}}"#,
        "input is too large to process. increase the physical batch size",
    ] {
        let error = failure(refusal(400, message)).await;
        assert!(matches!(error, EmbedError::TooLong), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let server = server().await;
    mount_embed(
        &server,
        refusal(400, "the input length exceeds the context length"),
    )
    .await;
    assert!(embedder(&server).await.embed(&texts(&["a"])).await.is_err());
    assert_eq!(embed_requests(&server).await.len(), 1);
}

#[tokio::test]
async fn not_a_number_is_the_texts_fault() {
    for (status, message) in [
        (400, "embedding contains NaN or Inf values"),
        (
            500,
            "failed to encode response: json: unsupported value: NaN",
        ),
    ] {
        let error = failure(refusal(status, message)).await;
        assert!(
            matches!(&error, EmbedError::Rejected(said) if said == message),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_crash_is_the_texts_fault_if_another_text_works() {
    let server = server().await;
    Mock::given(path("/api/embed"))
        .respond_with(by_text)
        .mount(&server)
        .await;
    let embedder = embedder(&server).await;
    for batch in [texts(&["1", "bad", "2"]), texts(&["bad"])] {
        let Err(error) = embedder.embed(&batch).await else {
            panic!("a text is bad")
        };
        assert!(matches!(error, EmbedError::Rejected(_)), "{error:?}");
    }
    assert!(embedder.embed(&texts(&["1", "2"])).await.is_ok());
}

#[tokio::test]
async fn a_server_that_always_fails_is_unavailable() {
    for status in [400, 500, 401, 502] {
        let error = failure(refusal(status, "model runner has unexpectedly stopped")).await;
        let EmbedError::Unavailable(message) = error else {
            panic!("{status}: {error:?}")
        };
        assert!(message.contains("unexpectedly stopped"), "{message}");
    }
}

#[tokio::test]
async fn answers_that_do_not_fit_are_invalid() {
    for (what, answer) in [
        ("wrong dimension", vectors(json!([[1.0, 0.0]]))),
        (
            "too many",
            vectors(json!([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])),
        ),
        ("none", vectors(json!([]))),
        ("null", vectors(Value::Null)),
        ("zero", vectors(json!([[0.0, 0.0, 0.0]]))),
        ("not a number", vectors(json!([[1.0, null, 0.0]]))),
        ("infinite", vectors(json!([[1e300, 0.0, 0.0]]))),
        (
            "no JSON",
            ResponseTemplate::new(200).set_body_string("{\"embeddings\":[[NaN]]}"),
        ),
        (
            "something else",
            ResponseTemplate::new(200).set_body_string("<html></html>"),
        ),
    ] {
        let error = failure(answer).await;
        assert!(matches!(error, EmbedError::Invalid(_)), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let server = server().await;
    Mock::given(path("/api/embed"))
        .respond_with(refusal(503, "server busy, please try again."))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    mount_embed(&server, vectors(json!([[0.0, 1.0, 0.0]]))).await;
    assert!(embedder(&server).await.embed(&texts(&["a"])).await.is_ok());
    assert_eq!(embed_requests(&server).await.len(), 3);
}

#[tokio::test]
async fn a_server_that_stays_busy_is_unavailable_after_three_tries() {
    let server = server().await;
    mount_embed(&server, refusal(503, "server busy, please try again.")).await;
    let Err(error) = embedder(&server).await.embed(&texts(&["a"])).await else {
        panic!("it is busy");
    };
    assert!(matches!(error, EmbedError::Unavailable(_)), "{error:?}");
    assert_eq!(embed_requests(&server).await.len(), 3);
}

#[tokio::test]
async fn a_hanging_server_is_given_up_once() {
    let server = server().await;
    let late = vectors(json!([[0.0, 1.0, 0.0]])).set_delay(Duration::from_secs(5));
    mount_embed(&server, late).await;
    let short = Limits {
        first_byte: Duration::from_millis(200),
        ..limits()
    };
    let client = client_with(&server.uri(), Reach::Any, short);
    let embedder = OllamaEmbedder::connect(client, MODEL)
        .await
        .expect("an embedder");
    let Err(error) = embedder.embed(&texts(&["a"])).await else {
        panic!("it hangs")
    };
    let EmbedError::Unavailable(message) = error else {
        panic!("{error:?}")
    };
    assert!(message.contains("sent nothing for 0.2 s"), "{message}");
    assert_eq!(embed_requests(&server).await.len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = MockServer::start().await;
    mount_embed(&elsewhere, vectors(json!([[1.0, 0.0, 0.0]]))).await;
    let target = format!("{}/api/embed", elsewhere.uri());
    let error =
        failure(ResponseTemplate::new(307).insert_header("location", target.as_str())).await;
    let EmbedError::Unavailable(message) = error else {
        panic!("{error:?}")
    };
    assert!(message.contains("redirects are not followed"), "{message}");
    assert!(embed_requests(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn the_key_reaches_a_server_on_this_machine() {
    let server = MockServer::start().await;
    Mock::given(path("/api/version"))
        .and(header("authorization", "Bearer secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"version": "0.33.0"})))
        .mount(&server)
        .await;
    let address = Address::parse(&server.uri()).expect("an address");
    let key = ApiKey::new("secret").expect("a key");
    let client = OllamaClient::new(address, Some(key), Reach::LoopbackOnly, limits());
    assert_eq!(
        client
            .expect("a client")
            .version()
            .await
            .expect("a version"),
        "0.33.0"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_said_with_the_remedy() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let error = client(&free).version().await.expect_err("nobody listens");
    assert!(
        matches!(error, OllamaError::NotReachable { local: true, .. }),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        format!("Ollama is not answering at http://{free}")
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("start it with `ollama serve`")
    );
}

/// Answers one connection with a beginning, then closes it or holds it open.
fn broken_server(hold: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            let beginning = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"vers";
            if stream.read(&mut [0; 1024]).is_ok() && stream.write_all(beginning).is_ok() {
                std::thread::sleep(hold);
            }
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_stalls_is_an_error() {
    let closed = client(&broken_server(Duration::ZERO)).version().await;
    assert!(
        matches!(closed, Err(OllamaError::ConnectionLost { .. })),
        "{closed:?}"
    );
    let short = Limits {
        idle: Duration::from_millis(100),
        ..limits()
    };
    let held = broken_server(Duration::from_secs(2));
    let stalled = client_with(&held, Reach::Any, short).version().await;
    assert!(
        matches!(stalled, Err(OllamaError::TimedOut { .. })),
        "{stalled:?}"
    );
}

#[tokio::test]
async fn offline_refuses_models_that_run_elsewhere() {
    let server = MockServer::start().await;
    let model = json!({"name": "x:cloud", "digest": "1", "remote_host": "https://ollama.com:443"});
    let tags = ResponseTemplate::new(200).set_body_json(json!({"models": [model]}));
    Mock::given(path("/api/tags"))
        .respond_with(tags)
        .mount(&server)
        .await;
    let show = ResponseTemplate::new(200).set_body_json(json!({"capabilities": ["embedding"]}));
    Mock::given(path("/api/show"))
        .respond_with(show)
        .mount(&server)
        .await;
    let client = client_with(&server.uri(), Reach::LoopbackOnly, limits());
    let Err(error) = OllamaEmbedder::connect(client.clone(), "x:cloud").await else {
        panic!("it runs elsewhere");
    };
    assert!(matches!(error, OllamaError::Offline { .. }), "{error}");
    let pulled = client.pull("x", &mut |_| {}).await;
    assert!(
        matches!(pulled, Err(OllamaError::Offline { .. })),
        "{pulled:?}"
    );
}

/// Pulls from a server that answers with these lines.
async fn pull(lines: &str) -> (Result<(), OllamaError>, Vec<PullProgress>) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(lines, "application/x-ndjson");
    Mock::given(method("POST"))
        .and(path("/api/pull"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let mut steps = Vec::new();
    let outcome = client(&server.uri())
        .pull("m", &mut |step| steps.push(step))
        .await;
    (outcome, steps)
}

#[tokio::test]
async fn a_pull_adds_up_its_layers() {
    let (outcome, steps) = pull(concat!(
        "{\"status\":\"pulling manifest\"}\n",
        "{\"status\":\"pulling a\",\"digest\":\"sha256:a\",\"total\":100}\n",
        "{\"status\":\"pulling b\",\"digest\":\"sha256:b\",\"total\":50,\"completed\":50}\n",
        "{\"status\":\"pulling a\",\"digest\":\"sha256:a\",\"total\":100,\"completed\":30}\n",
        "{\"status\":\"success\"}\n",
    ))
    .await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let bytes: Vec<_> = steps
        .iter()
        .map(|step| (step.completed, step.total))
        .collect();
    assert_eq!(bytes, [(0, 0), (0, 100), (50, 150), (80, 150), (80, 150)]);
    assert_eq!(steps[4].status, "success");
}

#[tokio::test]
async fn an_error_inside_a_pull_is_one() {
    let (outcome, _) = pull(concat!(
        "{\"status\":\"pulling manifest\"}\n",
        "{\"error\":\"pull model manifest: file does not exist\"}\n",
    ))
    .await;
    let error = outcome.expect_err("the server reported an error");
    assert!(error.to_string().contains("file does not exist"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("ollama.com/library"))
    );
}

#[tokio::test]
async fn a_pull_without_success_is_incomplete() {
    for lines in [
        "",
        "{\"status\":\"verifying sha256 digest\"}\n",
        "{\"status\":\"succ",
    ] {
        let (outcome, _) = pull(lines).await;
        assert!(
            matches!(outcome, Err(OllamaError::Incomplete)),
            "{lines}: {outcome:?}"
        );
    }
}
