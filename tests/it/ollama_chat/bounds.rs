//! Answers without an end, and servers that fall silent: each phase has its bound.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use ollacode::failure::FailureCode;
use ollacode::model::ModelError;
use ollacode::model::http::{Address, ClientLimits, NetworkScope, ServerError};
use ollacode::model::ollama::{EmbedOptions, OllamaClient, PullProgress};

use super::{Heard, hear, limits, model, model_with, question, request};
use crate::support::chat_server::{ChatServer, Reply};
use crate::support::wait_until;

fn line(message: &str) -> String {
    format!("{{\"message\":{message},\"done\":false}}\n")
}

async fn endless(pieces: &[&str]) -> (Heard, ChatServer) {
    let server = ChatServer::start(vec![Reply::endless(pieces, Duration::ZERO).repeated()]);
    let model = model(&server).await;
    let heard = hear(&model, request(&question())).await;
    (heard, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_read_without_an_end() {
    let long = "word ".repeat(2_000);
    let content = line(&format!("{{\"content\":\"{long}\"}}"));
    let thinking = line(&format!("{{\"thinking\":\"{long}\"}}"));
    let blank = line(&format!("{{\"content\":\"{}\"}}", " ".repeat(10_000)));
    let call = line(&format!(
        "{{\"tool_calls\":[{{\"function\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"{long}\"}}}}}}]}}"
    ));
    let arguments =
        "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"a\",\"arguments\":{\"path\":\"";
    let empty = line("{\"content\":\"\"}");
    let many = line("{\"content\":\"\"}").repeat(200);
    let newlines = "\n".repeat(10_000);
    for pieces in [
        vec![content.as_str()],
        vec![thinking.as_str()],
        vec![blank.as_str()],
        vec![call.as_str()],
        vec![arguments, long.as_str()],
        vec!["{", "   \t   "],
        vec![long.as_str()],
        vec![many.as_str()],
        vec![empty.as_str(), newlines.as_str()],
    ] {
        let started = Instant::now();
        let (heard, server) = endless(&pieces).await;
        let shown = &pieces[0][..pieces[0].len().min(60)];
        let Some(ModelError::Endless(why)) = &heard.error else {
            panic!("{shown}: {:?}", heard.error);
        };
        assert!(!why.is_empty());
        let said = heard.text.len() + heard.thinking.len();
        assert!(said <= 1 << 20, "{shown}: {said}");
        assert!(started.elapsed() < Duration::from_secs(20), "{shown}");
        wait_until("the connection to close", || {
            server.closed_connections() >= 1
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_an_end_are_an_error() {
    let server = ChatServer::start(vec![Reply::endless_headers().repeated()]);
    let heard = hear(&model(&server).await, request(&question())).await;
    assert!(
        matches!(heard.error, Some(ModelError::Failed(_))),
        "{heard:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_nothing_of_use_is_silent() {
    let empty = line("{\"content\":\"\"}");
    let first = line("{\"content\":\"I\"}");
    let pause = Duration::from_millis(20);
    for reply in [
        Reply::silence(),
        Reply::endless(&["\n"], pause),
        Reply::endless(&[&empty], pause),
        Reply::endless(&[&first, &empty], pause),
        Reply::endless(&[&first, " "], pause),
        Reply::endless(&["{"], pause),
    ] {
        let server = ChatServer::start(vec![reply]);
        let short = ClientLimits {
            idle: Duration::from_millis(300),
            ..limits()
        };
        let model = model_with(&server, short).await;
        let started = Instant::now();
        let heard = hear(&model, request(&question())).await;
        let Some(ModelError::Failed(why)) = &heard.error else {
            panic!("{heard:?}");
        };
        assert_eq!(why.code, FailureCode::ServerTimedOut);
        assert!(why.message.contains("sent nothing for 0.3 s"), "{why}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_only_drips_is_stopped() {
    let pause = Duration::from_millis(20);
    let first = line("{\"content\":\"I look.\"}");
    for piece in [" ", "\u{200b}", "\\n", ".", "…", "- "] {
        for field in ["content", "thinking"] {
            let drip = line(&format!("{{\"{field}\":\"{piece}\"}}"));
            let server = ChatServer::start(vec![Reply::endless(&[&first, &drip], pause)]);
            let short = ClientLimits {
                idle: Duration::from_millis(200),
                ..limits()
            };
            let model = model_with(&server, short).await;
            let heard = hear(&model, request(&question())).await;
            let Some(ModelError::Endless(why)) = &heard.error else {
                panic!("{piece:?}: {heard:?}");
            };
            assert!(
                why.contains("white space and punctuation"),
                "{piece:?}: {why}"
            );
            wait_until("the connection to close", || {
                server.closed_connections() >= 1
            });
        }
    }
    // However fast they come, and however they alternate.
    let mixed = line("{\"content\":\" \\n\u{200b}\\t\u{feff}\"}");
    let (heard, _server) = endless(&[&first, &mixed]).await;
    let Some(ModelError::Endless(why)) = &heard.error else {
        panic!("{heard:?}");
    };
    assert!(why.contains("1000 characters"), "{why}");
    assert!(heard.text.starts_with("I look."));
}

/// A server that sends headers, or a part of them, and then nothing.
fn silent_server(head: &'static str) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(head.as_bytes());
            held.push(stream);
        }
    });
    Address::parse(&format!("http://{address}")).expect("an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_bounds_the_silence_of_every_request() {
    let patience = Duration::from_millis(200);
    for head in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        "HTTP/1.1 500 Error\r\ncontent-length: 100\r\n\r\n",
    ] {
        let limits = ClientLimits::default().within(patience);
        let client = OllamaClient::new(silent_server(head), None, NetworkScope::Any, limits)
            .expect("a client");
        let options = EmbedOptions {
            num_ctx: 512,
            num_batch: 512,
        };
        let mut progress = |_: PullProgress| {};
        let started = Instant::now();
        let errors = [
            client.version().await.err(),
            client.tags().await.err(),
            client.show("a").await.err(),
            client.ps().await.err(),
            client.embed("a", &["text".to_owned()], options).await.err(),
            client.pull("a", &mut progress).await.err(),
        ];
        for error in errors {
            let error = error.expect("an error");
            let is_told = matches!(
                error,
                ServerError::TimedOut { .. } | ServerError::Status { status: 500, .. }
            );
            assert!(is_told, "{head:?}: {error:?}");
        }
        assert!(started.elapsed() < Duration::from_secs(6), "{head:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_is_none_is_named_for_what_it_is() {
    let plain = silent_server("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let address = plain.to_string().replace("http://", "");
    let address = Address::parse(&format!("https://{address}")).expect("an address");
    let client = OllamaClient::new(address, None, NetworkScope::Any, limits()).expect("a client");
    let error = client.version().await.expect_err("no TLS");
    let told = format!("{error}; {}", error.hint().unwrap_or_default());
    assert!(
        told.contains("does not speak TLS") && told.contains("`http://`"),
        "{told}"
    );
    assert!(!told.contains("ollama serve"), "{told}");
}
