use serde_json::json;

use super::super::edit::When;
use super::*;

const KEY: &str = "extensions";
const OURS: &str =
    "  ours:\n    enabled: true\n    cmd: \"/x: #y\"\n    args: [\"mcp\"]\n    envs: {}\n";

fn entry() -> Entry {
    Entry {
        name: "ours",
        fields: vec![
            Field::new("enabled", json!(true), When::New),
            Field::new("cmd", json!("/x: #y"), When::Always),
            Field::new("args", json!(["mcp"]), When::Always),
            Field::new("envs", json!({}), When::New),
        ],
    }
}

#[track_caller]
fn edited(text: &str) -> String {
    let after = with_entry(text, KEY, &entry()).expect("it is edited");
    assert_eq!(
        with_entry(&after, KEY, &entry()).as_deref(),
        Ok(&*after),
        "a second time"
    );
    after
}

#[track_caller]
fn refused(text: &str, words: &str) {
    let error = with_entry(text, KEY, &entry()).expect_err("it is refused");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_server_that_is_new_is_the_first() {
    assert_eq!(document(KEY, &entry()), format!("extensions:\n{OURS}"));
    let text = "# top\nA: b\nextensions: # mine\n\n  # the first\n  other:\n    cmd: c\nlast: |\n  extensions:\n";
    assert_eq!(
        edited(text),
        text.replace(": # mine\n", &format!(": # mine\n{OURS}"))
    );
    let text = "extensions:\n    other:\n        cmd: c\n";
    let wide = OURS
        .replace("    ", "        ")
        .replace("  ours", "    ours");
    assert_eq!(
        edited(text),
        format!("extensions:\n{wide}    other:\n        cmd: c\n")
    );
    for text in ["A: b\n", "A: b", "# only a comment\n"] {
        let gap = if text.ends_with('\n') { "" } else { "\n" };
        assert_eq!(edited(text), format!("{text}{gap}extensions:\n{OURS}"));
    }
    assert_eq!(
        edited("extensions:\nA: b\n"),
        format!("extensions:\n{OURS}A: b\n")
    );
    let text = "A: b\r\nextensions:\r\n";
    assert_eq!(
        edited(text),
        format!("{text}{}", OURS.replace('\n', "\r\n"))
    );
}

#[test]
fn what_the_user_added_to_our_server_stays() {
    let text = "extensions:\n  ours: {cmd: '/x: #y', args: [mcp], enabled: false, more: 1}\n";
    assert_eq!(edited(text), text);
}

#[test]
fn what_cannot_be_edited_is_refused() {
    refused("a: [\n", "line");
    refused("- a\n", "top level");
    refused("extensions: 3\n", "`extensions`");
    refused("extensions: {}\n", "not edited safely");
    refused("{extensions: {a: 1}}\n", "not edited safely");
    refused("A: b\n---\nC: d\n", "");
    refused("A: |\n  x\n...\n", "");
    refused("extensions:\n  ours: 3\n", "`ours`");
    refused(
        "extensions:\n  ours:\n    cmd: /old\n    args: []\n",
        "another `cmd`",
    );
    refused(
        "extensions:\n  ours:\n    uri: http://127.0.0.1/\n",
        "`uri`",
    );
    refused("extensions:\nextensions:\n", "");
    // The line belongs to a text.
    refused("a: |\n extensions:\n\nb: \"\nextensions:\n\"\n", "");
}
