//! Which files are listed, and what is said of the others.

mod entries;
#[cfg(target_os = "linux")]
mod hostile;
mod ignoring;
mod limits;
mod single_paths;
mod skipping;
mod some_paths;

use std::path::Path;

use ollacode_indexer::walk::{SkipReason, WalkLimits, WalkResult, walk};
use tempfile::TempDir;

/// A folder that holds some files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn paths(walked: &WalkResult) -> Vec<&str> {
    walked
        .entries
        .iter()
        .map(|entry| entry.path.as_str())
        .collect()
}

fn count(walked: &WalkResult, skip: SkipReason) -> usize {
    walked.skipped.get(&skip).copied().unwrap_or(0)
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tree(files);
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(paths(&walked), expected);
    assert_eq!(walked.errors, Vec::<String>::new());
}
