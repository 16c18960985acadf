//! One file is put back, as a change that can be undone.

use super::*;

impl World {
    fn revert(&mut self, path: &str) -> Result<Undone, UndoError> {
        let reverted = self.changes.revert(&self.jail, path)?;
        let records = self.changes.take_records();
        self.journal
            .extend(records.into_iter().map(Record::Changed));
        Ok(reverted)
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

#[test]
fn a_file_is_put_back_and_that_is_undone_by_itself() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.change("b", Some("2\n"));
    world.change("c", Some("new\n"));
    world.changes.begin_turn(2);
    world.change("a", Some("3\n"));
    assert_eq!(world.revert("a").expect("put back").written, ["a"]);
    assert_eq!(world.revert("c").expect("put back").removed, ["c"]);
    assert_eq!(world.text("a").as_deref(), Some("1\n"));
    assert_eq!(world.text("b").as_deref(), Some("2\n"));
    assert_eq!(world.text("c"), None);
    assert_eq!(world.changes.files(), ["b"]);
    for path in ["a", "c", "d"] {
        assert!(matches!(world.revert(path), Err(UndoError::NotChanged(_))));
    }
    world.resume();
    assert_eq!(world.undo().expect("undone").written, ["c"]);
    assert_eq!(world.undo().expect("undone").written, ["a"]);
    assert_eq!(world.text("a").as_deref(), Some("3\n"));
    assert_eq!(world.redo().expect("done again").written, ["a"]);
    world.undo().expect("undone");
    world.resume();
    assert_eq!(world.undo().expect("undone").turn, 2);
    assert_eq!(world.undo().expect("undone").turn, 1);
    assert_eq!(world.text("a").as_deref(), Some("1\n"));
}

#[test]
fn what_somebody_else_wrote_is_not_put_back() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    fs::write(world.root.join("a"), "theirs\n").expect("a file");
    assert!(matches!(world.revert("a"), Err(UndoError::Changed { .. })));
    assert_eq!(world.text("a").as_deref(), Some("theirs\n"));
    world.change("a", Some("theirs and ours\n"));
    let reverted = world.revert("a").expect("put back");
    assert_eq!(reverted.in_part, ["a"]);
    assert_eq!(world.text("a").as_deref(), Some("theirs\n"));
}

#[test]
fn a_change_after_it_is_a_change_of_its_own() {
    let mut world = World::new(&[("a", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.revert("a").expect("put back");
    // A command of the user belongs to the same turn.
    world.change("a", Some("4\n"));
    world.resume();
    world.undo().expect("undone");
    assert_eq!(world.text("a").as_deref(), Some("1\n"));
    world.undo().expect("undone");
    assert_eq!(world.text("a").as_deref(), Some("2\n"));
}
