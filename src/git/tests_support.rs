//! A repository for tests, with real git, unconfined.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::commit::{CommitError, CommitRequest, Committed, Hooks, commit};
use super::run::{GitOutput, GitRunner, GitWrite};
use super::state::GitState;
use crate::sandbox::{CommandEnvironment, Sandbox};

/// A folder with an empty repository, and git in it.
pub struct Place {
    folder: TempDir,
    _home: TempDir,
    pub git: GitRunner,
}

impl Place {
    pub async fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let home = tempfile::tempdir().expect("a home");
        let settings = "[user]\n\tname = Ada\n\temail = ada@example.org\n";
        fs::write(home.path().join(".gitconfig"), settings).expect("settings");
        let git = git_in(folder.path(), home.path());
        let place = Place {
            folder,
            _home: home,
            git,
        };
        place.ok(&["init", "-q", "-b", "main"]).await;
        place
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        let folder = path.parent().expect("a folder");
        fs::create_dir_all(folder).expect("its folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).expect("a file")
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).expect("it was there");
    }

    /// Makes a hook out of lines of shell code.
    pub fn hook(&self, name: &str, lines: &str) {
        let path = format!(".git/hooks/{name}");
        self.write(&path, &format!("#!/bin/sh\n{lines}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.root().join(path), mode).expect("it can be run");
    }

    /// Runs git, however it ends.
    pub async fn run(&self, arguments: &[&str]) -> GitOutput {
        let stop = CancellationToken::new();
        let output = self.git.run(arguments, None, GitWrite::Write, &stop).await;
        output.expect("git runs")
    }

    /// The output of git, which has to succeed.
    pub async fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await.succeeded(arguments);
        String::from_utf8_lossy(&output.expect("git succeeds")).into_owned()
    }

    pub async fn commit_all(&self, message: &str) {
        self.ok(&["add", "-A"]).await;
        self.ok(&["commit", "-q", "--no-verify", "-m", message])
            .await;
    }

    pub async fn state(&self) -> GitState {
        let stop = CancellationToken::new();
        GitState::read(&self.git, &stop).await.expect("a state")
    }

    /// What `git status` shows, in short.
    pub async fn status(&self) -> String {
        self.ok(&["status", "--short", "--untracked-files=all"])
            .await
    }

    /// Commits files as the program does.
    pub async fn commit(&self, paths: &[&str], message: &str) -> Result<Committed, CommitError> {
        let stop = CancellationToken::new();
        self.commit_until(paths, message, &stop).await
    }

    pub async fn commit_until(
        &self,
        paths: &[&str],
        message: &str,
        stop: &CancellationToken,
    ) -> Result<Committed, CommitError> {
        let never = CancellationToken::new();
        let hooks = Hooks::find(&self.git, &never).await.expect("hooks");
        let state = self.state().await;
        let request = CommitRequest { paths, message };
        commit(&self.git, request, &state, &hooks, stop).await
    }
}

/// Git in a folder, with settings in a home.
pub fn git_in(folder: &Path, home: &Path) -> GitRunner {
    let path = [(OsString::from("PATH"), OsString::from("/usr/bin:/bin"))];
    let base = CommandEnvironment::from_variables(path, Some(home), folder);
    let sandbox = Arc::new(Sandbox::new(folder.to_owned(), base));
    GitRunner::new(&sandbox, folder)
}
