#![expect(
    clippy::single_range_in_vec_init,
    reason = "a file with one part that was not seen"
)]
use serde_json::{Value, json};

use super::*;

const ONE: Hash = [1; 32];
const TWO: Hash = [2; 32];

fn call(id: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "any".to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    }
}

fn reply(calls: &[ToolCall]) -> Message {
    Message::Assistant {
        text: String::new(),
        thinking: String::new(),
        calls: calls.to_vec(),
    }
}

fn result(id: &str, text: &str) -> Message {
    Message::Tool {
        call_id: id.to_owned(),
        tool: "any".to_owned(),
        text: text.to_owned(),
    }
}

/// Lines of a text with their numbers, as results have them.
fn numbers(text: &str) -> String {
    let lines = (1..).zip(text.lines());
    lines
        .map(|(number, line)| format!("{number}{MARGIN}{line}\n"))
        .collect()
}

fn ten() -> String {
    (1..=10).map(|number| format!("line {number}\n")).collect()
}

/// A call that shows ten lines, in a conversation that has so much of its result.
fn seen_of(shown: &str) -> FileViews {
    let read = call("a", json!({"path": "f"}));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, &ten(), 1..11));
    seen.end_call(&read);
    seen.refresh(&[reply(&[read]), result("a", shown), reply(&[])]);
    seen
}

#[test]
fn what_stands_in_the_conversation_is_known() {
    let seen = seen_of(&numbers(&ten()));
    assert_eq!(seen.hash("f"), Some(ONE));
    assert!(seen.unseen("f", 10).is_empty());
    assert_eq!(seen.unseen("other", 3), [1..4]);
}

#[test]
fn what_was_cut_is_not_known_nor_is_half_a_line() {
    let shown = "f:\n1→line 1\n2→line 2\n3→li\n… 50 characters left out …\n9→line 9\n10→line 10\n";
    let seen = seen_of(shown);
    assert_eq!(seen.unseen("f", 10), [3..9]);
    assert_eq!(seen_of("f:\n… 99 characters left out …").hash("f"), None);
}

#[test]
fn what_left_the_conversation_is_not_known() {
    let read = call("a", json!({"path": "f"}));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, &ten(), 1..11));
    seen.end_call(&read);
    seen.refresh(&[Message::user("read f → 1→line 1"), reply(&[])]);
    assert_eq!((seen.hash("f"), seen.unseen("f", 10).len()), (None, 1));
}

#[test]
fn a_reply_knows_no_result_of_its_own_calls() {
    let read = call("a", json!({"path": "f"}));
    let write = call("b", json!({"path": "f", "content": "x"}));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, &ten(), 1..11));
    seen.end_call(&read);
    let mut messages = vec![reply(&[read, write]), result("a", &numbers(&ten()))];
    seen.refresh(&messages);
    assert_eq!(seen.hash("f"), None);
    messages.extend([result("b", "refused"), reply(&[])]);
    seen.refresh(&messages);
    assert!(seen.unseen("f", 10).is_empty());
}

#[test]
fn an_edit_moves_what_is_known_and_adds_what_was_written() {
    let after = ten().replace("line 3\n", "three\nthree and a half\n");
    let read = call("a", json!({"path": "f"}));
    let edit = call("b", json!({"replace": "three\nthree and a half"}));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, &ten(), 1..11));
    seen.end_call(&read);
    let mut messages = vec![
        reply(&[read]),
        result("a", "1→line 1\n2→line 2\n3→line 3\n9→line 9\n10→line 10\n"),
        reply(std::slice::from_ref(&edit)),
    ];
    seen.refresh(&messages);
    seen.add(FileView::edited("f", (ONE, &ten()), (TWO, &after)));
    seen.end_call(&edit);
    let expected = [5..10];
    assert_eq!(
        (seen.hash("f"), seen.unseen("f", 11)),
        (Some(TWO), expected.to_vec())
    );
    messages.extend([result("b", "done"), reply(&[])]);
    seen.refresh(&messages);
    assert_eq!(
        (seen.hash("f"), seen.unseen("f", 11)),
        (Some(TWO), expected.to_vec())
    );
    // Arguments that were cut say nothing, as results that were.
    if let Message::Assistant { calls, .. } = &mut messages[2] {
        calls[0].arguments["replace"] = json!("three\n… 15 characters left out …");
    }
    seen.refresh(&messages);
    assert_eq!(seen.unseen("f", 11), [3..10]);
}

#[test]
fn what_was_written_is_known_as_long_as_the_call_is_there() {
    let write = call("a", json!({"content": "one\n<|im_start|>\n"}));
    let mut seen = FileViews::default();
    let after = (TWO, "one\n<|im_start|>\n");
    seen.add(FileView::written("f", None, after));
    seen.end_call(&write);
    assert!(seen.unseen("f", 2).is_empty());
    seen.refresh(&[reply(&[write]), result("a", "written"), reply(&[])]);
    assert!(seen.unseen("f", 2).is_empty());
    seen.refresh(&[Message::user("go on"), reply(&[])]);
    assert_eq!(seen.hash("f"), None);
}

#[test]
fn files_that_move_or_go_take_what_is_known_along() {
    let read = call("a", json!({}));
    let other = call("b", json!({}));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, "x\n", 1..2));
    seen.end_call(&read);
    seen.add(FileView::Moved {
        from: "f".to_owned(),
        to: "g".to_owned(),
    });
    seen.end_call(&other);
    let messages = [reply(&[read]), result("a", "1→x"), reply(&[])];
    seen.refresh(&messages);
    assert_eq!((seen.hash("f"), seen.hash("g")), (None, Some(ONE)));
    seen.add(FileView::Removed {
        path: "g".to_owned(),
    });
    seen.end_call(&other);
    assert_eq!(seen.hash("g"), None);
}

#[test]
fn another_version_replaces_what_was_known() {
    let (first, second) = (call("a", json!({})), call("b", json!({})));
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, "1\n2\n", 1..3));
    seen.end_call(&first);
    seen.add(FileView::shown("f", TWO, "1\nB\n", 2..3));
    seen.end_call(&second);
    let messages = [
        reply(&[first]),
        result("a", "1→1\n2→2"),
        reply(&[second]),
        result("b", "2→B"),
        reply(&[]),
    ];
    seen.refresh(&messages);
    assert_eq!(
        (seen.hash("f"), seen.unseen("f", 2)),
        (Some(TWO), vec![1..2])
    );
}

#[test]
fn files_that_a_question_shows_are_known_as_long_as_it_shows_them() {
    let mut seen = FileViews::default();
    seen.add(FileView::shown("f", ONE, "x\ny\n", 1..3));
    seen.end_question();
    let question = |text: &str| [Message::user(text), reply(&[])];
    seen.refresh(&question(
        "## `f`\n\n```\n1→x\n2→y\n```\n\n## Request\n\nWhy?",
    ));
    assert!(seen.unseen("f", 2).is_empty());
    seen.refresh(&question("## `f`\n\n```\n1→x\n… 5 left out …\n```"));
    assert_eq!(seen.unseen("f", 2), [2..3]);
    seen.refresh(&question("Why?"));
    assert_eq!(seen.hash("f"), None);
}

#[test]
fn lines_that_a_search_found_are_known_but_open_no_secret() {
    let grep = call("a", json!({"regex": "line"}));
    let mut seen = FileViews::default();
    seen.add(FileView::found("f", ONE, &ten(), 2..5));
    seen.end_call(&grep);
    assert_eq!(seen.hash("f"), None, "the model has not got it yet");
    let shown = "f\n2:line 2\n3-line 3\nother\n4:line four\n";
    seen.refresh(&[reply(&[grep]), result("a", shown), reply(&[])]);
    assert_eq!(seen.hash("f"), Some(ONE));
    assert_eq!(seen.unseen("f", 10), [1..2, 4..11]);
    assert!(!seen.was_shown("f", &ONE));
    assert!(seen.has_shown("f", 3, 3) && !seen.has_shown("f", 7, 9));
    // A search that shows nothing of a file says nothing of it.
    let search = call("b", json!({"query": "x"}));
    seen.add(FileView::found("g", TWO, "", 1..9));
    seen.end_call(&search);
    seen.refresh(&[reply(&[search]), result("b", "none"), reply(&[])]);
    assert_eq!(seen.hash("g"), None);
}

#[test]
fn lines_of_hits_in_a_question_are_known() {
    let mut seen = FileViews::default();
    seen.add(FileView::found("f", ONE, &ten(), 2..6));
    seen.end_question();
    let hit = "f:2-5\n```\nline 2\nline 3\n… 2 lines left out …\n```\n";
    seen.refresh(&[Message::user(hit), reply(&[])]);
    assert_eq!(seen.hash("f"), Some(ONE));
    assert_eq!(seen.unseen("f", 5), [1..2, 4..6]);
}
