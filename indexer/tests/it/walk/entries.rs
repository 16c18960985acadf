//! What is listed of a file, in which order and under which path.

use std::path::Path;

use ollacode_indexer::walk::{WalkLimits, relative, walk};

use super::{paths, tree};

#[test]
fn entries_are_sorted_and_say_size_and_time() {
    let folder = tree(&[("b.rs", "12345"), ("a/c.rs", ""), ("a.rs", "1")]);
    let walked = walk(folder.path(), &WalkLimits::default());
    assert_eq!(paths(&walked), ["a.rs", "a/c.rs", "b.rs"]);
    assert_eq!(walked.entries[2].size, 5);
    assert!(walked.entries.iter().all(|entry| entry.modified_ns > 0));
    assert_eq!(
        walked.folders,
        [folder.path().to_owned(), folder.path().join("a")]
    );
    assert!(walked.skipped.is_empty());
}

#[test]
fn an_empty_or_missing_workspace_has_no_entries() {
    let folder = tempfile::tempdir().unwrap();
    let walked = walk(folder.path(), &WalkLimits::default());
    assert!(walked.entries.is_empty() && walked.errors.is_empty());
    let walked = walk(&folder.path().join("missing"), &WalkLimits::default());
    assert!(walked.entries.is_empty());
}

#[test]
fn relative_paths_have_slashes() {
    let root = Path::new("some").join("root");
    assert_eq!(
        relative(&root, &root.join("a").join("b.rs")).as_deref(),
        Some("a/b.rs")
    );
    assert_eq!(relative(&root, Path::new("other")), None);
}
