use super::{assert_complete, configure, embedded, table, with_two};
use crate::support::samples::write_samples;
use crate::support::{Environment, Fault, ModelServer, Output};

/// The rows about servers that are not good.
fn warnings(output: &Output) -> Vec<String> {
    let report = output.json();
    let checks = report["checks"].as_array().expect("checks").iter();
    let servers = checks.filter(|check| check["name"] == "servers" && check["state"] != "good");
    servers
        .filter_map(|check| check["message"].as_str().map(str::to_owned))
        .collect()
}

/// Demands that a server with a fault is left out for a reason, after so many requests.
#[track_caller]
fn assert_left_out(fault: Fault, why: &str, requests: usize) {
    let (first, other) = (ModelServer::start(), ModelServer::with(&[fault]));
    let environment = with_two(&first, &other, 4);
    let output = environment.index();
    assert!(output.stderr.contains(&other.uri()), "{output:#?}");
    assert_eq!(output.stderr.matches(why).count(), 1, "{output:#?}");
    assert_eq!(other.requests(), requests, "requests to embed");
    assert_eq!(embedded(&other), Vec::<String>::new());
    assert_complete(&environment);
    let doctor = environment.run(&["doctor", "--json"]);
    let warnings = warnings(&doctor);
    let [warning] = warnings.as_slice() else {
        panic!("one warning: {doctor:#?}");
    };
    assert!(
        warning.contains(&other.uri()) && warning.contains(why),
        "{warning}"
    );
}

#[test]
fn another_version_of_the_model_is_not_asked() {
    assert_left_out(Fault::PublishedAnew(None), "is another version", 0);
}

#[test]
fn another_dimension_is_not_asked() {
    assert_left_out(Fault::Narrow, "32 dimensions, not 64", 0);
}

#[test]
fn other_vectors_are_not_asked_for_again() {
    assert_left_out(Fault::OtherVectors, "its vectors differ", 1);
}

#[test]
fn a_server_without_the_model_is_named() {
    assert_left_out(Fault::ModelMissing, "does not have the model", 0);
}

#[test]
fn doctor_says_what_each_server_does() {
    let (first, other) = (ModelServer::start(), ModelServer::start());
    let environment = with_two(&first, &other, 1);
    configure(
        &environment,
        &table(&other.uri(), "name = 'attic'\nroles = ['embed']"),
    );
    let output = environment.run(&["doctor", "--json"]);
    let report = output.json();
    let checks = report["checks"].as_array().expect("checks").iter();
    let rows: Vec<&str> = checks
        .filter(|check| check["name"] == "servers")
        .filter_map(|check| check["message"].as_str())
        .collect();
    let [one, two] = rows.as_slice() else {
        panic!("two rows: {output:#?}");
    };
    assert!(one.starts_with(&first.uri()), "{one}");
    assert!(one.contains("embeds, and the others must"), "{one}");
    assert!(
        two.starts_with(&format!("attic ({})", other.uri())),
        "{two}"
    );
    assert!(
        two.contains("no chat; embeds, with the same vectors"),
        "{two}"
    );
}

#[test]
fn a_key_goes_to_its_own_server_only() {
    let (first, other) = (ModelServer::start(), ModelServer::start());
    let environment = with_two(&first, &other, 20)
        .with("OLLAMA_API_KEY", "first-sesame")
        .with("ATTIC_KEY", "attic-sesame");
    configure(&environment, &table(&other.uri(), "key_env = 'ATTIC_KEY'"));
    environment.index();
    for (server, key) in [
        (&first, "Bearer first-sesame"),
        (&other, "Bearer attic-sesame"),
    ] {
        let keys = server.authorizations();
        assert!(!keys.is_empty(), "it is asked");
        assert!(
            keys.iter().all(|sent| sent.as_deref() == Some(key)),
            "{keys:?}"
        );
    }
}

#[test]
fn offline_leaves_out_what_is_not_this_machine_and_says_so_once() {
    let (first, other) = (ModelServer::start(), ModelServer::start());
    let environment = Environment::on(&first).with("OLLACODE_OFFLINE", "true");
    write_samples(&environment);
    // An address of documentation: nothing may be sent there.
    let tables = [table("http://192.0.2.1:11434", ""), table(&other.uri(), "")];
    configure(&environment, &tables.concat());
    let output = environment.index();
    assert_eq!(output.stderr.matches("192.0.2.1").count(), 1, "{output:#?}");
    assert!(
        output.stderr.contains("`--offline` leaves out"),
        "{output:#?}"
    );
    assert!(other.requests() > 0, "the other one here takes part");
    assert_complete(&environment);
}

#[test]
fn offline_no_server_embeds_that_only_chats() {
    let first = ModelServer::start();
    let environment = Environment::on(&first).with("OLLACODE_OFFLINE", "true");
    write_samples(&environment);
    let tables = [
        table(&first.uri(), "roles = ['chat']"),
        table("http://192.0.2.1:11434", "roles = ['embed']"),
    ];
    configure(&environment, &tables.concat());
    let output = environment.run(&["index"]);
    assert!(output.stderr.contains("192.0.2.1"), "{output:#?}");
    assert_eq!(first.requests(), 0, "{output:#?}");
}

#[test]
fn without_anything_to_embed_nobody_is_asked() {
    let (first, other) = (ModelServer::start(), ModelServer::start());
    let environment = with_two(&first, &other, 1);
    let asked = || (first.requests(), other.requests());
    environment.index();
    let before = asked();
    assert!(before.0 > 0 && before.1 > 0, "{before:?}");
    environment.index();
    assert_eq!(asked(), before);
}
