//! `index --list`, `--prune` and `--skipped`.

use std::fs::{self, File};

use ollacode_store::Catalog;
use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::samples::write_samples;

#[test]
fn indexes_are_listed_and_those_of_folders_that_are_gone_are_deleted() {
    let environment = Environment::new();
    write_samples(&environment);
    environment
        .run(&["index", "--list"])
        .expect_words(&["no folder is indexed"]);
    environment.index();
    let other = environment.outside().join("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("a.rs"), "pub fn a() {}\n").expect("a file");
    environment.run_in(&other, &["index"]).expect_success();
    let listed = environment.run(&["index", "--list", "--json"]).json();
    let listed = listed["indexes"].as_array().expect("a list");
    let of = |entry: &Value| (entry["workspace"].clone(), entry["files"].clone());
    assert_eq!(
        listed.iter().map(of).collect::<Vec<_>>(),
        [
            (json!(other), json!(1)),
            (json!(environment.workspace()), json!(3))
        ]
    );
    for entry in listed {
        assert_eq!(entry["exists"], true, "{entry}");
        assert!(entry["bytes"].as_u64() > Some(0), "{entry}");
        assert!(entry["written"].is_string(), "{entry}");
    }
    environment
        .run(&["index", "--prune"])
        .expect_success()
        .expect_words(&["nothing to delete"]);

    fs::rename(&other, environment.outside().join("moved")).expect("a rename");
    environment
        .run(&["index", "--list"])
        .expect_words(&["other", "no longer exists"]);
    // There is no terminal to ask on.
    environment
        .run(&["index", "--prune"])
        .expect_code(1)
        .expect_words(&["other", "--yes"]);
    assert_eq!(environment.index_folders().len(), 2);
    let pruned = environment.run(&["index", "--prune", "--yes", "--json"]);
    assert_eq!(pruned.json()["removed"][0]["workspace"], json!(other));
    let left = environment.run(&["index", "--list", "--json"]).json();
    assert_eq!(left["indexes"].as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

/// An index of another folder, which is deleted then; its entry in the list.
fn with_a_lost_folder(environment: &Environment, name: &str) -> Value {
    let other = environment.outside().join(name);
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("a.rs"), "pub fn a() {}\n").expect("a file");
    environment.run_in(&other, &["index"]).expect_success();
    fs::remove_dir_all(&other).expect("deleted");
    entry_of(environment, &json!(other)).expect("an entry")
}

fn entry_of(environment: &Environment, workspace: &Value) -> Option<Value> {
    let listed = environment.run(&["index", "--list", "--json"]).json();
    let listed = listed["indexes"].as_array().expect("a list").clone();
    listed
        .into_iter()
        .find(|entry| entry["workspace"] == *workspace)
}

#[test]
fn a_folder_on_a_disk_that_is_not_mounted_is_kept() {
    let environment = Environment::new();
    write_samples(&environment);
    environment.index();
    let entry = with_a_lost_folder(&environment, "other");
    assert_eq!(entry["exists"], false, "{entry}");
    let id = entry["id"].as_str().expect("a name");
    let indexes = environment.data_folder().join("ollacode/indexes");
    let mut catalog = Catalog::open(&indexes.join(id)).expect("the catalog");
    let disk = environment.outside().join("disk");
    let disk = disk.to_str().expect("a path");
    catalog.set_meta("workspace_mount", disk).expect("noted");
    drop(catalog);
    environment
        .run(&["index", "--list"])
        .expect_words(&["other", "on a disk that is not mounted"]);
    let pruned = environment.run(&["index", "--prune", "--yes"]);
    pruned.expect_success().expect_words(&["other", "kept"]);
    let entry = entry_of(&environment, &entry["workspace"]).expect("an entry");
    assert_eq!(entry["exists"], Value::Null, "{entry}");
    assert_eq!(entry["mounted"], false, "{entry}");
}

#[test]
fn all_data_of_a_folder_that_is_gone_is_shown_and_deleted() {
    let environment = Environment::new();
    write_samples(&environment);
    environment.index();
    let entry = with_a_lost_folder(&environment, "other");
    let id = entry["id"].as_str().expect("a name");
    let data = environment.data_folder().join("ollacode");
    let written = [
        format!("sessions/{id}/20261121-143005-k3x9/session.jsonl"),
        format!("confined/{id}/cache/a"),
        format!("maps/{id}.json"),
        format!("memory/{id}.txt"),
    ];
    for path in &written {
        let path = data.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, "x".repeat(1_000)).expect("a file");
    }
    let entry = entry_of(&environment, &entry["workspace"]).expect("an entry");
    for part in ["index", "confined", "sessions", "other"] {
        let bytes = entry["sizes"][part].as_u64();
        assert!(bytes >= Some(1_000), "{part}: {entry}");
    }
    // There is no terminal to ask on, and what would be deleted is shown.
    environment
        .run(&["index", "--prune"])
        .expect_code(1)
        .expect_words(&["other", "index", "--yes"]);
    environment
        .run(&["index", "--prune", "--yes"])
        .expect_success()
        .expect_words(&["deleted"]);
    for path in &written {
        assert!(!data.join(path).exists(), "{path}");
    }
    assert_eq!(entry_of(&environment, &entry["workspace"]), None);
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[test]
fn an_open_session_keeps_the_data_of_its_folder_and_of_no_other() {
    let environment = Environment::new();
    write_samples(&environment);
    let [open, other] = ["open", "other"].map(|name| with_a_lost_folder(&environment, name));
    let id = open["id"].as_str().expect("a name");
    let folder = environment.data_folder().join("ollacode/sessions").join(id);
    let folder = folder.join("20261121-143005-k3x9");
    fs::create_dir_all(&folder).expect("a folder");
    let journal = File::create(folder.join("journal.jsonl")).expect("a file");
    journal.lock().expect("a lock");
    environment
        .run(&["index", "--prune", "--yes"])
        .expect_code(1)
        .expect_words(&["deleted", "other", "data of 1 folder was not deleted"]);
    assert_eq!(entry_of(&environment, &other["workspace"]), None);
    let entry = entry_of(&environment, &open["workspace"]).expect("an entry");
    assert_eq!(entry["files"], 1, "{entry}");
    assert!(folder.join("journal.jsonl").exists());
    drop(journal);
    environment
        .run(&["index", "--prune", "--yes"])
        .expect_success();
    assert_eq!(entry_of(&environment, &open["workspace"]), None);
}

#[test]
fn sessions_whose_folder_is_not_known_for_certain_are_kept() {
    let environment = Environment::new();
    // A session has the path as text, which is another path if that is no Unicode.
    let text = include_str!("fixtures/journal-with-times.jsonl").replace("/shop", "/caf\u{fffd}");
    let folder = environment
        .data_folder()
        .join("ollacode/sessions/caf-0123456789/20261121-143005-k3x9");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("journal.jsonl"), text).expect("a file");
    let entry = entry_of(&environment, &Value::Null).expect("an entry");
    assert_eq!(entry["sessions"], 1, "{entry}");
    environment
        .run(&["index", "--prune", "--yes"])
        .expect_success();
    assert!(folder.join("journal.jsonl").exists());
}

#[test]
fn what_was_set_aside_is_listed_and_pruned() {
    let environment = Environment::new();
    write_samples(&environment);
    environment.index();
    let aside = environment.index_folder().join("damaged");
    fs::create_dir_all(&aside).expect("a folder");
    fs::write(aside.join("state-1900000000"), [0; 2_000]).expect("a file");
    let cache = environment
        .data_folder()
        .join("ollacode/embeddings.damaged-1900000000");
    fs::write(&cache, [0; 3_000]).expect("a file");
    environment
        .run(&["index", "--list"])
        .expect_words(&["set aside 2.0 kB", "damaged caches"]);
    let listed = environment.run(&["index", "--list", "--json"]).json();
    assert_eq!(listed["indexes"][0]["sizes"]["set_aside"], 2_000);
    assert_eq!(listed["damaged_cache_bytes"], 3_000);
    let pruned = environment.run(&["index", "--prune", "--yes", "--json"]);
    assert_eq!(pruned.json()["removed_damaged_bytes"], 5_000);
    assert!(!aside.join("state-1900000000").exists() && !cache.exists());
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[test]
fn each_skipped_file_is_named_with_its_reason() {
    let environment = Environment::new();
    write_samples(&environment);
    environment.write("logo.png", "x");
    environment.write("data.txt", b"a\0b");
    environment.write(".env", "A=b\n");
    environment.write("big.txt", "many words\n".repeat(200_000));
    environment.write("node_modules/x/index.js", "let x;\n");
    environment.write("debug.log", "x\n");
    environment.write(".gitignore", "*.log\n");
    std::os::unix::fs::symlink("logo.png", environment.workspace().join("link.rs"))
        .expect("a link");
    let expected = json!([
        {"path": ".env", "reason": "secret", "words": "named like secrets"},
        {"path": "big.txt", "reason": "too_large", "words": "over the size limit"},
        {"path": "data.txt", "reason": "binary", "words": "binary"},
        {"path": "link.rs", "reason": "not_a_file", "words": "links or special files"},
        {"path": "logo.png", "reason": "binary", "words": "binary"},
        {"path": "node_modules/", "reason": "default", "words": "excluded by default: build output, dependencies or a cache"},
    ]);
    // The same without an index and with one.
    for _ in 0..2 {
        let skipped = environment.run(&["index", "--skipped", "--json"]).json();
        assert_eq!(skipped, json!({"skipped": expected}));
        environment
            .run(&["index", "--skipped"])
            .expect_words(&["data.txt  binary", "node_modules/"]);
        environment
            .index()
            .expect_words(&["excluded by default", "node_modules"]);
    }
}
