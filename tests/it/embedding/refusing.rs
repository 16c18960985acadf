//! Texts that a server cannot embed: too long, listed with a reason, tried again.

use super::*;

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
