//! A server that works: a search by meaning, what is sent, and the estimate of a dry run.

use serde_json::json;

use super::*;
use crate::support::environment::hits_of;

#[test]
fn with_vectors_a_search_is_hybrid_and_finds_by_meaning() {
    let server = ModelServer::start();
    let mut environment = sample(&server);
    environment.write(
        "src/garage.rs",
        "/// Parks the car of the doctor.\npub fn park() {}\n",
    );
    environment.index();
    assert_embedded_but(&environment, 0, "after index");
    let answer = environment.search_json("automobile physician");
    assert_eq!(answer["mode"], "hybrid");
    let model = answer["index"]["model"].as_str().expect("a model");
    assert!(model.starts_with("bag-of-words"), "the model is {model}");
    assert_eq!(hits_of(&answer)[0]["path"], "src/garage.rs", "{answer:#}");
    environment.replace_model("none");
    let answer = environment.search_json("automobile physician");
    assert_eq!(
        (&answer["mode"], &answer["hits"]),
        (&json!("lexical"), &json!([]))
    );
}

#[test]
fn every_request_keeps_to_the_protocol() {
    let server = ModelServer::start();
    let environment = sample(&server);
    environment.write("empty.rs", "");
    environment.write("blank.txt", "\n  \n\n");
    environment.index();
    assert!(server.requests() > 0, "texts were sent");
    let blank = server
        .received()
        .into_iter()
        .filter(|text| text.trim().is_empty())
        .count();
    assert_eq!(blank, 0, "blank texts that were sent");
}

#[test]
fn a_dry_run_estimates_from_one_batch() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    for number in 0..30 {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 4));
    }
    environment.run(&["index", "--dry-run"]).expect_success();
    let requests = server.requests();
    assert!(
        (1..=2).contains(&requests),
        "one batch is measured, not {requests}"
    );
}
