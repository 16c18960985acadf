//! A journal is the conversation again, at whatever byte it was cut off.

use std::fs;
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::changes::ChangeRecord;
use super::export::{Format, export};
use super::*;
use crate::engine::event::ToolOutcome;
use crate::model::{ChatRequest, Delta, ModelError, ModelProfile};
use crate::permission::Decision;

/// A model that says nothing.
struct Silent(ModelProfile);

impl ChatModel for Silent {
    fn profile(&self) -> &ModelProfile {
        &self.0
    }

    fn reply<'a>(&'a self, _: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        stream::empty().boxed()
    }
}

fn model(name: &str) -> Arc<dyn ChatModel> {
    Arc::new(Silent(ModelProfile {
        name: name.to_owned(),
        window: 8192,
        tools: true,
        weak: false,
        remote: None,
    }))
}

/// A folder of sessions.
struct Home {
    _temporary: TempDir,
    folder: PathBuf,
}

impl Home {
    fn new() -> Home {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("sessions");
        Home {
            _temporary: temporary,
            folder,
        }
    }

    fn create(&self) -> Session {
        Session::create(&self.folder, Path::new("/shop"), model("small"))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn resume(&self, id: &SessionId) -> (Session, Resumed) {
        Session::resume(&self.folder, id, model("small")).unwrap_or_else(|error| panic!("{error}"))
    }

    fn journal(&self, id: &SessionId) -> PathBuf {
        journal::path_of(&self.folder, id)
    }

    fn records(&self, id: &SessionId) -> Vec<Record> {
        journal::read(&self.folder, id).expect("a journal").records
    }
}

fn record(session: &mut Session, record: Record) {
    session.record(record).expect("a journal that takes it");
}

fn user(text: &str) -> Record {
    Record::User {
        text: format!("{text}\n\n(what was found)"),
        shown: text.to_owned(),
    }
}

fn call(id: &str, path: &str) -> ToolCall {
    let mut arguments = Map::new();
    arguments.insert("path".to_owned(), path.into());
    ToolCall {
        id: id.to_owned(),
        name: "read_file".to_owned(),
        arguments,
    }
}

/// A question, a call and its result, an answer.
fn talk(session: &mut Session) {
    let call = call("c1", "src/main.rs");
    for step in [
        Record::System {
            text: "You are ollacode.".to_owned(),
        },
        user("What does `main` do?"),
        Record::assistant("", "I should look.", std::slice::from_ref(&call)),
        Record::Asked {
            call_id: "c1".to_owned(),
            title: "read src/main.rs".to_owned(),
            hash: "00ff".to_owned(),
        },
        Record::decided(&call, &Decision::Once),
        Record::about_to_run(&call),
        Record::ran(&call, "1: fn main() {}", ToolOutcome::Done),
        Record::assistant("Nothing. \u{1f980}", "", &[]),
    ] {
        record(session, step);
    }
}

/// The same as records: what the engine gives to the journal as it goes.
fn records_of(messages: &[Message]) -> Vec<Record> {
    let mut records = Vec::new();
    for message in messages {
        match message {
            Message::System { text } => records.push(Record::System { text: text.clone() }),
            Message::User { text } => records.push(user_message(text)),
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
fn nothing_is_written_before_the_first_question() {
    let home = Home::new();
    let mut session = home.create();
    session.set_mode(Mode::Plan).expect("a mode");
    session.end("quit").expect("an end");
    assert!(!session.folder().exists());
    assert!(sessions(&home.folder).expect("a list").is_empty());
    record(&mut session, user("Hello"));
    let records = home.records(&session.id);
    assert!(matches!(records[0], Record::Started { version: 1, .. }));
    assert_eq!(records[1], Record::mode(Mode::Plan));
    assert_eq!(records.last(), Some(&user("Hello")));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_a_session() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, user("Hello"));
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&home.journal(&session.id)), 0o600);
    assert_eq!(mode(&session.folder()), 0o700);
    assert_eq!(mode(&home.folder), 0o700);
}

#[test]
fn a_resumed_session_is_the_conversation_again() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    session.set_mode(Mode::AutoApprove).expect("a mode");
    let id = session.id.clone();
    drop(session);
    let (mut session, resumed) = home.resume(&id);
    assert_eq!(
        resumed,
        Resumed {
            turns: 1,
            unfinished: Vec::new(),
            model: "small".to_owned(),
            unreadable: 0,
        }
    );
    assert_eq!(session.messages.len(), 5);
    assert_eq!(
        session.messages[0],
        Message::System {
            text: "You are ollacode.".to_owned()
        }
    );
    assert_eq!(session.turn, 1);
    assert_eq!(session.workspace(), Path::new("/shop"));
    // A mode that asks less is not given by a file.
    assert_eq!(session.mode, Mode::Ask);
    session.set_mode(Mode::Plan).expect("a mode");
    session.set_model(model("large")).expect("a model");
    drop(session);
    let (session, resumed) = home.resume(&id);
    assert_eq!(
        (session.mode, resumed.model.as_str()),
        (Mode::Plan, "large")
    );
    drop(session);
    assert_eq!(home.resume(&id).1.model, "small");
}

#[test]
fn two_processes_cannot_go_on_with_one_session() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, user("Hello"));
    let id = session.id.clone();
    let second = Session::resume(&home.folder, &id, model("small"));
    assert!(matches!(second.err(), Some(SessionError::InUse(held)) if held == id));
    // Reading is no harm.
    assert_eq!(sessions(&home.folder).expect("a list").len(), 1);
    drop(session);
    home.resume(&id);
}

#[test]
fn a_journal_that_is_cut_anywhere_loses_nothing_before_and_goes_on() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let id = session.id.clone();
    drop(session);
    let path = home.journal(&id);
    let whole = fs::read(&path).expect("a journal");
    let all = home.records(&id);
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).expect("a shorter journal");
        let lines = whole[..end].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(home.records(&id), all[..lines], "cut at {end}");
        let (mut session, resumed) = home.resume(&id);
        assert_eq!(resumed.unreadable, 0, "cut at {end}");
        let last = Record::assistant("and on", "", &[]);
        record(&mut session, last.clone());
        drop(session);
        let after = home.records(&id);
        assert_eq!(after[..lines], all[..lines], "cut at {end}");
        assert_eq!(after.last(), Some(&last), "cut at {end}");
        let bytes = fs::read(&path).expect("a journal");
        assert_eq!(bytes.last(), Some(&b'\n'), "cut at {end}");
    }
}

#[test]
fn an_action_that_was_broken_off_is_shown_and_never_repeated() {
    let home = Home::new();
    let mut session = home.create();
    let calls = [call("c1", "a"), call("c2", "b"), call("c3", "c")];
    for step in [
        user("Go"),
        Record::assistant("", "", &calls),
        Record::about_to_run(&calls[0]),
        Record::ran(&calls[0], "done", ToolOutcome::Done),
        Record::about_to_run(&calls[1]),
    ] {
        record(&mut session, step);
    }
    let id = session.id.clone();
    drop(session);
    let (mut session, resumed) = home.resume(&id);
    assert_eq!(resumed.unfinished, [calls[1].clone()]);
    let results: Vec<(&str, &str)> = session
        .messages
        .iter()
        .filter_map(|message| match message {
            Message::Tool { call_id, text, .. } => Some((call_id.as_str(), text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        results,
        [("c1", "done"), ("c2", BROKEN_OFF), ("c3", NOT_BEGUN)]
    );
    let before = session.messages.clone();
    assert!(matches!(before.last(), Some(Message::Assistant { calls, .. }) if calls.is_empty()));
    record(&mut session, user("What now?"));
    drop(session);
    let (session, resumed) = home.resume(&id);
    assert!(resumed.unfinished.is_empty());
    assert_eq!(session.messages[..before.len()], before);
    // The question, and that there was no answer.
    assert_eq!(session.messages.len(), before.len() + 2);
}

#[test]
fn damage_in_the_middle_is_passed_over_and_counted() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let id = session.id.clone();
    drop(session);
    let path = home.journal(&id);
    let text = fs::read_to_string(&path).expect("a journal");
    let damaged = text.replacen(r#"{"type":"asked""#, "{\0\0\0", 1);
    fs::write(&path, damaged).expect("a damaged journal");
    let (session, resumed) = home.resume(&id);
    assert_eq!((resumed.unreadable, session.messages.len()), (1, 5));
}

#[test]
fn a_journal_of_a_later_version_is_left_alone() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, user("Hello"));
    let id = session.id.clone();
    drop(session);
    let path = home.journal(&id);
    let text = fs::read_to_string(&path).expect("a journal");
    fs::write(&path, text.replacen(r#""version":1"#, r#""version":2"#, 1)).expect("a journal");
    let later = Session::resume(&home.folder, &id, model("small")).err();
    assert!(matches!(
        later,
        Some(SessionError::Newer { version: 2, .. })
    ));
}

#[test]
fn secrets_stay_out_of_journal_and_export() {
    // In two pieces, so that no scanner finds it here.
    let secret = format!("AK{}", "IAABCDEFGHIJKLMNOP");
    let home = Home::new();
    let mut session = home.create();
    let mut planted = call("c1", "a");
    let nested = json!({"list": [format!("key: {secret}")]});
    planted.arguments.insert("content".to_owned(), nested);
    let text = format!("key: {secret}");
    for step in [
        Record::System { text: text.clone() },
        user(&text),
        Record::assistant(&text, &text, std::slice::from_ref(&planted)),
        Record::about_to_run(&planted),
        Record::decided(&planted, &Decision::Deny(Some(text.clone()))),
        Record::ran(&planted, &text, ToolOutcome::Denied),
        Record::compacted(&[Message::User { text: text.clone() }]),
    ] {
        record(&mut session, step);
    }
    let id = session.id.clone();
    drop(session);
    let journal = fs::read_to_string(home.journal(&id)).expect("a journal");
    assert!(!journal.contains(&secret), "{journal}");
    assert!(
        journal.contains("[redacted: aws-access-key-id]"),
        "{journal}"
    );
    for format in [Format::Markdown, Format::Json] {
        let text = export(&home.folder, &id, format).expect("an export");
        assert!(!text.contains(&secret), "{text}");
    }
    // The system message, the short conversation, and that there was no answer.
    assert_eq!(home.resume(&id).0.messages.len(), 3);
}

#[test]
fn clearing_begins_a_new_session_and_keeps_the_old_one() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    session.granted.insert("edits".to_owned());
    session.set_mode(Mode::AutoEdit).expect("a mode");
    let old = session.id.clone();
    session.clear().expect("a new session");
    assert_ne!(session.id, old);
    assert!(session.messages.is_empty() && session.granted.is_empty());
    assert_eq!((session.mode, session.turn), (Mode::AutoEdit, 0));
    assert_eq!(home.resume(&old).0.messages.len(), 5);
}

#[test]
fn compaction_replaces_the_conversation_but_for_the_system_message() {
    let system = Message::System {
        text: "system".to_owned(),
    };
    let short = [Message::User {
        text: "in short".to_owned(),
    }];
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
fn sessions_are_listed_as_they_were_used() {
    let home = Home::new();
    let mut ids = Vec::new();
    for (question, age) in [("first", 30), ("second", 20), ("third", 10)] {
        let mut session = home.create();
        record(&mut session, user(question));
        record(&mut session, user("and then?"));
        ids.push(session.id.clone());
        drop(session);
        let file = fs::File::options()
            .append(true)
            .open(home.journal(ids.last().expect("an id")))
            .expect("a journal");
        let used = SystemTime::now() - Duration::from_secs(age);
        file.set_modified(used).expect("another time");
    }
    fs::create_dir(home.folder.join("Not a session")).expect("a folder");
    fs::create_dir(home.folder.join("20200101-000000-none")).expect("a folder");
    let listed = sessions(&home.folder).expect("a list");
    let titles: Vec<(&str, u32)> = listed
        .iter()
        .map(|summary| (summary.title.as_str(), summary.turns))
        .collect();
    assert_eq!(titles, [("third", 2), ("second", 2), ("first", 2)]);
    assert_eq!(listed[0].workspace, "/shop");
    assert_eq!(listed[0].model, "small");
    assert!(listed[0].started.ends_with('Z'), "{}", listed[0].started);
    let last = latest(&home.folder, Path::new("/shop")).expect("a look");
    assert_eq!(last.as_ref(), Some(&ids[2]));
    let none = latest(&home.folder, Path::new("/elsewhere")).expect("a look");
    assert_eq!(none, None);
    let nowhere = home.folder.join("nowhere");
    assert!(sessions(&nowhere).expect("an empty list").is_empty());
}

#[test]
fn changed_files_are_named_and_can_be_undone_after_a_resume() {
    let change = |turn: u32, path: &str| {
        Record::Changed(ChangeRecord {
            turn,
            path: path.to_owned(),
            before: None,
            after: Some("00".repeat(32)),
            mode: None,
        })
    };
    let home = Home::new();
    let mut session = home.create();
    for step in [
        user("Go"),
        change(1, "b.rs"),
        change(1, "a.rs"),
        // Its question was never written down.
        change(3, "b.rs"),
        Record::Undid { turn: 3 },
    ] {
        record(&mut session, step);
    }
    let id = session.id.clone();
    assert_eq!(session.changes().files(), ["a.rs", "b.rs"]);
    drop(session);
    let (session, resumed) = home.resume(&id);
    assert_eq!(session.changes().files(), ["a.rs", "b.rs"]);
    // A new turn must not be taken for an old one.
    assert_eq!((session.turn, resumed.turns), (3, 1));
    let summary = summary(&home.folder, &id).expect("a summary");
    assert_eq!(summary.changed, ["a.rs", "b.rs"]);
    let markdown = export(&home.folder, &id, Format::Markdown).expect("Markdown");
    assert!(markdown.contains("Changed `a.rs`.\n"), "{markdown}");
    assert!(markdown.contains("Undid the changes of question 3.\n"));
}

#[test]
fn a_session_is_found_by_a_part_that_only_it_has() {
    let home = Home::new();
    for name in ["20260101-000000-abcd", "20260101-000001-efgh"] {
        let folder = home.folder.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("journal.jsonl"), "").expect("a journal");
    }
    let found = |given: &str| find(&home.folder, given).map(|id| id.to_string());
    for given in ["efgh", "20260101-000001", " 20260101-000001-EFGH\n"] {
        assert_eq!(found(given).ok().as_deref(), Some("20260101-000001-efgh"));
    }
    assert!(
        matches!(found("2026"), Err(SessionError::Ambiguous { found, .. }) if found.len() == 2)
    );
    for given in ["", "abce", "../abcd", "0101"] {
        assert!(
            matches!(found(given), Err(SessionError::NotFound(_))),
            "{given}"
        );
    }
    for given in ["..", "a/b", "-a", "", "A", "a\0"] {
        assert!(SessionId::parse(given).is_err(), "{given}");
    }
}

#[test]
fn ids_are_sorted_by_time() {
    let at = |second: i64| {
        let time = Timestamp::from_second(second).expect("a time");
        SessionId::new(time)
    };
    let id = at(1_795_271_405);
    assert_eq!(&id.as_str()[..16], "20261121-143005-");
    assert_eq!(id.as_str().len(), 20);
    assert_eq!(SessionId::parse(id.as_str()).ok(), Some(id.clone()));
    assert!(at(1_795_271_404) < id && id < at(1_795_271_406));
}

#[test]
fn an_export_tells_what_happened() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let open = call("c2", "b```");
    record(
        &mut session,
        Record::assistant("Wait.", "", std::slice::from_ref(&open)),
    );
    record(&mut session, Record::about_to_run(&open));
    let id = session.id.clone();
    let markdown = export(&home.folder, &id, Format::Markdown).expect("Markdown");
    for part in [
        "# What does `main` do?\n",
        "## You\n\nWhat does `main` do?\n",
        "**read_file** (done)\n\n```json\n{\"path\":\"src/main.rs\"}\n```\n",
        "```text\n1: fn main() {}\n```\n",
        "## ollacode\n\nNothing. \u{1f980}\n",
        "**read_file** (interrupted)\n\n````json\n",
    ] {
        assert!(markdown.contains(part), "{part}\n---\n{markdown}");
    }
    assert!(!markdown.contains("what was found"), "{markdown}");
    let json = export(&home.folder, &id, Format::Json).expect("JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["id"], id.as_str());
    assert_eq!((&json["version"], &json["turns"]), (&json!(1), &json!(1)));
    let kinds: Vec<&str> = json["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "user",
            "assistant",
            "tool",
            "assistant",
            "assistant",
            "tool"
        ]
    );
    assert_eq!(json["items"][2]["result"], "1: fn main() {}");
    assert_eq!(json["items"][5]["outcome"], "interrupted");
}

#[test]
fn the_lines_that_a_summary_needs_begin_as_it_expects() {
    let changed = Record::Changed(ChangeRecord {
        turn: 1,
        path: "a".to_owned(),
        before: None,
        after: None,
        mode: None,
    });
    let model = Record::Model {
        name: "m".to_owned(),
    };
    let started = Record::Started {
        version: VERSION,
        workspace: "/shop".to_owned(),
        model: "m".to_owned(),
        at: "now".to_owned(),
    };
    for record in [started, user("x"), changed, model] {
        let line = serde_json::to_vec(&record).expect("JSON");
        assert!(list::is_needed(&line), "{record:?}");
        assert_eq!(
            serde_json::from_slice::<Record>(&line).expect("a record"),
            record
        );
    }
}

/// Texts with everything that JSON and lines could stumble over, and no secrets.
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
        let mut messages = vec![Message::User { text: question }];
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
