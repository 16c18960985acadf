//! What an event leads to.

use super::*;
use crate::refresh::tests::{Workspace, file, functions, quiet, refresh};

#[test]
fn an_event_affects_its_path_and_rules_affect_their_folder() {
    for (path, expected) in [
        ("a.rs", Some("a.rs")),
        ("src/deep/a.rs", Some("src/deep/a.rs")),
        ("src/.gitignore", Some("src")),
        ("src/deep/.ollacodeignore", Some("src/deep")),
        (".ignore", Some("")),
        (".git/info/exclude", Some("")),
        ("sub/.git/info/exclude", Some("")),
        ("exclude", Some("exclude")),
        (".git/index", None),
        ("", None),
    ] {
        assert_eq!(affected(path).as_deref(), expected, "{path}");
    }
}

/// A search after a save writes the file before the watcher is told of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_search_wrote_before_the_event_is_told_once() {
    let workspace = Workspace::with_files(2);
    let index = workspace.index();
    refresh(&index).await;
    let (changed, stop) = (tokio::sync::Notify::new(), CancellationToken::new());
    let mut state = WatchState::new(&index);
    let look = async |state: &mut WatchState| {
        let path = file(1);
        let look = PendingCheck::At(BTreeSet::from([path]));
        let looked = index.compare_at(look, state, &quiet, &changed, &stop);
        looked.await.expect("a comparison");
        changed.notified().now_or_never().is_some()
    };
    assert!(look(&mut state).await, "the first refresh");
    assert!(!look(&mut state).await, "nothing new");
    workspace.write(&file(1), &functions("comet1"));
    let how = RefreshOptions::default();
    let written = index.clone().refresh(&how, &quiet).await;
    assert_eq!(written.expect("a refresh").changed, 1);
    assert!(look(&mut state).await, "vectors have to follow");
    assert!(!look(&mut state).await, "once");
}

/// A log that grows all the time must not make polling costly.
#[tokio::test(flavor = "multi_thread")]
async fn the_pace_of_polling_follows_its_cost_whether_something_changed_or_not() {
    let workspace = Workspace::with_files(2);
    let index = workspace.index();
    refresh(&index).await;
    let (changed, stop) = (tokio::sync::Notify::new(), CancellationToken::new());
    let mut state = WatchState::new(&index);
    state.cannot_watch = true;
    for stem in ["orbit1", "comet1"] {
        state.polling = Pace::new(Duration::ZERO, SLOWEST_POLL);
        workspace.write(&file(1), &functions(stem));
        let look = PendingCheck::AtEverything;
        let looked = index.compare_at(look, &mut state, &quiet, &changed, &stop);
        looked.await.expect("a comparison");
        assert!(state.polling.pause() > Duration::ZERO, "{stem}");
    }
}

#[cfg(target_os = "linux")]
mod folders {
    use std::fs;

    use super::*;
    use crate::walk::WalkLimits;

    fn at(paths: &[&str]) -> PendingCheck {
        PendingCheck::At(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    fn watched(state: &WatchState) -> Vec<String> {
        let names = state.watched.iter();
        names
            .filter_map(|folder| relative(&state.root, folder))
            .collect()
    }

    #[tokio::test]
    async fn what_happens_to_a_folder_is_a_matter_of_that_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("workspace");
        fs::create_dir_all(root.join("src/old")).expect("folders");
        let index = Index::new(&root, folder.path().join("index"), WalkLimits::default());
        let mut state = WatchState::new(&index);
        let quiet = |_: IndexEvent| ();
        let follow = async |state: &mut WatchState, look: PendingCheck| {
            let followed = state.follow_folders(&index, &look, &quiet).await;
            followed.expect("a walk");
        };
        follow(&mut state, PendingCheck::AtEverything).await;
        assert_eq!(watched(&state), ["", "src", "src/old"]);
        // Of this one no event tells: who enters it has walked too much.
        fs::create_dir_all(root.join("src/untold")).expect("a folder");
        fs::create_dir_all(root.join("src/new/deep")).expect("folders");
        fs::create_dir_all(root.join("src/new/node_modules/x")).expect("folders");
        follow(&mut state, at(&["src/new"])).await;
        let expected = ["", "src", "src/new", "src/new/deep", "src/old"];
        assert_eq!(watched(&state), expected);
        fs::rename(root.join("src/new"), root.join("src/moved")).expect("a rename");
        follow(&mut state, at(&["src/moved", "src/new"])).await;
        let expected = ["", "src", "src/moved", "src/moved/deep", "src/old"];
        assert_eq!(watched(&state), expected);
        fs::remove_dir_all(root.join("src/moved")).expect("a removal");
        follow(&mut state, at(&["src/moved", "src/moved/deep"])).await;
        assert_eq!(watched(&state), ["", "src", "src/old"]);
        // A rule shuts a folder, and files are no matter.
        fs::write(root.join("src/.gitignore"), "old/\n").expect("a rule");
        fs::write(root.join("src/a.rs"), "").expect("a file");
        follow(&mut state, at(&["src/a.rs"])).await;
        assert_eq!(watched(&state), ["", "src", "src/old"]);
        follow(&mut state, at(&["src"])).await;
        assert_eq!(watched(&state), ["", "src", "src/untold"]);
    }
}
