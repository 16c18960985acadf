//! The text protocol, its replies, and the ids of calls.

use serde_json::json;

use super::*;

#[test]
fn the_protocol_is_described_and_answered() {
    let protocol = text_protocol(&TOOLS[..1]);
    assert!(
        protocol.contains("```tool\n{\"tool\": \"read_file\", \"path\": \"...\"}\n```\n"),
        "{protocol}"
    );
    let listed = "\n- `read_file`: What it does.\n  - `path` (string): What it means.\n  - `start_line` (integer, optional): What it means.\n";
    assert!(protocol.contains(listed), "{protocol}");
    assert_eq!(text_protocol(&[]), "");
    // The description itself calls nothing, and its example is whole.
    assert!(find_calls(&protocol, &TOOLS).calls.is_empty());
    let example = &protocol[protocol.find("```tool").expect("an example")..];
    let example = &example[..example.rfind("```").expect("its end") + 3];
    let example = example
        .split_inclusive("\n```")
        .next()
        .expect("the first one");
    assert_eq!(find_calls(example, &TOOLS).calls.len(), 1);

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
        let call = call_from_format(text, &TOOLS);
        assert_eq!(call.is_some(), is_call, "{text}");
        assert!(call.is_none_or(|call| is_valid(&call)));
    }
}

#[test]
fn a_schema_is_shown_and_called() {
    let schema = json!({"type": "object", "required": ["filter"], "properties": {
        "filter": {"type": "object", "description": "Which.", "additionalProperties": false},
    }});
    let name = "tracker.search".to_owned();
    let tools = [ToolSpec::from_schema(name, "Searches.".to_owned(), schema)];
    let protocol = text_protocol(&tools);
    assert!(
        protocol.contains("{\"tool\": \"tracker.search\", \"filter\": {}}"),
        "{protocol}"
    );
    let listed = "\n- `tracker.search`: Searches.\n  - `filter` (object): Which. JSON schema: \
                  {\"type\":\"object\",\"description\":\"Which.\",\"additionalProperties\":false}";
    assert!(protocol.contains(listed), "{protocol}");
    let answer = r#"{"tool": "tracker.search", "tool_input": {"filter": {"state": "open"}}}"#;
    let call = call_from_format(answer, &tools).expect("a call");
    assert_eq!(call.arguments["filter"], json!({"state": "open"}));
}

#[test]
fn ids_are_new() {
    let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| new_call_id()).collect();
    assert_eq!(ids.len(), 1000);
}
