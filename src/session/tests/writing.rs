//! What is written, from when on, and who can read it; no secret is in it.

use std::fs;

use serde_json::json;

use super::super::export::{Format, export};
use super::*;

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
        Record::compacted(&[Message::user(text.clone())]),
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
    // The system message, and the short conversation.
    assert_eq!(home.resume(&id).0.messages.len(), 2);
}
