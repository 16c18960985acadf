//! Servers that are busy, hang, break off, redirect or are not there; and the key for one.

use std::io::{Read, Write};
use std::net::TcpListener;

use ollacode::model::http::ApiKey;
use wiremock::matchers::header;

use super::*;

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
    let short = ClientLimits {
        first_byte: Duration::from_millis(200),
        ..limits()
    };
    let client = client_with(&server.uri(), NetworkScope::Any, short);
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
    let client = OllamaClient::new(address, Some(key), NetworkScope::LoopbackOnly, limits());
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
        matches!(error, ServerError::NotReachable { local: true, .. }),
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
        matches!(closed, Err(ServerError::ConnectionLost { .. })),
        "{closed:?}"
    );
    let short = ClientLimits {
        idle: Duration::from_millis(100),
        ..limits()
    };
    let held = broken_server(Duration::from_secs(2));
    let stalled = client_with(&held, NetworkScope::Any, short).version().await;
    assert!(
        matches!(stalled, Err(ServerError::TimedOut { .. })),
        "{stalled:?}"
    );
}
