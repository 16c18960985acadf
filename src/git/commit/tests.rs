//! Commits in repositories in all sorts of states; real git.

use std::fs;

use super::*;
use crate::git::tests_support::{Place, git_in};

/// A repository with a few committed files.
async fn place() -> Place {
    let place = Place::new().await;
    for path in ["a", "b", "c", "gone"] {
        place.write(path, "1\n");
    }
    place.commit_all("one").await;
    place
}

#[tokio::test]
async fn only_what_is_named_is_committed_and_what_is_staged_stays_staged() {
    let place = place().await;
    place.write("a", "2\n");
    place.write("b", "2\n");
    place.write("c", "2\n");
    place.write("new", "1\n");
    place.remove("gone");
    place.ok(&["add", "b"]).await;
    let made = place
        .commit(&["a", "gone", "new"], "two\n\n# not a comment")
        .await;
    let made = made.expect("a commit");
    assert_eq!(made.files, ["a", "gone", "new"]);
    assert!(made.added.is_empty());
    assert_eq!(place.status().await, "M  b\n M c\n");
    let shown = place.ok(&["log", "-1", "--format=%H|%an|%ae|%B"]).await;
    let expected = format!(
        "{}|Ada|ada@example.org|two\n\n# not a comment\n\n",
        made.hash
    );
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn the_number_of_an_issue_is_no_comment() {
    let place = place().await;
    for cleanup in ["strip", "scissors", "default"] {
        place.ok(&["config", "commit.cleanup", cleanup]).await;
        place.write("a", cleanup);
        let message = format!("#12 {cleanup}\n\n#13 as well");
        place.commit(&["a"], &message).await.expect("a commit");
        let shown = place.ok(&["log", "-1", "--format=%B"]).await;
        assert_eq!(shown, format!("{message}\n\n"));
    }
}

#[tokio::test]
async fn names_that_look_like_something_else_are_names() {
    let place = place().await;
    let names = [
        "-x",
        ":(top)x",
        ":!b",
        "*",
        "new\nline",
        "two words",
        "한국어",
        "--help",
    ];
    for name in names {
        place.write(name, "1\n");
    }
    place.write("b", "2\n");
    let mut made = place.commit(&names, "odd names").await.expect("a commit");
    let mut expected = names.map(str::to_owned).to_vec();
    expected.sort();
    made.files.sort();
    assert_eq!(made.files, expected);
    assert_eq!(place.status().await, " M b\n");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_whose_name_is_no_text_is_left_alone() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = place().await;
    let odd = place.root().join(OsStr::from_bytes(b"bad\xff"));
    fs::write(&odd, "1\n").expect("a file");
    place.ok(&["add", "-A"]).await;
    place.write("a", "2\n");
    let made = place.commit(&["a"], "two").await.expect("a commit");
    assert_eq!(made.files, ["a"]);
    assert_eq!(place.status().await, "A  bad\u{fffd}\n");
}

#[tokio::test]
async fn all_of_a_file_that_is_staged_in_part_is_committed() {
    let place = place().await;
    place.write("a", "2\n");
    place.ok(&["add", "a"]).await;
    place.write("a", "3\n");
    assert!(place.state().await.changed["a"].is_unstaged);
    place.commit(&["a"], "all of it").await.expect("a commit");
    assert_eq!(place.ok(&["show", "HEAD:a"]).await, "3\n");
    assert_eq!(place.status().await, "");
}

#[tokio::test]
async fn in_the_middle_of_a_merge_git_refuses_and_the_index_stays() {
    let place = place().await;
    place.ok(&["checkout", "-q", "-b", "other"]).await;
    place.write("a", "other\n");
    place.commit_all("other").await;
    place.ok(&["checkout", "-q", "main"]).await;
    place.write("a", "main\n");
    place.commit_all("main").await;
    assert_ne!(place.run(&["merge", "other"]).await.code, 0);
    place.write("new", "1\n");
    let before = place.status().await;
    let error = place.commit(&["new"], "two").await.expect_err("refused");
    assert!(matches!(error, CommitError::Refused(_)), "{error}");
    assert_eq!(place.status().await, before);
}

#[tokio::test]
async fn where_a_hook_refuses_the_index_is_as_it_was() {
    let place = place().await;
    place.hook("pre-commit", "echo bad style in a; exit 1");
    place.write("a", "2\n");
    place.write("b", "2\n");
    place.write("new", "1\n");
    place.ok(&["add", "b"]).await;
    let before = place.status().await;
    let error = place
        .commit(&["a", "new"], "two")
        .await
        .expect_err("refused");
    let CommitError::Hook(said) = &error else {
        panic!("{error}");
    };
    assert_eq!(said, "bad style in a");
    assert_eq!(place.status().await, before);
    assert_eq!(before, " M a\nM  b\n?? new\n");
}

#[tokio::test]
async fn a_hook_that_refuses_the_message_is_a_hook_too() {
    let place = place().await;
    place.hook(
        "commit-msg",
        "grep -q JIRA \"$1\" || { echo no ticket >&2; exit 1; }",
    );
    place.write("a", "2\n");
    let error = place.commit(&["a"], "two").await.expect_err("refused");
    assert!(
        matches!(&error, CommitError::Hook(said) if said == "no ticket"),
        "{error}"
    );
    place.commit(&["a"], "two JIRA-1").await.expect("a commit");
}

#[tokio::test]
async fn what_a_hook_formats_and_adds_is_in_the_commit_and_in_the_index() {
    let place = place().await;
    place.hook("pre-commit", "sed -i s/two/TWO/ a; git add a");
    place.write("a", "two\n");
    place.write("b", "2\n");
    place.ok(&["add", "b"]).await;
    place.commit(&["a"], "two").await.expect("a commit");
    assert_eq!(place.ok(&["show", "HEAD:a"]).await, "TWO\n");
    assert_eq!(place.read("a"), "TWO\n");
    assert_eq!(place.status().await, "M  b\n");
}

#[tokio::test]
async fn files_that_a_hook_adds_are_told_and_what_others_staged_stays() {
    let place = place().await;
    place.hook("pre-commit", "echo list > made; git add made c");
    place.write("a", "2\n");
    place.write("c", "2\n");
    place.ok(&["add", "c"]).await;
    place.write("c", "3\n");
    let made = place.commit(&["a"], "two").await.expect("a commit");
    assert_eq!(made.added, ["c", "made"]);
    assert_eq!(place.ok(&["show", "HEAD:c"]).await, "3\n");
    // The index has what the user staged there.
    assert_eq!(place.ok(&["show", ":c"]).await, "2\n");
}

#[tokio::test]
async fn hooks_see_no_setting_of_ours_that_changes_what_they_name() {
    let place = place().await;
    place.hook(
        "pre-commit",
        "git diff --cached --name-only -- '*.rs' > seen",
    );
    place.write("x.rs", "1\n");
    place.commit(&["x.rs"], "two").await.expect("a commit");
    assert_eq!(place.read("seen"), "x.rs\n");
}

#[tokio::test]
async fn hooks_that_cannot_be_run_are_known() {
    let place = place().await;
    let stop = CancellationToken::new();
    let hooks = Hooks::find(&place.git, &stop).await.expect("hooks");
    assert!(hooks.names.is_empty() && hooks.can_run);
    place.hook("pre-commit", "exit 0");
    let hooks = Hooks::find(&place.git, &stop).await.expect("hooks");
    assert_eq!(hooks.names, ["pre-commit"]);
    assert!(hooks.can_run && hooks.folder.ends_with(".git/hooks"));
    place.ok(&["config", "core.hooksPath", ".husky"]).await;
    let hooks = Hooks::find(&place.git, &stop).await.expect("hooks");
    assert!(hooks.names.is_empty());
}

#[tokio::test]
async fn nothing_to_commit_is_no_failure_of_a_hook() {
    let place = place().await;
    place.hook("pre-commit", "exit 0");
    let error = place.commit(&["a"], "two").await.expect_err("nothing");
    assert!(matches!(error, CommitError::Nothing), "{error}");
}

#[tokio::test]
async fn the_first_commit_and_one_on_no_branch_work() {
    let place = Place::new().await;
    place.write("a", "1\n");
    place.write("b", "1\n");
    place.ok(&["add", "b"]).await;
    let made = place.commit(&["a"], "first").await.expect("a commit");
    assert_eq!(made.files, ["a"]);
    assert_eq!(place.status().await, "A  b\n");
    place.ok(&["checkout", "-q", "--detach"]).await;
    place.write("a", "2\n");
    let made = place.commit(&["a"], "second").await.expect("a commit");
    assert_eq!(place.ok(&["rev-parse", "HEAD"]).await.trim(), made.hash);
    assert_ne!(place.ok(&["rev-parse", "main"]).await.trim(), made.hash);
}

#[tokio::test]
async fn in_a_linked_work_tree_its_own_branch_moves() {
    let place = place().await;
    let top = tempfile::tempdir().expect("a folder");
    let tree = top.path().join("tree");
    let named = tree.to_str().expect("a plain name");
    place
        .ok(&["worktree", "add", "-q", "-b", "side", named])
        .await;
    let home = tempfile::tempdir().expect("a home");
    let settings = "[user]\n\tname = Ada\n\temail = ada@example.org\n";
    fs::write(home.path().join(".gitconfig"), settings).expect("settings");
    let git = git_in(&tree, home.path());
    let stop = CancellationToken::new();
    fs::write(tree.join("a"), "2\n").expect("a file");
    fs::write(tree.join("new"), "1\n").expect("a file");
    let state = GitState::read(&git, &stop).await.expect("a state");
    let hooks = Hooks::find(&git, &stop).await.expect("hooks");
    let request = CommitRequest {
        paths: &["a", "new"],
        message: "side",
    };
    let made = commit(&git, request, &state, &hooks, &stop).await;
    let made = made.expect("a commit");
    assert_eq!(place.ok(&["rev-parse", "side"]).await.trim(), made.hash);
    assert_eq!(place.read("a"), "1\n");
}

#[tokio::test]
async fn a_new_file_outside_of_a_sparse_checkout_is_refused_and_nothing_stays_behind() {
    let place = Place::new().await;
    place.write("in/a", "1\n");
    place.write("out/b", "1\n");
    place.commit_all("one").await;
    place.ok(&["sparse-checkout", "set", "--cone", "in"]).await;
    place.write("in/new", "1\n");
    place.write("out/new", "1\n");
    let error = place.commit(&["in/new", "out/new"], "two").await;
    let error = error.expect_err("refused");
    assert!(matches!(error, CommitError::NotAdded(_)), "{error}");
    assert_eq!(place.status().await, "?? in/new\n?? out/new\n");
    let made = place.commit(&["in/new"], "two").await.expect("a commit");
    assert_eq!(made.files, ["in/new"]);
}

#[tokio::test]
async fn line_ends_are_stored_as_the_attributes_say() {
    let place = Place::new().await;
    place.write(".gitattributes", "* text=auto eol=crlf\n");
    place.write("a", "1\r\n");
    place.commit_all("one").await;
    place.write("a", "1\r\n2\r\n");
    place.commit(&["a"], "two").await.expect("a commit");
    assert_eq!(place.ok(&["cat-file", "blob", "HEAD:a"]).await, "1\n2\n");
    assert_eq!(place.status().await, "");
}

#[tokio::test]
async fn a_filter_that_fails_stops_the_commit_where_it_is_required() {
    let place = place().await;
    place.write(".gitattributes", "*.bin filter=lfs\n");
    place.commit_all("attributes").await;
    for (name, value) in [("clean", "there-is-no-such-program"), ("required", "true")] {
        place
            .ok(&["config", &format!("filter.lfs.{name}"), value])
            .await;
    }
    place.write("x.bin", "1\n");
    let error = place.commit(&["x.bin"], "two").await.expect_err("refused");
    assert!(matches!(error, CommitError::Refused(_)), "{error}");
    assert_eq!(place.status().await, "?? x.bin\n");
}

/// A commit of a changed and a new file that is stopped once a hook has written `started`.
async fn stopped_in_a_hook(place: &Place) -> Result<Committed, CommitError> {
    place.write("a", "2\n");
    place.write("new", "1\n");
    let stop = CancellationToken::new();
    let committing = place.commit_until(&["a", "new"], "two", &stop);
    let started = place.root().join("started");
    let stopping = async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(committing, stopping).0
}

#[tokio::test]
async fn a_commit_that_is_stopped_leaves_no_lock() {
    let place = place().await;
    place.hook("pre-commit", "echo > started; sleep 1000");
    let made = stopped_in_a_hook(&place).await;
    assert!(
        matches!(made, Err(CommitError::Git(GitError::Stopped))),
        "{made:?}"
    );
    assert!(!place.root().join(".git/index.lock").exists());
    assert_eq!(
        next_indexes(&place.root().join(".git/index.lock")),
        Vec::<PathBuf>::new()
    );
    place.remove("started");
    assert_eq!(place.status().await, " M a\n?? new\n");
}

#[tokio::test]
async fn what_a_killed_commit_left_long_ago_is_removed() {
    let place = place().await;
    let names = [
        "next-index-7.lock",
        "next-index-8.lock",
        "next-index-x.lock",
    ];
    let [old, new, other] = names.map(|name| place.root().join(".git").join(name));
    for path in [&old, &new, &other] {
        fs::write(path, "").expect("a file");
    }
    let two_days = Duration::from_secs(2 * 24 * 60 * 60);
    let then = std::time::SystemTime::now() - two_days;
    for path in [&old, &other] {
        let file = fs::File::options().write(true).open(path).expect("a file");
        file.set_modified(then).expect("a time");
    }
    place.write("a", "2\n");
    place.commit(&["a"], "two").await.expect("a commit");
    assert!(!old.exists());
    // Somebody may be writing a message just now.
    assert!(new.exists() && other.exists());
}

#[tokio::test]
async fn a_commit_that_is_stopped_in_a_hook_behind_it_is_made() {
    let place = place().await;
    place.hook("post-commit", "echo > started; sleep 1000");
    let made = stopped_in_a_hook(&place).await;
    assert_eq!(made.expect("a commit").files, ["a", "new"]);
    place.remove("started");
    // The new file is not staged as a removed one.
    assert_eq!(place.status().await, "");
}
