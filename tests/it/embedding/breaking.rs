//! A server that is not there, fails, hangs, or lacks the model costs only the vectors.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_missing_model_is_named_with_the_pull_that_helps() {
    let server = ModelServer::with(&[Fault::ModelMissing]);
    let environment = sample(&server);
    environment
        .index()
        .expect_words(&["ollama pull bag-of-words"]);
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    assert_eq!(environment.search_json("orbit")["mode"], "lexical");
    assert_eq!(server.requests(), 0, "requests to embed");
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the model was pulled");
}

#[test]
fn a_server_that_always_fails_costs_only_the_vectors() {
    let server = ModelServer::with(&[Fault::Down]);
    let environment = sample(&server);
    let said = environment
        .run(&["index"])
        .expect_words(&["unexpectedly stopped"]);
    assert!(
        said.code.is_some() && !said.words().contains("panicked"),
        "{said:#?}"
    );
    assert!(
        server.requests() < 20,
        "the server was left in peace: {}",
        server.requests()
    );
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the server was repaired");
}

#[test]
fn a_hanging_server_blocks_no_search_and_can_be_interrupted() {
    let server = ModelServer::with(&[Fault::Hang]);
    let mut environment = sample(&server);
    let mut indexer = environment.start(&["index"]);
    wait_until("the first request", || server.requests() > 0);
    let model = environment.replace_model("none");
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    assert!(indexer.is_running(), "the indexer waits for the server");
    let begin = Instant::now();
    indexer.interrupt();
    indexer.finish().expect_code(130);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "Ctrl-C took {:?}",
        begin.elapsed()
    );
    environment.replace_model(&model);
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the server woke up");
}

#[test]
fn vectors_of_another_width_are_never_stored() {
    let server = ModelServer::with(&[Fault::WrongDimension]);
    let environment = sample(&server);
    let said = environment.run(&["index"]);
    assert!(
        said.code.is_some() && !said.words().contains("panicked"),
        "{said:#?}"
    );
    assert_eq!(index_of(&environment)["embedded"], 0);
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    let listed = environment.run(&["index", "--failures"]).expect_success();
    assert!(
        listed.stdout.contains("src/orbit.rs"),
        "failures are listed: {listed:#?}"
    );
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "on a server that works");
}

#[test]
fn without_a_server_index_ends_well_and_says_so_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &free)
        .with("OLLAMA_EMBED_MODEL", "bag-of-words");
    write_samples(&environment);
    let said = environment.index();
    let all = said.stdout.lines().chain(said.stderr.lines());
    let lines: Vec<&str> = all.filter(|line| line.contains("Ollama")).collect();
    assert_eq!(lines.len(), 1, "one line about Ollama in {said:#?}");
    assert!(lines[0].contains(&free), "the address is in `{}`", lines[0]);
    let answer = environment.search_json("read_header");
    assert_eq!(answer["mode"], "lexical");
    assert_eq!(paths_of(&answer)[0], "src/parser.rs");
}

#[test]
fn a_server_that_goes_away_leaves_lexical_search() {
    let server = ModelServer::start();
    let environment = sample(&server);
    environment.index();
    drop(server);
    let answer = environment.search_json("read_header");
    assert_eq!(paths_of(&answer)[0], "src/parser.rs");
    assert_eq!(answer["mode"], "lexical");
}
