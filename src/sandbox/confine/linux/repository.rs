//! A workspace that is a linked work tree: the git folder is elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// The git folder outside the workspace.
#[derive(Debug)]
pub struct WorktreeRepository {
    /// The folder shared by all work trees.
    pub common: PathBuf,
    /// The name of this work tree.
    pub name: String,
}

impl WorktreeRepository {
    /// Finds the git folder of a linked work tree.
    ///
    /// The workspace may lie: that folder must agree, and nothing in the workspace decides what
    /// else belongs to it.
    pub fn of(root: &Path) -> Option<WorktreeRepository> {
        let root = root.canonicalize().ok()?;
        let file = root.join(".git");
        if !fs::symlink_metadata(&file).ok()?.is_file() {
            return None;
        }
        let text = fs::read_to_string(&file).ok()?;
        let own = root
            .join(text.strip_prefix("gitdir:")?.trim())
            .canonicalize()
            .ok()?;
        let worktrees = own.parent()?;
        let common = worktrees.parent()?;
        let is_known = worktrees.file_name()? == "worktrees"
            && common.join("HEAD").is_file()
            && common.join("objects").is_dir()
            && common.join("refs").is_dir();
        let back = fs::read_to_string(own.join("gitdir")).ok()?;
        let back = own.join(back.trim_end_matches('\n')).canonicalize().ok()?;
        if !is_known || back != file || own.starts_with(&root) || root.starts_with(common) {
            return None;
        }
        Some(WorktreeRepository {
            common: common.to_owned(),
            name: own.file_name()?.to_str()?.to_owned(),
        })
    }
}
