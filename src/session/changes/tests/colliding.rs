//! Files that somebody else changed are not touched.

use super::*;

#[test]
fn what_somebody_else_changed_is_not_overwritten_nor_anything_else() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n"), ("c", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.change("b", Some("2\n"));
    world.change("c", None);
    world.change("d", Some("2\n"));
    fs::write(world.root.join("b"), "theirs\n").expect("a change");
    fs::write(world.root.join("c"), "theirs, too\n").expect("a change");
    let tree = world.tree();
    let error = world.undo().expect_err("changed");
    let UndoError::Changed { paths } = &error else {
        panic!("{error}");
    };
    assert_eq!(paths, &["b", "c"]);
    assert!(error.to_string().contains("`b`, `c`"), "{error}");
    assert_eq!(world.tree(), tree, "nothing is half undone");
    fs::write(world.root.join("b"), "2\n").expect("a change");
    fs::remove_file(world.root.join("c")).expect("a change");
    world.undo().expect("undone");
    assert_eq!(world.tree().len(), 3);
    // What is already as it is to be is in nobody's way.
    fs::write(world.root.join("a"), "2\n").expect("a change");
    assert_eq!(world.redo().expect("done again").written, ["b", "d"]);
}

#[test]
fn a_file_that_became_something_else_is_left_alone() {
    let mut world = World::new(&[("a", "1\n"), ("b", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    world.change("b", None);
    fs::remove_file(world.root.join("a")).expect("removed");
    #[cfg(unix)]
    std::os::unix::fs::symlink("b", world.root.join("a")).expect("a link");
    fs::create_dir(world.root.join("b")).expect("a folder");
    fs::write(world.root.join("b/theirs"), "theirs\n").expect("a file");
    let error = world.undo().expect_err("changed");
    assert!(matches!(error, UndoError::Changed { .. }), "{error}");
    fs::remove_file(world.root.join("a")).expect("removed");
    fs::write(world.root.join("a"), "2\n").expect("as it was");
    let error = world.undo().expect_err("a folder is in the way");
    assert!(matches!(error, UndoError::BrokeOff { .. }), "{error}");
    fs::remove_dir_all(world.root.join("b")).expect("out of the way");
    world.undo().expect("goes on");
    assert_eq!(world.tree().len(), 2);
}
