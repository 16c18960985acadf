//! What state a repository is in, and which of its files differ: read in machine formats only.

#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use tokio_util::sync::CancellationToken;

use super::run::{GitError, GitRunner, GitWrite};

/// The mode of a submodule in the index.
const SUBMODULE: &str = "160000";

/// Something that git is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GitOperation {
    Merge,
    Rebase,
    CherryPick,
    Revert,
    /// `git am`.
    Mailbox,
    Bisect,
}

/// What is in the git folder during an operation. A rebase may pick commits, so it comes first.
const OPERATIONS: &[(&str, GitOperation)] = &[
    ("rebase-merge", GitOperation::Rebase),
    ("rebase-apply/applying", GitOperation::Mailbox),
    ("rebase-apply", GitOperation::Rebase),
    ("MERGE_HEAD", GitOperation::Merge),
    ("CHERRY_PICK_HEAD", GitOperation::CherryPick),
    ("REVERT_HEAD", GitOperation::Revert),
    ("BISECT_LOG", GitOperation::Bisect),
];

impl GitOperation {
    /// With its article: `a merge`.
    pub fn words(self) -> &'static str {
        match self {
            GitOperation::Merge => "a merge",
            GitOperation::Rebase => "a rebase",
            GitOperation::CherryPick => "a cherry-pick",
            GitOperation::Revert => "a revert",
            GitOperation::Mailbox => "`git am`",
            GitOperation::Bisect => "a bisection",
        }
    }

    /// The command that gives it up.
    pub fn giving_up(self) -> &'static str {
        match self {
            GitOperation::Merge => "git merge --abort",
            GitOperation::Rebase => "git rebase --abort",
            GitOperation::CherryPick => "git cherry-pick --abort",
            GitOperation::Revert => "git revert --abort",
            GitOperation::Mailbox => "git am --abort",
            GitOperation::Bisect => "git bisect reset",
        }
    }
}

/// A file that differs between the last commit, the index and the work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// The blob in the last commit; `None` if it has no such file.
    pub head: Option<String>,
    /// The blob in the index; `None` if it has no such file.
    pub index: Option<String>,
    /// Whether the index differs from the last commit.
    pub is_staged: bool,
    /// Whether the work tree differs from the index.
    pub is_unstaged: bool,
    /// Whether a merge left it with conflicts.
    pub has_conflict: bool,
}

/// How a file is in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexFlags {
    /// Git was told to assume it unchanged.
    pub assumed_unchanged: bool,
    /// It is outside of a sparse checkout.
    pub is_skipped: bool,
}

/// The state of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitState {
    /// The branch; `None` if `HEAD` is detached.
    pub branch: Option<String>,
    /// The last commit; `None` before the first one.
    pub head: Option<String>,
    /// What git is in the middle of.
    pub operation: Option<GitOperation>,
    /// Files that differ, by path, without those that git does not track. In names that are not UTF-8
    /// there are replacement characters, so that they are those of no file of a session.
    pub changed: BTreeMap<String, ChangedFile>,
    /// Files of the index.
    tracked: BTreeMap<String, IndexFlags>,
    submodules: BTreeSet<String>,
}

impl GitState {
    /// Reads the state.
    ///
    /// # Errors
    ///
    /// As of [`GitRunner::read`]; there may be no repository.
    pub async fn read(git: &GitRunner, stop: &CancellationToken) -> Result<GitState, GitError> {
        let mut state = GitState::default();
        const STATUS: &[&str] = &[
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--no-renames",
            "--untracked-files=no",
            "--ignore-submodules=dirty",
        ];
        state.take_status(&git.read(STATUS, stop).await?);
        let index = git.read(&["ls-files", "-z", "-v", "--stage"], stop);
        state.take_index(&index.await?);
        state.operation = operation(git, stop).await?;
        Ok(state)
    }

    /// How a file is in the index; `None` if git does not track it.
    pub fn tracked(&self, path: &str) -> Option<IndexFlags> {
        self.tracked.get(path).copied()
    }

    /// The submodule that a path is in.
    pub fn submodule_of(&self, path: &str) -> Option<&str> {
        let mut folders = self.submodules.iter().map(String::as_str);
        folders.find(|folder| {
            let rest = path.strip_prefix(*folder);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    fn take_status(&mut self, bytes: &[u8]) {
        let mut entries = bytes.split(|byte| *byte == 0);
        while let Some(entry) = entries.next() {
            let is_renamed = entry.starts_with(b"2 ");
            if is_renamed {
                // The old name follows.
                entries.next();
            }
            self.take_status_entry(&String::from_utf8_lossy(entry));
        }
    }

    fn take_status_entry(&mut self, entry: &str) {
        let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
        let (kind, rest) = entry.split_once(' ').unwrap_or((entry, ""));
        match kind {
            "#" => match rest.split_once(' ') {
                Some(("branch.oid", id)) if id != "(initial)" => self.head = Some(id.to_owned()),
                Some(("branch.head", name)) if name != "(detached)" => {
                    self.branch = Some(name.to_owned());
                }
                _ => {}
            },
            // XY sub mH mI mW hH hI path; `2` has a score before the path.
            "1" | "2" => {
                let count = if kind == "1" { 8 } else { 9 };
                let fields: Vec<&str> = rest.splitn(count, ' ').collect();
                let [xy, _, _, _, _, head, index, .., path] = fields[..] else {
                    return;
                };
                let mut signs = xy.chars();
                let mut differs = || signs.next().is_some_and(|sign| sign != '.');
                let file = ChangedFile {
                    is_staged: differs(),
                    is_unstaged: differs(),
                    head: (!is_none(head)).then(|| head.to_owned()),
                    index: (!is_none(index)).then(|| index.to_owned()),
                    has_conflict: false,
                };
                self.changed.insert(path.to_owned(), file);
            }
            // XY sub m1 m2 m3 mW h1 h2 h3 path
            "u" => {
                let Some(path) = rest.splitn(10, ' ').nth(9) else {
                    return;
                };
                let file = ChangedFile {
                    head: None,
                    index: None,
                    is_staged: true,
                    is_unstaged: true,
                    has_conflict: true,
                };
                self.changed.insert(path.to_owned(), file);
            }
            _ => {}
        }
    }

    /// Reads entries such as `H 100644 <id> 0\tsrc/a.rs`.
    fn take_index(&mut self, bytes: &[u8]) {
        for entry in bytes.split(|byte| *byte == 0) {
            let Ok(entry) = std::str::from_utf8(entry) else {
                continue;
            };
            let Some((about, path)) = entry.split_once('\t') else {
                continue;
            };
            let mut fields = about.split(' ');
            let tag = fields.next().unwrap_or_default();
            if fields.next() == Some(SUBMODULE) {
                self.submodules.insert(path.to_owned());
            }
            let flags = IndexFlags {
                assumed_unchanged: tag.starts_with(|tag: char| tag.is_ascii_lowercase()),
                is_skipped: tag.eq_ignore_ascii_case("S"),
            };
            self.tracked.insert(path.to_owned(), flags);
        }
    }
}

/// What git is in the middle of.
async fn operation(
    git: &GitRunner,
    stop: &CancellationToken,
) -> Result<Option<GitOperation>, GitError> {
    let mut arguments = vec!["rev-parse"];
    for (name, _) in OPERATIONS {
        arguments.extend(["--git-path", name]);
    }
    let paths = git.read(&arguments, stop).await?;
    let paths = String::from_utf8_lossy(&paths).into_owned();
    let found = paths.lines().zip(OPERATIONS).find(|(path, _)| {
        let path = git.root().join(path);
        path.symlink_metadata().is_ok()
    });
    Ok(found.map(|(_, (_, operation))| *operation))
}

/// The contents of blobs, by their ids; those that cannot be read are left out.
///
/// # Errors
///
/// As of [`GitRunner::read`]: all of them together may be too long.
pub async fn blobs(
    git: &GitRunner,
    ids: &[&str],
    stop: &CancellationToken,
) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let arguments = ["cat-file", "--batch"];
    let input = format!("{}\n", ids.join("\n"));
    let input = Some(input.as_bytes());
    let output = git.run(&arguments, input, GitWrite::ReadOnly, stop).await?;
    Ok(read_batch(&output.succeeded(&arguments)?))
}

/// Reads `<id> blob <size>\n<bytes>\n`, again and again.
fn read_batch(mut bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut blobs = BTreeMap::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        let fields: Vec<&str> = header.split(' ').collect();
        let [id, kind, size] = fields[..] else {
            // `<id> missing`
            continue;
        };
        let Some(content) = size.parse().ok().and_then(|size: usize| bytes.get(..size)) else {
            break;
        };
        if kind == "blob" {
            blobs.insert(id.to_owned(), content.to_vec());
        }
        bytes = bytes.get(content.len() + 1..).unwrap_or_default();
    }
    blobs
}

/// Those of some paths that git ignores.
///
/// # Errors
///
/// As of [`GitRunner::run`].
pub async fn ignored(
    git: &GitRunner,
    paths: &[&str],
    stop: &CancellationToken,
) -> Result<BTreeSet<String>, GitError> {
    if paths.is_empty() {
        return Ok(BTreeSet::new());
    }
    let arguments = ["check-ignore", "-z", "--stdin"];
    let input = listed(paths);
    let output = git.run(&arguments, Some(&input), GitWrite::ReadOnly, stop);
    let output = output.await?;
    // 1: none of them.
    if output.code > 1 {
        output.succeeded(&arguments)?;
        return Ok(BTreeSet::new());
    }
    let found = output.text();
    let found = found.split('\0').filter(|path| !path.is_empty());
    Ok(found.map(str::to_owned).collect())
}

/// The filter through which git stores each of some paths, such as `lfs`, and whether the settings
/// say what it runs.
///
/// # Errors
///
/// As of [`GitRunner::read`].
pub async fn filters(
    git: &GitRunner,
    paths: &[&str],
    stop: &CancellationToken,
) -> Result<BTreeMap<String, (String, bool)>, GitError> {
    if paths.is_empty() {
        return Ok(BTreeMap::new());
    }
    let arguments = ["check-attr", "-z", "--stdin", "filter"];
    let input = listed(paths);
    let output = git.run(&arguments, Some(&input), GitWrite::ReadOnly, stop);
    let output = String::from_utf8_lossy(&output.await?.succeeded(&arguments)?).into_owned();
    let fields: Vec<&str> = output.split('\0').collect();
    let mut found = BTreeMap::new();
    for entry in fields.chunks_exact(3) {
        let (path, filter) = (entry[0], entry[2]);
        if !matches!(filter, "unspecified" | "unset" | "set" | "") {
            found.insert(path.to_owned(), (filter.to_owned(), false));
        }
    }
    if found.is_empty() {
        return Ok(found);
    }
    let arguments = ["config", "-z", "--name-only", "--get-regexp", "^filter\\."];
    let names = git.run(&arguments, None, GitWrite::ReadOnly, stop).await?;
    let names = names.text();
    for (filter, is_set) in found.values_mut() {
        let [clean, process] = ["clean", "process"].map(|part| format!("filter.{filter}.{part}"));
        *is_set = names
            .split('\0')
            .any(|name| name == clean || name == process);
    }
    Ok(found)
}

/// The subjects of the last commits, the newest first.
///
/// # Errors
///
/// As of [`GitRunner::run`].
pub async fn subjects(
    git: &GitRunner,
    most: u32,
    stop: &CancellationToken,
) -> Result<Vec<String>, GitError> {
    let most = most.to_string();
    let arguments = [
        "log",
        "-z",
        "-n",
        &most,
        "--no-show-signature",
        "--format=%s",
    ];
    let output = git.run(&arguments, None, GitWrite::ReadOnly, stop).await?;
    // Before the first commit there are none.
    let text = output.text();
    let subjects = text.split('\0').map(str::trim);
    Ok(subjects
        .filter(|subject| !subject.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Paths as git reads a list: each ends with a NUL.
pub(super) fn listed(paths: &[&str]) -> Vec<u8> {
    let mut list = Vec::new();
    for path in paths {
        list.extend_from_slice(path.as_bytes());
        list.push(0);
    }
    list
}
