use proptest::prelude::*;
use serde_json::json;

use super::super::edit::When;
use super::*;

const MAP: ServerMap = ServerMap::at("servers");

fn entry(program: &str) -> Entry {
    Entry {
        name: "ours",
        fields: vec![
            Field::new("command", json!(program), When::Always),
            Field::new("args", json!(["mcp"]), When::Always),
            Field::new("enabled", json!(true), When::NewAndNotBelow),
        ],
    }
}

/// The text with our server, which is not changed a second time.
#[track_caller]
fn edited(text: &str, map: &ServerMap) -> String {
    let after = with_entry(text, map, &entry("/x")).expect("it is edited");
    assert_eq!(
        with_entry(&after, map, &entry("/x")).as_deref(),
        Ok(&*after),
        "a second time"
    );
    after
}

#[track_caller]
fn refused(text: &str, words: &str) {
    let error = with_entry(text, &MAP, &entry("/x")).expect_err("it is refused");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_file_with_nothing_else() {
    let wanted = "{\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\",\n      \"args\": \
                  [\"mcp\"],\n      \"enabled\": true\n    }\n  }\n}\n";
    assert_eq!(document("servers", &entry("/x")), wanted);
    assert_eq!(edited(wanted, &MAP), wanted);
    assert_eq!(edited("{}\n", &MAP), wanted);
    assert_eq!(edited("{\n}\n", &MAP), wanted);
}

#[test]
fn members_are_added_as_the_others_are_written() {
    let text = "// top\n{\n\t\"theme\": \"dark\", // dark\n\t\"servers\": {\n\t\t\"a\": {\"url\": 1} // a\n\t},\n}\n";
    let wanted = "// top\n{\n\t\"theme\": \"dark\", // dark\n\t\"servers\": {\n\t\t\"a\": {\"url\": 1}, // a\n\
                  \t\t\"ours\": {\n\t\t\t\"command\": \"/x\",\n\t\t\t\"args\": [\"mcp\"],\n\t\t\t\"enabled\": \
                  true\n\t\t}\n\t},\n}\n";
    assert_eq!(edited(text, &MAP), wanted);
    let text = "{\r\n    \"a\": 1,\r\n    \"b\": [\r\n    ],\r\n    // end\r\n}";
    let wanted = "{\r\n    \"a\": 1,\r\n    \"b\": [\r\n    ],\r\n    // end\r\n    \"servers\": {\r\n        \
                  \"ours\": {\r\n            \"command\": \"/x\",\r\n            \"args\": [\"mcp\"],\r\n            \
                  \"enabled\": true\r\n        }\r\n    }\r\n}";
    assert_eq!(edited(text, &MAP), wanted);
}

#[test]
fn a_file_of_one_line_stays_one() {
    let ours = r#""ours": {"command": "/x", "args": ["mcp"], "enabled": true}"#;
    assert_eq!(
        edited(r#"{"a":1}"#, &MAP),
        format!(r#"{{"a":1, "servers": {{{ours}}}}}"#)
    );
    assert_eq!(
        edited(r#"{"servers":{"a":{},/* b */}}"#, &MAP),
        format!(r#"{{"servers":{{"a":{{}},/* b */ {ours}}}}}"#)
    );
    assert_eq!(
        edited("{\n  \"a\": 1}", &MAP),
        "{\n  \"a\": 1,\n  \"servers\": {\n    \"ours\": {\n      \"command\": \"/x\",\n      \"args\": \
         [\"mcp\"],\n      \"enabled\": true\n    }\n  }\n}"
    );
}

#[test]
fn what_the_user_added_to_our_server_stays() {
    let text = r#"{"servers": {"ours": {"command": "/old", // mine
        "env": {"A": "b"}, "enabled": false, "args": [ "mcp" ]}, "z": 1}}"#;
    assert_eq!(edited(text, &MAP), text.replace("/old", "/x"));
    let text = "{\"servers\": {\"ours\": {\n  \"env\": {},\n}}}";
    assert_eq!(
        edited(text, &MAP),
        "{\"servers\": {\"ours\": {\n  \"env\": {},\n  \"command\": \"/x\",\n  \"args\": [\"mcp\"]\n}}}"
    );
}

#[test]
fn servers_may_be_one_object_further_down() {
    let map = MAP.or_below("all");
    let below = r#"{"servers": {"all": {"a": {"command": "b"}}}}"#;
    assert_eq!(
        edited(below, &map),
        r#"{"servers": {"all": {"a": {"command": "b"}, "ours": {"command": "/x", "args": ["mcp"]}}}}"#
    );
    // A server of that name is no object of servers.
    let named = r#"{"servers": {"all": {"command": "b"}}}"#;
    assert!(edited(named, &map).starts_with(r#"{"servers": {"all": {"command": "b"}, "ours": "#));
    // Ours stays where it is.
    let both = r#"{"servers": {"all": {}, "ours": {"command": "/old", "args": ["mcp"]}}}"#;
    assert_eq!(edited(both, &map), both.replace("/old", "/x"));
}

#[test]
fn what_cannot_be_edited_is_refused() {
    refused("{\"servers\": ", "line 1: ");
    refused("// only a comment\n", "line 2: ");
    refused("[]", "top level");
    refused(r#"{"servers": []}"#, "`servers`");
    refused(r#"{"servers": null}"#, "`servers`");
    refused(r#"{"servers": {"ours": "x"}}"#, "`ours`");
    refused(r#"{"servers": {}, "servers": {}}"#, "twice");
    refused(r#"{"servers": {"ours": {}, "ours": {}}}"#, "twice");
    refused(
        r#"{"servers": {"ours": {"command": "a", "command": "b"}}}"#,
        "twice",
    );
    refused(
        r#"{"servers": {"ours": {"url": "http://127.0.0.1:4781/mcp"}}}"#,
        "`url`",
    );
}

/// Blanks and comments.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        2 => Just(" ".to_owned()),
        2 => Just("\n  ".to_owned()),
        1 => Just("\r\n\t".to_owned()),
        1 => Just("/* } \" */".to_owned()),
        1 => Just("// { \"\n".to_owned()),
    ]
}

/// The text of a value.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("null".to_owned()),
        Just(r#""} // \" ü""#.to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| object_of(inner).boxed())
}

/// The text of an object, whose names differ.
fn object_of(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (gap(), gap(), inner, gap());
    let members = proptest::collection::vec(member, 0..4);
    (members, any::<bool>(), gap()).prop_map(|(members, comma, end)| {
        let count = members.len();
        let members = members.into_iter().enumerate();
        let members = members.map(|(number, (before, middle, value, after))| {
            let comma = if number + 1 < count || comma { "," } else { "" };
            // The first has the name that ours are in.
            let key = if number == 0 {
                "servers".to_owned()
            } else {
                format!("k{number}")
            };
            format!("{before}\"{key}\":{middle}{value}{after}{comma}")
        });
        format!("{{{}{end}}}", members.collect::<String>())
    })
}

proptest! {
    /// Nothing is taken away from a text that does not have our server, and the result means what it
    /// meant, with our server.
    #[test]
    fn texts_are_only_added_to(text in object_of(value()), gap in gap()) {
        let text = format!("{gap}{text}\n");
        let root = scan(&text).expect("a text of this test");
        let Ok((path, parts)) = edits(&text, &root, &MAP, &entry("/x")) else {
            // `servers` is no object.
            return Ok(());
        };
        for part in &parts {
            prop_assert!(part.range.is_empty(), "{:?} is replaced", part);
        }
        let direct = replaced(&text, parts);
        let after = with_entry(&text, &MAP, &entry("/x"));
        prop_assert_eq!(after.as_deref(), Ok(&*direct), "{}", text);
        let after = after.expect("edited");
        let found = scan(&after).expect("JSON").to_value();
        prop_assert_eq!(&found["servers"]["ours"]["command"], "/x");
        prop_assert_eq!(found, wanted(root.to_value(), &path, &entry("/x")));
        let again = with_entry(&after, &MAP, &entry("/x"));
        prop_assert_eq!(again.as_deref(), Ok(&*after));
    }
}
