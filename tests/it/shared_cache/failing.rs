//! A cache that fails costs vectors that are computed here, and nothing else.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use super::{TestPlace, fill};
use crate::support::s3_server::READER;
use crate::support::samples::functions;
use crate::support::{Environment, Fault, ModelServer, wait_until};

#[track_caller]
fn assert_complete(environment: &Environment) {
    let index = environment.search_json("gear")["index"].clone();
    assert_eq!(index["embedded"], index["chunks"], "{index:#}");
}

#[test]
fn a_server_that_stops_is_left_out_and_the_index_is_completed() {
    let Some(TestPlace::S3(s3)) = TestPlace::s3() else {
        return;
    };
    let mut place = TestPlace::S3(s3);
    let server = ModelServer::with(&[Fault::Delay(Duration::from_millis(100))]);
    let writer = place.writer(&server);
    fill(&writer);
    for number in 0..4 {
        let text = functions(&format!("orbit{number}"), 20);
        writer.write(&format!("src/file_{number}.rs"), text);
    }
    let indexer = writer.start(&["index"]);
    wait_until("the first texts are embedded", || server.requests() > 0);
    if let TestPlace::S3(s3) = &mut place {
        s3.stop();
    }
    let output = indexer.finish().expect_success();
    let words = output.words();
    assert!(
        words.contains("left out") || words.contains("could not be written"),
        "{output:#?}"
    );
    assert_complete(&writer);
    // The next one begins without it.
    let reader = place.reader(&server);
    fill(&reader);
    reader
        .index()
        .expect_words(&["the shared cache is left out"]);
    assert_complete(&reader);
}

#[test]
fn credentials_that_may_not_write_are_told_and_reading_goes_on() {
    let Some(place) = TestPlace::s3() else {
        return;
    };
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    let files = place.files();
    let unable = place.member(&server, READER, true);
    fill(&unable);
    unable.write("src/orbit.rs", functions("orbit", 4));
    let indexed = unable.run(&["index", "--json"]).expect_success().json();
    let vectors = &indexed["vectors"];
    assert!(vectors["from_shared"].as_u64() > Some(0), "{vectors:#}");
    assert!(
        vectors["shared"]["unwritten"].as_u64() > Some(0),
        "{vectors:#}"
    );
    assert_eq!(vectors["shared"]["written"], 0, "{vectors:#}");
    assert_eq!(place.files(), files);
    assert_complete(&unable);
}

/// An environment with a bucket at an address where nothing listens.
fn without_server(server: &ModelServer) -> Environment {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("its address");
    drop(free);
    Environment::on(server)
        .with("OLLACODE_SHARED_CACHE", "s3://team/vectors")
        .with("OLLACODE_SHARED_CACHE_WRITE", "true")
        .with("AWS_ENDPOINT_URL", &format!("http://{address}"))
        .with("AWS_ACCESS_KEY_ID", "CANARY-OF-A-KEY")
        .with("AWS_SECRET_ACCESS_KEY", "canary-of-a-secret")
        .with("AWS_SESSION_TOKEN", "canary-of-a-token")
}

#[test]
fn without_its_server_everything_works_and_no_credential_is_shown() {
    let server = ModelServer::start();
    let environment = without_server(&server).with("OLLACODE_LOG", "trace");
    fill(&environment);
    let output = environment.run(&["index"]).expect_success();
    let output = output.expect_words(&["the shared cache is left out"]);
    assert!(!output.words().contains("canary"), "{output:#?}");
    assert_complete(&environment);
    for arguments in [&["doctor"][..], &["cache", "stat"], &["index", "--dry-run"]] {
        let output = environment.run(arguments);
        assert!(!output.words().contains("canary"), "{output:#?}");
    }
    environment.run(&["cache", "stat"]).expect_code(1);
}

#[test]
fn a_folder_that_is_not_there_is_told_and_never_made() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    let gone = environment.outside().join("not mounted");
    let gone_text = gone.to_str().expect("a plain path").to_owned();
    let environment = environment
        .with("OLLACODE_SHARED_CACHE", &gone_text)
        .with("OLLACODE_SHARED_CACHE_WRITE", "true");
    fill(&environment);
    environment
        .index()
        .expect_words(&["does not exist", "mount its disk"]);
    assert_complete(&environment);
    for (arguments, pointer) in [
        (&["index", "--json"][..], "/vectors/shared/left_out"),
        (&["index", "--dry-run", "--json"][..], "/shared/left_out"),
    ] {
        let report = environment.run(arguments).expect_success().json();
        let why = report.pointer(pointer).and_then(|why| why.as_str());
        assert!(
            why.is_some_and(|why| why.contains("does not exist")),
            "{report:#}"
        );
    }
    assert!(!gone.exists());
    environment
        .run(&["cache", "stat"])
        .expect_code(1)
        .expect_words(&["does not exist"]);
}

#[test]
fn a_pack_that_is_damaged_is_named_once() {
    let place = TestPlace::folder();
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    let files = place.files();
    for file in &files {
        let mut bytes = fs::read(file).expect("a pack");
        *bytes.last_mut().expect("a byte") ^= 1;
        fs::write(file, bytes).expect("damage");
    }
    let reader = place.reader(&server);
    fill(&reader);
    let words = reader.index().words();
    let named = words.matches("does not match its name").count();
    assert_eq!(named, files.len(), "{words}");
    assert_complete(&reader);
}

#[test]
fn offline_only_a_server_on_this_machine_is_used() {
    let server = ModelServer::start();
    let environment = without_server(&server);
    fill(&environment);
    // On this machine: it is asked, and does not answer.
    let output = environment.run(&["index", "--offline"]).expect_success();
    output.expect_words(&["the shared cache is left out"]);
    let elsewhere = environment.with("AWS_ENDPOINT_URL", "https://s3.example.org");
    elsewhere.write("src/orbit.rs", functions("orbit", 2));
    let output = elsewhere.run(&["index", "--offline"]).expect_success();
    output.expect_words(&["s3://team/vectors is not this machine", "--offline"]);
    assert_complete(&elsewhere);
    let output = elsewhere
        .run(&["cache", "stat", "--offline"])
        .expect_code(1);
    output.expect_words(&["is not this machine"]);
}

#[test]
fn a_search_does_not_wait_for_the_cache() {
    let Some(TestPlace::S3(s3)) = TestPlace::s3() else {
        return;
    };
    let mut place = TestPlace::S3(s3);
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    if let TestPlace::S3(s3) = &mut place {
        s3.stop();
    }
    let found = writer.paths_found("where is the gear of a car shifted");
    assert_eq!(found.first().map(String::as_str), Some("src/gear.rs"));
    assert_complete(&writer);
}
