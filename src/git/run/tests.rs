//! Real git, unconfined, in a folder of its own.

use std::ffi::OsString;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::sandbox::CommandEnvironment;

/// A folder with a repository, and git in it.
struct Place {
    folder: TempDir,
    git: GitRunner,
}

impl Place {
    async fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let home = tempfile::tempdir().expect("a home").keep();
        let path = [(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))];
        let base = CommandEnvironment::from_variables(path, Some(&home), folder.path());
        let sandbox = Arc::new(Sandbox::new(folder.path().to_owned(), base));
        let place = Place {
            git: GitRunner::new(&sandbox, folder.path()),
            folder,
        };
        place.ok(&["init", "-q", "-b", "main"]).await;
        place.write("a.txt", b"one\n");
        place.ok(&["add", "-A"]).await;
        let commit = [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b.c",
            "commit",
            "-qm",
            "x",
        ];
        place.ok(&commit).await;
        place
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(path), bytes).expect("a file");
    }

    async fn run(&self, arguments: &[&str], input: Option<&[u8]>, write: GitWrite) -> GitOutput {
        let stop = CancellationToken::new();
        let output = self.git.run(arguments, input, write, &stop).await;
        output.expect("git runs")
    }

    async fn ok(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments, None, GitWrite::Write).await;
        output.succeeded(arguments).expect("git succeeds")
    }

    async fn read(&self, arguments: &[&str]) -> String {
        self.run(arguments, None, GitWrite::ReadOnly).await.text()
    }
}

#[tokio::test]
async fn bytes_go_in_and_come_out() {
    let place = Place::new().await;
    let bytes = b"\xff\0\r\nfour\n".repeat(20_000);
    let arguments = ["hash-object", "-w", "--stdin"];
    let id = place.run(&arguments, Some(&bytes), GitWrite::Write).await;
    let id = id.text().trim().to_owned();
    let read = place
        .run(&["cat-file", "blob", &id], None, GitWrite::ReadOnly)
        .await;
    assert!(read.is_success());
    assert!(read.stdout == bytes, "{} bytes", read.stdout.len());
}

#[tokio::test]
async fn an_argument_is_one_word_whatever_it_holds() {
    let place = Place::new().await;
    for word in [
        "a'b \"c\" $(touch x) `touch x`\n\\",
        "",
        "-x",
        "*",
        "한국어",
    ] {
        let output = place.read(&["rev-parse", "--sq-quote", word]).await;
        let quoted = word.replace('\'', "'\\''");
        assert_eq!(output, format!(" '{quoted}'\n"));
    }
    assert!(!place.folder.path().join("x").exists());
}

#[tokio::test]
async fn a_failing_git_gives_its_code_and_what_it_said() {
    let place = Place::new().await;
    let arguments = ["rev-parse", "--verify", "nothing"];
    let output = place.run(&arguments, None, GitWrite::ReadOnly).await;
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
    let place = Place::new().await;
    let root = place.folder.path().to_owned();
    place.write(".gitattributes", b"*.txt diff=own filter=own\n");
    let touch = format!("touch {}", root.join("started").display());
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
    fs::remove_file(root.join("started")).ok();
    place.write("a.txt", b"two\n");
    for arguments in [
        &["status", "--porcelain=v2", "-z"][..],
        &["diff", "HEAD"],
        &["show", "HEAD"],
        &["log", "-p"],
        &["blame", "a.txt"],
        &["hash-object", "a.txt"],
    ] {
        let output = place.run(arguments, None, GitWrite::ReadOnly).await;
        assert!(output.is_success(), "{arguments:?}: {}", output.stderr);
        assert!(!root.join("started").exists(), "{arguments:?}");
    }
    let diff = place.read(&["diff", "HEAD", "--", "a.txt"]).await;
    assert!(diff.contains("-one\n+two\n"), "{diff}");
}

#[tokio::test]
async fn a_hook_runs_where_git_writes_without_an_editor() {
    let place = Place::new().await;
    let hook = place.folder.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("the folder of hooks");
    fs::write(&hook, "#!/bin/sh\necho out; echo err >&2; exit 3\n").expect("a hook");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&hook, mode).expect("it can be run");
    place.write("a.txt", b"two\n");
    let arguments = ["commit", "-qam", "x"];
    let output = place.run(&arguments, None, GitWrite::Write).await;
    assert_eq!(output.code, 1);
    assert_eq!(output.stderr, "out\nerr\n");
}

#[tokio::test]
async fn a_repository_around_the_folder_is_not_read() {
    let place = Place::new().await;
    let below = place.folder.path().join("below");
    fs::create_dir(&below).expect("a folder");
    let base = CommandEnvironment::from_variables([], Some(place.folder.path()), &below);
    let sandbox = Arc::new(Sandbox::new(below.clone(), base));
    let git = GitRunner::new(&sandbox, &below);
    assert!(!git.has_repository() && place.git.has_repository());
    let stop = CancellationToken::new();
    for write in [GitWrite::ReadOnly, GitWrite::Write] {
        let output = git.run(&["rev-parse", "--git-dir"], None, write, &stop);
        assert_eq!(output.await.expect("git runs").code, 128);
    }
}

#[tokio::test]
async fn a_stop_ends_git_before_and_while_it_runs() {
    let place = Place::new().await;
    let stop = CancellationToken::new();
    let alias = "alias.wait=!echo started > started; sleep 1000";
    let arguments = ["-c", alias, "wait"];
    let running = place.git.run(&arguments, None, GitWrite::Write, &stop);
    let started = place.folder.path().join("started");
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
