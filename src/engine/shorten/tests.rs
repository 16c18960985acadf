//! Compacted conversations stay valid.

use serde_json::Map;

use super::*;
use crate::engine::user_message::engine_note;
use crate::message::Image;

fn user(text: &str) -> Message {
    Message::user(text)
}

fn answer(text: &str) -> Message {
    Message::Assistant {
        text: text.to_owned(),
        thinking: String::new(),
        calls: Vec::new(),
    }
}

fn round(id: &str, tool: &str, path: &str, result: &str) -> [Message; 2] {
    let mut arguments = Map::new();
    arguments.insert("path".to_owned(), Value::from(path));
    let call = ToolCall {
        id: id.to_owned(),
        name: tool.to_owned(),
        arguments,
    };
    let said = Message::Assistant {
        text: String::new(),
        thinking: "hm".to_owned(),
        calls: vec![call],
    };
    let result = Message::Tool {
        call_id: id.to_owned(),
        tool: tool.to_owned(),
        text: result.to_owned(),
    };
    [said, result]
}

/// All that a turn gives up but its last rounds.
fn cut_earlier_results(messages: &mut [Message]) {
    while cut_oldest_round(messages) {}
}

/// All rounds but the last as a list.
fn fold_steps(messages: &mut Vec<Message>, most: u32) {
    while fold_oldest_round(messages, most) {}
    cut_context(messages, most);
}

/// Two turns: one that is over, and one with four rounds.
fn conversation() -> Vec<Message> {
    let long = "a line of a file\n".repeat(200);
    let mut messages = vec![
        Message::System {
            text: "system".to_owned(),
        },
        user("Fix the parser."),
    ];
    messages.extend(round("1", "read_file", "a.rs", &long));
    messages.extend(round("2", "edit_file", "a.rs", "edited"));
    messages.push(answer("Fixed."));
    messages.push(user(
        "## Found\n\nfn b() {}\n\n## Request\n\nNow the printer.",
    ));
    for id in ["3", "4", "5", "6"] {
        messages.extend(round(id, "read_file", &format!("{id}.rs"), &long));
    }
    messages.push(user(&engine_note("go on")));
    messages
}

fn length(message: &Message) -> usize {
    match message {
        Message::System { text } | Message::User { text, .. } | Message::Tool { text, .. } => {
            text.len()
        }
        Message::Assistant { text, .. } => text.len(),
    }
}

/// Checks that every call is followed by its result.
#[track_caller]
fn check_pairs(messages: &[Message]) {
    for (at, message) in messages.iter().enumerate() {
        let Message::Assistant { calls, .. } = message else {
            continue;
        };
        for (behind, call) in calls.iter().enumerate() {
            let result = messages.get(at + 1 + behind);
            assert!(
                matches!(result, Some(Message::Tool { call_id, .. }) if *call_id == call.id),
                "{call:?}"
            );
        }
    }
}

#[test]
fn results_of_older_turns_are_cut_first() {
    let mut messages = conversation();
    cut_old(&mut messages);
    assert!(length(&messages[3]) < 400);
    assert!(length(&messages[9]) > 3_000);
    check_pairs(&messages);
}

#[test]
fn pictures_of_older_turns_go_and_those_of_the_task_stay() {
    let mut messages = conversation();
    for message in &mut messages {
        if let Message::User { images, .. } = message {
            images.push(Image::new(b"a picture"));
        }
    }
    cut_old(&mut messages);
    let pictures = messages.iter().filter_map(|message| match message {
        Message::User { images, .. } => Some(images.len()),
        _ => None,
    });
    // The older task, the task, the note behind it.
    assert_eq!(pictures.collect::<Vec<usize>>(), [0, 1, 1]);
}

#[test]
fn a_summary_stands_in_for_older_turns_and_the_task_stays() {
    let mut messages = conversation();
    fold_turns(&mut messages, "The parser was fixed.");
    let Message::User { text, .. } = &messages[1] else {
        panic!("{messages:?}");
    };
    let opening = UserMessage::parse(text);
    assert_eq!(opening.summary, "The parser was fixed.");
    assert_eq!(opening.context, "## Found\n\nfn b() {}");
    assert_eq!(opening.request, "Now the printer.");
    assert_eq!(messages.len(), 2 + 8 + 1);
    check_pairs(&messages);
}

#[test]
fn of_a_long_turn_the_last_results_stay_longest() {
    let mut messages = conversation();
    cut_earlier_results(&mut messages);
    let results: Vec<bool> = messages[8..]
        .iter()
        .filter(|message| matches!(message, Message::Tool { .. }))
        .map(|message| length(message) > 3_000)
        .collect();
    assert_eq!(results, [false, false, true, true]);
    fold_steps(&mut messages, 300);
    check_pairs(&messages);
    let Some((_, task)) = task_of(&messages) else {
        panic!("{messages:?}");
    };
    let Message::User { text, .. } = &messages[task] else {
        panic!("{messages:?}");
    };
    let opening = UserMessage::parse(text);
    assert_eq!(opening.request, "Now the printer.");
    assert!(opening.done.contains("3.rs") && opening.done.contains("5.rs"));
    assert_eq!(messages.len(), task + 1 + 2 + 1);
    assert!(length(&messages[task + 2]) > 3_000);
    cut_last_results(&mut messages, 150);
    assert!(length(&messages[task + 2]) < 700);
    check_pairs(&messages);
}

#[test]
fn without_a_model_the_tasks_and_last_answers_are_kept() {
    let messages = conversation();
    let short = in_short(&messages[1..7], 100);
    assert!(short.contains("- Fix the parser."), "{short}");
    assert!(short.contains("Fixed."), "{short}");
    let told = transcript(&messages[1..7]);
    assert!(told.starts_with("User: Fix the parser.\n\nAgent calls read_file"));
    assert!(told.len() < 1_500, "{}", told.len());
}

#[test]
fn anything_can_be_made_shorter() {
    for end in 0..conversation().len() {
        let mut messages = conversation();
        messages.truncate(end);
        cut_old(&mut messages);
        cut_earlier_results(&mut messages);
        fold_turns(&mut messages, "short");
        fold_steps(&mut messages, 10);
        cut_last_results(&mut messages, 0);
    }
}

#[test]
fn room_is_made_one_round_at_a_time_and_hits_go_first() {
    let mut messages = conversation();
    messages[7] =
        user("## Found in the index\n\na.rs:1-2 (b)\n```\nfn b() {}\n```\n\n## Request\n\nNow.");
    let long = |messages: &[Message]| -> Vec<bool> {
        let results = messages[8..].iter();
        results
            .filter(|message| matches!(message, Message::Tool { .. }))
            .map(|message| length(message) > 3_000)
            .collect()
    };
    assert!(drop_hits(&mut messages));
    assert!(!drop_hits(&mut messages));
    assert!(matches!(&messages[7], Message::User { text, .. } if !text.contains("fn b")));
    assert_eq!(long(&messages), [true; 4]);
    assert!(cut_oldest_round(&mut messages));
    assert_eq!(long(&messages), [false, true, true, true]);
    assert!(cut_oldest_round(&mut messages));
    assert!(!cut_oldest_round(&mut messages), "the last rounds stay");
    assert!(fold_oldest_round(&mut messages, 300));
    check_pairs(&messages);
    assert_eq!(long(&messages), [false, true, true]);
}

#[test]
fn of_old_code_the_signatures_stay() {
    let filler = "    let value = compute(input);\n".repeat(40);
    let text = format!("1→pub fn first(a: u8) {{\n{filler}43→}}\n45→struct Second {{\n");
    let mut messages = conversation();
    let Message::Tool { text: result, .. } = &mut messages[3] else {
        panic!("{messages:?}");
    };
    *result = text;
    cut_old(&mut messages);
    let Message::Tool { text, .. } = &messages[3] else {
        panic!("{messages:?}");
    };
    assert_eq!(
        text,
        "1→pub fn first(a: u8) {\n45→struct Second {\n… the rest is no longer shown (43 lines); \
         call `read_file` again if you need it …"
    );
    let once = messages.clone();
    cut_old(&mut messages);
    assert_eq!(messages, once);
}
