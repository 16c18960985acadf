//! Names and arguments are converted for their tool, or the error is reported.

use serde_json::{Value, json};

use super::*;

fn checked(name: &str, arguments: Value) -> Result<Value, String> {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    };
    match check(call, &TOOLS) {
        Ok(call) => {
            assert_eq!(call.id, "call_1");
            Ok(json!([call.name, call.arguments]))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn names_are_resolved() {
    let same = [
        "read_file",
        " read_file\n",
        "`read_file`",
        "cat",
        "READ_FILE",
        "readFile",
        "read-file",
        "functions.read_file",
        "functions.read_file:0",
        "read_file:12",
        "tool:read_file",
        "tool: read_file",
        "default_api.read_file",
        "mcp__ollacode__read_file",
        "ollacode.read_file",
        "functions::read_file",
        "functions/read_file",
        "tools.read_file",
        "read_file<|channel|>json",
        "functions.read_file<|channel|>commentary",
        "read_file()",
        "functions.cat",
    ];
    for name in same {
        assert_eq!(
            checked(name, json!({"path": "x"})),
            Ok(json!(["read_file", {"path": "x"}])),
            "{name}"
        );
    }
    for name in [
        "",
        "file",
        "read",
        "read_files",
        "thread_file2",
        "xread_file",
        "read_file.x",
        "my_read_file",
        "preview_read_file",
        "dry_run.read_file",
        "not_read_file",
        "fs/read_file",
        "files.v2.read_file",
        "mcp__files__read_file",
        "mcp__ollacode_evil__read_file",
        "functions_read_file",
        "functions.preview.read_file",
        "読む",
        ":0",
        "__",
        ".",
    ] {
        let error = checked(name, json!({"path": "x"})).expect_err(name);
        assert!(
            error.starts_with(&format!(
                "there is no tool `{name}`; the tools are: read_file, write_file,"
            )),
            "{error}"
        );
    }
    let long = checked(&"a\n".repeat(100_000), json!({})).expect_err("no such tool");
    assert!(long.len() < 400, "{long}");
}

/// Checks what the arguments of some calls are made to.
#[track_caller]
fn check_fitted<const N: usize>(cases: [(&str, Value, Value); N]) {
    for (name, given, expected) in cases {
        assert_eq!(checked(name, given), Ok(json!([name, expected])));
    }
}

#[test]
fn arguments_are_made_to_fit() {
    check_fitted([
        (
            "read_file",
            json!({"Path": "x", "start-line": "10", "endLine": 20.0, "explanation": "why"}),
            json!({"path": "x", "start_line": 10, "end_line": 20}),
        ),
        (
            "read_file",
            json!({"path": 7, "start_line": null, "end_line": ""}),
            json!({"path": "7"}),
        ),
        (
            "read_file",
            json!({"path": ["x"], "start_line": [3]}),
            json!({"path": "x", "start_line": 3}),
        ),
        (
            "read_file",
            json!({"path": null, "file_path": "x"}),
            json!({"path": "x"}),
        ),
        (
            "read_file",
            json!({"arguments": "{\"path\": \"x\"}"}),
            json!({"path": "x"}),
        ),
        (
            "write_file",
            json!({"path": "x", "content": ""}),
            json!({"path": "x", "content": ""}),
        ),
        (
            "write_file",
            json!({"path": "x", "content": "null"}),
            json!({"path": "x", "content": "null"}),
        ),
        (
            "edit_file",
            json!({"path": "x", "old_string": "a", "new_content": true, "all": "Yes"}),
            json!({"path": "x", "search": "a", "replace": "true", "all": true}),
        ),
        (
            "edit_file",
            json!({"path": "x", "search": "a", "replace": "b", "all": 0}),
            json!({"path": "x", "search": "a", "replace": "b", "all": false}),
        ),
        // An alias that is the name of another parameter is that one.
        (
            "grep_search",
            json!({"pattern": "a", "glob": "*.rs"}),
            json!({"regex": "a", "glob": "*.rs"}),
        ),
    ]);
}

#[test]
fn lists_are_made_to_fit() {
    check_fitted([
        (
            "ask_user",
            json!({"question": "?", "options": "a, b"}),
            json!({"question": "?", "options": ["a, b"]}),
        ),
        (
            "ask_user",
            json!({"question": "?", "options": ["a", 1, true]}),
            json!({"question": "?", "options": ["a", "1", "true"]}),
        ),
        (
            "ask_user",
            json!({"question": "?", "options": "[\"a\", 2]"}),
            json!({"question": "?", "options": ["a", "2"]}),
        ),
        (
            "ask_user",
            json!({"question": "?", "options": "[a"}),
            json!({"question": "?", "options": ["[a"]}),
        ),
    ]);
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    for (name, given, expected) in [
        (
            "read_file",
            json!({"path": "x", "cwd": "build"}),
            "`read_file` has no argument `cwd` and did not run; its arguments are {\"path\": string, \"start_line\": integer (optional), \"end_line\": integer (optional)}",
        ),
        (
            "read_file",
            json!({"path": "x", "file_path": "y"}),
            "`path` of `read_file` is given twice with different values: give it once",
        ),
        (
            "grep_search",
            json!({"glob": "*.rs"}),
            "`grep_search` needs the argument `regex`; its arguments are {\"regex\": string, \"path\": string (optional), \"glob\": string (optional)}",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": 1.5}),
            "`start_line` of `read_file` must be an integer, not 1.5",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": 1e300}),
            "`start_line` of `read_file` must be an integer, not 1e+300",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": true}),
            "`start_line` of `read_file` must be an integer, not true",
        ),
        (
            "edit_file",
            json!({"path": "x", "search": "a", "replace": "b", "all": "maybe"}),
            "`all` of `edit_file` must be true or false, not the string `maybe`",
        ),
        (
            "write_file",
            json!({"path": "x", "content": ["a", "b"]}),
            "`content` of `write_file` must be a string, not a list of 2",
        ),
        (
            "ask_user",
            json!({"question": "?", "options": [["a"]]}),
            "`options` of `ask_user` must be a list of strings, not a list of 1",
        ),
    ] {
        assert_eq!(checked(name, given), Err(expected.to_owned()));
    }
}

#[test]
fn what_means_nothing_is_left_out() {
    for rest in [
        json!({"explanation": "to see it"}),
        json!({"Reason": "r", "thought": ["a"]}),
        json!({"cwd": null, "env": {}, "flags": [], "encoding": " "}),
        json!({"type": "function", "id": "call_1", "name": "read_file"}),
        json!({"file_path": "x"}),
    ] {
        let mut given = rest.as_object().cloned().unwrap_or_default();
        given.insert("path".to_owned(), json!("x"));
        assert_eq!(
            checked("read_file", given.into()),
            Ok(json!(["read_file", {"path": "x"}])),
            "{rest}"
        );
    }
    for rest in [
        json!({"recursive": false}),
        json!({"type": "rust"}),
        json!({"encoding": "latin-1"}),
        json!({"limit": 0}),
        json!({"env": {"A": "1"}}),
    ] {
        let mut given = rest.as_object().cloned().unwrap_or_default();
        given.insert("path".to_owned(), json!("x"));
        let error = checked("read_file", given.into()).expect_err("a meaning");
        assert!(error.contains("has no argument"), "{error}");
    }
}

/// A tool of a server, with a nested schema.
fn tracker(additional: bool) -> ToolSpec {
    let schema = json!({
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "filter": {"type": "object", "properties": {"state": {"enum": ["open", "closed"]}}},
            "labels": {"type": "array", "items": {"type": "string"}},
            "most": {"type": ["integer", "null"]},
            "any": {},
        },
        "required": ["filter"],
        "additionalProperties": additional,
    });
    ToolSpec::from_schema("tracker.search".to_owned(), "Searches.".to_owned(), schema)
}

fn tracked(given: Value, additional: bool) -> Result<Value, String> {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: "tracker.search".to_owned(),
        arguments: given.as_object().cloned().unwrap_or_default(),
    };
    let checked = check(call, &[tracker(additional)]);
    checked
        .map(|call| Value::Object(call.arguments))
        .map_err(|error| error.to_string())
}

#[test]
fn arguments_of_a_schema_are_passed_on_as_they_are_given() {
    let filter = json!({"state": "open", "deep": [{"a": null}]});
    for (given, expected) in [
        (json!({"filter": filter}), json!({"filter": filter})),
        (
            json!({"filter": filter.to_string(), "labels": "[\"a\"]", "most": "3"}),
            json!({"filter": filter, "labels": ["a"], "most": 3}),
        ),
        // What is a text, or no JSON of the type, stays what it is.
        (
            json!({"filter": "open", "title": "{}", "labels": "a", "any": "1"}),
            json!({"filter": "open", "title": "{}", "labels": "a", "any": "1"}),
        ),
        (
            json!({"filter": {}, "most": null, "title": null}),
            json!({"filter": {}, "most": null}),
        ),
    ] {
        assert_eq!(tracked(given, false), Ok(expected));
    }
    let missing = tracked(json!({"title": "x"}), false).unwrap_err();
    assert_eq!(
        missing,
        "`tracker.search` needs the argument `filter`; its arguments are {\"filter\": object, \
         \"title\": string (optional), \"labels\": array (optional), \
         \"most\": integer or null (optional), \"any\": JSON value (optional)}"
    );
}

#[test]
fn arguments_beside_the_schema_are_passed_on_where_it_allows_them() {
    let given = json!({"filter": {}, "extra": {"a": 1}, "id": 7, "reason": "r"});
    assert_eq!(tracked(given.clone(), true), Ok(given.clone()));
    let refused = tracked(given, false).unwrap_err();
    assert!(refused.contains("has no argument `extra`"), "{refused}");
}
