//! Which contents are stored, and what is known after a crash.

use super::*;

#[test]
fn contents_are_private_whole_and_checked() {
    let mut world = World::new(&[("a", "1\n")]);
    world.changes.begin_turn(1);
    world.change("a", Some("2\n"));
    let kept = world.kept();
    assert_eq!(kept.len(), 2, "{kept:?}");
    #[cfg(unix)]
    for path in &kept {
        assert_eq!(mode(path), 0o600);
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);
    }
    world.resume();
    for path in &kept {
        fs::write(path, "damaged").expect("damage");
    }
    let error = world.undo().expect_err("damaged");
    assert!(matches!(error, UndoError::NotKept { .. }), "{error}");
    assert!(world.changes.diff().contains("not shown"));
    let Record::Changed(change) = &mut world.journal[0] else {
        panic!("a change");
    };
    // No hash must not be taken for no file: undoing would remove it.
    change.before = Some("../../etc/passwd".to_owned());
    world.resume();
    assert!(matches!(world.undo(), Err(UndoError::Changed { .. })));
    assert_eq!(
        fs::read_to_string(world.root.join("a")).expect("read"),
        "2\n"
    );
}

#[test]
fn secrets_are_kept_only_while_the_session_is_open() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let source = format!("let token = \"{token}\";\n");
    let mut world = World::new(&[("src/a.rs", &source), (".env", "MODE=plain\n")]);
    world.changes.begin_turn(1);
    world.change("src/a.rs", Some("let token = read();\n"));
    world.change(".env", Some("MODE=other\n"));
    assert_eq!(world.kept().len(), 1, "only what has no secret");
    for path in world.kept() {
        let text = fs::read_to_string(path).expect("a text");
        assert!(!text.contains(&token) && !text.contains("MODE"), "{text}");
    }
    world.undo().expect("still open");
    world.redo().expect("still open");
    world.resume();
    let error = world.undo().expect_err("not kept");
    let UndoError::NotKept { paths } = error else {
        panic!("{error}");
    };
    assert_eq!(paths, ["src/a.rs", ".env"]);
}

#[test]
fn a_change_that_cannot_be_kept_is_not_to_be_made_and_one_that_was_can_be_undone() {
    let mut world = World::new(&[("a", "1\n")]);
    fs::write(&world.session, "in the way").expect("a file");
    let change = Change {
        path: "a".to_owned(),
        before: world.blob("a"),
        after: Some(Blob::new(b"2\n".to_vec())),
    };
    assert!(
        world
            .changes
            .announce(std::slice::from_ref(&change))
            .is_err()
    );
    fs::write(world.root.join("a"), "2\n").expect("made all the same");
    world.changes.begin_turn(1);
    world.note(change);
    world.undo().expect("undone");
    assert_eq!(
        fs::read_to_string(world.root.join("a")).expect("read"),
        "1\n"
    );
}

#[test]
fn a_change_whose_record_was_lost_is_known_after_a_resume() {
    for is_made in [true, false] {
        let mut world = World::new(&[("a", "1\n")]);
        let change = Change {
            path: "a".to_owned(),
            before: world.blob("a"),
            after: Some(Blob::new(b"2\n".to_vec())),
        };
        world.changes.begin_turn(1);
        world.changes.announce(&[change]).expect("announced");
        if is_made {
            fs::write(world.root.join("a"), "2\n").expect("made");
        }
        // Killed here: the journal has nothing.
        world.resume();
        world.changes.recover(&world.jail);
        let records = world.changes.take_records();
        assert_eq!(records.len(), usize::from(is_made));
        world
            .journal
            .extend(records.into_iter().map(Record::Changed));
        // And here: it has it, and does not know that.
        world.resume();
        world.changes.recover(&world.jail);
        assert!(world.changes.take_records().is_empty());
        world.changes.settle();
        assert_eq!(world.undo().is_ok(), is_made);
        let text = fs::read_to_string(world.root.join("a")).expect("read");
        assert_eq!(text, "1\n");
        assert!(world.undo().is_err(), "there is one change at most");
    }
}

#[test]
fn temporary_files_go_that_a_killed_process_has_left() {
    let mut world = World::new(&[("a/a", "1\n"), ("b/b", "1\n"), ("c/c", "1\n")]);
    world.changes.begin_turn(1);
    let left: Vec<PathBuf> = ["a", "b", "c"]
        .iter()
        .map(|folder| {
            world
                .root
                .join(folder)
                .join(".ollacode-0123456789abcdef.tmp")
        })
        .collect();
    let leave = || {
        left.iter()
            .for_each(|path| fs::write(path, "half").expect("a file"))
    };
    let there = || left.iter().map(|path| path.exists()).collect::<Vec<bool>>();
    let change = Change {
        path: "b/b".to_owned(),
        before: world.blob("b/b"),
        after: Some(Blob::new(b"2\n".to_vec())),
    };
    world.changes.announce(&[change]).expect("kept");
    world.changes.store.begin_restoring(&["a/a"]);
    let sessions = world.session.parent().expect("a folder").to_owned();
    leave();
    clear_up_after_crashes(&sessions, &world.jail);
    assert_eq!(there(), [false, false, true]);
    leave();
    world.changes.recover(&world.jail);
    assert_eq!(there(), [false, false, true]);
    world.changes.settle();
    world.changes.store.end_restoring();
    leave();
    clear_up_after_crashes(&sessions, &world.jail);
    assert_eq!(there(), [true; 3]);
}
