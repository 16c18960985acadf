//! Sessions are listed by last use, and found by a part of their id.

use std::fs;
use std::time::{Duration, SystemTime};

use super::super::changes::ChangeRecord;
use super::*;

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
fn sessions_are_found_by_the_words_of_their_questions() {
    let home = Home::new();
    for questions in [["Where is the Kettle?", "and the lid"], ["a kettle", "b"]] {
        let mut session = home.create();
        for question in questions {
            record(&mut session, user(question));
        }
    }
    let found = |query: &str| -> Vec<String> {
        let found = find_sessions(&home.folder, query).expect("a list");
        assert!(found.iter().all(|found| found.last_used.ends_with('Z')));
        let mut titles: Vec<String> = found.into_iter().map(|it| it.summary.title).collect();
        titles.sort();
        titles
    };
    assert_eq!(found(""), ["Where is the Kettle?", "a kettle"]);
    assert_eq!(found(" KETTLE "), ["Where is the Kettle?", "a kettle"]);
    assert_eq!(found("lid kettle"), ["Where is the Kettle?"]);
    assert_eq!(found("lid b"), [""; 0]);
    // The context that the engine adds is no question.
    assert_eq!(found("found"), [""; 0]);
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
fn the_lines_that_a_summary_needs_begin_as_it_expects() {
    let changed = Record::Changed(ChangeRecord {
        turn: 1,
        path: "a".to_owned(),
        before: None,
        after: None,
        mode: None,
        not_kept: false,
        is_revert: false,
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
