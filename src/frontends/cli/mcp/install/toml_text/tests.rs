use proptest::prelude::*;
use serde_json::json;

use super::super::edit::When;
use super::*;

const KEY: &str = "mcp_servers";
const OURS: &str = "[mcp_servers.ours]\ncommand = \"/x \\\"y\\\"\"\nargs = [\"mcp\", \"ü\"]\n";

fn entry() -> Entry {
    Entry {
        name: "ours",
        fields: vec![
            Field::new("command", json!("/x \"y\""), When::Always),
            Field::new("args", json!(["mcp", "ü"]), When::Always),
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
fn a_server_that_is_new_comes_last() {
    assert_eq!(document(KEY, &entry()), OURS);
    let text =
        "# top\nmodel = \"x\" # why\n\n[mcp_servers.other]\ncommand = '''\n[not.a.header]\n'''\n";
    assert_eq!(edited(text), format!("{text}\n{OURS}"));
    let text = "[[list]]\na = 1";
    assert_eq!(edited(text), format!("{text}\n\n{OURS}"));
    let text = "a = 1\r\n";
    assert_eq!(
        edited(text),
        format!("{text}\r\n{}", OURS.replace('\n', "\r\n"))
    );
    let text = "[mcp_servers]\n";
    assert_eq!(edited(text), format!("{text}\n{OURS}"));
}

#[test]
fn what_the_user_added_to_our_server_stays() {
    let text = "[mcp_servers.ours] # mine\nenabled = false\nargs = [\n  'old', # why\n]\ncommand = '/old'\n\
                [mcp_servers.ours.env]\nA = \"b\"\n";
    let wanted = "[mcp_servers.ours] # mine\nenabled = false\nargs = [\"mcp\", \"ü\"]\ncommand = \"/x \\\"y\\\"\"\n\
                  [mcp_servers.ours.env]\nA = \"b\"\n";
    assert_eq!(edited(text), wanted);
    let text = "[mcp_servers.ours] # mine\ntimeout = 3\n";
    let wanted = "[mcp_servers.ours] # mine\ncommand = \"/x \\\"y\\\"\"\nargs = [\"mcp\", \"ü\"]\ntimeout = 3\n";
    assert_eq!(edited(text), wanted);
    // The same in other words is left alone.
    let text =
        "mcp_servers.ours.command = '/x \"y\"'\nmcp_servers.ours.args = ['mcp',\n\"\\u00fc\"]\n";
    assert_eq!(edited(text), text);
    let text = "mcp_servers = { ours = { command = 'old', args = [] }, z = {} }\n";
    assert_eq!(
        edited(text),
        "mcp_servers = { ours = { command = \"/x \\\"y\\\"\", args = [\"mcp\", \"ü\"] }, z = {} }\n"
    );
}

#[test]
fn what_cannot_be_edited_is_refused() {
    refused("a = 1\nb = = 2\n", "line 2: ");
    refused("mcp_servers = 3\n", "`mcp_servers`");
    refused("[mcp_servers]\nours = 3\n", "`ours`");
    refused("[[mcp_servers]]\n", "`mcp_servers`");
    refused("mcp_servers = {}\n", "not edited safely");
    refused("mcp_servers.ours.env = {}\n", "not edited safely");
    refused(
        "[mcp_servers.ours]\nurl = 'http://127.0.0.1:4781/mcp'\n",
        "`url`",
    );
}

proptest! {
    /// A text that does not have our server is kept as it is, and our table comes after it.
    #[test]
    fn texts_are_only_added_to(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("a = 1"), Just("# [x"), Just(""), Just("[b]"), Just("[b.c]"), Just("d = '''\n[e]\n'''"),
                Just("[[f]]"), Just("[mcp_servers.z]"), Just("g = [\n1,\n[2],\n]"), Just("[mcp_servers]"),
                Just("h = { i = \"]\" }"),
            ],
            0..8,
        ),
        ends in any::<bool>(),
    ) {
        let text = lines.join("\n") + if ends { "\n" } else { "" };
        let is_valid = means(&text).is_some();
        match with_entry(&text, KEY, &entry()) {
            Ok(after) => {
                let rest = after.strip_prefix(&text);
                prop_assert_eq!(rest.map(str::trim_start), Some(OURS), "{}", text);
            }
            Err(error) => prop_assert!(!is_valid, "{error}: {text}"),
        }
    }
}
