//! Undoing gives back what was there, and nothing of anybody else's is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::jail::{Expected, WorkspacePath};

/// A workspace, and a session that changes it.
struct World {
    _temporary: TempDir,
    root: PathBuf,
    session: PathBuf,
    jail: Jail,
    changes: Changes,
    journal: Vec<Record>,
}

impl World {
    fn new(files: &[(&str, &str)]) -> World {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let root = temporary.path().join("root");
        fs::create_dir(&root).expect("a folder");
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let session = temporary.path().join("session");
        World {
            jail: Jail::open(&root).expect("a jail"),
            changes: Changes::new(&session),
            _temporary: temporary,
            root,
            session,
            journal: Vec::new(),
        }
    }

    fn path(&self, path: &str) -> WorkspacePath {
        self.jail.path(path).expect("a path")
    }

    fn blob(&self, path: &str) -> Option<Blob> {
        let file = self.jail.read_bytes(&self.path(path)).ok()?;
        Some(Blob::from(&file))
    }

    /// Makes a change as a tool does: kept, made, noted, and into the journal.
    fn change(&mut self, path: &str, after: Option<&str>) {
        let change = Change {
            path: path.to_owned(),
            before: self.blob(path),
            after: after.map(|text| Blob::new(text.into())),
        };
        self.changes
            .announce(std::slice::from_ref(&change))
            .expect("kept");
        let expected = change
            .before
            .as_ref()
            .map_or(Expected::Absent, |blob| Expected::Hash(blob.hash));
        let made = match (after, expected) {
            (Some(text), expected) => self.jail.write(&self.path(path), text.as_bytes(), expected),
            (None, Expected::Hash(hash)) => self.jail.remove(&self.path(path), hash),
            (None, _) => return,
        };
        made.unwrap_or_else(|error| panic!("{error}"));
        self.note(change);
    }

    fn rename(&mut self, from: &str, to: &str) {
        let blob = self.blob(from).expect("a file");
        self.jail
            .rename(&self.path(from), &self.path(to), blob.hash)
            .unwrap_or_else(|error| panic!("{error}"));
        for (path, before, after) in [
            (from, Some(blob.clone()), None),
            (to, None, Some(blob.clone())),
        ] {
            self.note(Change {
                path: path.to_owned(),
                before,
                after,
            });
        }
    }

    fn note(&mut self, change: Change) {
        self.changes.note(change);
        let records = self.changes.take_records();
        self.journal
            .extend(records.into_iter().map(Record::Changed));
        self.changes.settle();
    }

    fn undo(&mut self) -> Result<Undone, UndoError> {
        let undone = self.changes.undo(&self.jail)?;
        self.journal.push(Record::Undid { turn: undone.turn });
        Ok(undone)
    }

    fn redo(&mut self) -> Result<Undone, UndoError> {
        let redone = self.changes.redo(&self.jail)?;
        self.journal.push(Record::Redid { turn: redone.turn });
        Ok(redone)
    }

    /// Goes on from the journal, as it is read back.
    fn resume(&mut self) {
        let journal = serde_json::to_string(&self.journal).expect("JSON");
        let journal: Vec<Record> = serde_json::from_str(&journal).expect("a journal");
        self.changes = Changes::load(&self.session, &journal);
    }

    /// Every file with its mode and content, and every folder.
    fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        let mut pending = vec![self.root.clone()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&self.root).expect("below");
                let name = name.to_str().expect("a plain name").to_owned();
                if path.is_dir() {
                    tree.insert(name, String::new());
                    pending.push(path);
                } else {
                    let text = fs::read_to_string(&path).expect("a text");
                    tree.insert(name, format!("{:o} {text}", mode(&path)));
                }
            }
        }
        tree
    }

    fn kept(&self) -> Vec<PathBuf> {
        match fs::read_dir(self.session.join("changes")) {
            Ok(entries) => entries
                .map(|entry| entry.expect("an entry").path())
                .collect(),
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0
}

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

#[derive(Clone, Debug)]
enum Action {
    NextTurn,
    Write(usize, u8),
    Remove(usize),
    Rename(usize, usize),
    Undo,
    Redo,
    Resume,
}

const PATHS: &[&str] = &["a", "b", "x/a", "x/b", "x/y/c", "z/d"];

fn action() -> impl Strategy<Value = Action> {
    let path = || 0..PATHS.len();
    prop_oneof![
        2 => Just(Action::NextTurn),
        5 => (path(), 0_u8..4).prop_map(|(path, text)| Action::Write(path, text)),
        2 => path().prop_map(Action::Remove),
        2 => (path(), path()).prop_map(|(from, to)| Action::Rename(from, to)),
        1 => Just(Action::Undo),
        1 => Just(Action::Redo),
        1 => Just(Action::Resume),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn undoing_everything_gives_the_first_tree_and_doing_it_again_the_last(
        actions in prop::collection::vec(action(), 1..30)
    ) {
        let mut world = World::new(&[("a", "first\n"), ("x/a", "first\n"), ("x/y/c", "first\n")]);
        let before = world.tree();
        let mut turn = 1;
        world.changes.begin_turn(turn);
        let mut resumed = false;
        for action in actions {
            match action {
                Action::NextTurn => {}
                Action::Write(path, text) => {
                    world.change(PATHS[path], Some(&format!("{text}\n")));
                    continue;
                }
                Action::Remove(path) => {
                    world.change(PATHS[path], None);
                    continue;
                }
                Action::Rename(from, to) => {
                    if world.blob(PATHS[from]).is_some() && world.blob(PATHS[to]).is_none() {
                        world.rename(PATHS[from], PATHS[to]);
                    }
                    continue;
                }
                Action::Undo => {
                    let _ = world.undo();
                }
                Action::Redo => {
                    let _ = world.redo();
                }
                Action::Resume => {
                    world.resume();
                    resumed = true;
                }
            }
            turn += 1;
            world.changes.begin_turn(turn);
        }
        let after = world.tree();
        if resumed {
            world.resume();
        }
        let mut count = 0;
        while world.undo().is_ok() {
            count += 1;
        }
        prop_assert_eq!(world.tree(), before);
        for _ in 0..count {
            world.redo().expect("done again");
        }
        prop_assert_eq!(world.tree(), after);
    }
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
