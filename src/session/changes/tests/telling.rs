//! Reports of changes: the diff of a session, and the record in its journal.

use super::*;

#[test]
fn the_diff_is_of_the_whole_session() {
    let mut world = World::new(&[("a", "1\r\n2\r\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("1\r\n3\r\n"));
    world.change("c", Some("new\n"));
    world.changes.begin_turn(2);
    world.change("a", Some("1\r\n4\r\n"));
    world.change("b", None);
    world.change("d", Some("x\n"));
    world.change("d", None);
    assert_eq!(
        world.changes.diff(),
        "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+4\n\
         --- a/b\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n\
         --- /dev/null\n+++ b/c\n@@ -0,0 +1 @@\n+new\n"
    );
    world.undo().expect("undone");
    assert_eq!(
        world.changes.diff(),
        "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n\
         --- /dev/null\n+++ b/c\n@@ -0,0 +1 @@\n+new\n"
    );
}

#[test]
fn a_record_is_short() {
    let record = ChangeRecord {
        turn: 3,
        path: "a".to_owned(),
        before: None,
        after: Some("00".to_owned()),
        mode: None,
        not_kept: false,
        is_revert: false,
    };
    assert_eq!(
        serde_json::to_string(&record).expect("JSON"),
        r#"{"turn":3,"path":"a","before":null,"after":"00"}"#
    );
}

#[test]
fn records_of_before_commands_were_watched_are_read() {
    let line = r#"{"turn":3,"path":"a","before":null,"after":"00"}"#;
    let record: ChangeRecord = serde_json::from_str(line).expect("a record");
    assert!(!record.not_kept);
}

#[test]
fn a_file_that_is_not_kept_is_named_and_holds_nothing_up() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.change("b", Some("2\n"));
    world.changes.note_command(CommandChanges {
        changes: Vec::new(),
        not_kept: vec!["b".to_owned(), "huge".to_owned()],
        more: 0,
    });
    let records = world.changes.take_records();
    world
        .journal
        .extend(records.into_iter().map(Record::Changed));
    world.resume();
    assert_eq!(world.changes.files(), ["a", "b", "huge"]);
    let diff = world.changes.diff();
    assert!(diff.contains("+++ b/huge\nnot shown"), "{diff}");
    let undone = world.undo().expect("undone");
    assert_eq!(undone.written, ["a"]);
    assert_eq!(undone.not_kept, ["b", "huge"]);
    assert_eq!(undone.in_part, [""; 0]);
    let (a, b) = (world.root.join("a"), world.root.join("b"));
    assert_eq!(fs::read_to_string(a).expect("a file"), "1\n");
    assert_eq!(fs::read_to_string(b).expect("a file"), "2\n");
}
