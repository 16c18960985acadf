//! The records of a conversation restore it.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::message::Image;

/// The messages as records, as the engine writes them.
fn records_of(messages: &[Message]) -> Vec<Record> {
    let mut records = Vec::new();
    for message in messages {
        match message {
            Message::System { text } => records.push(Record::System { text: text.clone() }),
            Message::User { text, .. } => records.push(user_message(text)),
            Message::Assistant {
                text,
                thinking,
                calls,
            } => records.push(Record::assistant(text, thinking, calls)),
            Message::Tool {
                call_id,
                tool,
                text,
            } => {
                let call = ToolCall {
                    id: call_id.clone(),
                    name: tool.clone(),
                    arguments: Map::new(),
                };
                records.push(Record::about_to_run(&call));
                records.push(Record::ran(&call, text, ToolOutcome::Failed));
            }
        }
    }
    records
}

fn user_message(text: &str) -> Record {
    Record::User {
        text: text.to_owned(),
        shown: "a question".to_owned(),
    }
}

#[test]
fn compaction_replaces_the_conversation_but_for_the_system_message() {
    let system = Message::System {
        text: "system".to_owned(),
    };
    let short = [Message::user("in short")];
    let mut records = records_of(std::slice::from_ref(&system));
    records.extend([user("one"), user("two"), Record::compacted(&short)]);
    let replayed = replay(&records);
    assert_eq!(replayed.messages, [system.clone(), short[0].clone()]);
    assert_eq!(replayed.turns, 2);
    let with_system = [system.clone(), short[0].clone()];
    records.push(Record::compacted(&with_system));
    assert_eq!(replay(&records).messages, with_system);
}

#[test]
fn hits_of_the_index_are_one_line_once_their_turn_is_over() {
    let first =
        "## Found in the index\n\na.rs:1-2 (work)\n```\nfn work() {}\n```\n\n## Request\n\nWhy?";
    let answer = Message::Assistant {
        text: "So.".to_owned(),
        thinking: String::new(),
        calls: Vec::new(),
    };
    let mut messages = vec![Message::user(first), answer];
    assert_eq!(replay(&records_of(&messages)).messages, messages);
    messages.push(Message::user("And then?"));
    let replayed = replay(&records_of(&messages)).messages;
    messages[0].shorten_hits();
    assert_eq!(replayed, messages);
    assert!(
        matches!(&replayed[0], Message::User { text, .. } if !text.contains("fn work")),
        "{replayed:?}"
    );
}

#[test]
fn pictures_stay_out_of_the_journal() {
    let text = "The user attached 1 picture.\n\n## Request\n\nWhat is this?";
    let image = Image::new(b"the bytes of a picture");
    let with_picture = Message::User {
        text: text.to_owned(),
        images: vec![image.clone()],
    };
    let compacted = Record::compacted(&[with_picture]);
    let line = serde_json::to_string(&compacted).expect("JSON");
    assert!(!line.contains(image.base64()), "{line}");
    assert!(!line.contains("images"), "{line}");
    let read: Record = serde_json::from_str(&line).expect("a record");
    assert_eq!(replay(&[read]).messages, [Message::user(text)]);
    assert_eq!(
        replay(&[user_message(text)]).messages,
        [Message::user(text)]
    );
}

/// Texts with characters that are special in JSON and in lines, and no secrets.
const TEXT: &str = "[a-c \\n\\r\\t\"\\\\{}:,é\u{2028}🦀\\x00]{0,12}";

fn turn() -> impl Strategy<Value = Vec<Message>> {
    let value = prop_oneof![
        TEXT.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::collection::vec(TEXT, 0..3).prop_map(Value::from),
    ];
    let arguments = prop::collection::btree_map("[a-z]{1,5}", value, 0..3);
    let step = (TEXT, TEXT, prop::collection::vec((arguments, TEXT), 0..3));
    (TEXT, prop::collection::vec(step, 0..3)).prop_map(|(question, steps)| {
        let mut messages = vec![Message::user(question)];
        for (step, (text, thinking, calls)) in steps.into_iter().enumerate() {
            let (calls, results): (Vec<ToolCall>, Vec<String>) = calls
                .into_iter()
                .enumerate()
                .map(|(at, (arguments, result))| {
                    let call = ToolCall {
                        id: format!("call_{step}_{at}"),
                        name: "edit_file".to_owned(),
                        arguments: arguments.into_iter().collect(),
                    };
                    (call, result)
                })
                .unzip();
            messages.push(Message::Assistant {
                text,
                thinking,
                calls: calls.clone(),
            });
            messages.extend(
                calls
                    .into_iter()
                    .zip(results)
                    .map(|(call, text)| Message::Tool {
                        call_id: call.id,
                        tool: call.name,
                        text,
                    }),
            );
        }
        messages
    })
}

proptest! {
    #[test]
    fn replaying_gives_the_same_messages(
        system in TEXT,
        turns in prop::collection::vec(turn(), 0..4),
    ) {
        let mut messages = vec![Message::System { text: system }];
        messages.extend(turns.into_iter().flatten());
        let lines: Vec<String> = records_of(&messages)
            .into_iter()
            .map(|record| serde_json::to_string(&record.redacted()).expect("JSON"))
            .collect();
        prop_assert!(lines.iter().all(|line| !line.contains('\n')));
        let records: Vec<Record> = lines
            .iter()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect();
        prop_assert_eq!(replay(&records).messages, messages);
    }
}
