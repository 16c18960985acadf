//! `ollacode doctor`: each check, with the checked part broken.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;

use ollacode_store::{Catalog, FileRecord, RecordedFile};
use serde_json::Value;

use crate::support::environment::Running;
use crate::support::samples::write_samples;
use crate::support::{Environment, Fault, ModelServer, Output};

/// State and message of the checks with a name.
fn rows(output: &Output, name: &str) -> Vec<(String, String)> {
    let report = output.json();
    let checks = report["checks"].as_array().expect("checks");
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let named = checks.iter().filter(|check| check["name"] == name);
    let rows = named.map(|check| {
        let is_good = check["state"] == "good";
        assert!(is_good || check["fix"].is_string(), "how to mend {check}");
        (text(check, "state"), text(check, "message"))
    });
    rows.collect()
}

#[track_caller]
fn expect_row(environment: &Environment, name: &str, state: &str, words: &str) {
    let output = environment.run(&["doctor", "--json"]);
    expect_in(&output, name, state, words);
}

#[track_caller]
fn expect_in(output: &Output, name: &str, state: &str, words: &str) {
    let rows = rows(output, name);
    let is_there = |row: &(String, String)| row.0 == state && row.1.contains(words);
    assert!(
        rows.iter().any(is_there),
        "{state} with `{words}` is wanted of {name}: {rows:#?}"
    );
}

fn sample() -> Environment {
    let environment = Environment::new();
    write_samples(&environment);
    environment
}

fn close(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("rights");
}

#[test]
fn where_all_is_well_it_says_so() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    write_samples(&environment);
    environment.index();
    let output = environment.run(&["doctor", "--json"]);
    for name in [
        "workspace",
        "data",
        "index",
        "ollama",
        "embeddings",
        "watches",
    ] {
        let rows = rows(&output, name);
        assert!(rows.iter().all(|row| row.0 == "good"), "{rows:#?}");
        assert!(!rows.is_empty(), "there is no row {name}");
    }
    assert_eq!(rows(&output, "clock"), []);
}

#[test]
fn a_workspace_that_cannot_be_read_is_not_good() {
    let environment = Environment::new();
    expect_row(
        &environment,
        "workspace",
        "warning",
        "no file that can be indexed",
    );
    write_samples(&environment);
    fs::create_dir(environment.workspace().join(".gitignore")).expect("a folder");
    expect_row(
        &environment,
        "workspace",
        "warning",
        "`.gitignore` is not applied",
    );
    fs::remove_dir(environment.workspace().join(".gitignore")).expect("a folder to delete");
    expect_row(&environment, "workspace", "good", "");
    let (root, below) = (environment.workspace(), environment.workspace().join("src"));
    close(&below, 0o000);
    // Root reads everything.
    if fs::read_dir(&below).is_ok() {
        return;
    }
    expect_row(&environment, "workspace", "warning", "`src` cannot be read");
    close(&below, 0o755);
    close(&root, 0o311);
    let output = environment.run(&["doctor", "--json"]);
    close(&root, 0o755);
    expect_in(&output, "workspace", "broken", "cannot be read");
}

#[test]
fn data_that_cannot_be_written_is_broken() {
    let environment = sample();
    fs::write(environment.data_folder().join("ollacode"), "").expect("a file");
    expect_row(&environment, "data", "broken", "cannot write to");
    let environment = sample();
    let indexes = environment.data_folder().join("ollacode/indexes");
    fs::create_dir_all(indexes.parent().expect("a parent")).expect("folders");
    fs::write(&indexes, "").expect("a file in place of a folder");
    expect_row(&environment, "data", "broken", "ollacode/indexes");
    let environment = sample();
    environment.index();
    let books = environment.index_folder().join("state.db");
    close(&books, 0o400);
    if fs::File::options().append(true).open(&books).is_err() {
        expect_row(&environment, "data", "broken", "state.db");
    }
}

/// Runs doctor in new namespaces, after a line of shell; `None` if that is not allowed.
fn apart(environment: &Environment, before: &str) -> Option<Output> {
    let inner = environment.command(&["doctor", "--json"]);
    let mut command = Command::new("unshare");
    let script = format!("{before} && exec \"$0\" \"$@\"");
    command.args(["-Urm", "sh", "-c", &script]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().current_dir(environment.workspace());
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let mut check = Command::new("unshare");
    check.args(["-Urm", "sh", "-c", before]);
    let is_allowed = check.output().is_ok_and(|output| output.status.success());
    is_allowed.then(|| Running::start(command, None).finish())
}

#[test]
fn a_full_disk_and_one_that_is_read_only_are_not_good() {
    let environment = sample();
    let data = environment.data_folder();
    let data = data.display();
    for (options, state, words) in [
        ("size=64m", "warning", "nearly full"),
        ("size=8m", "broken", "nearly full"),
        ("ro", "broken", "Read-only file system"),
    ] {
        let mount = format!("mount -t tmpfs -o {options} none '{data}'");
        if let Some(output) = apart(&environment, &mount) {
            expect_in(&output, "data", state, words);
        }
    }
}

#[test]
fn too_few_watches_are_not_good() {
    let environment = sample();
    for number in 0..8 {
        environment.write(&format!("f{number}/a.rs"), "fn a() {}\n");
    }
    for (limit, count) in [("watches", 5), ("instances", 0)] {
        let lowered = format!("echo {count} > /proc/sys/user/max_inotify_{limit}");
        if let Some(output) = apart(&environment, &lowered) {
            let words = format!("only {count} of");
            expect_in(&output, "watches", "warning", &words);
        }
    }
}

#[test]
fn an_index_that_is_not_as_it_should_be_is_not_good() {
    let environment = sample();
    expect_row(&environment, "index", "warning", "not indexed yet");
    environment.index();
    expect_row(&environment, "index", "good", "3 files");
    let folder = environment.index_folder();
    let mut state = Catalog::open(&folder).expect("the catalog");
    let files = state.files().expect("files").into_iter();
    let keys = state.file_keys().expect("keys").into_iter();
    let outdated: Vec<RecordedFile> = files
        .zip(keys)
        .map(|(file, (_, keys))| RecordedFile {
            file: FileRecord { rules: 1, ..file },
            keys,
        })
        .collect();
    state.record_files(&outdated, None).expect("records");
    drop(state);
    expect_row(&environment, "index", "warning", "another version");
    environment.index();
    let mut state = Catalog::open(&folder).expect("the catalog");
    state.set_chunks_version(1).expect("a version");
    drop(state);
    expect_row(&environment, "index", "warning", "not finished");
    environment.index();
    expect_row(&environment, "index", "good", "3 files");
    fs::write(folder.join("state.db"), "no database").expect("a file");
    expect_row(&environment, "index", "broken", "damaged");
}

#[test]
fn vectors_that_are_missing_are_not_good() {
    let server = ModelServer::with(&[Fault::Crash("azimuth")]);
    let environment = Environment::on(&server);
    write_samples(&environment);
    environment.index();
    expect_row(&environment, "index", "warning", "could not be embedded");
}

/// A server with the same response to every request.
fn stranger(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn what_is_no_ollama_is_not_good() {
    for (status, body, row) in [
        ("200 OK", "<html><h1>It works!</h1></html>", "ollama"),
        ("200 OK", "{}", "ollama"),
        ("502 Bad Gateway", "<html>502 Bad Gateway</html>", "ollama"),
        ("404 Not Found", "404 page not found", "ollama"),
        // Another program that has a version.
        ("200 OK", "{\"version\": \"1.2.3\"}", "model"),
        ("200 OK", "{\"version\": \"1.2.3\"}", "embeddings"),
    ] {
        let environment = sample()
            .with("OLLAMA_HOST", &stranger(status, body))
            .with("OLLAMA_EMBED_MODEL", "embedder");
        let output = environment.run(&["doctor", "--json"]).expect_code(1);
        expect_in(&output, row, "broken", "");
    }
}

#[test]
fn a_model_that_is_missing_or_does_not_run_is_not_good() {
    let missing = ModelServer::with(&[Fault::ModelMissing]);
    let environment = Environment::on(&missing);
    expect_row(
        &environment,
        "embeddings",
        "broken",
        "does not have the model",
    );
    expect_row(&environment, "chat", "warning", "");
    for fault in [
        Fault::Down,
        Fault::Null("test"),
        Fault::NotANumber("test"),
        Fault::WrongDimension,
    ] {
        let server = ModelServer::with(&[fault]);
        let environment = Environment::on(&server);
        expect_row(&environment, "embeddings", "broken", "does not embed");
    }
}
