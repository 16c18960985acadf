//! Commits some files as they are in the work tree. What else is staged stays staged.
//!
//! `git commit --only` does that with an index of its own, so hooks and signing work as the user has
//! them. What it leaves behind is put right here: entries of new files if a hook refuses, and the
//! index where a hook has changed and added files.

#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::run::{GitError, GitOutput, GitRunner, GitWrite};
use super::state::{GitState, listed};

/// Hooks that can refuse a commit.
const HOOKS: &[&str] = &["pre-commit", "prepare-commit-msg", "commit-msg"];
/// The lock of the index, which git leaves behind when it is killed.
const INDEX_LOCK: &str = "index.lock";
/// So does the index of a commit of some files, with a number between these. In a sandbox the number is
/// often the same, and a file that is there already stops the next commit.
const NEXT_INDEX: (&str, &str) = ("next-index-", ".lock");
/// After this time such a file belongs to nobody.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What is committed.
#[derive(Clone, Copy, Debug)]
pub struct CommitRequest<'a> {
    /// Files, relative to the root: changed, removed or new ones.
    pub paths: &'a [&'a str],
    pub message: &'a str,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its name, in hexadecimal.
    pub hash: String,
    /// The files in it. Those whose names are not UTF-8 have replacement characters.
    pub files: Vec<String>,
    /// Files of those that were not asked for: a hook added them.
    pub added: Vec<String>,
}

/// Why there is no commit. The index is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Git was not able to take in a new file, for example one outside of a sparse checkout.
    #[error("git does not take in the new files: {0}")]
    NotAdded(String),
    #[error("git finds nothing to commit in these files")]
    Nothing,
    /// A hook refused.
    #[error("a hook refused the commit:\n{0}")]
    Hook(String),
    #[error("git did not commit: {0}")]
    Refused(String),
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Where the hooks of a repository are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    pub folder: PathBuf,
    /// The hooks that there are.
    pub names: Vec<&'static str>,
    /// Whether git can run them in the sandbox; else it commits without them, and says nothing.
    pub can_run: bool,
}

impl Hooks {
    /// Finds the hooks that a commit runs.
    ///
    /// # Errors
    ///
    /// As of [`GitRunner::run`].
    pub async fn find(git: &GitRunner, stop: &CancellationToken) -> Result<Hooks, GitError> {
        // Where git only reads, its hooks are switched off.
        let arguments = ["rev-parse", "--git-path", "hooks"];
        let output = git.run(&arguments, None, GitWrite::Write, stop).await?;
        let output = output.succeeded(&arguments)?;
        let named = String::from_utf8_lossy(&output).trim_end().to_owned();
        let folder = git.root().join(&named);
        let is_there = |name: &&&str| is_executable(&folder.join(name));
        let names: Vec<&str> = HOOKS.iter().filter(is_there).copied().collect();
        let mut can_run = true;
        if !names.is_empty() {
            let enter = ["-C", named.as_str(), "version"];
            can_run = git.run(&enter, None, GitWrite::Write, stop).await?.code == 0;
        }
        Ok(Hooks {
            folder,
            names,
            can_run,
        })
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.metadata();
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Commits files. `state` is that of before.
///
/// # Errors
///
/// See [`CommitError`].
pub async fn commit(
    git: &GitRunner,
    request: CommitRequest<'_>,
    state: &GitState,
    hooks: &Hooks,
    stop: &CancellationToken,
) -> Result<Committed, CommitError> {
    let is_new = |path: &&&str| state.tracked(path).is_none() && exists(git, path);
    let new: Vec<&str> = request.paths.iter().filter(is_new).copied().collect();
    let lock = Lock::look(git, stop).await?;
    let made = match add_empty(git, &new, stop).await {
        Ok(()) => make(git, request, hooks, stop).await,
        Err(error) => Err(error),
    };
    if let Err(error) = made {
        // Git that ends by itself takes its lock away; another one is somebody else's.
        if matches!(error, CommitError::Git(_)) {
            lock.remove_left(git);
        }
        if !is_made(git, &error, state).await {
            forget(git, &new).await;
            return Err(error);
        }
    }
    // From here on there is a commit, so that nothing ends this early.
    let committed = look_back(git, request).await?;
    update_index(git, &committed, request.paths, state).await;
    Ok(committed)
}

fn exists(git: &GitRunner, path: &str) -> bool {
    git.root().join(path).symlink_metadata().is_ok()
}

/// Whether there is a commit in spite of an error: git was ended in a hook that runs after it, or was
/// not able to write the index then.
async fn is_made(git: &GitRunner, error: &CommitError, state: &GitState) -> bool {
    if !matches!(error, CommitError::Git(_) | CommitError::Refused(_)) {
        return false;
    }
    let never = CancellationToken::new();
    let arguments = ["rev-list", "--parents", "-n", "1", "HEAD", "--"];
    let Ok(found) = git.read(&arguments, &never).await else {
        return false;
    };
    let found = String::from_utf8_lossy(&found).into_owned();
    let mut ids = found.split_whitespace();
    let head = ids.next();
    head.is_some() && head != state.head.as_deref() && ids.next() == state.head.as_deref()
}

/// Tells git of new files, without their contents: `commit --only` knows no others.
async fn add_empty(
    git: &GitRunner,
    new: &[&str],
    stop: &CancellationToken,
) -> Result<(), CommitError> {
    if new.is_empty() {
        return Ok(());
    }
    let arguments = [
        "add",
        "--intent-to-add",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    let input = literal(new);
    let output = git.run(&arguments, Some(&input), GitWrite::Write, stop);
    let output = output.await?;
    match output.code {
        0 => Ok(()),
        _ => Err(CommitError::NotAdded(said(&output))),
    }
}

async fn make(
    git: &GitRunner,
    request: CommitRequest<'_>,
    hooks: &Hooks,
    stop: &CancellationToken,
) -> Result<(), CommitError> {
    let arguments = [
        "commit",
        "--quiet",
        "--only",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
        "--cleanup=whitespace",
        "-m",
        request.message,
    ];
    let input = literal(request.paths);
    let output = git.run(&arguments, Some(&input), GitWrite::Write, stop);
    let output = output.await?;
    match output.code {
        0 => Ok(()),
        // It says then what is changed and not staged; what hooks print goes to the errors.
        1 if !output.stdout.is_empty() => Err(CommitError::Nothing),
        1 if !hooks.names.is_empty() => Err(CommitError::Hook(said(&output))),
        _ => Err(CommitError::Refused(said(&output))),
    }
}

/// What is in the commit that was just made.
async fn look_back(git: &GitRunner, request: CommitRequest<'_>) -> Result<Committed, CommitError> {
    let never = CancellationToken::new();
    let head = git.read(&["rev-parse", "HEAD"], &never).await?;
    let hash = String::from_utf8_lossy(&head).trim().to_owned();
    let names = [
        "diff-tree",
        "--no-commit-id",
        "--name-only",
        "--no-renames",
        "--root",
        "-r",
        "-z",
        &hash,
    ];
    let files = git.read(&names, &never).await?;
    let files: Vec<String> = split(&files);
    let is_added = |path: &&String| !request.paths.contains(&path.as_str());
    Ok(Committed {
        added: files.iter().filter(is_added).cloned().collect(),
        hash,
        files,
    })
}

/// Takes the committed files into the index where a hook changed them: it added them to the index of
/// the commit only. What the user had staged of other files stays.
///
/// The commit is made; if this fails, `git status` shows it, and nothing is lost.
async fn update_index(git: &GitRunner, committed: &Committed, paths: &[&str], state: &GitState) {
    let was_staged = |path: &str| state.changed.get(path).is_some_and(|file| file.is_staged);
    let is_ours = |path: &&str| paths.contains(path) || !was_staged(path);
    let files = committed.files.iter().map(String::as_str);
    let files: Vec<&str> = files.filter(is_ours).collect();
    if files.is_empty() {
        return;
    }
    let arguments = [
        "reset",
        "--quiet",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    let never = CancellationToken::new();
    let input = literal(&files);
    let _ = git
        .run(&arguments, Some(&input), GitWrite::Write, &never)
        .await;
}

/// Takes new files out of the index again.
async fn forget(git: &GitRunner, new: &[&str]) {
    if new.is_empty() {
        return;
    }
    let arguments = ["update-index", "--force-remove", "-z", "--stdin"];
    let never = CancellationToken::new();
    // If it fails, the files are shown as new ones without contents, which does no harm.
    let _ = git
        .run(&arguments, Some(&listed(new)), GitWrite::Write, &never)
        .await;
}

/// The lock of the index, and the indexes of commits beside it.
struct Lock {
    path: PathBuf,
    was_there: bool,
    next_indexes: Vec<PathBuf>,
}

impl Lock {
    async fn look(git: &GitRunner, stop: &CancellationToken) -> Result<Lock, GitError> {
        let arguments = ["rev-parse", "--git-path", INDEX_LOCK];
        let named = git.read(&arguments, stop).await?;
        let named = String::from_utf8_lossy(&named).trim_end().to_owned();
        let path = git.root().join(named);
        if is_inside(git, &path) {
            for forgotten in next_indexes(&path).iter().filter(|path| is_forgotten(path)) {
                let _ = fs::remove_file(forgotten);
            }
        }
        Ok(Lock {
            was_there: path.symlink_metadata().is_ok(),
            next_indexes: next_indexes(&path),
            path,
        })
    }

    /// Removes what our git left when it was ended: only in the workspace, and only what was not there
    /// before.
    fn remove_left(&self, git: &GitRunner) {
        let is_named = self.path.file_name().is_some_and(|name| name == INDEX_LOCK);
        if !is_named || !is_inside(git, &self.path) {
            return;
        }
        // First, since nobody else makes one while ours has the lock.
        if !self.was_there {
            let next = next_indexes(&self.path).into_iter();
            for left in next.filter(|path| !self.next_indexes.contains(path)) {
                let _ = fs::remove_file(left);
            }
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_inside(git: &GitRunner, path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let root = git.root().canonicalize().ok();
    folder
        .zip(root)
        .is_some_and(|(folder, root)| folder.starts_with(root))
}

/// The indexes of commits beside a lock.
fn next_indexes(lock: &Path) -> Vec<PathBuf> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = |name: &str| {
        let number = name.strip_prefix(NEXT_INDEX.0);
        let number = number.and_then(|rest| rest.strip_suffix(NEXT_INDEX.1));
        number.is_some_and(|number| !number.is_empty() && is_number(number))
    };
    let folder = lock.parent().unwrap_or(Path::new(""));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one));
    named.map(|entry| entry.path()).collect()
}

fn is_forgotten(path: &Path) -> bool {
    let modified = path.symlink_metadata().and_then(|found| found.modified());
    let age = modified.ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > FORGOTTEN)
}

/// Paths as pathspecs that mean these very names. The variable `GIT_LITERAL_PATHSPECS` would do the
/// same, but hooks would have it, too.
fn literal(paths: &[&str]) -> Vec<u8> {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| format!(":(top,literal){path}"))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    listed(&paths)
}

fn split(bytes: &[u8]) -> Vec<String> {
    let names = bytes.split(|byte| *byte == 0);
    names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// What git and its hooks said.
fn said(output: &GitOutput) -> String {
    match output.stderr.trim() {
        "" => format!("exit code {}, and no word why", output.code),
        text => text.to_owned(),
    }
}
