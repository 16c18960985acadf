//! Models: what the server says about them, and those that are not there or not for vectors.

use ollacode_indexer::Role;

use super::*;

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
    assert!(matches!(&error, ServerError::ModelMissing { model, .. } if model == "bge-m3"));
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
        matches!(error, ServerError::NotForEmbedding { .. }),
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
    let client = client_with(&server.uri(), NetworkScope::LoopbackOnly, limits());
    let Err(error) = OllamaEmbedder::connect(client.clone(), "x:cloud").await else {
        panic!("it runs elsewhere");
    };
    assert!(matches!(error, ServerError::Offline { .. }), "{error}");
    let pulled = client.pull("x", &mut |_| {}).await;
    assert!(
        matches!(pulled, Err(ServerError::Offline { .. })),
        "{pulled:?}"
    );
}
