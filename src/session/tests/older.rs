//! Journals of earlier versions of the program: they open, nothing in them is lost, and they
//! continue.

use std::fs;

use serde_json::Value;

use super::super::audit::audit;
use super::super::export::{Format, export};
use super::*;

/// A journal as some version of the program wrote it.
struct Older {
    text: &'static str,
    has_times: bool,
    /// Files that are recorded as changed, in order.
    changed: &'static [&'static str],
}

const JOURNALS: [Older; 3] = [
    Older {
        text: include_str!("../../../tests/it/fixtures/journal-without-times.jsonl"),
        has_times: false,
        changed: &["src/main.rs"],
    },
    Older {
        text: include_str!("../../../tests/it/fixtures/journal-with-times.jsonl"),
        has_times: true,
        changed: &["src/main.rs"],
    },
    Older {
        text: include_str!("../../../tests/it/fixtures/journal-with-forgotten.jsonl"),
        has_times: true,
        changed: &["src/main.rs", "target/out"],
    },
];

impl Older {
    /// A folder of sessions with this one only.
    fn put(&self) -> (Home, SessionId) {
        let home = Home::new();
        let id = SessionId::parse("20261121-143005-k3x9").expect("an id");
        let path = home.journal(&id);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, self.text).expect("a journal");
        (home, id)
    }

    /// Names in which each file that was changed has one of its own in the place of `changed`.
    fn with_changes(&self, names: &[&str]) -> Vec<String> {
        let repeated = names.iter().flat_map(|name| {
            let times = if *name == "changed" {
                self.changed.len()
            } else {
                1
            };
            std::iter::repeat_n((*name).to_owned(), times)
        });
        repeated.collect()
    }
}

#[test]
fn older_journals_are_read_whole_and_listed() {
    for older in JOURNALS {
        let (home, id) = older.put();
        let contents = journal::read(&home.folder, &id).expect("a journal");
        assert_eq!(contents.unreadable, 0);
        assert_eq!(contents.records.len(), older.text.lines().count());
        let listed = sessions(&home.folder).expect("a list");
        let [summary] = listed.as_slice() else {
            panic!("one session: {listed:?}");
        };
        assert_eq!(summary.id, id);
        assert_eq!(summary.title, "What does `main` do?");
        assert_eq!((summary.turns, summary.model.as_str()), (3, "large"));
        assert_eq!(summary.workspace, "/shop");
        assert_eq!(summary.started, "2026-11-21T14:30:05Z");
        assert_eq!(summary.changed, older.changed);
    }
}

#[test]
fn older_journals_are_resumed_and_continue() {
    for older in JOURNALS {
        let (home, id) = older.put();
        let (mut session, resumed) = Session::resume(&home.folder, &id, model("large"))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            resumed,
            Resumed {
                turns: 3,
                interrupted_calls: vec![call("c3", "src/lib.rs")],
                model: "large".to_owned(),
                unreadable: 0,
            }
        );
        assert_eq!((session.mode, session.turn), (Mode::Plan, 3));
        assert_eq!(session.changes().files(), older.changed);
        // The system message, four of the summary, four of the second turn, three of the third.
        assert_eq!(session.messages.len(), 12, "{:?}", session.messages);
        let last = Message::Tool {
            call_id: "c3".to_owned(),
            tool: "read_file".to_owned(),
            text: INTERRUPTED.to_owned(),
        };
        assert_eq!(session.messages.last(), Some(&last));
        let text = fs::read_to_string(home.journal(&id)).expect("a journal");
        assert_eq!(text, older.text, "to open a journal changes nothing");
        record(&mut session, user("Go on."));
        drop(session);
        let text = fs::read_to_string(home.journal(&id)).expect("a journal");
        assert!(text.starts_with(older.text), "{text}");
        assert_eq!(text.lines().count(), older.text.lines().count() + 1);
        let summary = summary(&home.folder, &id).expect("a summary");
        assert_eq!(summary.turns, 4);
    }
}

#[test]
fn older_journals_are_exported() {
    for older in JOURNALS {
        let (home, id) = older.put();
        let markdown = export(&home.folder, &id, Format::Markdown).expect("Markdown");
        for part in [
            "## You\n\nWhat does `main` do?\n",
            "## You\n\nMake it louder.\n",
            "## You\n\nAnd the library?\n",
            "**run_command** (denied)",
            "It is louder now. \u{1f980}",
            "Changed `src/main.rs`.",
            "Redid the changes of question 2.",
            "Changed the model to `large`.",
            "**read_file** (interrupted)",
        ] {
            assert!(markdown.contains(part), "{part}\n---\n{markdown}");
        }
        let json = export(&home.folder, &id, Format::Json).expect("JSON");
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let items = json["items"].as_array().expect("items");
        let kinds = items.iter().filter_map(|item| item["type"].as_str());
        let expected = older.with_changes(&[
            "user",
            "assistant",
            "tool",
            "tool",
            "assistant",
            "compacted",
            "user",
            "changed",
            "tool",
            "assistant",
            "undid",
            "redid",
            "model",
            "user",
            "assistant",
            "tool",
        ]);
        assert_eq!(kinds.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn older_journals_can_be_audited() {
    for older in JOURNALS {
        let (home, id) = older.put();
        let found = audit(&home.folder, &id).expect("an audit");
        assert_eq!(found.unreadable, 0);
        let mut actions = Vec::new();
        for entry in &found.entries {
            let value = serde_json::to_value(entry).expect("JSON");
            let action = value["action"].as_str().unwrap_or_default().to_owned();
            let knows_time = older.has_times || action == "started";
            assert_eq!(entry.at.is_some(), knows_time, "{value}");
            actions.push(action);
        }
        let expected = older.with_changes(&[
            "started",
            "question",
            "call",
            "asked",
            "decided",
            "call",
            "compacted",
            "question",
            "asked",
            "decided",
            "call",
            "changed",
            "undid",
            "redid",
            "mode",
            "model",
            "question",
            "call",
        ]);
        assert_eq!(actions, expected);
    }
}
