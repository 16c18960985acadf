//! Turns are undone and done again.

use super::*;

#[test]
fn a_turn_is_undone_and_done_again() {
    let mut world = World::new(&[("src/a.rs", "a\n"), ("src/b.rs", "b\n")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let script = fs::Permissions::from_mode(0o750);
        fs::set_permissions(world.root.join("src/b.rs"), script).expect("a mode");
    }
    let before = world.tree();
    world.changes.begin_turn(1);
    world.change("src/a.rs", Some("a2\n"));
    world.changes.begin_turn(2);
    world.change("src/a.rs", Some("a3\n"));
    world.change("src/b.rs", None);
    world.change("new/deep/c.rs", Some("c\n"));
    world.rename("src/a.rs", "lib/a.rs");
    let after = world.tree();
    assert_eq!(
        world.changes.files(),
        ["lib/a.rs", "new/deep/c.rs", "src/a.rs", "src/b.rs"]
    );
    let undone = world.undo().expect("undone");
    assert_eq!(undone.turn, 2);
    assert_eq!(undone.written, ["src/a.rs", "src/b.rs"]);
    assert_eq!(undone.removed, ["new/deep/c.rs", "lib/a.rs"]);
    world.undo().expect("undone");
    assert_eq!(world.tree(), before);
    assert_eq!(world.changes.files(), [""; 0]);
    assert!(matches!(world.undo(), Err(UndoError::NothingToUndo)));
    assert_eq!(world.redo().expect("done again").turn, 1);
    world.resume();
    assert_eq!(world.redo().expect("done again").turn, 2);
    assert_eq!(world.tree(), after);
    assert!(matches!(world.redo(), Err(UndoError::NothingToRedo)));
}

#[test]
fn a_new_change_ends_what_can_be_done_again() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.undo().expect("undone");
    world.changes.begin_turn(2);
    world.change("b", Some("2\n"));
    assert!(matches!(world.redo(), Err(UndoError::NothingToRedo)));
    world.resume();
    assert!(matches!(world.redo(), Err(UndoError::NothingToRedo)));
    assert_eq!(world.undo().expect("undone").turn, 2);
}

#[test]
fn a_file_comes_back_where_a_folder_was_made() {
    let mut world = World::new(&[("a", "1\n")]);
    let before = world.tree();
    world.changes.begin_turn(1);
    world.change("a", None);
    world.change("a/b", Some("2\n"));
    let after = world.tree();
    world.undo().expect("undone");
    assert_eq!(world.tree(), before);
    world.redo().expect("done again");
    assert_eq!(world.tree(), after);
}

#[test]
fn what_came_and_went_in_a_turn_does_not_count() {
    let mut world = World::new(&[]);
    world.changes.begin_turn(1);
    world.change("a", Some("1\n"));
    world.change("a", None);
    world.change("b", Some("1\n"));
    fs::write(world.root.join("a"), "theirs\n").expect("a file");
    let undone = world.undo().expect("undone");
    assert_eq!(undone.removed, ["b"]);
    assert_eq!(world.tree().len(), 1);
}
