use proptest::prelude::*;
use serde_json::json;

use super::*;

fn issue() -> Value {
    json!({
        "type": "object",
        "properties": {
            "owner": {"type": "string", "description": "Who has it"},
            "state": {"enum": ["open", "closed"]},
            "page": {"type": "integer", "minimum": 1, "maximum": 100},
            "labels": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "draft": {"type": "boolean"},
            "since": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "filter": {"$ref": "#/$defs/filter"},
        },
        "required": ["owner"],
        "additionalProperties": false,
        "$defs": {"filter": {
            "type": "object",
            "properties": {"author": {"type": "string"}, "kind": {"const": "bug"}},
            "required": ["author"],
        }},
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

#[track_caller]
fn mended(given: Value, expected: Value) {
    let fitted = fitted(&issue(), object(given));
    assert_eq!(fitted.map(Value::Object), Ok(expected));
}

#[track_caller]
fn wrong(given: Value, expected: &str) {
    let fitted = fitted(&issue(), object(given));
    assert_eq!(fitted, Err(expected.to_owned()));
}

#[test]
fn what_fits_stays_as_it_is() {
    for given in [
        json!({"owner": "a"}),
        json!({"owner": "a", "state": "open", "page": 3, "labels": ["x"], "draft": false}),
        json!({"owner": "a", "since": null, "limit": 4, "filter": {"author": "b", "more": [1]}}),
        json!({"owner": "", "labels": []}),
    ] {
        mended(given.clone(), given);
    }
}

#[test]
fn values_with_one_meaning_are_converted() {
    for (given, expected) in [
        (json!({"page": "5"}), json!({"page": 5})),
        (json!({"page": 5.0}), json!({"page": 5})),
        (json!({"page": " 5.0 "}), json!({"page": 5})),
        (json!({"draft": "True"}), json!({"draft": true})),
        (json!({"labels": "bug"}), json!({"labels": ["bug"]})),
        (
            json!({"labels": "[\"a\", \"b\"]"}),
            json!({"labels": ["a", "b"]}),
        ),
        (json!({"labels": [7]}), json!({"labels": ["7"]})),
        (json!({"limit": "3"}), json!({"limit": 3})),
        (
            json!({"filter": "{\"author\": \"b\"}"}),
            json!({"filter": {"author": "b"}}),
        ),
        (
            json!({"filter": {"Author": 5}}),
            json!({"filter": {"author": "5"}}),
        ),
        (json!({"State": "open"}), json!({"state": "open"})),
        // What is optional and has no value is absent.
        (json!({"page": null, "state": null, "draft": ""}), json!({})),
    ] {
        let with_owner = |value: Value| {
            let mut members = object(value);
            members.insert("owner".to_owned(), json!("a"));
            members
        };
        let fitted = fitted(&issue(), with_owner(given.clone()));
        let expected = with_owner(expected);
        assert_eq!(fitted, Ok(expected), "{given}");
    }
}

#[test]
fn what_is_wrong_is_said_so_that_it_can_be_corrected() {
    for (given, expected) in [
        (json!({}), "`owner` is missing: it must be string"),
        (
            json!({"owner": "a", "state": "opened"}),
            "`state` must be one of \"open\", \"closed\", not the string \"opened\"",
        ),
        (
            json!({"owner": "a", "page": "five"}),
            "`page` must be integer, not the string \"five\"",
        ),
        (
            json!({"owner": "a", "page": 0}),
            "`page` must be at least 1, not 0",
        ),
        (
            json!({"owner": "a", "labels": ["a", "b", "c"]}),
            "`labels` must have at most 2 entries, and has 3",
        ),
        (
            json!({"owner": "a", "labels": ["a", {}]}),
            "`labels[1]` must be string, not an object",
        ),
        (
            json!({"owner": "a", "filter": {"kind": "bug"}}),
            "`filter.author` is missing: it must be string",
        ),
        (
            json!({"owner": "a", "filter": {"author": "b", "kind": "x"}}),
            "`filter.kind` must be \"bug\", not the string \"x\"",
        ),
        (
            json!({"owner": "a", "statte": "open"}),
            "there is no `statte`; did you mean `state`?",
        ),
        (
            json!({"owner": "a", "since": [1, 2]}),
            "`since` must be string or null, not a list of 2",
        ),
        (
            json!({"page": true}),
            "`owner` is missing: it must be string; `page` must be integer, not true",
        ),
    ] {
        wrong(given, expected);
    }
    let long = fitted(
        &issue(),
        object(json!({"owner": "a", "wholly_different": 1})),
    );
    let long = long.expect_err("an unknown name");
    assert!(
        long.starts_with("there is no `wholly_different`; there are `"),
        "{long}"
    );
    assert!(
        long.contains("`owner`") && long.contains("`filter`"),
        "{long}"
    );
}

#[test]
fn names_and_values_of_a_server_are_harmless_in_errors() {
    let schema = json!({
        "properties": {"a": {"enum": ["<|im_start|>system", "\u{202e}x"]}},
        "required": ["<|im_end|>"],
    });
    let why = fitted(&schema, object(json!({"a": "<|im_start|>"}))).expect_err("wrong");
    assert!(!why.contains("<|im") && !why.contains('\u{202e}'), "{why}");
    assert!(why.contains("<\\|im_end|>"), "{why}");
}

#[test]
fn forms_are_tried_and_the_nearest_one_is_named() {
    let schema = json!({"properties": {"target": {"oneOf": [
        {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        {"type": "string", "minLength": 2},
    ]}}, "allOf": [{"required": ["target"]}]});
    for given in [json!({"target": {"id": 1}}), json!({"target": "ab"})] {
        assert_eq!(fitted(&schema, object(given.clone())), Ok(object(given)));
    }
    for (given, expected) in [
        (
            json!({"target": {}}),
            "`target.id` is missing: it must be integer",
        ),
        (
            json!({"target": "a"}),
            "`target` must have at least 2 characters, and has 1",
        ),
        (
            json!({"target": [1]}),
            "`target` must be object or string, not a list of 1",
        ),
        (json!({}), "`target` is missing"),
    ] {
        assert_eq!(fitted(&schema, object(given)), Err(expected.to_owned()));
    }
}

#[test]
fn a_schema_that_says_nothing_takes_anything() {
    let given = object(json!({"a": [1, {"b": null}]}));
    for schema in [
        json!(true),
        json!({}),
        json!(null),
        json!("odd"),
        json!({"type": 7, "properties": 1, "required": "a", "enum": 5, "anyOf": {}}),
        json!({"$ref": "#/nowhere"}),
        json!({"$ref": "#"}),
        json!({"$ref": "http://localhost/schema.json"}),
        json!({"properties": {"a": {"items": {"$ref": "#/properties/a/items"}}}}),
    ] {
        assert_eq!(
            fitted(&schema, given.clone()),
            Ok(given.clone()),
            "{schema}"
        );
    }
    let none = fitted(&json!({"additionalProperties": false}), given);
    assert_eq!(
        none,
        Err("there is no `a`; it takes no arguments".to_owned())
    );
}

#[test]
fn work_is_bounded_whatever_a_server_sends() {
    // Each level has two forms of itself.
    let mut schema = json!({"type": "integer"});
    for _ in 0..14 {
        schema = json!({"anyOf": [schema.clone(), schema]});
    }
    let circle = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "type": "object"});
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let given = object(json!({"a": deep, "b": vec![0; 30_000]}));
    for schema in [json!({"properties": {"a": schema}}), circle] {
        let _ = fitted(&schema, given.clone());
        assert!(outline(&schema, 400).len() < 600);
        assert!(shown(&schema).to_string().len() <= 4_000);
    }
}

#[test]
fn few_faults_are_told_however_many_there_are() {
    let named = |at: usize| format!("name_{at}");
    let needed: Vec<String> = (0..2_000).map(named).collect();
    let schema = json!({"required": needed, "additionalProperties": false});
    let given = needed.iter().map(|name| (format!("{name}x"), json!(1)));
    for given in [Map::new(), given.collect()] {
        let faults = fitted(&schema, given).expect_err("it does not fit");
        assert_eq!(faults.split("; `").count(), MOST_FAULTS, "{faults}");
    }
    let given = json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1});
    let schema = json!({"properties": {}, "additionalProperties": false});
    let faults = fitted(&schema, object(given)).expect_err("it does not fit");
    assert_eq!(
        faults.matches("there is no").count(),
        MOST_FAULTS,
        "{faults}"
    );
}

#[test]
fn the_outline_is_a_line_that_a_model_can_follow() {
    assert_eq!(
        outline(&issue(), 1_000),
        "{\"owner\": string, \"state\": \"open\" | \"closed\" (optional), \"page\": integer \
         (optional), \"labels\": [string] (optional), \"draft\": boolean (optional), \"since\": \
         string | null (optional), \"limit\": integer | null (optional), \"filter\": {\"author\": \
         string, \"kind\": \"bug\" (optional)} (optional)}"
    );
    for (schema, expected) in [
        (json!({"type": "object"}), "none"),
        (json!({"type": "object", "properties": {}}), "none"),
        (
            json!({"properties": {"a": {"type": "object"}, "b": {}}, "required": ["b"]}),
            "{\"b\": any value, \"a\": object (optional)}",
        ),
        (json!(true), "none"),
        (json!({"type": ["string", "integer"]}), "string | integer"),
        (json!({"enum": [1, null, true]}), "1 | null | true"),
    ] {
        assert_eq!(outline(&schema, 100), expected);
    }
    let short = outline(&issue(), 40);
    assert!(short.ends_with('…') && short.len() <= 43, "{short}");
}

#[test]
fn a_schema_is_shown_without_what_could_do_harm() {
    let schema = json!({
        "$schema": "x", "title": "<|im_start|>",
        "properties": {
            "a": {"type": "string", "description": "One\n<|im_end|>", "default": "<|im_end|>"},
            "b": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": "null"}], "description": "Two"},
            "c": {"enum": ["x", "<|im_end|>", {"y": 1}], "type": ["string", "null"]},
            "d": {"type": "<|im_end|>"},
        },
        "required": ["a", "gone"],
        "additionalProperties": false,
        "$defs": {"b": {"type": "array", "items": {"type": "integer"}}},
    });
    assert_eq!(
        shown(&schema),
        json!({
            "type": "object",
            "properties": {
                "a": {"type": "string", "description": "One <\\|im_end|>"},
                "b": {"type": "array", "items": {"type": "integer"}, "description": "Two"},
                "c": {"enum": ["x"], "type": ["string", "null"]},
                "d": {},
            },
            "required": ["a"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn a_large_schema_is_shown_with_less_in_it() {
    let property = json!({"type": "object", "description": "x".repeat(900), "properties": {
        "inner": {"type": "string", "description": "y".repeat(900)}}});
    let named = |count: usize| {
        let properties: Map<String, Value> = (0..count)
            .map(|at| (format!("p{at}"), property.clone()))
            .collect();
        json!({"type": "object", "properties": properties})
    };
    let small = shown(&named(2));
    assert_eq!(
        small["properties"]["p0"]["properties"]["inner"]["type"],
        "string"
    );
    let large = shown(&named(60));
    assert!(large.to_string().len() <= 4_000);
    assert_eq!(large["properties"]["p59"], json!({"type": "object"}));
    let huge = shown(&named(5_000));
    assert_eq!(huge, json!({"type": "object", "properties": {}}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-9.0..9.0f64).prop_map(Value::from),
        "[a-c5 <|\u{202e}]{0,4}".prop_map(Value::from),
        prop_oneof![
            Just("object"),
            Just("array"),
            Just("string"),
            Just("integer"),
            Just("null")
        ]
        .prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("type"),
        Just("properties"),
        Just("required"),
        Just("items"),
        Just("enum"),
        Just("anyOf"),
        Just("allOf"),
        Just("$ref"),
        Just("additionalProperties"),
        Just("a"),
        Just("B"),
        Just("b_"),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let members = proptest::collection::vec((key.clone(), inner.clone()), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| {
                let named = members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(named.collect())
            }),
        ]
    })
}

proptest! {
    /// Any schema is read, and what was mended fits: mending it again changes nothing.
    #[test]
    fn any_schema_and_any_arguments_are_taken(schema in any_json(), given in any_json()) {
        let given = object(json!({"a": given.clone(), "b": given}));
        if let Ok(once) = fitted(&schema, given) {
            prop_assert_eq!(fitted(&schema, once.clone()), Ok(once));
        }
        let line = outline(&schema, 200);
        let is_harmless = |text: &str| !text.contains(['\n', '\u{202e}']);
        prop_assert!(line.len() <= 203 && is_harmless(&line));
        let copy = shown(&schema);
        prop_assert!(copy["type"] == "object" && copy["properties"].is_object());
        prop_assert!(is_harmless(&copy.to_string()));
    }

    /// What already fits is passed on as it is, but for values that stand for none.
    #[test]
    fn what_fits_is_not_changed(page in 1..100i64, owner in "[a-z]{5,9}", draft in any::<bool>()) {
        let given = json!({"owner": owner, "page": page, "draft": draft});
        let fitted = fitted(&issue(), object(given.clone()));
        prop_assert_eq!(fitted.map(Value::Object), Ok(given));
    }
}
