//! Which files the commits of a repository changed, for what was changed together.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::related::ChangeHistory;
use ollacode_indexer::related::history::MOST_COMMITS;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{GitError, GitRunner, GitWrite};

/// How long git may take. The newest 2,000 commits of repositories with 6,000 take 0.1 s; a disk that
/// is read for the first time, or a large repository, takes ten times as long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Commits that are looked at where the changes of all are more than git may print.
const FEW_COMMITS: usize = 200;

/// The history that was read last, with the commit that was the newest then. One workspace has one.
#[derive(Debug, Default)]
pub struct HistoryCache(Mutex<Option<(String, Arc<ReadHistory>)>>);

/// A history, as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct ReadHistory {
    /// The files of the commits.
    pub changes: ChangeHistory,
    /// Whether older commits are missing, since the clone has only a part of them.
    pub is_shallow: bool,
}

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The folder is not the top of a work tree, or git cannot read its repository.
    #[error("{0}")]
    NoRepository(String),
    /// There is no commit yet.
    #[error("there is no commit yet")]
    NoCommits,
    /// Git took too long.
    #[error("git took more than {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Git could not be run, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl HistoryCache {
    /// The history of the workspace; read again only when there is another newest commit.
    ///
    /// Merges are left out. A file that was renamed is another file.
    ///
    /// # Errors
    ///
    /// There is no repository or no commit, git fails, or takes more than 10 s.
    pub async fn read(
        &self,
        git: &GitRunner,
        stop: &CancellationToken,
    ) -> Result<Arc<ReadHistory>, HistoryError> {
        if !git.has_repository() {
            return Err(no_repository(git));
        }
        // Held meanwhile: who asks at the same time wants the same one.
        let mut known = self.0.lock().await;
        let read = timeout(PATIENCE, read_newer(git, known.as_ref(), stop)).await;
        let (head, history) = read.map_err(|_| HistoryError::TimedOut(PATIENCE))??;
        *known = Some((head, Arc::clone(&history)));
        Ok(history)
    }
}

/// The newest commit and the history up to it, which is the known one if nothing is newer.
async fn read_newer(
    git: &GitRunner,
    known: Option<&(String, Arc<ReadHistory>)>,
    stop: &CancellationToken,
) -> Result<(String, Arc<ReadHistory>), HistoryError> {
    let arguments = ["rev-parse", "--is-shallow-repository", "HEAD"];
    let output = git.run(&arguments, None, GitWrite::ReadOnly, stop).await?;
    let text = output.text();
    let mut lines = text.lines();
    let is_shallow = match lines.next() {
        Some("true") => true,
        Some("false") => false,
        _ => return Err(unreadable(&output.stderr)),
    };
    let head = match (output.is_success(), lines.next()) {
        (true, Some(head)) => head.to_owned(),
        _ => return Err(HistoryError::NoCommits),
    };
    if let Some((newest, history)) = known
        && *newest == head
    {
        return Ok((head, Arc::clone(history)));
    }
    let changes = match changes_of(git, &head, MOST_COMMITS, stop).await {
        // Some of the commits have hundreds of thousands of files.
        Err(GitError::TooLong(_)) => changes_of(git, &head, FEW_COMMITS, stop).await?,
        changes => changes?,
    };
    let history = ReadHistory {
        changes,
        is_shallow,
    };
    Ok((head, Arc::new(history)))
}

/// The files of so many commits before a commit, and of it.
async fn changes_of(
    git: &GitRunner,
    head: &str,
    most: usize,
    stop: &CancellationToken,
) -> Result<ChangeHistory, GitError> {
    // What no name can have in it tells where a commit begins.
    let mark = format!("{:016x}", RandomState::new().build_hasher().finish());
    let most = most.to_string();
    let format = format!("--format={mark}%H");
    let arguments = [
        "log",
        "--no-merges",
        "--no-renames",
        "--no-show-signature",
        "--name-only",
        "-z",
        "-n",
        &most,
        &format,
        head,
        "--",
    ];
    let listed = git.read(&arguments, stop).await?;
    Ok(parse(&listed, &mark))
}

/// Reads what `git log -z --name-only --format=<mark>%H` prints: a header a commit, and the paths
/// that it changed, each ended by a NUL; the first path has a line break before it.
///
/// Paths that are not UTF-8 are counted as files of their commit, and never found.
pub fn parse(listed: &[u8], mark: &str) -> ChangeHistory {
    let mut commits: Vec<Vec<&str>> = Vec::new();
    let mut is_first = false;
    for part in listed.split(|byte| *byte == 0) {
        if part.starts_with(mark.as_bytes()) {
            commits.push(Vec::new());
            is_first = true;
            continue;
        }
        let path = match part {
            [b'\n', path @ ..] if is_first => path,
            path => path,
        };
        is_first = false;
        if let Some(files) = commits.last_mut()
            && !path.is_empty()
        {
            files.push(str::from_utf8(path).unwrap_or("\u{fffd}"));
        }
    }
    ChangeHistory::new(commits)
}

/// What speaks against a history where there is no `.git`.
fn no_repository(git: &GitRunner) -> HistoryError {
    let above = git.root().ancestors().skip(1);
    let mut above = above.filter(|folder| folder.join(".git").exists());
    HistoryError::NoRepository(match above.next() {
        // Commands and git are kept in the workspace, and what is around it is not read.
        Some(_) => "the git repository is above the workspace, which is not read; in a workspace \
                    at its top it is"
            .to_owned(),
        None => "this folder is not a git repository".to_owned(),
    })
}

fn unreadable(said: &str) -> HistoryError {
    let said = said.trim().lines().next().unwrap_or_default();
    HistoryError::NoRepository(match said {
        "" => "git cannot read the repository of this folder".to_owned(),
        said => format!("git cannot read the repository of this folder: {said}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "0123456789abcdef";

    /// The output for commits with these files.
    fn listed(commits: &[&[&[u8]]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, files) in commits.iter().enumerate() {
            bytes.extend(format!("{MARK}{number:040x}\0").into_bytes());
            for (at, file) in files.iter().enumerate() {
                if at == 0 {
                    bytes.push(b'\n');
                }
                bytes.extend_from_slice(file);
                bytes.push(0);
            }
        }
        bytes
    }

    #[test]
    fn commits_have_their_files() {
        let bytes = listed(&[&[b"a.rs", b"b.rs"], &[], &[b"b.rs", b"a.rs", b"c d.rs"]]);
        let history = parse(&bytes, MARK);
        assert_eq!(history.len(), 3);
        assert_eq!(history.times_together("a.rs", "b.rs"), 2);
        assert_eq!(history.times_together("b.rs", "c d.rs"), 1);
    }

    #[test]
    fn no_name_is_taken_for_something_else() {
        let hash = b"0123456789012345678901234567890123456789";
        let names: &[&[u8]] = &[
            b"\nbegins with a line break",
            b"two\nlines",
            hash,
            b"--format=%H",
            b"\xff\xfe",
            b"\t",
            "gr\u{fc}\u{df}e \u{202e}.rs".as_bytes(),
        ];
        let history = parse(&listed(&[names, &[b"after"]]), MARK);
        assert_eq!(history.len(), 2);
        for name in [
            "\nbegins with a line break",
            "two\nlines",
            "0123456789012345678901234567890123456789",
            "\t",
            "gr\u{fc}\u{df}e \u{202e}.rs",
        ] {
            assert_eq!(history.times_together(name, "--format=%H"), 1, "{name:?}");
        }
        assert_eq!(history.times_together("after", "\t"), 0);
    }

    #[test]
    fn whatever_is_printed_does_no_harm() {
        for bytes in [
            &b""[..],
            b"\0\0\0",
            b"\n",
            b"fatal: nothing",
            b"0123456789abcdef",
            b"0123456789abcdef\0\0\0\n\0",
        ] {
            assert!(parse(bytes, MARK).len() <= 1, "{bytes:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_commits_are_read() {
        let commit: &[&[u8]] = &[b"src/one.rs", b"src/two.rs"];
        let bytes = listed(&vec![commit; 100_000]);
        let history = parse(&bytes, MARK);
        assert_eq!(history.len(), MOST_COMMITS);
        let times = history.times_together("src/one.rs", "src/two.rs");
        assert_eq!(times as usize, MOST_COMMITS);
    }
}
