//! Resumed sessions: what is restored, and what is never repeated.

use super::super::changes::ChangeRecord;
use super::super::export::{Format, export};
use super::*;

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
            interrupted_calls: Vec::new(),
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
    assert_eq!(resumed.interrupted_calls, [calls[1].clone()]);
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
        [("c1", "done"), ("c2", INTERRUPTED), ("c3", NOT_STARTED)]
    );
    let before = session.messages.clone();
    // The model is told that there was no answer, and not made to have said so.
    assert!(matches!(before.last(), Some(Message::Tool { .. })));
    assert!(session.remarks[0].contains("was not completed"));
    record(&mut session, user("What now?"));
    drop(session);
    let (session, resumed) = home.resume(&id);
    assert!(resumed.interrupted_calls.is_empty());
    assert_eq!(session.messages[..before.len()], before);
    assert_eq!(session.messages.len(), before.len() + 1);
}

#[test]
fn a_question_that_was_forgotten_is_so_after_a_resume() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let before = session.messages.clone();
    for text in ["Are you there?", "[a note of the engine]"] {
        session.messages.push(Message::user(text));
        record(&mut session, user(text));
    }
    assert!(session.forget_question());
    assert_eq!(session.messages, before);
    assert!(!session.forget_question());
    let id = session.id.clone();
    drop(session);
    let (session, _) = home.resume(&id);
    assert!(session.remarks.is_empty());
    let said = |message: &Message| matches!(message, Message::User { text, .. } if text == "Are you there?");
    assert!(!session.messages.iter().any(said), "{:?}", session.messages);
    let shown = export(&home.folder, &id, Format::Markdown).expect("an export");
    assert!(shown.contains("Are you there?"), "{shown}");
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
            not_kept: false,
            is_revert: false,
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
fn what_the_user_ran_is_told_after_a_resume_and_is_no_message() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    let before = session.messages.len();
    let mut command = call("user_command_1", "");
    command.name = "run_command".to_owned();
    command.arguments = Map::new();
    let text = "echo kettle".into();
    command.arguments.insert("command".to_owned(), text);
    record(&mut session, Record::about_to_run(&command));
    let printed = "exit code 0, 0.1 s\nstdout:\nkettle\n";
    record(
        &mut session,
        Record::ran(&command, printed, ToolOutcome::Done),
    );
    let id = session.id.clone();
    drop(session);
    let (mut session, resumed) = home.resume(&id);
    assert!(resumed.interrupted_calls.is_empty());
    assert_eq!(session.turn, 1);
    let told =
        "## The user ran a command\n\n```\n$ echo kettle\nexit code 0, 0.1 s\nstdout:\nkettle\n```";
    assert_eq!(session.remarks, [told]);
    let no_result = |message: &Message| !matches!(message, Message::Tool { call_id, .. } if call_id == "user_command_1");
    assert!(session.messages.iter().all(no_result) && session.messages.len() >= before);
    // A question without an answer is removed: what it told counts again.
    record(&mut session, user("What did it print?"));
    record(&mut session, Record::Forgotten { messages: 1 });
    drop(session);
    let (mut session, _) = home.resume(&id);
    assert_eq!(session.remarks, [told]);
    record(&mut session, user("What did it print?"));
    record(&mut session, Record::assistant("Kettle.", "", &[]));
    record(&mut session, Record::Forgotten { messages: 0 });
    drop(session);
    assert!(home.resume(&id).0.remarks.is_empty());
}

#[test]
fn the_commits_of_a_turn_are_known_after_a_resume() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, user("Hello"));
    let changed = |turn: u32, path: &str| {
        Record::Changed(ChangeRecord {
            turn,
            path: path.to_owned(),
            before: None,
            after: None,
            mode: None,
            not_kept: true,
            is_revert: false,
        })
    };
    record(&mut session, changed(1, "a.rs"));
    record(&mut session, changed(2, "b.rs"));
    let committed = Record::Committed {
        turn: 3,
        hash: "abc".to_owned(),
        files: vec!["a.rs".to_owned()],
    };
    record(&mut session, committed);
    record(&mut session, changed(4, "a.rs"));
    session.end("quit").expect("an end");
    let id = session.id.clone();
    drop(session);
    let (session, resumed) = home.resume(&id);
    assert_eq!(resumed.unreadable, 0);
    assert_eq!(session.commits_of(1), ["abc"]);
    assert!(session.commits_of(2).is_empty());
    assert!(session.commits_of(4).is_empty());
}

#[test]
fn what_a_slash_command_reported_is_told_after_a_resume() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    for (shown, text) in [
        ("/review", "nothing was found"),
        ("/review main", "- `a.rs:2` **error**: it fails"),
        ("/task stop", "the task is stopped"),
    ] {
        let (shown, text) = (shown.to_owned(), text.to_owned());
        record(&mut session, Record::Job { shown });
        record(&mut session, Record::JobReport { text });
    }
    let id = session.id.clone();
    drop(session);
    let (mut session, resumed) = home.resume(&id);
    assert_eq!(resumed.turns, 4);
    let told = "## The user ran `/review`, and ollacode reported\n\n```\n/review main\n\n\
                - `a.rs:2` **error**: it fails\n```";
    assert_eq!(session.remarks, [told]);
    // A question without an answer is removed: what it told counts again.
    record(&mut session, user("Fix the first finding."));
    record(&mut session, Record::Forgotten { messages: 1 });
    drop(session);
    let (mut session, _) = home.resume(&id);
    assert_eq!(session.remarks, [told]);
    record(&mut session, user("Fix the first finding."));
    record(&mut session, Record::assistant("Fixed.", "", &[]));
    drop(session);
    assert!(home.resume(&id).0.remarks.is_empty());
}
