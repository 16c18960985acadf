//! Files that another user can write: what they say is not the user's word.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// A file that another user can write or replace.
#[derive(Debug, thiserror::Error)]
#[error("{problem} ({path}); fix it with `{fix}`")]
pub struct WrittenByOthers {
    /// The file, or its folder.
    pub path: PathBuf,
    pub problem: String,
    /// A command.
    pub fix: String,
}

/// Why a file may not be the user's own; `None` also for a missing one.
pub fn written_by_others(path: &Path) -> Option<WrittenByOthers> {
    // The reader reports a file that is missing or unreadable.
    let real = fs::canonicalize(path).ok()?;
    let folders = [path.parent(), real.parent()];
    let paths = [Some(real.as_path())].into_iter().chain(folders).flatten();
    let mut found = paths.filter_map(|path| {
        let problem = problem(&fs::metadata(path).ok()?)?;
        Some(WrittenByOthers {
            path: path.to_owned(),
            fix: problem.fix(path),
            problem: problem.to_string(),
        })
    });
    found.next()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum TrustProblem {
    #[error("other users can write to it")]
    OthersWrite,
    #[error("it is owned by user {0}")]
    Foreign(u32),
}

impl TrustProblem {
    fn fix(self, path: &Path) -> String {
        let path = path.display();
        match self {
            TrustProblem::OthersWrite => format!("chmod go-w '{path}'"),
            TrustProblem::Foreign(_) => format!("chown \"$(id -u)\" '{path}'"),
        }
    }
}

#[cfg(unix)]
fn problem(metadata: &Metadata) -> Option<TrustProblem> {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    judged(metadata.mode(), metadata.uid(), metadata.gid(), user)
}

#[cfg(not(unix))]
fn problem(_: &Metadata) -> Option<TrustProblem> {
    None
}

/// Judges by mode, owner and group. Many systems give each user a group of their own with the
/// same number.
#[cfg(unix)]
fn judged(mode: u32, owner: u32, group: u32, user: u32) -> Option<TrustProblem> {
    const SUPERUSER: u32 = 0;
    if owner != user && owner != SUPERUSER {
        return Some(TrustProblem::Foreign(owner));
    }
    let is_own_group = group == user && user != SUPERUSER;
    let others = if is_own_group { 0o002 } else { 0o022 };
    (mode & others != 0).then_some(TrustProblem::OthersWrite)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_alone_can_write_is_obeyed() {
        for (mode, owner, group, expected) in [
            (0o600, 1000, 1000, None),
            (0o644, 1000, 100, None),
            (0o664, 1000, 1000, None),
            (0o664, 1000, 100, Some(TrustProblem::OthersWrite)),
            (0o646, 1000, 1000, Some(TrustProblem::OthersWrite)),
            (0o666, 0, 0, Some(TrustProblem::OthersWrite)),
            (0o644, 0, 0, None),
            (0o600, 1001, 1000, Some(TrustProblem::Foreign(1001))),
        ] {
            let found = judged(mode, owner, group, 1000);
            assert_eq!(found, expected, "{mode:o} {owner} {group}");
        }
        assert_eq!(judged(0o664, 0, 0, 0), Some(TrustProblem::OthersWrite));
        assert_eq!(judged(0o600, 1000, 0, 0), Some(TrustProblem::Foreign(1000)));
    }
}
