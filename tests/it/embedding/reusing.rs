//! Vectors that are there are used again, and never those of another model.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use ollacode_store::{ContentKey, OpenMode, OpenOptions, Store};
use serde_json::json;

use super::*;
use crate::support::block_on;
use crate::support::embedder::OTHER_MODEL;
use crate::support::samples::function;

/// The keys with vectors, by the fingerprint of their model.
fn stored_keys(environment: &Environment) -> Vec<(String, HashSet<ContentKey>)> {
    let folder = environment.index_folder();
    block_on(async {
        let store = Store::open(&folder, OpenOptions::new(OpenMode::Read))
            .await
            .expect("the store");
        let mut keys = Vec::new();
        for fingerprint in store
            .vector_fingerprints()
            .await
            .expect("tables of vectors")
        {
            let found = store.vector_keys(&fingerprint).await.expect("keys");
            keys.push((fingerprint, found));
        }
        keys
    })
}

#[test]
fn nothing_is_embedded_twice() {
    let server = ModelServer::start();
    let mut environment = sample(&server);
    environment.index();
    let count = server.embedded().len();
    assert_eq!(
        server.embedded_twice(),
        0,
        "texts embedded twice by the first run"
    );
    let assert_none_more = |environment: &Environment, when: &str| {
        environment.index();
        assert_eq!(server.embedded().len(), count, "texts embedded {when}");
    };
    assert_none_more(&environment, "by a run without changes");
    environment.rename("src/orbit.rs", "src/moved/path.rs");
    assert_none_more(&environment, "after a rename");
    environment.run(&["index", "--force"]).expect_success();
    assert_none_more(&environment, "after --force");
    let text = environment.read("src/moved/path.rs");
    environment.remove("src/moved/path.rs");
    assert_none_more(&environment, "after a deletion");
    environment.write("src/orbit.rs", &text);
    assert_none_more(&environment, "after a file came back");
    environment.run(&["index", "--remove"]).expect_success();
    assert_none_more(&environment, "after --remove");
    let second = environment.outside().join("second");
    fs::create_dir(&second).expect("a folder");
    fs::write(second.join("orbit.rs"), &text).expect("a file");
    environment.run_in(&second, &["index"]).expect_success();
    assert_eq!(
        server.embedded().len(),
        count,
        "texts embedded for a second workspace"
    );
    environment.use_data_folder("other");
    environment.index();
    assert!(
        server.embedded().len() > count,
        "a new machine has no cache"
    );
}

#[test]
fn only_what_changed_is_embedded() {
    let server = ModelServer::start();
    let environment = sample(&server);
    environment.index();
    let before = server.embedded().len();
    let text = environment.read("src/orbit.rs");
    environment.write("src/orbit.rs", format!("{text}{}", function("perigee", 1)));
    environment.index();
    let added = server.embedded().split_off(before);
    assert!(
        (1..=2).contains(&added.len()),
        "one function is new: {added:#?}"
    );
    assert!(
        added.iter().any(|text| text.contains("perigee_part_3")),
        "{added:#?}"
    );
    assert_embedded_but(&environment, 0, "after an edit");
}

#[test]
fn models_never_mix() {
    let server = ModelServer::start();
    let mut environment = sample(&server);
    environment.index();
    let first = stored_keys(&environment);
    assert_eq!(first.len(), 1, "tables of vectors after the first model");
    // The other model is known but does not answer, so the old vectors are all there is.
    server.set(&[Fault::Hang]);
    environment.replace_model(OTHER_MODEL);
    let requests = server.requests();
    let indexer = environment.start(&["index"]);
    wait_until("a request to the other model", || {
        server.requests() > requests
    });
    indexer.interrupt();
    let _ = indexer.finish();
    assert_eq!(
        stored_keys(&environment),
        first,
        "the old vectors while the new are not there"
    );
    server.set(&[]);
    let answer = environment.search_json("read_header");
    assert_eq!(
        paths_of(&answer)[0],
        "src/parser.rs",
        "a search meanwhile: {answer:#}"
    );
    environment.index();
    assert_embedded_but(&environment, 0, "of the other model");
    let answer = environment.search_json("read_header");
    let model = answer["index"]["model"].as_str().expect("a model");
    assert!(model.starts_with(OTHER_MODEL), "the model is {model}");
    let second = stored_keys(&environment);
    assert_eq!(second.len(), 1, "tables of vectors after the other model");
    assert_ne!(
        second[0].0, first[0].0,
        "the fingerprint of the other model"
    );
    assert_eq!(second[0].1, first[0].1, "the same texts have vectors");
}

#[test]
fn an_interrupted_run_is_resumed() {
    let server = ModelServer::with(&[Fault::Delay(Duration::from_millis(40))]);
    let environment = Environment::on(&server);
    for number in 0..60 {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 4));
    }
    for (interrupted, enough) in [(true, 60), (false, 120)] {
        let mut indexer = environment.start(&["index"]);
        wait_until("some vectors", || {
            server.embedded().len() >= enough || !indexer.is_running()
        });
        if interrupted {
            indexer.interrupt();
            let ended = indexer.finish();
            assert!(ended.code.is_some(), "Ctrl-C is handled: {ended:#?}");
        } else {
            indexer.kill();
        }
    }
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the run was resumed");
    // Two requests of 32 texts may be under way when a run ends, and when it is killed three more may
    // be answered and not yet kept.
    let twice = server.embedded_twice();
    assert!(twice <= (2 + 5) * 32, "{twice} texts were embedded twice");
}

#[test]
fn a_model_whose_every_text_fails_does_not_replace_the_one_before() {
    let server = ModelServer::start();
    let mut environment = sample(&server);
    environment.index();
    let before = environment.replace_model(OTHER_MODEL);
    server.set(&[Fault::WrongDimension]);
    environment
        .index()
        .expect_words(&["cannot compute vectors", "could not embed", "--failures"]);
    server.set(&[]);
    environment.replace_model(&before);
    let embedded = server.embedded().len();
    assert_embedded_but(&environment, 0, "with the model before");
    assert_eq!(environment.search_json("orbit")["mode"], "hybrid");
    assert_eq!(
        server.embedded().len(),
        embedded + 2,
        "only queries are embedded"
    );
}

#[test]
fn a_model_published_anew_with_the_same_weights_is_the_same_model() {
    let server = ModelServer::start();
    let environment = sample(&server);
    environment.index();
    let embedded = server.embedded().len();
    server.set(&[Fault::PublishedAnew(None)]);
    let answer = environment.search_json("orbit");
    assert_eq!(answer["mode"], "hybrid", "{answer:#}");
    environment.index();
    assert_eq!(
        server.embedded().len(),
        embedded + 1,
        "only the query is embedded"
    );
    let doctor = environment.run(&["doctor", "--json"]).json();
    let index = &doctor["checks"].as_array().expect("checks")[3];
    assert_eq!(
        (&index["name"], &index["state"]),
        (&json!("index"), &json!("good"))
    );
}

#[test]
fn a_model_published_anew_with_other_weights_is_said_until_it_is_embedded_with() {
    let server = ModelServer::start();
    let environment = sample(&server);
    environment.index();
    server.set(&[Fault::PublishedAnew(Some('9'))]);
    let said = "no vectors of the current";
    let answer = environment.run(&["search", "orbit"]).expect_success();
    assert_eq!(answer.stderr.matches(said).count(), 1, "{answer:#?}");
    environment
        .run(&["index", "--status"])
        .expect_words(&[said]);
    let doctor = environment.run(&["doctor", "--json"]).json();
    let index = &doctor["checks"].as_array().expect("checks")[3];
    assert_eq!(
        (&index["name"], &index["state"]),
        (&json!("index"), &json!("warning"))
    );
    environment.index();
    let answer = environment.search_json("orbit");
    assert_eq!(answer["mode"], "hybrid", "{answer:#}");
    assert!(
        !environment
            .run(&["index", "--status"])
            .words()
            .contains(said)
    );
}
