//! Vectors from a model server: hybrid search, nothing twice, and whatever can go wrong with it.

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use ollacode_store::{Access, ContentKey, OpenOptions, Store};
use serde_json::{Value, json};

use crate::support::embedder::OTHER_MODEL;
use crate::support::environment::{hits_of, paths_of};
use crate::support::samples::{function, functions, write_samples};
use crate::support::{Environment, Fault, ModelServer, block_on, wait_until};

fn sample(server: &ModelServer) -> Environment {
    let environment = Environment::on(server);
    write_samples(&environment);
    environment.write("src/orbit.rs", functions("orbit", 6));
    environment
}

/// The part of an answer that tells about the index.
#[track_caller]
fn index_of(environment: &Environment) -> Value {
    environment.search_json("orbit")["index"].clone()
}

/// Demands a vector for every chunk but so many.
#[track_caller]
fn assert_embedded_but(environment: &Environment, failed: u64, when: &str) {
    let index = index_of(environment);
    let chunks = index["chunks"].as_u64().expect("a number");
    assert!(chunks > failed, "there are chunks {when}: {index}");
    assert_eq!(
        index["embedded"],
        chunks - failed,
        "vectors {when}: {index}"
    );
}

/// The keys with vectors, by the fingerprint of their model.
fn stored_keys(environment: &Environment) -> Vec<(String, HashSet<ContentKey>)> {
    let folder = environment.index_folder();
    block_on(async {
        let store = Store::open(&folder, OpenOptions::new(Access::Read))
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
fn over_long_texts_are_split_and_not_lost() {
    let server = ModelServer::with(&[Fault::TooLong(300)]);
    let environment = sample(&server);
    environment.index();
    assert_embedded_but(&environment, 0, "with a window of 300 characters");
    let embedded = server.embedded();
    assert!(
        embedded.iter().all(|text| text.chars().count() <= 300),
        "all fit the window"
    );
    for word in ["orbit_part_3", "read_header", "azimuth"] {
        assert!(
            embedded.iter().any(|text| text.contains(word)),
            "`{word}` was embedded"
        );
    }
    let failures = environment.run(&["index", "--failures"]).expect_success();
    assert!(
        !failures.words().contains("orbit.rs"),
        "no failures: {failures:#?}"
    );
}

/// Demands that one file is listed with a reason, and that everything else is embedded.
#[track_caller]
fn assert_only_bad_text_fails(server: &ModelServer, reason: &str) {
    let environment = sample(server);
    environment.write(
        "src/bad.rs",
        "/// A zyzzyva eats the palm.\npub fn eat() {}\n",
    );
    environment.index();
    assert_embedded_but(&environment, 1, "with one bad text");
    let listed = environment.run(&["index", "--failures"]).expect_success();
    assert!(
        listed.stdout.contains("src/bad.rs"),
        "the file is listed: {listed:#?}"
    );
    assert!(
        !listed.stdout.contains("orbit.rs"),
        "no other file is listed: {listed:#?}"
    );
    listed.expect_words(&[reason]);
    assert_eq!(
        environment
            .paths_found("zyzzyva")
            .first()
            .map(String::as_str),
        Some("src/bad.rs")
    );
    let before = server.received().len();
    environment.index();
    let again = server.received().split_off(before);
    assert_eq!(
        again.len(),
        1,
        "what failed is tried once more by each run: {again:#?}"
    );
    assert_embedded_but(&environment, 1, "after it failed again");
    let listed = environment.run(&["index", "--failures"]).expect_success();
    assert!(
        listed.stdout.contains("src/bad.rs"),
        "the file is still listed: {listed:#?}"
    );
}

/// A workspace with a text that the server cannot embed for now, and that is listed.
fn with_bad_text(server: &ModelServer) -> Environment {
    server.set(&[Fault::Crash("zyzzyva")]);
    let environment = sample(server);
    environment.write(
        "src/bad.rs",
        "/// A zyzzyva eats the palm.\npub fn eat() {}\n",
    );
    environment
}

#[test]
fn a_text_that_failed_is_embedded_by_the_next_run_on_a_mended_server() {
    let server = ModelServer::start();
    let environment = with_bad_text(&server);
    environment.index();
    assert_embedded_but(&environment, 1, "on a server that fails");
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the server was mended");
    let listed = environment.run(&["index", "--failures"]).expect_success();
    assert_eq!(listed.stdout, "", "texts that are listed");
}

#[test]
fn a_watcher_does_not_ask_for_failed_texts_on_and_on() {
    let server = ModelServer::start();
    let environment = with_bad_text(&server);
    let watcher = environment.start(&["index", "--watch"]);
    wait_until("the failure to be listed", || {
        !environment.index_folders().is_empty()
            && environment
                .run(&["index", "--failures"])
                .stdout
                .contains("src/bad.rs")
    });
    let asked = || {
        let received = server.received();
        received
            .iter()
            .filter(|text| text.contains("zyzzyva"))
            .count()
    };
    let before = asked();
    assert!(before > 0, "the text was sent");
    for word in ["perigee", "apogee"] {
        environment.write(&format!("src/{word}.rs"), functions(word, 2));
        wait_until("vectors of what was saved", || {
            server.embedded().iter().any(|text| text.contains(word))
        });
    }
    assert_eq!(asked(), before, "how often the text was sent");
    watcher.interrupt();
    watcher.finish().expect_code(0);
}

#[test]
fn when_the_server_fails_text_after_text_no_text_is_blamed() {
    let server = ModelServer::with(&[Fault::WrongDimension]);
    let environment = Environment::on(&server);
    for number in 0..40 {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 4));
    }
    environment
        .index()
        .expect_words(&["the server failed", "in a row"]);
    let listed = environment.run(&["index", "--failures"]).expect_success();
    assert_eq!(listed.stdout, "", "texts that are listed");
    assert_eq!(environment.paths_found("orbit3_2")[0], "src/orbit3.rs");
    server.set(&[]);
    environment.index();
    assert_embedded_but(&environment, 0, "after the server was mended");
}

#[test]
fn a_text_that_crashes_the_model_is_listed_and_the_rest_embedded() {
    assert_only_bad_text_fails(&ModelServer::with(&[Fault::Crash("zyzzyva")]), "EOF");
}

#[test]
fn a_text_whose_vector_is_no_number_is_listed_and_the_rest_embedded() {
    assert_only_bad_text_fails(&ModelServer::with(&[Fault::NotANumber("zyzzyva")]), "NaN");
}

#[test]
fn a_text_whose_vector_has_a_null_is_listed_and_the_rest_embedded() {
    assert_only_bad_text_fails(&ModelServer::with(&[Fault::Null("zyzzyva")]), "answer");
}

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
    let ended = indexer.finish();
    assert!(ended.code.is_some(), "Ctrl-C is handled: {ended:#?}");
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
    // Two requests of 32 texts may be under way when a run ends, and when it is killed a third may
    // be answered and not yet kept.
    let twice = server.embedded_twice();
    assert!(twice <= (2 + 3) * 32, "{twice} texts were embedded twice");
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
