//! Completion of paths: the files of a workspace, and those that begin with what was typed.

use std::path::Path;

use ollacode_indexer::walk::{WalkLimits, walk};

/// Maximum number of offers.
const MOST: usize = 60;

/// The paths of all files of a workspace that are not ignored. This is slow.
pub fn files_below(root: &Path) -> Vec<String> {
    let walked = walk(root, &WalkLimits::default());
    walked.entries.into_iter().map(|entry| entry.path).collect()
}

/// Files and folders whose path starts with what was typed, one level at a time; if there are
/// none, files in any folder whose name starts with it.
pub fn paths(files: &[String], typed: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let typed = typed.trim_start_matches('"');
    for file in files {
        let Some(rest) = file.strip_prefix(typed) else {
            continue;
        };
        let end = rest.find('/').map_or(file.len(), |at| typed.len() + at + 1);
        let next = &file[..end];
        if found.last().is_none_or(|last| last != next) {
            found.push(next.to_owned());
        }
        if found.len() == MOST {
            break;
        }
    }
    if found.is_empty() && !typed.is_empty() {
        let typed = typed.to_lowercase();
        let is_named = |file: &&String| {
            let name = file.rsplit('/').next().unwrap_or(file);
            name.to_lowercase().starts_with(&typed)
        };
        found = files.iter().filter(is_named).take(MOST).cloned().collect();
    }
    found.into_iter().map(quoted).collect()
}

/// Quotes a path with blanks; the quote of a folder stays open, since the path continues.
fn quoted(path: String) -> String {
    match (path.contains(char::is_whitespace), path.ends_with('/')) {
        (false, _) => path,
        (true, true) => format!("\"{path}"),
        (true, false) => format!("\"{path}\""),
    }
}
