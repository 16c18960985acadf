//! What one member has embedded, nobody embeds again.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{TestPlace, fill, places_of_hits, with_each_place};
use crate::support::samples::functions;
use crate::support::{Draw, Environment, Fault, ModelServer, Running, kills, wait_until};

/// Queries with words of different files, one with a synonym that only vectors know.
const QUERIES: &[&str] = &[
    "where is the gear of a car shifted",
    "knead the dough",
    "height of the tide in the harbour",
    "read the header of a packet",
    "calibration of the telescope",
];

/// Longest time after which an `index` is killed, in microseconds.
const LONGEST_LIFE: usize = 400_000;

with_each_place!(
    a_second_clone_embeds_nothing_and_finds_the_same,
    three_writers_at_once_lose_nothing,
    a_writer_that_is_killed_leaves_nothing_broken,
    who_lacks_the_secret_finds_nothing,
    a_changed_file_costs_only_its_own_texts,
);

/// Indexes as JSON, and gives what it says of vectors.
#[track_caller]
fn vectors_of(environment: &Environment) -> Value {
    let indexed = environment.run(&["index", "--json"]).expect_success();
    indexed.json()["vectors"].clone()
}

fn a_second_clone_embeds_nothing_and_finds_the_same(place: &TestPlace) {
    let server = ModelServer::start();
    let first = place.writer(&server);
    fill(&first);
    let written = vectors_of(&first);
    assert!(
        written["shared"]["written"].as_u64() > Some(0),
        "{written:#}"
    );
    let asked = server.requests();
    assert!(asked > 0);
    let second = place.reader(&server);
    fill(&second);
    let read = vectors_of(&second);
    assert_eq!(
        server.requests(),
        asked,
        "requests to embed by the second clone: {read:#}"
    );
    assert_eq!(read["embedded"], 0, "{read:#}");
    assert_eq!(read["failed"], 0, "{read:#}");
    assert!(read["from_shared"].as_u64() > Some(0), "{read:#}");
    assert_eq!(read["shared"]["left_out"], Value::Null, "{read:#}");
    assert_eq!(read["shared"]["bad"], serde_json::json!([]), "{read:#}");
    for query in QUERIES {
        let found = places_of_hits(&second, query);
        assert_eq!(found, places_of_hits(&first, query), "{query}");
        assert!(!found.is_empty(), "{query}");
    }
}

fn three_writers_at_once_lose_nothing(place: &TestPlace) {
    let server = ModelServer::start();
    let own = |number: usize| {
        let text = functions(&format!("comet{number}"), 8);
        (format!("src/own_{number}.rs"), text)
    };
    let members: Vec<Environment> = (0..3)
        .map(|number| {
            let member = place.writer(&server);
            member.write("src/common.rs", functions("orbit", 8));
            let (path, text) = own(number);
            member.write(&path, text);
            member
        })
        .collect();
    let running: Vec<Running> = members
        .iter()
        .map(|member| member.start(&["index"]))
        .collect();
    for index in running {
        index.finish().expect_success();
    }
    let asked = server.requests();
    let reader = place.reader(&server);
    reader.write("src/common.rs", functions("orbit", 8));
    for (path, text) in (0..3).map(own) {
        reader.write(&path, text);
    }
    let read = vectors_of(&reader);
    assert_eq!(
        server.requests(),
        asked,
        "requests to embed afterwards: {read:#}"
    );
    assert_eq!(read["shared"]["bad"], serde_json::json!([]), "{read:#}");
}

/// What it had written is sound; what it had not is embedded by the next.
fn a_writer_that_is_killed_leaves_nothing_broken(place: &TestPlace) {
    let server = ModelServer::with(&[Fault::Delay(Duration::from_millis(20))]);
    let mut draw = Draw::seeded(11);
    let files = |environment: &Environment, rounds: usize| {
        for round in 0..rounds {
            let text = functions(&format!("orbit{round}"), 12);
            environment.write(&format!("src/file_{round}.rs"), text);
        }
    };
    let rounds = kills(5);
    let writer = place.writer(&server);
    for round in 1..=rounds {
        files(&writer, round);
        let asked = server.requests();
        let mut indexer = writer.start(&["index"]);
        wait_until("texts are embedded", || {
            server.requests() > asked || !indexer.is_running()
        });
        let life = u64::try_from(draw.below(LONGEST_LIFE)).expect("a short time");
        let moment = Instant::now() + Duration::from_micros(life);
        while Instant::now() < moment && indexer.is_running() {
            thread::sleep(Duration::from_micros(200));
        }
        indexer.kill();
    }
    writer.index();
    let found = writer
        .run(&["cache", "stat", "--json"])
        .expect_success()
        .json();
    assert_eq!(found["bad"], serde_json::json!([]), "{found:#}");
    let reader = place.reader(&server);
    files(&reader, rounds);
    let read = vectors_of(&reader);
    assert_eq!(read["shared"]["bad"], serde_json::json!([]), "{read:#}");
    assert_eq!(read["failed"], 0, "{read:#}");
    let index = reader.search_json("orbit")["index"].clone();
    assert_eq!(index["embedded"], index["chunks"], "{index:#}");
}

fn who_lacks_the_secret_finds_nothing(place: &TestPlace) {
    let server = ModelServer::start();
    let secret = "correct horse battery staple";
    let first = place
        .writer(&server)
        .with("OLLACODE_SHARED_CACHE_KEY", secret);
    fill(&first);
    first.index();
    let asked = server.requests();
    let colleague = place
        .reader(&server)
        .with("OLLACODE_SHARED_CACHE_KEY", secret);
    fill(&colleague);
    colleague.index();
    assert_eq!(server.requests(), asked, "a colleague has the secret");
    for other in [None, Some("correct horse battery stable")] {
        let mut stranger = place.reader(&server);
        if let Some(other) = other {
            stranger.set("OLLACODE_SHARED_CACHE_KEY", other);
        }
        fill(&stranger);
        let read = vectors_of(&stranger);
        assert_eq!(read["from_shared"], 0, "with {other:?}: {read:#}");
        assert!(
            read["embedded"].as_u64() > Some(0),
            "with {other:?}: {read:#}"
        );
    }
}

fn a_changed_file_costs_only_its_own_texts(place: &TestPlace) {
    let server = ModelServer::start();
    let first = place.writer(&server);
    fill(&first);
    first.index();
    let before = server.embedded().len();
    let second = place.reader(&server);
    fill(&second);
    second.write(
        "src/lamp.rs",
        "/// Lights the lamp.\npub fn light_lamp() -> bool {\n    true\n}\n",
    );
    let read = vectors_of(&second);
    let new = server.embedded().split_off(before);
    assert!(
        !new.is_empty() && new.iter().all(|text| text.contains("lamp")),
        "{new:#?}"
    );
    assert_eq!(
        read["shared"]["written"], 0,
        "a reader writes nothing: {read:#}"
    );
}
