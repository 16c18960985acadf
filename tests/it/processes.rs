//! Several processes on one index at once.

use std::time::Duration;

use ollacode_store::ReplyMarks;

use crate::support::environment::hits_of;
use crate::support::rows::assert_same_rows;
use crate::support::samples::{functions, write_samples};
use crate::support::{Environment, Fault, ModelServer};

fn populate(environment: &Environment) {
    write_samples(environment);
    for number in 0..24 {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 4));
    }
}

#[test]
fn two_indexers_one_of_them_embedding_and_a_searcher() {
    let server = ModelServer::with(&[Fault::Delay(Duration::from_millis(100))]);
    let mut environment = Environment::on(&server);
    populate(&environment);
    let mut embedding = environment.start(&["index"]);
    let model = environment.replace_model("none");
    let mut lexical = environment.start(&["index"]);
    let mut searches = 0;
    while embedding.is_running() || lexical.is_running() || searches == 0 {
        let answer = environment.search_json("orbit3_2");
        let found: Vec<&str> = hits_of(&answer)
            .iter()
            .filter_map(|hit| hit["path"].as_str())
            .collect();
        assert_eq!(
            found.first(),
            Some(&"src/orbit3.rs"),
            "search {searches}: {answer:#}"
        );
        searches += 1;
    }
    lexical.finish().expect_success();
    embedding.finish().expect_success();
    let expected = environment.rows_of_a_clean_build();
    assert_same_rows(
        &environment.rows(),
        &expected,
        "after two indexers and a searcher",
    );
    environment.replace_model(&model);
    let answer = environment.search_json("orbit3_2");
    assert_eq!(
        answer["index"]["embedded"], answer["index"]["chunks"],
        "{answer:#}"
    );
}

#[test]
fn embedding_waits_for_a_reply_that_another_process_makes() {
    let server = ModelServer::start();
    let mut environment = Environment::on(&server);
    populate(&environment);
    let texts = || {
        let embedded = server.embedded();
        embedded.iter().filter(|text| text.contains("fn ")).count()
    };
    let marks = ReplyMarks::of(&environment.data_folder().join("ollacode"));
    let reply = marks.mark(&server.uri()).expect("a mark");
    let mut indexer = environment.start(&["index"]);
    let model = environment.replace_model("none");
    // Its chunks are found, so all that is left to do for it is to embed them.
    let mut found = 0;
    while found < 5 {
        let answer = environment.search_json("orbit3_2");
        found += usize::from(!hits_of(&answer).is_empty());
    }
    assert!(indexer.is_running(), "the indexer waits");
    assert_eq!(texts(), 0, "texts embedded while a reply is made");
    drop(reply);
    indexer.finish().expect_success();
    assert!(texts() > 0, "texts embedded after the reply");
    environment.replace_model(&model);
    let answer = environment.search_json("orbit3_2");
    assert_eq!(
        answer["index"]["embedded"], answer["index"]["chunks"],
        "{answer:#}"
    );
}

#[test]
fn two_indexers_that_embed_share_the_work() {
    let server = ModelServer::with(&[Fault::Delay(Duration::from_millis(50))]);
    let mut environment = Environment::on(&server);
    populate(&environment);
    let first = environment.start(&["index"]);
    let second = environment.start(&["index"]);
    first.finish().expect_success();
    second.finish().expect_success();
    assert_eq!(server.embedded_twice(), 0, "texts embedded twice");
    let answer = environment.search_json("orbit3_2");
    assert_eq!(
        answer["index"]["embedded"], answer["index"]["chunks"],
        "{answer:#}"
    );
    let expected = environment.rows_of_a_clean_build();
    assert_same_rows(&environment.rows(), &expected, "after two indexers");
}

#[test]
fn files_change_while_two_indexers_and_a_searcher_work() {
    let mut environment = Environment::new();
    populate(&environment);
    environment.index();
    for round in 0..6 {
        environment.write("src/orbit3.rs", functions(&format!("perigee{round}"), 3));
        environment.write(
            &format!("src/new_{round}.rs"),
            functions(&format!("apogee{round}"), 2),
        );
        let first = environment.start(&["index"]);
        let second = environment.start(&["index"]);
        let found = environment.paths_found(&format!("perigee{round}_1"));
        assert_eq!(
            found.first().map(String::as_str),
            Some("src/orbit3.rs"),
            "round {round}"
        );
        first.finish().expect_success();
        second.finish().expect_success();
    }
    let expected = environment.rows_of_a_clean_build();
    assert_same_rows(&environment.rows(), &expected, "after six rounds");
}
