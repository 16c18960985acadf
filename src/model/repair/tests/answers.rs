//! Answers that are given as calls of other agents' tools.

use serde_json::json;

use super::super::answer::answer_of;
use super::*;

#[test]
fn an_answer_in_a_call_is_an_answer() {
    for (text, left, answer) in [
        (
            "<attempt_completion>\n<result>\nIt greets.\n</result>\n</attempt_completion>",
            "",
            "It greets.",
        ),
        (
            "I looked.\n\n<attempt_completion>\n<result>It greets.</result>\n\
             <command>open index.html</command>\n</attempt_completion>",
            "I looked.\n\n",
            "It greets.",
        ),
        (
            r#"{"name": "final_answer", "arguments": {"answer": "It greets."}}"#,
            "",
            "It greets.",
        ),
        (
            r#"<tool_call>{"name": "attempt_completion", "arguments": {"result": "It greets."}}</tool_call>"#,
            "",
            "It greets.",
        ),
        (
            "```tool_code\nfinal_answer(\"It greets.\")\n```",
            "",
            "It greets.",
        ),
    ] {
        let found = find_calls(text, &TOOLS);
        assert_eq!(found.answer.as_deref(), Some(answer), "{text}");
        assert_eq!(
            (found.text.as_str(), found.calls.len()),
            (left, 0),
            "{text}"
        );
        assert_eq!(found.broken, None, "{text}");
        let characters = text.split_inclusive(|_: char| true);
        assert!(left.starts_with(&gated(characters).0), "{text}");
    }
}

#[test]
fn a_call_beside_the_answer_is_a_call() {
    let text = "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"path\": \"a\"}}</tool_call>\n\
                <tool_call>{\"name\": \"final_answer\", \"arguments\": {\"text\": \"Done.\"}}</tool_call>";
    let found = find_calls(text, &TOOLS);
    assert_eq!(shown(&found.calls), [json!(["read_file", {"path": "a"}])]);
    assert_eq!(found.answer.as_deref(), Some("Done."));
}

#[test]
fn the_tool_for_the_answer_is_not_offered_and_takes_nothing_from_others() {
    let call = |name: &str| ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: Map::from_iter([("question".to_owned(), "Which?".into())]),
    };
    let answer = |name: &str, tools: &[ToolSpec]| answer_of(&call(name), tools);
    assert_eq!(
        answer("attempt_completion", &TOOLS).as_deref(),
        Some("Which?")
    );
    assert_eq!(answer("ask_user", &TOOLS), None);
    let core = &TOOLS[..5];
    assert_eq!(answer("ask_user", core).as_deref(), Some("Which?"));
    assert_eq!(answer("read_file", core), None);
    assert_eq!(answer("no_such_tool", core), None);
    let text = "<tool_call>{\"name\": \"no_such_tool\", \"arguments\": {}}</tool_call>";
    let broken = find_calls(text, &TOOLS).broken.unwrap_or_default();
    assert!(!broken.contains("attempt_completion"), "{broken}");
}
