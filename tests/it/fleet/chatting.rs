use std::net::TcpListener;
use std::thread;

use super::{configure, table};
use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply, ServedModel};

/// Asks a question where the first server and another one chat, and gives how often each was asked.
#[track_caller]
fn asked(first: &ChatServer, other: &ChatServer) -> (usize, usize) {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &first.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    configure(&environment, &table(&other.uri(), ""));
    environment.write("notes.txt", "The kettle boils.\n");
    let output = environment.run(&["chat", "-p", "Are you there?"]);
    assert_eq!(output.expect_success().stdout, "Yes.\n");
    (first.requests().len(), other.requests().len())
}

fn server(models: Vec<ServedModel>) -> ChatServer {
    ChatServer::with_models(models, vec![Reply::text("Yes.")])
}

fn loaded() -> ServedModel {
    ServedModel {
        loaded: Some(32_768),
        ..ServedModel::default()
    }
}

#[test]
fn a_session_goes_where_the_model_is_in_memory_then_where_it_is_installed() {
    let installed = ServedModel::default;
    let absent = || ServedModel::named("other:1b");
    for (first, other, expected) in [
        (installed(), installed(), (1, 0)),
        (installed(), loaded(), (0, 1)),
        (loaded(), loaded(), (1, 0)),
        (absent(), installed(), (0, 1)),
        (installed(), absent(), (1, 0)),
    ] {
        let (first, other) = (server(vec![first]), server(vec![other]));
        assert_eq!(asked(&first, &other), expected);
    }
}

#[test]
fn a_session_does_not_go_to_a_server_that_only_embeds() {
    let (first, other) = (server(vec![ServedModel::default()]), server(vec![loaded()]));
    let environment = Environment::new()
        .with("OLLAMA_HOST", &first.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    configure(&environment, &table(&other.uri(), "roles = ['embed']"));
    environment.write("notes.txt", "The kettle boils.\n");
    let output = environment.run(&["chat", "-p", "Are you there?"]);
    assert_eq!(output.expect_success().stdout, "Yes.\n");
    assert_eq!((first.requests().len(), other.requests().len()), (1, 0));
}

#[test]
fn a_session_goes_to_a_server_that_answers() {
    // It hangs up. A port that is free could soon be that of another test.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || listener.incoming().for_each(drop));
    let other = server(vec![ServedModel::default()]);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &gone)
        .with("OLLAMA_MODEL", CHAT_MODEL);
    configure(&environment, &table(&other.uri(), ""));
    environment.write("notes.txt", "The kettle boils.\n");
    let output = environment.run(&["chat", "-p", "Are you there?"]);
    assert_eq!(output.expect_success().stdout, "Yes.\n");
}
