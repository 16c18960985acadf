//! What real servers do to a conversation: templates that hide or garble, runners under other
//! names, calls that are swallowed.

use ollacode::message::Message;
use ollacode::model::http::NetworkScope;
use ollacode::model::ollama::OllamaChat;
use ollacode::model::{ChatModel, ModelError};
use serde_json::json;

use super::{client_with, hear, limits, model, question, request, result};
use crate::support::chat_server::{
    CHAT_MODEL, ChatServer, Generation, QWEN, QWEN_JSON, Reply, ServedModel,
};

fn with_template(template: &'static str) -> ServedModel {
    ServedModel {
        template,
        ..ServedModel::default()
    }
}

#[tokio::test]
async fn calls_beside_text_are_not_hidden_by_the_template() {
    let read = Reply::text("I look at it.").call("read_file", json!({"path": "a.rs"}));
    let script = vec![read, Reply::text("It is empty.")];
    let server = ChatServer::with_models(vec![with_template(QWEN_JSON)], script);
    let model = model(&server).await;
    assert!(model.profile().tools && model.why_in_words().is_none());
    let mut messages = question();
    let heard = hear(&model, request(&messages)).await;
    assert_eq!(heard.text, "I look at it.");
    messages.push(heard.message());
    messages.extend(heard.calls.iter().map(|call| result(call, "nothing")));
    hear(&model, request(&messages)).await;
    let seen = server.rendered(1);
    assert!(
        seen.contains("<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\":\"a.rs\"}}"),
        "{seen}"
    );
    assert!(
        seen.contains("{\"name\":\"read_file\",\"description\":\"Does something with a file.\""),
        "{seen}"
    );
}

#[tokio::test]
async fn a_template_that_garbles_tools_is_not_given_any() {
    let server = ChatServer::with_models(vec![with_template(QWEN)], vec![Reply::text("Yes.")]);
    let model = model(&server).await;
    assert!(!model.profile().tools);
    assert!(
        model
            .why_in_words()
            .is_some_and(|why| why.contains("template"))
    );
    // What it would have seen of them is no JSON.
    hear(&model, request(&question())).await;
    let seen = server.rendered(0);
    assert!(
        seen.contains("{read_file Does something with a file."),
        "{seen}"
    );
}

#[tokio::test]
async fn a_runner_is_found_under_the_name_that_it_was_loaded_by() {
    for generation in [Generation::V24, Generation::V33] {
        let served = ServedModel {
            loaded_as: Some("somebodys-copy:latest"),
            most_loaded: 9_000,
            generation,
            ..ServedModel::default()
        };
        let server = ChatServer::with_models(vec![served], Vec::new());
        let client = client_with(&server, limits());
        let model = OllamaChat::connect(client, CHAT_MODEL, Some(32_768), NetworkScope::Any)
            .await
            .expect("a model");
        model.load().await.expect("it is loaded");
        assert_eq!(model.profile().window, 9_000, "{generation:?}");
    }
}

#[tokio::test]
async fn an_overflow_is_one_with_and_without_numbers() {
    for (generation, numbers) in [
        (Generation::V24, (None, None)),
        (Generation::V33, (Some(9_001), Some(8_192))),
    ] {
        let served = ServedModel {
            generation,
            ..ServedModel::default()
        };
        let server = ChatServer::with_models(vec![served], vec![Reply::overflow(9_001, 8_192)]);
        let heard = hear(&model(&server).await, request(&question())).await;
        let (needed, window) = numbers;
        assert_eq!(heard.error, Some(ModelError::TooLong { needed, window }));
    }
}

#[tokio::test]
async fn a_swallowed_call_costs_tokens_and_says_nothing() {
    let served = ServedModel {
        swallows: true,
        ..ServedModel::default()
    };
    let script = vec![
        Reply::text("").call("bash", json!({"command": "ls"})),
        Reply::text("").call("read_file", json!({"path": "a.rs"})),
    ];
    let server = ChatServer::with_models(vec![served], script);
    let model = model(&server).await;
    let messages: Vec<Message> = question();
    let heard = hear(&model, request(&messages)).await;
    assert_eq!((heard.text.as_str(), heard.calls.len()), (" ", 0));
    assert!(heard.done.is_some_and(|usage| usage.reply_tokens > Some(8)));
    let heard = hear(&model, request(&messages)).await;
    assert_eq!((heard.text.as_str(), heard.calls.len()), (" ", 1));
}

#[tokio::test]
async fn how_a_model_counts_is_known_to_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probes.json");
    let server = ChatServer::start(Vec::new());
    let first = model(&server).await.remembering(file.clone());
    assert_eq!(first.tokens_per_estimate(), None);
    first.learnt(1.4);
    let second = model(&server).await.remembering(file.clone());
    assert_eq!(second.tokens_per_estimate(), Some(1.4));
    // Other weights count as they do.
    let other = ServedModel {
        digest: "sha256:dddd",
        ..ServedModel::default()
    };
    let server = ChatServer::with_models(vec![other], Vec::new());
    let third = model(&server).await.remembering(file);
    assert_eq!(third.tokens_per_estimate(), None);
}
