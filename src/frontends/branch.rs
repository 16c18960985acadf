//! The branch of the workspace's git repository, as its `HEAD` says.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Longest file that is read: the names of branches are short.
const LONGEST: u64 = 4 << 10;
/// Characters of a commit.
const COMMIT: usize = 7;

/// The branch, or the beginning of the commit where there is none; `None` without a repository.
pub fn branch(root: &Path) -> Option<String> {
    let head = first_line(&git_folder(root)?.join("HEAD"))?;
    let name = match head.strip_prefix("ref: ") {
        Some(name) => name.strip_prefix("refs/heads/").unwrap_or(name).to_owned(),
        None => head.chars().take(COMMIT).collect(),
    };
    (!name.is_empty()).then_some(name)
}

/// In a work tree `.git` is a file that names the folder.
fn git_folder(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let named = first_line(&git)?;
    Some(root.join(named.strip_prefix("gitdir: ")?))
}

/// The first line of a plain file. A pipe with that name does not hold anything up.
fn first_line(path: &Path) -> Option<String> {
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(nonblock).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text.lines().next()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_branch_is_read_from_a_repository_and_from_a_work_tree() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        assert_eq!(branch(root), None);
        fs::create_dir_all(root.join(".git/worktrees/side")).expect("a folder");
        assert_eq!(branch(root), None);
        for (head, expected) in [
            ("ref: refs/heads/main\n", Some("main")),
            ("ref: refs/heads/feature/one\n", Some("feature/one")),
            (
                "0123456789abcdef0123456789abcdef01234567\n",
                Some("0123456"),
            ),
            ("", None),
        ] {
            fs::write(root.join(".git/HEAD"), head).expect("a file");
            assert_eq!(branch(root).as_deref(), expected, "{head}");
        }
        let tree = root.join("tree");
        fs::create_dir(&tree).expect("a folder");
        fs::write(tree.join(".git"), "gitdir: ../.git/worktrees/side\n").expect("a file");
        fs::write(
            root.join(".git/worktrees/side/HEAD"),
            "ref: refs/heads/side\n",
        )
        .expect("a file");
        assert_eq!(branch(&tree).as_deref(), Some("side"));
    }

    #[test]
    fn what_is_no_plain_file_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(".git")).expect("a folder");
        let pipe = folder.path().join(".git/HEAD");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).expect("a pipe");
        assert_eq!(branch(folder.path()), None);
    }
}
