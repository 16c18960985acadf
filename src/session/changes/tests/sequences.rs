//! After any changes, undoing all gives the first tree, and redoing all the last.

use proptest::prelude::*;

use super::*;

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
