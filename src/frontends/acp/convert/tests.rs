use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::edit::FileEdit;
use crate::engine::event::{AskId, CallDetails, ToolOutcome, TurnFacts};
use crate::model::{StopReason, Usage};

fn converter() -> EventConverter {
    EventConverter::new(Path::new("/w").to_owned(), "p".to_owned(), false)
}

fn values(updates: &[SessionUpdate]) -> Vec<Value> {
    let value = |update: &SessionUpdate| serde_json::to_value(update).expect("JSON");
    updates.iter().map(value).collect()
}

/// What the events of a turn become.
fn updates(converter: &mut EventConverter, events: &[Event]) -> Vec<Value> {
    let updates: Vec<SessionUpdate> = events
        .iter()
        .flat_map(|event| converter.event(event))
        .collect();
    values(&updates)
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

fn chunk(kind: &str, number: u32, text: &str) -> Value {
    json!({"sessionUpdate": kind, "messageId": format!("p-{number}"),
        "content": {"type": "text", "text": text}})
}

fn said(number: u32, text: &str) -> Value {
    chunk("agent_message_chunk", number, text)
}

fn content(text: &str) -> Value {
    json!({"type": "content", "content": {"type": "text", "text": text}})
}

fn started(id: &str, tool: &str, what: &str, details: CallDetails) -> Event {
    Event::ToolStarted {
        id: id.to_owned(),
        tool: tool.to_owned(),
        what: what.to_owned(),
        details: Arc::new(details),
    }
}

fn finished(id: &str, outcome: ToolOutcome, summary: &str, detail: &str) -> Event {
    Event::ToolFinished {
        id: id.to_owned(),
        outcome,
        summary: summary.to_owned(),
        detail: detail.to_owned(),
        took: Duration::from_millis(3),
    }
}

fn edits() -> Preview {
    Preview::Edits(vec![FileEdit {
        path: "a.rs".to_owned(),
        old: Some("one\n".into()),
        new: Some("two\n".into()),
    }])
}

fn diff() -> Value {
    json!({"type": "diff", "path": "/w/a.rs", "oldText": "one\n", "newText": "two\n"})
}

fn approval(tool: &str, title: &str, preview: Preview) -> Event {
    Event::ApprovalAsked {
        id: AskId(1),
        request: Box::new(ApprovalRequest {
            call_id: "c1".to_owned(),
            tool: tool.to_owned(),
            title: title.to_owned(),
            preview,
            files: vec!["a.rs".to_owned()],
            reason: "because\u{202e}".to_owned(),
            can_edit: true,
            remember: None,
            hash: String::new(),
        }),
    }
}

#[test]
fn thoughts_and_answers_are_messages_of_their_own() {
    let mut converter = converter();
    let events = [
        Event::Thinking("Hm".to_owned()),
        Event::Thinking(".".to_owned()),
        text("Yes"),
        text("\u{202e}."),
        Event::TextWasThought,
        Event::AskedAgain {
            why: "why\nnot".to_owned(),
        },
        text("No ⚠"),
        text("\u{fe0f}\n\n"),
        Event::Notice("a note".to_owned()),
    ];
    assert_eq!(
        updates(&mut converter, &events),
        [
            chunk("agent_thought_chunk", 1, "Hm"),
            chunk("agent_thought_chunk", 1, "."),
            said(2, "Yes"),
            said(2, "\\u{202e}."),
            said(
                3,
                "\n\n> the text above was a thought of the model, not its answer"
            ),
            said(4, "\n\n> why\n> not"),
            said(5, "\n\nNo "),
            said(5, "⚠\u{fe0f}\n\n"),
            said(6, "> a note"),
        ]
    );
    // The next turn begins anew.
    converter.begin();
    assert_eq!(updates(&mut converter, &[text("Ok")]), [said(7, "Ok")]);
}

#[test]
fn notes_stand_apart_where_the_editor_has_a_place_for_them() {
    let mut converter = EventConverter::new("/w".into(), "p".to_owned(), true);
    assert_eq!(
        updates(
            &mut converter,
            &[text("Yes ⚠"), Event::Notice(" a note\u{202e}\n".to_owned())]
        ),
        [
            said(1, "Yes "),
            said(1, "⚠"),
            json!({"sessionUpdate": "notice", "severity": "info", "title": "a note\\u{202e}"}),
        ]
    );
}

#[test]
fn the_search_for_a_question_is_a_call_that_is_over() {
    let source = Source {
        path: "src/a.rs".to_owned(),
        start_line: 3,
        end_line: 9,
        symbol: Some("parse".to_owned()),
    };
    let events = [
        Event::Retrieved {
            sources: vec![source],
        },
        Event::Retrieved {
            sources: Vec::new(),
        },
        Event::Replied {
            usage: Usage {
                prompt_tokens: None,
                reply_tokens: None,
                tokens_per_second: None,
                prompt_seconds: None,
                load_seconds: None,
                stop: StopReason::Stop,
            },
            used: 853,
            window: 4_096,
        },
        Event::Compacted {
            before: 24_000,
            after: 6_000,
        },
    ];
    assert_eq!(
        updates(&mut converter(), &events),
        [
            json!({"sessionUpdate": "tool_call", "toolCallId": "context-p-1",
                "title": "Looked up the question in the index: 1 place", "kind": "search",
                "status": "completed", "content": [content("- `src/a.rs:3-9` parse")],
                "locations": [{"path": "/w/src/a.rs", "line": 3}]}),
            json!({"sessionUpdate": "tool_call", "toolCallId": "context-p-2",
                "title": "Nothing in the index fits the question", "kind": "search",
                "status": "completed"}),
            json!({"sessionUpdate": "usage_update", "used": 853, "size": 4096}),
            said(1, "> the conversation was compacted: 24,000 → 6,000 tokens"),
        ]
    );
}

#[test]
fn a_call_starts_and_ends() {
    let details = CallDetails {
        arguments: json!({"path": "a.rs", "start_line": 5})
            .as_object()
            .cloned()
            .unwrap_or_default(),
        preview: Preview::None,
    };
    let events = [
        started("c1", "read_file", "a.rs:5-9", details),
        finished("c1", ToolOutcome::Done, "5 lines", ""),
        started("c2", "grep_search", "x", CallDetails::default()),
        finished("c2", ToolOutcome::Failed, "no such file", ""),
    ];
    assert_eq!(
        updates(&mut converter(), &events),
        [
            json!({"sessionUpdate": "tool_call", "toolCallId": "c1", "title": "Read `a.rs:5-9`",
                "name": "read_file", "kind": "read", "status": "in_progress",
                "locations": [{"path": "/w/a.rs", "line": 5}],
                "rawInput": {"path": "a.rs", "start_line": 5}}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
                "status": "completed", "content": [content("5 lines · 3 ms")]}),
            json!({"sessionUpdate": "tool_call", "toolCallId": "c2",
                "title": "Search the text of files for `x`", "name": "grep_search",
                "kind": "search", "status": "in_progress", "rawInput": {}}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c2", "status": "failed",
                "content": [content("failed: no such file · 3 ms")]}),
        ]
    );
}

#[test]
fn an_edit_that_is_asked_about_has_its_diff_from_the_question_to_the_end() {
    let mut converter = converter();
    let asked = updates(
        &mut converter,
        &[approval("edit_file", "edit a.rs", edits())],
    );
    let places = json!([{"path": "/w/a.rs", "line": 1}]);
    assert_eq!(
        asked,
        [
            json!({"sessionUpdate": "tool_call", "toolCallId": "c1", "title": "Edit a.rs",
            "name": "edit_file", "kind": "edit",
            "content": [content("because\\u{202e}"), diff()], "locations": places})
        ]
    );
    let Event::ApprovalAsked { request, .. } = approval("edit_file", "edit a.rs", edits()) else {
        panic!("a request");
    };
    let call = converter.asked_call(&request);
    assert!(call.is_whole);
    assert_eq!(
        serde_json::to_value(&call.call).expect("JSON"),
        json!({"toolCallId": "c1", "title": "Edit a.rs", "kind": "edit", "status": "pending",
            "content": [content("because\\u{202e}"), diff()], "locations": places})
    );
    let details = CallDetails {
        preview: edits(),
        ..CallDetails::default()
    };
    let events = [
        started("c1", "edit_file", "a.rs", details),
        finished("c1", ToolOutcome::Done, "+1 −1", "--- a/a.rs\n"),
    ];
    assert_eq!(
        updates(&mut converter, &events),
        [
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
                "title": "Edit `a.rs`", "name": "edit_file", "kind": "edit",
                "status": "in_progress", "content": [diff()], "locations": places,
                "rawInput": {}}),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
                "status": "completed", "content": [diff(), content("+1 −1 · 3 ms")]}),
        ]
    );
}

#[test]
fn what_was_denied_has_changed_nothing() {
    let mut converter = converter();
    let events = [
        approval("edit_file", "edit a.rs", edits()),
        started("c1", "edit_file", "a.rs", CallDetails::default()),
        finished("c1", ToolOutcome::Denied, "denied by the user", ""),
    ];
    let updates = updates(&mut converter, &events);
    assert_eq!(
        updates[2],
        json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": "failed",
            "content": [content("denied by the user · 3 ms")]})
    );
}

#[test]
fn a_command_shows_what_it_prints() {
    let mut converter = converter();
    let command = |text: &str| Preview::Command(text.to_owned());
    let asked = updates(
        &mut converter,
        &[approval(
            "run_command",
            "run a command",
            command("make\nmake it"),
        )],
    );
    assert_eq!(
        asked,
        [
            json!({"sessionUpdate": "tool_call", "toolCallId": "c1", "title": "`make` …",
            "name": "run_command", "kind": "execute", "content": [
                content("because\\u{202e}"), content("```sh\nmake\nmake it\n```")]})
        ]
    );
    assert_eq!(converter.live(&["early".to_owned()]), None);
    let details = CallDetails {
        preview: command("make it"),
        ..CallDetails::default()
    };
    updates(
        &mut converter,
        &[started("c1", "run_command", "make it", details)],
    );
    assert_eq!(converter.open_call(), Some("c1"));
    let live = converter.live(&["one".to_owned(), "two\u{1b}".to_owned()]);
    let live: Vec<SessionUpdate> = live.into_iter().collect();
    assert_eq!(
        values(&live),
        [
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
            "content": [content("```\none\ntwo\\u{1b}\n```")]})
        ]
    );
    let ended = finished("c1", ToolOutcome::Done, "exit code 0", "one\ntwo\n");
    assert_eq!(
        updates(&mut converter, &[ended]),
        [
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
            "status": "completed",
            "content": [content("exit code 0 · 3 ms\n\n```\none\ntwo\n```")]})
        ]
    );
    assert_eq!(converter.live(&["late".to_owned()]), None);
}

#[test]
fn a_call_that_never_started_ends_with_the_turn() {
    let mut converter = converter();
    updates(
        &mut converter,
        &[
            approval("made_up", "call a tool", Preview::None),
            text("Well ⚠"),
        ],
    );
    let ended = converter.end();
    assert_eq!(
        values(&ended),
        [
            said(1, "⚠"),
            json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1",
                "status": "failed", "content": [content("not run")]}),
        ]
    );
    assert_eq!(converter.end(), []);
}

#[test]
fn a_task_is_always_the_whole_list() {
    let step = |text: &str, state: StepState| TaskStep {
        text: text.to_owned(),
        state,
        ..TaskStep::default()
    };
    let plan = TaskView {
        task: "all of it".to_owned(),
        steps: vec![
            step("One\u{202e}", StepState::Done),
            step("Two", StepState::Failed),
            step("Three", StepState::InProgress),
            step("Four", StepState::Dropped),
            step("Five", StepState::Pending),
        ],
    };
    let entry =
        |text: &str, status: &str| json!({"content": text, "priority": "medium", "status": status});
    assert_eq!(
        updates(&mut converter(), &[Event::Task(plan)]),
        [json!({"sessionUpdate": "plan", "entries": [
            entry("One\\u{202e}", "completed"),
            entry("failed: Two", "pending"),
            entry("Three", "in_progress"),
            entry("dropped: Four", "completed"),
            entry("Five", "pending"),
        ]})]
    );
}

#[test]
fn what_a_turn_did_and_did_not_look_at_is_listed_after_the_answer() {
    let events = [
        text("See `a.rs:9`."),
        Event::Citations {
            wrong: vec![("a.rs:9".to_owned(), "it has 2 lines".to_owned())],
            not_seen: vec!["b.rs:1".to_owned()],
        },
        Event::TurnFacts(TurnFacts::default()),
    ];
    assert_eq!(
        updates(&mut converter(), &events),
        [
            said(1, "See `a.rs:9`."),
            said(
                2,
                "\n\n- ⚠ wrong citation `a.rs:9`: it has 2 lines\n- not looked at: b.rs:1"
            ),
        ]
    );
}
