//! The files of workspaces, for completion: listed again after a while, not with each key.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::frontends::completion::files_below;

/// How long a list holds.
const HOLDS: Duration = Duration::from_secs(10);

#[derive(Clone, Default)]
pub struct FileLists {
    known: Arc<Mutex<HashMap<PathBuf, FileList>>>,
}

struct FileList {
    at: Instant,
    files: Arc<Vec<String>>,
}

impl FileLists {
    /// The files below a root, perhaps as they were a moment ago. It blocks.
    pub fn of(&self, root: &Path) -> Arc<Vec<String>> {
        if let Some(known) = self.known.lock().get(root)
            && known.at.elapsed() < HOLDS
        {
            return Arc::clone(&known.files);
        }
        let files = Arc::new(files_below(root));
        let list = FileList {
            at: Instant::now(),
            files: Arc::clone(&files),
        };
        self.known.lock().insert(root.to_owned(), list);
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.rs"), "").expect("a file");
        let lists = FileLists::default();
        assert_eq!(*lists.of(folder.path()), ["a.rs"]);
        std::fs::write(folder.path().join("b.rs"), "").expect("a file");
        assert_eq!(*lists.of(folder.path()), ["a.rs"]);
    }
}
