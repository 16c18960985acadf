//! Real git, unconfined, in a folder of its own.

use std::fs;

use super::*;
use crate::git::tests_support::{Place, git_in};

/// A repository with one file.
async fn place() -> Place {
    let place = Place::new().await;
    place.write("a.txt", "one\n");
    place.commit_all("x").await;
    place
}

/// The output of git where it only reads.
async fn read(place: &Place, arguments: &[&str]) -> GitOutput {
    let stop = CancellationToken::new();
    let output = place
        .git
        .run(arguments, None, GitWrite::ReadOnly, &stop)
        .await;
    output.expect("git runs")
}

#[tokio::test]
async fn bytes_go_in_and_come_out() {
    let place = place().await;
    let bytes = b"\xff\0\r\nfour\n".repeat(20_000);
    let arguments = ["hash-object", "-w", "--stdin"];
    let stop = CancellationToken::new();
    let id = place
        .git
        .run(&arguments, Some(&bytes), GitWrite::Write, &stop)
        .await;
    let id = id.expect("git runs").text().trim().to_owned();
    let read = read(&place, &["cat-file", "blob", &id]).await;
    assert!(read.is_success());
    assert!(read.stdout == bytes, "{} bytes", read.stdout.len());
}

#[tokio::test]
async fn an_argument_is_one_word_whatever_it_holds() {
    let place = place().await;
    for word in [
        "a'b \"c\" $(touch x) `touch x`\n\\",
        "",
        "-x",
        "*",
        "한국어",
    ] {
        let output = read(&place, &["rev-parse", "--sq-quote", word]).await;
        let quoted = word.replace('\'', "'\\''");
        assert_eq!(output.text(), format!(" '{quoted}'\n"));
    }
    assert!(!place.root().join("x").exists());
}

#[tokio::test]
async fn a_failing_git_gives_its_code_and_what_it_said() {
    let place = place().await;
    let arguments = ["rev-parse", "--verify", "nothing"];
    let output = read(&place, &arguments).await;
    assert_eq!(output.code, 128);
    assert!(output.stderr.contains("fatal: "), "{}", output.stderr);
    let stop = CancellationToken::new();
    let error = place.git.read(&arguments, &stop).await.expect_err("fails");
    let text = error.to_string();
    assert!(
        text.starts_with("`git rev-parse` failed with exit code 128: fatal: "),
        "{text}"
    );
}

#[tokio::test]
async fn reading_starts_nothing_that_the_repository_names() {
    let place = place().await;
    let started = place.root().join("started");
    place.write(".gitattributes", "*.txt diff=own filter=own\n");
    let touch = format!("touch {}", started.display());
    for (name, value) in [
        ("core.fsmonitor", touch.clone()),
        ("core.pager", touch.clone()),
        ("diff.external", touch.clone()),
        ("diff.own.textconv", touch.clone()),
        ("diff.own.command", touch.clone()),
        ("filter.own.clean", format!("{touch}; cat")),
        ("filter.own.process", touch.clone()),
    ] {
        place.ok(&["config", name, &value]).await;
    }
    assert!(!started.exists());
    place.write("a.txt", "two\n");
    for arguments in [
        &["status", "--porcelain=v2", "-z"][..],
        &["diff", "HEAD"][..],
        &["show", "HEAD"][..],
        &["log", "-p"][..],
        &["blame", "a.txt"][..],
        &["hash-object", "a.txt"][..],
    ] {
        let output = read(&place, arguments).await;
        assert!(output.is_success(), "{arguments:?}: {}", output.stderr);
        assert!(!started.exists(), "{arguments:?}");
    }
    let diff = read(&place, &["diff", "HEAD", "--", "a.txt"]).await.text();
    assert!(diff.contains("-one\n+two\n"), "{diff}");
}

#[tokio::test]
async fn a_hook_runs_where_git_writes_without_an_editor() {
    let place = place().await;
    place.hook("pre-commit", "echo out; echo err >&2; exit 3");
    place.write("a.txt", "two\n");
    let output = place.run(&["commit", "-qam", "x"]).await;
    assert_eq!(output.code, 1);
    assert_eq!(output.stderr, "out\nerr\n");
}

#[tokio::test]
async fn a_repository_around_the_folder_is_not_read() {
    let place = place().await;
    let below = place.root().join("below");
    fs::create_dir(&below).expect("a folder");
    let git = git_in(&below, place.root());
    assert!(!git.has_repository() && place.git.has_repository());
    let stop = CancellationToken::new();
    for write in [GitWrite::ReadOnly, GitWrite::Write] {
        let output = git.run(&["rev-parse", "--git-dir"], None, write, &stop);
        assert_eq!(output.await.expect("git runs").code, 128);
    }
}

#[tokio::test]
async fn a_stop_ends_git_before_and_while_it_runs() {
    let place = place().await;
    let stop = CancellationToken::new();
    let alias = "alias.wait=!echo started > started; sleep 1000";
    let arguments = ["-c", alias, "wait"];
    let running = place.git.run(&arguments, None, GitWrite::Write, &stop);
    let started = place.root().join("started");
    let stopping = async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(running, stopping);
    assert!(matches!(ran, Err(GitError::Stopped)), "{ran:?}");
    let again = place.git.run(&["version"], None, GitWrite::ReadOnly, &stop);
    assert!(matches!(again.await, Err(GitError::Stopped)));
}

#[tokio::test]
async fn it_is_said_where_there_is_no_git() {
    use crate::sandbox::{CommandEnvironment, Sandbox};
    let folder = tempfile::tempdir().expect("a folder");
    let empty = tempfile::tempdir().expect("a folder without programs");
    let path = [("PATH".into(), empty.path().as_os_str().to_owned())];
    let base = CommandEnvironment::from_variables(path, None, folder.path());
    let sandbox = Arc::new(Sandbox::new(folder.path().to_owned(), base));
    let git = GitRunner::new(&sandbox, folder.path());
    let stop = CancellationToken::new();
    let error = git.read(&["status"], &stop).await.expect_err("no git");
    assert!(matches!(error, GitError::NotFound), "{error}");
}

#[tokio::test]
async fn it_runs_in_a_folder_below_with_the_settings_of_that() {
    let place = place().await;
    place.ok(&["init", "-q", "-b", "inner", "in side"]).await;
    place.write("in side/b.txt", "new\n");
    let inner = place.git.clone().in_folder("in side");
    assert!(inner.has_repository());
    let stop = CancellationToken::new();
    let found = inner.read(&["ls-files", "-o"], &stop).await;
    assert_eq!(found.expect("git runs"), b"b.txt\n");
    let branch = inner.read(&["symbolic-ref", "--short", "HEAD"], &stop);
    assert_eq!(branch.await.expect("git runs"), b"inner\n");
}
