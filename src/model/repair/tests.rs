//! Replies as real models write them, and what must never be taken for a call.

mod marked;
mod no_calls;
mod unmarked;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use self::marked::marked;
use self::no_calls::NOT_CALLS;
use self::unmarked::unmarked;
use super::json::{Reading, Stop, read, whole};
use super::*;
use crate::model::{Parameter, ParameterKind};

const fn parameter(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: ParameterKind,
    required: bool,
) -> Parameter {
    Parameter {
        name,
        aliases,
        kind,
        description: "What it means.",
        required,
    }
}

const fn tool(
    name: &'static str,
    aliases: &'static [&'static str],
    parameters: &'static [Parameter],
) -> ToolSpec {
    ToolSpec {
        name,
        aliases,
        description: "What it does.",
        parameters,
    }
}

use ParameterKind::{Boolean, Integer, Text, Texts};

const PATH: &[&str] = &["filepath", "file_path"];

const TOOLS: &[ToolSpec] = &[
    tool(
        "read_file",
        &["cat"],
        &[
            parameter("path", PATH, Text, true),
            parameter("start_line", &[], Integer, false),
            parameter("end_line", &[], Integer, false),
        ],
    ),
    tool(
        "write_file",
        &["create_file"],
        &[
            parameter("path", PATH, Text, true),
            parameter("content", &["text"], Text, true),
        ],
    ),
    tool(
        "edit_file",
        &[],
        &[
            parameter("path", PATH, Text, true),
            parameter("search", &["old_string", "old_content"], Text, true),
            parameter("replace", &["new_string", "new_content"], Text, true),
            parameter("all", &[], Boolean, false),
        ],
    ),
    tool(
        "run_command",
        &["run_bash_command", "bash"],
        &[
            parameter("command", &["cmd"], Text, true),
            parameter("timeout", &[], Integer, false),
        ],
    ),
    tool(
        "search_codebase",
        &["search_code"],
        &[
            parameter("query", &["input"], Text, true),
            parameter("limit", &[], Integer, false),
        ],
    ),
    tool(
        "search_files",
        &[],
        &[parameter("glob", &["pattern", "file_pattern"], Text, true)],
    ),
    tool(
        "grep_search",
        &["grep"],
        &[
            parameter("regex", &["pattern", "query", "glob"], Text, true),
            parameter("path", PATH, Text, false),
            parameter("glob", &[], Text, false),
        ],
    ),
    tool(
        "list_directory",
        &["ls"],
        &[parameter("path", &[], Text, false)],
    ),
    tool("find_symbol", &[], &[parameter("name", &[], Text, true)]),
    tool(
        "ask_user",
        &[],
        &[
            parameter("question", &[], Text, true),
            parameter("options", &[], Texts, false),
        ],
    ),
];

/// A reply with calls: the text, what is left of it, and the names and arguments.
type Case = (&'static str, &'static str, Value);

fn read_main() -> Value {
    json!([["read_file", {"path": "src/main.rs"}]])
}

fn cases() -> Vec<Case> {
    marked().into_iter().chain(unmarked()).collect()
}

fn shown(calls: &[ToolCall]) -> Vec<Value> {
    let shown = |call: &ToolCall| json!([call.name, call.arguments]);
    calls.iter().map(shown).collect()
}

#[test]
fn calls_are_found_in_every_form() {
    for (text, left, calls) in cases() {
        let found = find_calls(text, TOOLS);
        assert_eq!(found.broken, None, "{text}");
        assert_eq!(Value::Array(shown(&found.calls)), calls, "{text}");
        assert_eq!(found.text, left, "{text}");
    }
}

#[test]
fn what_is_no_call_stays_text() {
    for (text, why) in NOT_CALLS {
        let found = find_calls(text, TOOLS);
        assert_eq!(shown(&found.calls), Vec::<Value>::new(), "{text}");
        assert_eq!(found.text, *text);
        let broken = found.broken.unwrap_or_default();
        assert_eq!(broken.is_empty(), why.is_empty(), "{text}: {broken}");
        assert!(broken.contains(why), "{text}: {broken}");
    }
}

#[test]
fn nothing_is_taken_after_a_broken_call() {
    let good =
        "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"path\": \"a\"}}</tool_call>\n";
    let bad = "<tool_call>{\"name\": \"read_file\", \"arguments\": {}}</tool_call>\n";
    let found = find_calls(&[good, bad, good].concat(), TOOLS);
    assert_eq!(shown(&found.calls), [json!(["read_file", {"path": "a"}])]);
    assert_eq!(found.text, ["\n", bad, good].concat());
    assert!(found.broken.is_some_and(|why| why.contains("needs `path`")));
}

#[test]
fn without_tools_there_are_no_calls() {
    for (text, _, _) in cases() {
        let found = find_calls(text, &[]);
        assert_eq!((found.text.as_str(), found.calls.len()), (text, 0));
        let mut gate = Gate::new(&[]);
        assert_eq!(gate.push(text), text);
    }
}

#[test]
fn a_cut_call_is_the_whole_one_or_none() {
    assert!(cases().len() >= 50);
    for (text, _, calls) in cases() {
        let whole = calls.as_array().expect("a list");
        for end in 0..=text.len() {
            let cut = String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned();
            let found = find_calls(&cut, TOOLS);
            let found = shown(&found.calls);
            assert_eq!(found, whole[..found.len().min(whole.len())], "{cut}");
        }
    }
}

/// Tells whether a call has what its tool requires, in the right types, and nothing else.
fn is_valid(call: &ToolCall) -> bool {
    let Some(tool) = TOOLS.iter().find(|tool| tool.name == call.name) else {
        return false;
    };
    let fits = |parameter: &Parameter| match (call.arguments.get(parameter.name), parameter.kind) {
        (None, _) => !parameter.required,
        (Some(value), Text) => value.is_string(),
        (Some(value), Integer) => value.is_i64(),
        (Some(value), Boolean) => value.is_boolean(),
        (Some(value), Texts) => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
    };
    let known = |key: &String| {
        tool.parameters
            .iter()
            .any(|parameter| parameter.name == key)
    };
    tool.parameters.iter().all(fits) && call.arguments.keys().all(known)
}

/// Each tool in each form, with arguments that lack a required one or have a value of a wrong type.
fn malformed() -> Vec<String> {
    let wrong = [json!(null), json!({"a": 1}), json!(["a", "b"]), json!([[]])];
    let noise = [
        json!({}),
        json!({"description": "x"}),
        json!({"Pfad": "x", "": 1}),
        json!([]),
        json!(7),
    ];
    let mut arguments: Vec<(&str, Value)> = Vec::new();
    for tool in TOOLS {
        let required = || {
            tool.parameters
                .iter()
                .filter(|parameter| parameter.required)
        };
        for missing in required() {
            for value in &noise {
                let mut given: Map<String, Value> = value.as_object().cloned().unwrap_or_default();
                for other in required().filter(|other| other.name != missing.name) {
                    given.insert(other.name.to_owned(), json!("x"));
                }
                arguments.push((tool.name, Value::Object(given.clone())));
                for value in &wrong {
                    given.insert(missing.name.to_owned(), value.clone());
                    arguments.push((tool.name, Value::Object(given.clone())));
                }
            }
            arguments.extend(noise.iter().map(|value| (tool.name, value.clone())));
        }
    }
    let forms = |(name, given): (&str, Value)| {
        let text = Value::String(given.to_string());
        [
            format!("{{\"name\": \"{name}\", \"arguments\": {given}}}"),
            format!("```json\n{{\"name\": \"{name}\", \"parameters\": {text}}}\n```"),
            format!("```tool\n{{\"tool\": \"{name}\", \"args\": {given}}}\n```"),
            format!("<tool_call>{{\"name\": \"{name}\", \"input\": {given}}}</tool_call>"),
            format!("[TOOL_CALLS]{name}[ARGS]{given}"),
            format!("<|python_tag|>{{\"name\": \"{name}\", \"parameters\": {given}}}"),
            format!(
                "<|tool_call_begin|>functions.{name}:0<|tool_call_argument_begin|>{given}<|tool_call_end|>"
            ),
            format!("<function={name}>{given}</function>"),
        ]
    };
    arguments.into_iter().flat_map(forms).collect()
}

#[test]
fn malformed_calls_are_never_taken() {
    let malformed = malformed();
    assert!(malformed.len() >= 2000, "only {}", malformed.len());
    for text in malformed {
        assert_eq!(
            shown(&find_calls(&text, TOOLS).calls),
            Vec::<Value>::new(),
            "{text}"
        );
        assert_eq!(call_from_format(&text, TOOLS), None, "{text}");
    }
}

#[test]
fn torture_neither_panics_nor_calls() {
    let call =
        |value: &str| format!("{{\"name\": \"read_file\", \"arguments\": {{\"path\": {value}}}}}");
    let many = 100_000;
    let torture = [
        "[".repeat(many),
        "[{".repeat(many),
        "{\"a\":".repeat(many),
        "[{\"a\":".repeat(many),
        "{\"name\": \"read_file\", \"arguments\": ".repeat(many / 10),
        call(&"[".repeat(many)),
        call(&"{\"a\":".repeat(many)),
        "<tool_call>".repeat(many),
        "<tool_call>\n".repeat(many),
        "<function=read_file>".repeat(many),
        "<function=read_file><parameter=path>".repeat(many / 10),
        "```json\n".repeat(many),
        "```json\n{\n".repeat(many),
        "{\"a\": \"\n".repeat(many),
        "/*".repeat(many),
        "\\u".repeat(many),
        "<|tool_call_begin|>".repeat(many),
        "[TOOL_CALLS]".repeat(many),
        "`".repeat(many),
        "</think>".repeat(many),
    ];
    for text in &torture {
        assert_eq!(find_calls(text, TOOLS).calls, []);
        assert_eq!(call_from_format(text, TOOLS), None);
        let mut gate = Gate::new(TOOLS);
        let shown = gate.push(text);
        assert_eq!(shown + gate.held(), *text);
    }
    let path = |value: &str| {
        let call = find_calls(&call(value), TOOLS).calls.pop()?;
        Some(call.arguments["path"].as_str()?.to_owned())
    };
    assert_eq!(path("1e999999").as_deref(), Some("1e999999"));
    assert_eq!(path(&"9".repeat(400)), Some("9".repeat(400)));
    assert_eq!(path("\"\\ud800\"").as_deref(), Some("\u{fffd}"));
    assert_eq!(
        path("\"\\ud83d\\ude00\\udc00\\u00e9\"").as_deref(),
        Some("\u{1f600}\u{fffd}é")
    );
    assert_eq!(path("\"a\\u0000b\0c\"").as_deref(), Some("a\0b\0c"));
    assert_eq!(path("\"\\d\\u12\\x41\"").as_deref(), Some("\\d\\u12\\x41"));
}

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
        let Reading::Partial(partial) = read(text) else {
            panic!("{text} was read");
        };
        assert_eq!(partial.stop, Stop::Malformed, "{text}");
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
        let Reading::Partial(partial) = read(text) else {
            panic!("{text} was read");
        };
        assert_eq!(partial.stop, Stop::EndOfText, "{text}");
        assert_eq!(partial.settled, text.starts_with("{\"a\": 1"), "{text}");
    }
}

fn checked(name: &str, arguments: Value) -> Result<Value, String> {
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    };
    match check(call, TOOLS) {
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
        "mcp__files__read_file",
        "files.v2.read_file",
        "fs/read_file",
        "my_read_file",
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
        "読む",
        ":0",
        "__",
        ".",
    ] {
        let error = checked(name, json!({"path": "x"})).expect_err(name);
        assert!(
            error.starts_with(&format!(
                "there is no tool `{name}`; there are: read_file, write_file,"
            )),
            "{error}"
        );
    }
    let long = checked(&"a\n".repeat(100_000), json!({})).expect_err("no such tool");
    assert!(long.len() < 400, "{long}");
}

#[test]
fn arguments_are_made_to_fit() {
    let fits = [
        (
            "read_file",
            json!({"Path": "x", "start-line": "10", "endLine": 20.0, "mode": "r"}),
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
    ];
    for (name, given, expected) in fits {
        assert_eq!(checked(name, given), Ok(json!([name, expected])));
    }
    let fails = [
        (
            "grep_search",
            json!({"glob": "*.rs"}),
            "`grep_search` needs `regex`; its arguments are {\"regex\": text, \"path\": text (optional), \"glob\": text (optional)}",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": 1.5}),
            "`start_line` of `read_file` must be a whole number, not 1.5",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": 1e300}),
            "`start_line` of `read_file` must be a whole number, not 1e+300",
        ),
        (
            "read_file",
            json!({"path": "x", "start_line": true}),
            "`start_line` of `read_file` must be a whole number, not true",
        ),
        (
            "edit_file",
            json!({"path": "x", "search": "a", "replace": "b", "all": "maybe"}),
            "`all` of `edit_file` must be true or false, not the text `maybe`",
        ),
        (
            "write_file",
            json!({"path": "x", "content": ["a", "b"]}),
            "`content` of `write_file` must be text, not a list of 2",
        ),
        (
            "ask_user",
            json!({"question": "?", "options": [["a"]]}),
            "`options` of `ask_user` must be a list of texts, not a list of 1",
        ),
    ];
    for (name, given, expected) in fails {
        assert_eq!(checked(name, given), Err(expected.to_owned()));
    }
}

#[test]
fn the_protocol_is_described_and_answered() {
    let protocol = text_protocol(&TOOLS[..1]);
    assert!(
        protocol.contains("```tool\n{\"tool\": \"read_file\", \"path\": \"...\"}\n```\n"),
        "{protocol}"
    );
    let listed = "\n- `read_file`: What it does.\n  - `path` (text): What it means.\n  - `start_line` (whole number, optional): What it means.\n";
    assert!(protocol.contains(listed), "{protocol}");
    assert_eq!(text_protocol(&[]), "");
    // The description itself calls nothing but its example, which is whole.
    assert_eq!(find_calls(&protocol, TOOLS).calls.len(), 1);

    let format = call_format(&TOOLS[..1]);
    let written = json!({
        "type": "object",
        "properties": {
            "tool": {"type": "string", "enum": ["read_file", "none"]},
            "tool_input": {"type": "object"},
        },
        "required": ["tool", "tool_input"],
    });
    assert_eq!(format, written);
    // The grammar asks for the keys in this order: the name comes before what depends on it.
    let text = format.to_string();
    assert!(
        text.find("\"tool\"") < text.find("\"tool_input\""),
        "{text}"
    );
    let answers = [
        (
            r#"{"tool": "read_file", "tool_input": {"path": "x"}}"#,
            true,
        ),
        (
            r#" {"tool": "read_file", "arguments": {"path": "x"}} "#,
            true,
        ),
        (
            r#"{"name": "read_file", "parameters": {"path": "x"}}"#,
            true,
        ),
        (r#"{"tool": "none", "tool_input": {}}"#, false),
        (r#"{"tool": "read_file", "tool_input": {}}"#, false),
        (
            r#"{"tool": "read_file", "tool_input": {"path": "x"}"#,
            false,
        ),
        ("none", false),
    ];
    for (text, is_call) in answers {
        let call = call_from_format(text, TOOLS);
        assert_eq!(call.is_some(), is_call, "{text}");
        assert!(call.is_none_or(|call| is_valid(&call)));
    }
}

#[test]
fn ids_are_new() {
    let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| new_call_id()).collect();
    assert_eq!(ids.len(), 1000);
}

/// Shows a text in pieces, and gives what was shown and what was held.
fn gated<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
    let mut gate = Gate::new(TOOLS);
    let shown: String = pieces.into_iter().map(|piece| gate.push(piece)).collect();
    let held = gate.held().to_owned();
    assert_eq!(gate.finish(), [shown.as_str(), held.as_str()].concat());
    (shown, held)
}

#[test]
fn the_gate_holds_from_the_first_marker_on() {
    let held = [
        ("Hello, wor", ""),
        ("a < b and c[0] <= d", ""),
        ("See <tool", "<tool"),
        ("See.\n\n<tool_c", "<tool_c"),
        ("See.\n\n<tool_x> and on", ""),
        ("See `<tool_call>` and on", ""),
        (
            "See.\n<function=read_file>\n<para",
            "<function=read_file>\n<para",
        ),
        ("See.\n[TOOL", "[TOOL"),
        ("See.\n[link](x) and on", ""),
        ("See:\n{\"name\"", "{\"name\""),
        ("See:\n{ x }", ""),
        ("{", "{"),
        ("\n [1, 2] and on", "\n [1, 2] and on"),
        ("```rust\nfn main() { <tool_call>", ""),
        ("```rust\nfn main() {}\n```\n<tool_call>x", "<tool_call>x"),
        ("```js", "```js"),
        ("```json\n", "```json\n"),
        ("```json\n{\"a\": ", "```json\n{\"a\": "),
        ("```json\n{\"a\": 1}\n```\nAnd on", ""),
        (
            "```json\n{\"a\": \"a block that grows by less than its half once it is whole\"}\n```\n",
            "",
        ),
        (
            "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"x\"}}\n```\nAnd on",
            "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"x\"}}\n```\nAnd on",
        ),
        ("```\nls -l\n", ""),
        ("```tool\n{\"tool\"", "```tool\n{\"tool\""),
        ("``` and `x` are quotes", "``` and `x` are quotes"),
        ("``` and `x` are quotes\n", ""),
    ];
    for (text, expected) in held {
        // A marker within a line counts after a sentence only.
        let expected = if text == "See <tool" { "" } else { expected };
        assert_eq!(gated([text]).1, expected, "{text}");
        let characters = text.split_inclusive(|_: char| true);
        assert_eq!(gated(characters).1, expected, "{text}, by characters");
    }
}

#[test]
fn what_the_gate_shows_is_no_part_of_a_call() {
    let texts = cases().into_iter().map(|(text, _, _)| text);
    for text in texts.chain(NOT_CALLS.iter().map(|(text, _)| *text)) {
        let left = find_calls(text, TOOLS).text;
        for size in [1, 2, 3, 7, 50] {
            let characters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = characters.chunks(size).map(String::from_iter).collect();
            let (shown, _) = gated(pieces.iter().map(String::as_str));
            assert!(left.starts_with(&shown), "{text}: {shown}");
        }
    }
}

/// Texts of what replies consist of, in any order.
fn reply() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "\n",
        "\n\n",
        " ",
        "```",
        "```json\n",
        "```tool\n",
        "```rust\n",
        "~~~",
        "`",
        "<tool_call>",
        "</tool_call>",
        "<function=read_file>",
        "<function=run_command>\n",
        "<parameter=path>",
        "\n<parameter=path>\n",
        "<parameter=command>\n",
        "</parameter>",
        "\n</parameter>\n",
        "</function>",
        "[TOOL_CALLS]",
        "read_file[ARGS]",
        "<|python_tag|>",
        "<|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>",
        "<|tool_call_end|>",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "\\",
        ",",
        ":",
        "{\"name\": \"read_file\", \"arguments\": ",
        "{\"path\": \"x\"}",
        "}",
        "{\"tool\": \"ls\"}",
        "<think>",
        "</think>",
        "Let me see. ",
        "파일",
        "# T",
        "1",
        "null",
        "/*",
        "//",
    ];
    let part = prop_oneof![
        8 => (0..PARTS.len()).prop_map(|index| PARTS[index].to_owned()),
        2 => (0..cases().len()).prop_map(|index| cases()[index].0.to_owned()),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_reply_is_judged(text in reply()) {
        let found = find_calls(&text, TOOLS);
        for call in &found.calls {
            prop_assert!(is_valid(call), "{call:?}");
        }
        prop_assert!(found.text.len() <= text.len());
        prop_assert_eq!(found.calls.is_empty(), found.text == text);
        prop_assert!(call_from_format(&text, TOOLS).is_none_or(|call| is_valid(&call)));
    }

    #[test]
    fn any_split_shows_the_beginning_of_what_is_left(text in reply(), sizes in prop::collection::vec(1usize..20, 1..20)) {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        for size in sizes.iter().cycle() {
            let end = rest.char_indices().nth(*size).map_or(rest.len(), |(end, _)| end);
            pieces.push(&rest[..end]);
            rest = &rest[end..];
            if rest.is_empty() {
                break;
            }
        }
        let (shown, held) = gated(pieces);
        prop_assert_eq!(shown.clone() + &held, text.as_str());
        prop_assert!(find_calls(&text, TOOLS).text.starts_with(&shown), "{}", shown);
        // How a text comes makes no difference for what may be shown once more of it is there.
        prop_assert!(gated([text.as_str()]).0.len() >= shown.len());
    }

    #[test]
    fn a_typing_error_leaves_a_valid_call_or_none(index in 0..cases().len(), at in any::<prop::sample::Index>(), with in "[\"'{}\\[\\]<>/\\\\,:\na]{0,3}") {
        let text = cases()[index].0;
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = boundaries[at.index(boundaries.len())];
        let mut broken = text.to_owned();
        broken.insert_str(at, &with);
        for call in find_calls(&broken, TOOLS).calls {
            prop_assert!(is_valid(&call), "{call:?}");
        }
    }

    #[test]
    fn the_reader_reads_what_is_json(value in value()) {
        let text = value.to_string();
        let Reading::Whole { value: read, end } = read(&text) else {
            panic!("{text} was not read");
        };
        prop_assert_eq!((read, end), (value, text.len()));
        for end in 0..text.len() {
            if text.is_char_boundary(end) && text.starts_with(['{', '[']) {
                prop_assert!(matches!(super::json::read(&text[..end]), Reading::Partial(partial) if partial.stop == Stop::EndOfText));
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
