//! What git tells of repositories in all sorts of states; real git.

use super::*;
use crate::git::tests_support::Place;

#[tokio::test]
async fn what_differs_is_told_apart() {
    let place = Place::new().await;
    for (path, text) in [
        ("staged", "1\n"),
        ("partly", "1\n"),
        ("left", "1\n"),
        ("gone", "1\n"),
    ] {
        place.write(path, text);
    }
    place.commit_all("one").await;
    place.write("staged", "2\n");
    place.write("partly", "2\n");
    place.write("new", "1\n");
    place.ok(&["add", "staged", "partly", "new"]).await;
    place.write("partly", "3\n");
    place.write("left", "2\n");
    place.remove("gone");
    place.write("untracked", "1\n");
    let state = place.state().await;
    let told = |path: &str| {
        let file = state.changed.get(path)?;
        Some((file.is_staged, file.is_unstaged, file.head.is_some()))
    };
    assert_eq!(told("staged"), Some((true, false, true)));
    assert_eq!(told("partly"), Some((true, true, true)));
    assert_eq!(told("left"), Some((false, true, true)));
    assert_eq!(told("gone"), Some((false, true, true)));
    assert_eq!(told("new"), Some((true, false, false)));
    assert_eq!(told("untracked"), None);
    assert_eq!(state.branch.as_deref(), Some("main"));
    assert!(state.head.is_some() && state.operation.is_none());
    assert!(state.tracked("left").is_some() && state.tracked("untracked").is_none());
    let staged = &state.changed["staged"];
    let ids = [staged.head.as_deref(), staged.index.as_deref()];
    let ids: Vec<&str> = ids.into_iter().flatten().collect();
    let stop = CancellationToken::new();
    let found = blobs(&place.git, &ids, &stop).await.expect("blobs");
    assert_eq!(found[ids[0]], b"1\n");
    assert_eq!(found[ids[1]], b"2\n");
    let gone = "0".repeat(40);
    let found = blobs(&place.git, &[gone.as_str(), ids[0]], &stop).await;
    assert_eq!(found.expect("blobs").len(), 1);
}

#[tokio::test]
async fn an_unborn_branch_and_a_detached_head_are_known() {
    let place = Place::new().await;
    let state = place.state().await;
    assert_eq!(state.head, None);
    assert_eq!(state.branch.as_deref(), Some("main"));
    let stop = CancellationToken::new();
    let none = subjects(&place.git, 10, &stop).await.expect("no commits");
    assert!(none.is_empty());
    place.write("a", "1\n");
    place.commit_all("one").await;
    place.write("a", "2\n");
    place.commit_all("two.").await;
    place.ok(&["checkout", "-q", "--detach"]).await;
    let state = place.state().await;
    assert!(state.branch.is_none() && state.head.is_some());
    let told = subjects(&place.git, 1, &stop).await.expect("commits");
    assert_eq!(told, ["two."]);
}

#[tokio::test]
async fn each_operation_in_progress_is_known() {
    for (command, operation) in [
        (&["merge", "other"][..], GitOperation::Merge),
        (&["rebase", "other"][..], GitOperation::Rebase),
        (&["cherry-pick", "other"][..], GitOperation::CherryPick),
        (&["revert", "--no-edit", "HEAD~1"][..], GitOperation::Revert),
        (&["bisect", "start"][..], GitOperation::Bisect),
    ] {
        let place = Place::new().await;
        place.write("a", "1\n");
        place.commit_all("one").await;
        place.ok(&["branch", "other"]).await;
        for text in ["2\n", "3\n"] {
            place.write("a", text);
            place.commit_all(text).await;
        }
        place.ok(&["checkout", "-q", "other"]).await;
        place.write("a", "other\n");
        place.commit_all("other").await;
        place.ok(&["checkout", "-q", "main"]).await;
        place.run(command).await;
        let state = place.state().await;
        assert_eq!(state.operation, Some(operation), "{command:?}");
        if operation == GitOperation::Merge {
            assert!(state.changed["a"].has_conflict);
        }
    }
}

#[tokio::test]
async fn submodules_and_what_git_does_not_look_at_are_known() {
    let place = Place::new().await;
    place.write("assumed", "1\n");
    place.write("out/skipped", "1\n");
    place.write("in/a", "1\n");
    place.ok(&["init", "-q", "sub"]).await;
    place.write("sub/a", "1\n");
    place.ok(&["-C", "sub", "add", "-A"]).await;
    place.ok(&["-C", "sub", "commit", "-qm", "x"]).await;
    place.commit_all("one").await;
    place
        .ok(&["update-index", "--assume-unchanged", "assumed"])
        .await;
    place
        .ok(&["update-index", "--skip-worktree", "out/skipped"])
        .await;
    let state = place.state().await;
    assert!(state.tracked("assumed").expect("tracked").assumed_unchanged);
    assert!(state.tracked("out/skipped").expect("tracked").is_skipped);
    assert_eq!(state.tracked("in/a"), Some(IndexFlags::default()));
    assert_eq!(state.submodule_of("sub/a"), Some("sub"));
    assert_eq!(state.submodule_of("subway/a"), None);
}

#[tokio::test]
async fn ignored_files_and_filters_are_known() {
    let place = Place::new().await;
    place.write(".gitignore", "*.log\n");
    place.write(
        ".gitattributes",
        "*.bin filter=lfs\n*.own filter=own\n*.txt text\n",
    );
    place.ok(&["config", "filter.own.clean", "cat"]).await;
    let stop = CancellationToken::new();
    let paths = ["a.log", "new\nline.log", "b.rs"];
    let found = ignored(&place.git, &paths, &stop).await.expect("git");
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["a.log", "new\nline.log"]);
    assert!(
        ignored(&place.git, &["b.rs"], &stop)
            .await
            .expect("git")
            .is_empty()
    );
    let paths = ["x.bin", "x.own", "x.txt", "x"];
    let found = filters(&place.git, &paths, &stop).await.expect("git");
    assert_eq!(found.len(), 2);
    assert_eq!(found["x.bin"], ("lfs".to_owned(), false));
    assert_eq!(found["x.own"], ("own".to_owned(), true));
}

#[test]
fn names_of_all_sorts_are_read() {
    let mut state = GitState::default();
    let id = "a".repeat(40);
    let entry = |path: &str| format!("1 .M N... 100644 100644 100644 {id} {id} {path}\0");
    let mut bytes = Vec::new();
    for path in ["-x", ":(top)x", "new\nline", "two words", "한국어"] {
        bytes.extend(entry(path).into_bytes());
    }
    bytes.extend(b"1 .M N... 100644 100644 100644 ");
    bytes.extend(format!("{id} {id} bad").into_bytes());
    bytes.extend(b"\xff\0? untracked\0broken\0u\x001 .M\0");
    state.take_status(&bytes);
    let names: Vec<&str> = state.changed.keys().map(String::as_str).collect();
    let mut expected = [
        "-x",
        ":(top)x",
        "new\nline",
        "two words",
        "한국어",
        "bad\u{fffd}",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}
