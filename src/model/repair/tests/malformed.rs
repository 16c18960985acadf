//! Thousands of invalid calls, and texts that would exhaust a parser: none is accepted.

use serde_json::{Map, Value, json};

use super::formats::object;
use super::*;

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
    for tool in TOOLS.iter() {
        let required = || {
            tool.parameters
                .iter()
                .filter(|parameter| parameter.required)
        };
        for missing in required() {
            for value in &noise {
                let mut given: Map<String, Value> = value.as_object().cloned().unwrap_or_default();
                for other in required().filter(|other| other.name != missing.name) {
                    given.insert(other.name.clone(), json!("x"));
                }
                arguments.push((tool.name.as_str(), Value::Object(given.clone())));
                for value in &wrong {
                    given.insert(missing.name.clone(), value.clone());
                    arguments.push((tool.name.as_str(), Value::Object(given.clone())));
                }
            }
            arguments.extend(
                noise
                    .iter()
                    .map(|value| (tool.name.as_str(), value.clone())),
            );
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
            shown(&find_calls(&text, &TOOLS).calls),
            Vec::<Value>::new(),
            "{text}"
        );
        assert_eq!(call_from_format(&text, &TOOLS), None, "{text}");
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
        "<|tool_call_begin|>\n".repeat(many / 10),
        "<read_file>\n".repeat(many / 10),
        "<read_file>\n<path>\n".repeat(many),
        "<read_file><args>".repeat(many),
        "<tool_call>\n<name>".repeat(many),
        "read_file\n".repeat(many),
        "read_file(\n".repeat(many),
        "read_file(path\n".repeat(many),
        "read_file(/*\n".repeat(many),
        "read_file(path=\"\n".repeat(many),
        ">>>".repeat(many),
        ">>>\n".repeat(many),
        "<|recipient|>\n<|content|>".repeat(many / 10),
        "[TOOL_CALLS]".repeat(many),
        "`".repeat(many),
        "</think>".repeat(many),
    ];
    for text in &torture {
        assert_eq!(find_calls(text, &TOOLS).calls, []);
        assert_eq!(call_from_format(text, &TOOLS), None);
        let mut gate = StreamFilter::new(&TOOLS);
        let shown = gate.push(text);
        assert_eq!(shown + gate.held(), *text);
    }
    let path = |value: &str| {
        let call = find_calls(&call(value), &TOOLS).calls.pop()?;
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
fn good_calls_beside_a_broken_one_in_a_list_are_there() {
    let good = |path: &str| object("read_file", &json!({ "path": path }));
    let bad = r#"{"name": "read_file", "arguments": {"pth": 1}}"#;
    let several = format!("{}\n{bad}\n{}", good("a"), good("b"));
    let python = "read_file(path=\"a\"), read_file(), read_file(path=\"b\")";
    for list in [
        format!("[TOOL_CALLS][{}, {bad}, {}]", good("a"), good("b")),
        format!("```json\n[{}, {bad}, {}]\n```", good("a"), good("b")),
        format!("```json\n{several}\n```"),
        format!("I read both.\n\n```tool\n{several}\n```\n"),
        format!("[{python}]"),
        format!("```tool_code\n[{python}]\n```"),
    ] {
        let found = find_calls(&list, &TOOLS);
        assert_eq!((found.calls.len(), found.later.len()), (0, 2), "{list}");
        assert!(
            found
                .broken
                .is_some_and(|why| why.contains("needs the argument `path`"))
        );
        let found = find_calls(&format!("For example:\n{list}"), &TOOLS);
        assert_eq!((found.calls.len(), found.later.len()), (0, 0), "{list}");
    }
}
