//! What is told of changes: the diff of a session, and the record in its journal.

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
    };
    assert_eq!(
        serde_json::to_string(&record).expect("JSON"),
        r#"{"turn":3,"path":"a","before":null,"after":"00"}"#
    );
}
