//! What kind of server answers, its models and their windows.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use ollacode::model::ChatModel;
use ollacode::model::http::{ClientLimits, NetworkScope, ServerError};
use ollacode::model::openai::{
    ASSUMED_WINDOW, OpenAiChat, OpenAiClient, ServedModel, ServerKind, detect,
};
use ollacode::model::server::Server;
use serde_json::{Value, json};

use super::{KINDS, client, hear, http_to, limits, model, question, request};
use crate::support::chat_server::ChatServer;
use crate::support::openai_server::{Answer, EMBEDDING_MODEL, MODEL, OpenAiServer};

#[tokio::test]
async fn each_kind_of_server_is_known_by_what_it_answers() {
    for kind in KINDS {
        let server = OpenAiServer::start(kind, Vec::new());
        let found = detect(&http_to(&server.uri(), limits())).await;
        assert_eq!(found.expect("a kind"), kind);
        assert!(server.look_ups().len() <= 5, "{:?}", server.look_ups());
    }
    let ollama = ChatServer::start(Vec::new());
    let found = detect(&http_to(&ollama.uri(), limits())).await;
    assert_eq!(found.expect("a kind"), ServerKind::Ollama);
}

#[tokio::test]
async fn a_server_that_answers_everything_is_of_no_kind() {
    for answer in [
        json!({"ok": true}),
        json!({"version": "1.0", "status": "ok"}),
        json!([]),
        json!("yes"),
        json!({"error": "no such thing"}),
    ] {
        let server = OpenAiServer::start(ServerKind::OpenAi, Vec::new());
        let server = server.page("*", 200, answer.clone());
        let found = detect(&http_to(&server.uri(), limits())).await;
        if answer == json!([]) {
            // A list of models without any.
            assert_eq!(found.expect("a kind"), ServerKind::OpenAi);
        } else {
            assert!(found.is_err(), "{answer}: {found:?}");
        }
    }
    // It has a list of models, whatever else it answers.
    let everything = json!({"data": [{"id": "m"}], "version": "1"});
    let server = OpenAiServer::start(ServerKind::OpenAi, Vec::new()).page("*", 200, everything);
    let found = detect(&http_to(&server.uri(), limits())).await;
    assert_eq!(found.expect("a kind"), ServerKind::OpenAi);
}

#[tokio::test]
async fn a_proxy_with_a_version_is_no_ollama() {
    let version = json!({"version": "165", "commit": "abcdef0", "build_date": "unknown"});
    let page = |server: OpenAiServer| server.page("/api/version", 200, version.clone());
    let server = page(OpenAiServer::start(ServerKind::OpenAi, Vec::new()));
    let found = detect(&http_to(&server.uri(), limits())).await;
    assert_eq!(found.expect("a kind"), ServerKind::OpenAi);
    // Ollama may refuse to list its models.
    let refusal = json!({"error": "permission denied"});
    let server = page(OpenAiServer::start(ServerKind::OpenAi, Vec::new()));
    let server = server.page("/api/tags", 500, refusal);
    let found = detect(&http_to(&server.uri(), limits())).await;
    assert_eq!(found.expect("a kind"), ServerKind::Ollama);
}

#[tokio::test]
async fn a_refusal_without_an_end_holds_nothing_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let uri = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().take(4).flatten() {
            let mut request = [0; 4096];
            let read = stream.read(&mut request);
            let head = b"HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n";
            open.push((read.is_ok(), stream.write_all(head).is_ok(), stream));
        }
    });
    let quick = ClientLimits {
        lookup: Duration::from_millis(200),
        idle: Duration::from_secs(300),
        ..limits()
    };
    let http = http_to(&uri, quick);
    let found = tokio::time::timeout(Duration::from_secs(60), detect(&http)).await;
    let found = found.expect("it does not wait for the rest");
    assert!(found.is_err(), "{found:?}");
}

#[tokio::test]
async fn a_proxy_that_lets_only_v1_through_is_enough() {
    let closed = json!({"message": "no such route"});
    let kind = ServerKind::LlamaServer;
    let list = |meta: Value| {
        let name = format!("/models/{MODEL}.gguf");
        json!({"data": [{"id": name, "owned_by": "llamacpp", "meta": meta}]})
    };
    for (status, meta, window) in [
        (404, json!({"n_ctx": 2_048, "n_ctx_train": 8_192}), 2_048),
        (403, json!({"n_ctx_train": 131_072}), ASSUMED_WINDOW),
    ] {
        let server = OpenAiServer::start(kind, vec![Answer::text("Yes.")])
            .page("/props", status, closed.clone())
            .page("/v1/models", 200, list(meta));
        let found = detect(&http_to(&server.uri(), limits())).await;
        assert_eq!(found.expect("a kind"), kind);
        let model = model(&server, kind).await;
        assert_eq!(model.profile().window, window);
        assert_eq!(hear(&model, request(&question())).await.text, "Yes.");
        let said = client(&server, kind).describe().await;
        assert_eq!(said.expect("a description"), "llama.cpp's server");
    }
    let kind = ServerKind::Vllm;
    let server = OpenAiServer::start(kind, Vec::new()).page("/version", 404, closed);
    let said = client(&server, kind).describe().await;
    assert_eq!(said.expect("a description"), "vLLM");
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_that_of_llama_cpp() {
    let server = OpenAiServer::start(ServerKind::LlamaServer, Vec::new()).loading(100);
    let found = detect(&http_to(&server.uri(), limits())).await;
    assert_eq!(found.expect("a kind"), ServerKind::LlamaServer);
}

#[tokio::test]
async fn nothing_that_answers_is_no_kind_of_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let uri = format!("http://{}", listener.local_addr().expect("an address"));
    // It accepts, and never answers.
    let quick = ClientLimits {
        lookup: Duration::from_millis(50),
        ..limits()
    };
    for _ in 0..2 {
        let error = detect(&http_to(&uri, quick)).await.expect_err("no server");
        assert!(
            matches!(error, ServerError::NotReachable { local: true, .. }),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            format!("the server is not answering at {uri}")
        );
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains("OLLACODE_SERVER"), "{hint}");
    }
    drop(listener);
    let error = detect(&http_to(&uri, quick)).await.expect_err("no server");
    assert!(matches!(error, ServerError::NotReachable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_a_key_says_so() {
    let server = OpenAiServer::start(ServerKind::OpenAi, Vec::new());
    let server = server.page("*", 401, json!({"error": {"message": "Invalid API Key"}}));
    let error = detect(&http_to(&server.uri(), limits())).await;
    let error = error.expect_err("a key is wanted");
    assert_eq!(
        error.to_string(),
        "the server answered 401: Invalid API Key"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("key")));
}

#[tokio::test]
async fn models_are_listed_with_what_the_server_says_of_them() {
    let listed = |kind| async move {
        let server = OpenAiServer::start(kind, Vec::new());
        client(&server, kind).models().await.expect("models")
    };
    let llama = ServedModel {
        name: format!("/models/{MODEL}.gguf"),
        window: Some(8_192),
        trained_window: Some(131_072),
        tools: Some(true),
        is_loaded: true,
        size: 18_000,
        parameters: Some(30_000_000_000),
        ..ServedModel::default()
    };
    assert_eq!(listed(ServerKind::LlamaServer).await, [llama]);
    let studio = listed(ServerKind::LmStudio).await;
    assert_eq!(
        (studio[0].window, studio[0].tools),
        (Some(16_384), Some(true))
    );
    assert!(studio[0].vision && !studio[0].embeds && studio[1].embeds);
    let vllm = listed(ServerKind::Vllm).await;
    assert_eq!((vllm[0].window, vllm[0].tools), (Some(32_768), None));
    let other = listed(ServerKind::OpenAi).await;
    assert_eq!((other[0].name.as_str(), other[0].window), (MODEL, None));
    for (kind, described) in [
        (ServerKind::LlamaServer, "llama.cpp's server b6123-abcdef0"),
        (ServerKind::LmStudio, "LM Studio"),
        (ServerKind::Vllm, "vLLM 0.11.0"),
        (ServerKind::OpenAi, "OpenAI-compatible server"),
    ] {
        let server = OpenAiServer::start(kind, Vec::new());
        let said = client(&server, kind).describe().await;
        assert_eq!(said.expect("a description"), described);
    }
}

#[tokio::test]
async fn the_window_is_the_real_one() {
    for (kind, wanted, expected, is_warned) in [
        (ServerKind::LlamaServer, None, 8_192, false),
        (ServerKind::LlamaServer, Some(4_000), 4_000, false),
        (ServerKind::LlamaServer, Some(65_536), 8_192, true),
        (ServerKind::LmStudio, None, 16_384, false),
        (ServerKind::Vllm, None, 32_768, false),
        (ServerKind::OpenAi, None, ASSUMED_WINDOW, true),
        (ServerKind::OpenAi, Some(65_536), 65_536, false),
    ] {
        let server = OpenAiServer::start(kind, Vec::new());
        let client = client(&server, kind);
        let model = OpenAiChat::connect(client, MODEL, wanted, NetworkScope::Any).await;
        let model = model.expect("a model");
        assert_eq!(model.profile().window, expected, "{kind:?} {wanted:?}");
        let warning = model.warning();
        assert_eq!(
            warning.is_some(),
            is_warned,
            "{kind:?} {wanted:?}: {warning:?}"
        );
    }
}

#[tokio::test]
async fn a_window_that_is_known_only_after_the_load_is_asked_for_then() {
    let studio = |instances: Value| {
        json!({"models": [{
            "type": "llm", "key": MODEL, "loaded_instances": instances,
            "max_context_length": 131_072,
        }]})
    };
    let kind = ServerKind::LmStudio;
    let answers = vec![Answer::text("Yes."); 3];
    let server = OpenAiServer::start(kind, answers);
    let server = server.page("/api/v1/models", 200, studio(json!([])));
    let model = model(&server, kind).await;
    assert_eq!(model.profile().window, ASSUMED_WINDOW);
    assert!(model.warning().is_some());
    // That it cannot say it now is no answer.
    let server = server.page("/api/v1/models", 500, json!({"error": "busy"}));
    hear(&model, request(&question())).await;
    assert_eq!(model.profile().window, ASSUMED_WINDOW);
    let loaded = studio(json!([{"id": "i", "config": {"context_length": 24_000}}]));
    let server = server.page("/api/v1/models", 200, loaded);
    hear(&model, request(&question())).await;
    assert_eq!(model.profile().window, 24_000);
    let looks = server.look_ups().len();
    hear(&model, request(&question())).await;
    assert_eq!(server.look_ups().len(), looks, "it is asked for once");
}

#[tokio::test]
async fn a_router_of_llama_cpp_tells_of_loaded_models_only() {
    let list = json!({"data": [
        {"id": "a/small", "status": {"value": "unloaded"}},
        {"id": "a b/large", "status": {"value": "loaded"}},
    ]});
    let kind = ServerKind::LlamaServer;
    let server = OpenAiServer::start(kind, Vec::new()).page("/v1/models", 200, list);
    let client = client(&server, kind);
    assert_eq!(client.window_of("a/small").await.expect("a model"), None);
    assert_eq!(
        client.window_of("a b/large").await.expect("a model"),
        Some(8_192)
    );
    let asked = server.look_ups();
    assert_eq!(
        asked.last().map(String::as_str),
        Some("/props?model=a+b%2Flarge")
    );
}

#[tokio::test]
async fn an_older_lm_studio_is_asked_in_the_common_way() {
    let kind = ServerKind::LmStudio;
    let unknown = json!({"error": "Unexpected endpoint or method. (GET /api/v1/models)"});
    let server = OpenAiServer::start(kind, Vec::new()).page("/api/v1/models", 200, unknown);
    let models = client(&server, kind).models().await.expect("models");
    assert_eq!((models[0].name.as_str(), models[0].window), (MODEL, None));
}

#[tokio::test]
async fn a_model_that_is_not_there_or_does_not_chat_is_an_error() {
    let kind = ServerKind::LmStudio;
    let server = OpenAiServer::start(kind, Vec::new());
    let connect = |name: &'static str| {
        OpenAiChat::connect(client(&server, kind), name, None, NetworkScope::Any)
    };
    let error = connect("absent").await.expect_err("it is not there");
    assert_eq!(
        error.to_string(),
        "LM Studio does not have the model `absent`"
    );
    let hint = error.hint().unwrap_or_default();
    assert!(
        hint.contains("ollacode doctor") && !hint.contains("ollama pull"),
        "{hint}"
    );
    let error = connect(EMBEDDING_MODEL)
        .await
        .expect_err("it makes vectors");
    assert!(matches!(error, ServerError::NotForChat { .. }), "{error}");
}

#[tokio::test]
async fn offline_means_this_machine_only() {
    let http = http_to("http://gpu.invalid:8080", limits());
    let client = OpenAiClient::new(http, ServerKind::Vllm);
    let refused = OpenAiChat::connect(client, MODEL, None, NetworkScope::LoopbackOnly).await;
    assert!(
        matches!(refused, Err(ServerError::Offline { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_that_loads_its_model_is_waited_for() {
    let kind = ServerKind::LlamaServer;
    let server = OpenAiServer::start(kind, vec![Answer::text("Here.")]).loading(6);
    let asked = Server::of_kind(http_to(&server.uri(), limits()), kind);
    let only = asked.only_model().await.expect("a model");
    assert_eq!(only, Some(format!("/models/{MODEL}.gguf")));
    let server = server.loading(6);
    let model = model(&server, kind).await;
    let server = server.loading(6);
    let heard = hear(&model, request(&question())).await;
    assert_eq!((heard.text.as_str(), heard.error), ("Here.", None));
    assert_eq!(server.left(), 0);
}

#[tokio::test]
async fn one_that_never_gets_ready_is_given_up() {
    let kind = ServerKind::LlamaServer;
    let server = OpenAiServer::start(kind, Vec::new()).loading(usize::MAX);
    let short = ClientLimits {
        first_byte: Duration::from_millis(50),
        ..limits()
    };
    let client = OpenAiClient::new(http_to(&server.uri(), short), kind);
    let refused = OpenAiChat::connect(client, MODEL, None, NetworkScope::Any).await;
    let error = refused.expect_err("it is loading");
    assert_eq!(
        error.to_string(),
        "llama.cpp's server answered 503: Loading model"
    );
}
