//! Journals that are cut off, damaged, or of a later version.

use std::fs;

use super::*;

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
