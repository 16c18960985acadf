//! Answers: vectors in order, and whose fault it is when there are none.

use super::*;

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
