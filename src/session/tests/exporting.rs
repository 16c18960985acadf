//! An export, for people and for programs.

use serde_json::{Value, json};

use super::super::export::{Format, export};
use super::*;

#[test]
fn an_export_tells_what_happened() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let open = call("c2", "b```");
    record(
        &mut session,
        Record::assistant("Wait.", "", std::slice::from_ref(&open)),
    );
    record(&mut session, Record::about_to_run(&open));
    let id = session.id.clone();
    let markdown = export(&home.folder, &id, Format::Markdown).expect("Markdown");
    for part in [
        "# What does `main` do?\n",
        "## You\n\nWhat does `main` do?\n",
        "**read_file** (done)\n\n```json\n{\"path\":\"src/main.rs\"}\n```\n",
        "```text\n1: fn main() {}\n```\n",
        "## ollacode\n\nNothing. \u{1f980}\n",
        "**read_file** (interrupted)\n\n````json\n",
    ] {
        assert!(markdown.contains(part), "{part}\n---\n{markdown}");
    }
    assert!(!markdown.contains("what was found"), "{markdown}");
    let json = export(&home.folder, &id, Format::Json).expect("JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["id"], id.as_str());
    assert_eq!((&json["version"], &json["turns"]), (&json!(1), &json!(1)));
    let kinds: Vec<&str> = json["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "user",
            "assistant",
            "tool",
            "assistant",
            "assistant",
            "tool"
        ]
    );
    assert_eq!(json["items"][2]["result"], "1: fn main() {}");
    assert_eq!(json["items"][5]["outcome"], "interrupted");
}
