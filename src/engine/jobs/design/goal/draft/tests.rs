//! Drafts of models, good and bad.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A workspace with `src/orders.rs` of three lines and an empty folder.
fn workspace() -> (TempDir, Jail) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("src/api")).expect("a folder");
    fs::create_dir_all(folder.path().join(".git")).expect("a folder");
    fs::write(folder.path().join("src/orders.rs"), "one\ntwo\nthree\n").expect("a file");
    fs::write(folder.path().join(".env"), "KEY=1\n").expect("a file");
    let jail = Jail::open(folder.path()).expect("a jail");
    (folder, jail)
}

fn read(reply: &Value) -> Result<Draft, String> {
    let (_folder, jail) = workspace();
    let places = Places {
        jail: &jail,
        rules: &Rules::default(),
        existing: &Existing::default(),
    };
    Draft::read(reply.as_object().expect("an object"), &places)
}

fn good() -> Value {
    json!({
        "context": "Orders are kept in memory (src/orders.rs:2). They are lost at src/orders.rs:99. \
                    Nothing else knows them.",
        "options": [
            {"name": "A file", "for": "Simple.", "against": "Slow for many orders."},
            {"name": "", "for": "x", "against": "y"},
        ],
        "decision": "A file, because there are few orders.",
        "files": [
            {"path": "src/orders.rs", "change": "Reads and writes the file."},
            {"path": "`./src/api/export.rs`", "change": "The new endpoint."},
            {"path": "src/lost/new.rs", "change": "In a folder that is not there."},
            {"path": "../outside.rs", "change": "No."},
            {"path": ".env", "change": "No."},
            {"path": ".git/config", "change": "No."},
            {"path": "src/api", "change": "A folder."},
        ],
        "steps": [
            {"do": "1. Write orders\n to a file", "files": ["src/orders.rs"]},
            {"do": "Add the endpoint in `src/api/export.rs`.", "files": ["src/api/export.rs", "src/nowhere/x.rs"]},
            {"do": "!!", "files": []},
            {"do": "Run all tests.", "files": []},
        ],
    })
}

#[test]
fn paths_are_checked_and_the_last_section_is_a_plan() {
    let draft = read(&good()).expect("a draft");
    let found = [Source {
        path: "src/orders.rs".to_owned(),
        start_line: 1,
        end_line: 3,
        symbol: None,
    }];
    let text = draft.markdown("Keep `orders`\n<b>", &found);
    let expected = "\
# Design: Keep 'orders' &lt;b

## Context

Orders are kept in memory (src/orders.rs:2). Nothing else knows them.

Code that was found: `src/orders.rs:1-3`.

## Options

### A file

- For: Simple.
- Against: Slow for many orders.

## Decision

A file, because there are few orders.

## Files

- `src/orders.rs`: Reads and writes the file.
- `src/api/export.rs` (new): The new endpoint.

Left out, since there is no such file or folder: `../outside.rs`, `.env`, `.git/config`, `src/api`, `src/lost/new.rs`, `src/nowhere/x.rs`.

## Steps

1. Write orders to a file (`src/orders.rs`)
2. Add the endpoint in `src/api/export.rs`.
3. Run all tests.
";
    assert_eq!(text, expected);
}

#[test]
fn without_steps_the_files_are_the_steps() {
    let mut reply = good();
    reply["steps"] = json!([]);
    let text = read(&reply).expect("a draft").markdown("goal", &[]);
    assert!(
        text.ends_with(
            "## Steps\n\n1. Reads and writes the file (`src/orders.rs`)\n2. The new endpoint \
             (`src/api/export.rs`)\n"
        ),
        "{text}"
    );
}

#[test]
fn a_reply_of_no_use_says_why() {
    let without = |name: &str, value: Value| {
        let mut reply = good();
        reply[name] = value;
        read(&reply).expect_err("no draft")
    };
    assert_eq!(without("decision", json!("")), "`decision` is empty");
    assert_eq!(without("decision", json!(["a"])), "`decision` is empty");
    let mut nothing = good();
    nothing["files"] = json!([]);
    nothing["steps"] = json!([]);
    assert_eq!(read(&nothing), Err("`files` is empty".to_owned()));
    nothing["files"] = json!([{"path": "a/b/c.rs", "change": "x"}, 7, "y", null]);
    assert_eq!(
        read(&nothing),
        Err("none of its files exists: a/b/c.rs".to_owned())
    );
    assert!(read(&json!({})).is_err());
}

#[test]
fn steps_are_lines_and_at_most_twelve() {
    let mut reply = good();
    let step =
        json!({"do": "Do\n\n# this `thing`\n2. and that <!-- x -->", "files": ["src/orders.rs"]});
    reply["steps"] = Value::Array(vec![step; 40]);
    let text = read(&reply).expect("a draft").markdown("goal", &[]);
    let (_, steps) = text.split_once("## Steps\n\n").expect("steps");
    let lines: Vec<&str> = steps.lines().collect();
    assert_eq!(lines.len(), 12);
    for (number, line) in (1..).zip(lines) {
        assert!(
            line.starts_with(&format!("{number}. Do # this `thing`")),
            "{line}"
        );
        assert!(!line.contains("<!--"), "{line}");
    }
}

#[test]
fn every_property_of_the_schema_is_required() {
    let schema = schema();
    let properties = schema["properties"].as_object().expect("properties");
    let required = schema["required"].as_array().expect("a list");
    assert_eq!(properties.len(), required.len());
    assert!(
        required
            .iter()
            .all(|name| properties.contains_key(name.as_str().unwrap_or_default()))
    );
}
