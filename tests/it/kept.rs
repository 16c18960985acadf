//! `index --list`, `--prune` and `--skipped`.

use std::fs;

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
