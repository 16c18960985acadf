//! Files that are too large, too many or too deep are counted, not listed.

use ollacode_indexer::walk::{SkipReason, WalkLimits, walk};

use super::{count, paths, tree};

#[test]
fn larger_files_are_skipped() {
    let folder = tree(&[("ten.txt", "0123456789"), ("eleven.txt", "0123456789a")]);
    let walked = walk(
        folder.path(),
        &WalkLimits {
            file_size: 10,
            ..WalkLimits::default()
        },
    );
    assert_eq!(paths(&walked), ["ten.txt"]);
    assert_eq!(count(&walked, SkipReason::TooLarge), 1);
}

#[test]
fn the_number_of_files_is_capped() {
    let files: Vec<String> = (0..20).map(|number| format!("{number}.rs")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|path| (path.as_str(), "")).collect();
    let folder = tree(&files);
    let walked = walk(
        folder.path(),
        &WalkLimits {
            files: 3,
            ..WalkLimits::default()
        },
    );
    assert_eq!(walked.entries.len(), 3);
    assert!(count(&walked, SkipReason::OverLimit) > 0);
    let walked = walk(
        folder.path(),
        &WalkLimits {
            files: 20,
            ..WalkLimits::default()
        },
    );
    assert_eq!(
        (walked.entries.len(), count(&walked, SkipReason::OverLimit)),
        (20, 0)
    );
}

#[test]
fn the_depth_is_capped() {
    let folder = tree(&[("a.rs", ""), ("one/b.rs", ""), ("one/two/c.rs", "")]);
    let walked = walk(
        folder.path(),
        &WalkLimits {
            depth: 2,
            ..WalkLimits::default()
        },
    );
    assert_eq!(paths(&walked), ["a.rs", "one/b.rs"]);
}

#[test]
fn what_is_too_deep_is_counted() {
    let folder = tree(&[("a.rs", ""), ("one/two/c.rs", "")]);
    let walked = walk(
        folder.path(),
        &WalkLimits {
            depth: 2,
            ..WalkLimits::default()
        },
    );
    assert!(
        count(&walked, SkipReason::OverLimit) > 0,
        "{:?}",
        walked.skipped
    );
}
