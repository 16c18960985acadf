//! The JSON parser accepts what models write, and guesses nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::json::{JsonReading, PartialReason, read, whole};

#[test]
fn the_reader_is_tolerant_but_guesses_nothing() {
    let read_as = [
        (
            "{'a': 'b\"c', \"d\": [1, 2,],}",
            json!({"a": "b\"c", "d": [1, 2]}),
        ),
        (
            "{\"a\": True, \"b\": False, \"c\": None}",
            json!({"a": true, "b": false, "c": null}),
        ),
        ("{ // why\n \"a\": /* ] */ 1.5e2 }", json!({"a": 150.0})),
        ("{\"a\": 1, \"a\": 2}", json!({"a": 2})),
        (
            "[-1, 12345678901234567890, \"a\\/b\\\nc\"]",
            json!([-1, "12345678901234567890", "a/b\\\nc"]),
        ),
        ("\u{feff}\u{a0}{\"한\": \"글\"}", json!({"한": "글"})),
    ];
    for (text, value) in read_as {
        assert_eq!(whole(text), Some(value), "{text}");
    }
    let malformed = [
        "{\"a\" 1}",
        "{a: 1}",
        "[1 2]",
        "[,]",
        "{\"a\": \"b\" \"c\"}",
        "{\"a\": nil}",
        "{]",
        "[}",
        "{\"a\": 0x10}",
    ];
    for text in malformed {
        let JsonReading::Partial(partial) = read(text) else {
            panic!("{text} was read");
        };
        assert_eq!(partial.stop, PartialReason::Malformed, "{text}");
    }
    for text in [
        "",
        "{",
        "[1",
        "[tru",
        "{\"a",
        "{\"a\": \"b\\",
        "{\"a\": 1 /",
        "[1, /* ",
        "{\"a\": '",
    ] {
        let JsonReading::Partial(partial) = read(text) else {
            panic!("{text} was read");
        };
        assert_eq!(partial.stop, PartialReason::EndOfText, "{text}");
        assert_eq!(partial.settled, text.starts_with("{\"a\": 1"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_reader_reads_what_is_json(value in value()) {
        let text = value.to_string();
        let JsonReading::Whole { value: read, end } = read(&text) else {
            panic!("{text} was not read");
        };
        prop_assert_eq!((read, end), (value, text.len()));
        for end in 0..text.len() {
            if text.is_char_boundary(end) && text.starts_with(['{', '[']) {
                prop_assert!(matches!(super::super::json::read(&text[..end]), JsonReading::Partial(partial) if partial.stop == PartialReason::EndOfText));
            }
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
