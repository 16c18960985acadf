//! `ollacode cache`, `index --dry-run` and `doctor`.

use std::path::Path;

use serde_json::{Value, json};

use super::{TestPlace, fill, with_each_place};
use crate::support::s3_server::READER;
use crate::support::samples::functions;
use crate::support::{Environment, ModelServer, Output};

with_each_place!(
    what_there_is_can_be_shown_exported_and_imported,
    small_files_are_merged_and_nothing_is_lost,
    a_dry_run_says_what_is_there_already,
    the_doctor_tests_the_place_and_leaves_nothing,
);

#[track_caller]
fn cache(environment: &Environment, arguments: &[&str]) -> Value {
    let arguments = [&["cache"][..], arguments, &["--json"][..]].concat();
    environment.run(&arguments).expect_success().json()
}

fn what_there_is_can_be_shown_exported_and_imported(place: &TestPlace) {
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    let found = cache(&writer, &["stat"]);
    let vectors = found["vectors"].as_u64().expect("a number");
    assert!(vectors > 0, "{found:#}");
    assert_eq!(found["place"], place.address(), "{found:#}");
    assert_eq!(found["models"], 1, "{found:#}");
    assert_eq!(found["bad"], json!([]), "{found:#}");
    let by = found["writers"].as_array().expect("writers");
    assert!(
        by.iter()
            .all(|by| by["writer"].as_str().is_some_and(|who| who.contains('@')))
    );
    let shown = writer.run(&["cache", "stat"]).expect_success();
    shown.expect_words(&["written by", &place.address()]);

    let file = writer.outside().join("vectors.bin");
    let file = file.to_str().expect("a plain path");
    let exported = cache(&writer, &["export", file]);
    assert_eq!(exported["vectors"], vectors, "{exported:#}");
    let again = writer.run(&["cache", "export", file]).expect_code(1);
    again.expect_words(&[file]);

    let other = TestPlace::folder();
    let importer = other.writer(&server);
    let imported = cache(&importer, &["import", file]);
    assert_eq!(imported["vectors"], vectors, "{imported:#}");
    let twice = cache(&importer, &["import", file]);
    assert_eq!(twice["added"], 0, "{twice:#}");
    let refused = other
        .reader(&server)
        .run(&["cache", "import", file])
        .expect_code(1);
    refused.expect_words(&["only read"]);
    let asked = server.requests();
    let reader = other.reader(&server);
    fill(&reader);
    reader.index();
    assert_eq!(
        server.requests(),
        asked,
        "requests to embed after an import"
    );
}

fn small_files_are_merged_and_nothing_is_lost(place: &TestPlace) {
    let server = ModelServer::start();
    let writer = place.writer(&server);
    for number in 0..3 {
        let text = functions(&format!("orbit{number}"), 3);
        writer.write(&format!("src/file_{number}.rs"), text);
        writer.index();
    }
    let before = cache(&writer, &["stat"]);
    assert!(before["packs"].as_u64() > Some(1), "{before:#}");
    let merged = cache(&writer, &["compact"]);
    assert_eq!(merged["packs_before"], before["packs"], "{merged:#}");
    assert!(
        merged["packs_after"].as_u64() < merged["packs_before"].as_u64(),
        "{merged:#}"
    );
    let after = cache(&writer, &["stat"]);
    assert_eq!(after["packs"], merged["packs_after"], "{after:#}");
    let asked = server.requests();
    let reader = place.reader(&server);
    for number in 0..3 {
        let text = functions(&format!("orbit{number}"), 3);
        reader.write(&format!("src/file_{number}.rs"), text);
    }
    reader.index();
    assert_eq!(server.requests(), asked, "requests to embed after a merge");
    let refused = reader.run(&["cache", "compact"]).expect_code(1);
    refused.expect_words(&["only read"]);
}

fn a_dry_run_says_what_is_there_already(place: &TestPlace) {
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    let reader = place.reader(&server);
    fill(&reader);
    let survey = reader
        .run(&["index", "--dry-run", "--json"])
        .expect_success()
        .json();
    assert_eq!(survey["shared"]["place"], place.address(), "{survey:#}");
    assert_eq!(survey["shared"]["texts"], survey["texts"], "{survey:#}");
    assert_eq!(survey["embedding_seconds"], 0.0, "{survey:#}");
    assert!(survey["shared"]["saved_seconds"].is_number(), "{survey:#}");
    let shown = reader.run(&["index", "--dry-run"]).expect_success();
    shown.expect_words(&["the shared cache", "which saves about", "embedding 0 texts"]);
}

/// State and message of the check of the shared cache.
#[track_caller]
fn row(output: &Output) -> (String, String) {
    let report = output.json();
    let checks = report["checks"].as_array().expect("checks");
    let named = checks.iter().find(|check| check["name"] == "shared cache");
    let named = named.unwrap_or_else(|| panic!("no row in {report:#}"));
    let text = |key: &str| named[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("message"))
}

fn the_doctor_tests_the_place_and_leaves_nothing(place: &TestPlace) {
    let server = ModelServer::start();
    let writer = place.writer(&server);
    fill(&writer);
    writer.index();
    let files = place.files();
    assert!(!files.is_empty());
    let (state, message) = row(&writer.run(&["doctor", "--json"]));
    assert_eq!(state, "good", "{message}");
    assert!(message.contains("read and written"), "{message}");
    assert!(
        !message.contains("If-None-Match"),
        "it keeps conditions: {message}"
    );
    let (state, message) = row(&place.reader(&server).run(&["doctor", "--json"]));
    assert_eq!(state, "good", "{message}");
    assert!(message.contains("read only"), "{message}");
    assert_eq!(place.files(), files, "what the doctor wrote is gone");
}

#[test]
fn the_doctor_says_when_credentials_may_not_write_or_read() {
    let Some(place) = TestPlace::s3() else {
        return;
    };
    let server = ModelServer::start();
    let unable = place.member(&server, READER, true);
    let (state, message) = row(&unable.run(&["doctor", "--json"]));
    assert_eq!(state, "warning", "{message}");
    assert!(message.contains("refuses to be written to"), "{message}");
    let stranger = place.member(&server, ("nobody", "secret-of-nobody"), false);
    let (state, message) = row(&stranger.run(&["doctor", "--json"]));
    assert_eq!(state, "warning", "{message}");
    assert!(message.contains("refuses access"), "{message}");
    assert!(!message.contains("secret-of-nobody"), "{message}");
}

#[cfg(unix)]
#[test]
fn the_doctor_says_when_everybody_may_write_or_read_a_folder() {
    use std::os::unix::fs::PermissionsExt;
    let place = TestPlace::folder();
    let server = ModelServer::start();
    let member = place.writer(&server);
    let address = place.address();
    for (mode, expected) in [
        (0o777, Some("may write")),
        (0o755, Some("may read")),
        (0o770, None),
    ] {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(Path::new(&address), rights).expect("rights");
        let report = member.run(&["doctor", "--json"]).json();
        let checks = report["checks"].as_array().expect("checks");
        let warned = checks
            .iter()
            .find(|check| check["name"] == "shared cache" && check["state"] == "warning");
        let message = warned.and_then(|check| check["message"].as_str());
        match expected {
            Some(words) => assert!(
                message.is_some_and(|it| it.contains(words)),
                "{mode:o}: {report:#}"
            ),
            None => assert_eq!(message, None, "{mode:o}"),
        }
    }
}
