//! Refreshes that meet: others get in between the batches, and what they do is noticed.

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ollacode_store::{ContentKey, OpenMode, OpenOptions};
use tempfile::TempDir;

use super::*;
use crate::difference::{RefreshScope, difference};
use crate::walk::{WalkEntry, WalkLimits};

/// A folder with files, and one for their index.
struct Workspace {
    folder: TempDir,
}

impl Workspace {
    fn with_files(count: usize) -> Workspace {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Workspace { folder };
        fs::create_dir(workspace.root()).expect("the workspace");
        for number in 0..count {
            workspace.write(&file(number), &functions(&format!("orbit{number}")));
        }
        workspace
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root().join(path), text).expect("a file");
    }

    fn index_folder(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// The index, as another process would open it.
    fn index(&self) -> Index {
        Index::new(self.root(), self.index_folder(), WalkLimits::default())
    }

    /// Demands the rows that a new index would have.
    async fn assert_as_clean(&self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        refresh(&Index::new(
            self.root(),
            folder.path(),
            WalkLimits::default(),
        ))
        .await;
        let expected = rows_in(folder.path()).await;
        assert!(!expected.is_empty(), "there are rows");
        assert_eq!(rows_in(&self.index_folder()).await, expected);
    }
}

fn file(number: usize) -> String {
    format!("file_{number:02}.rs")
}

/// A text of several chunks.
fn functions(stem: &str) -> String {
    let mut text = String::new();
    for number in 0..4 {
        text.push_str(&format!("pub fn {stem}_{number}(value: u64) -> u64 {{\n"));
        for line in 0..12 {
            text.push_str(&format!(
                "    let {stem}_part_{line} = value.wrapping_mul({number}{line});\n"
            ));
        }
        text.push_str("    value\n}\n\n");
    }
    text
}

/// The path and the key of every row, in order.
async fn rows_in(folder: &Path) -> Vec<(String, ContentKey)> {
    let store = Store::open(folder, OpenOptions::new(OpenMode::Read)).await;
    let mut rows = store.expect("a store").path_keys().await.expect("rows");
    rows.sort();
    rows
}

fn quiet(_: IndexEvent) {}

async fn refresh(index: &Index) -> RefreshReport {
    let refreshed = index.refresh(&RefreshOptions::default(), &quiet).await;
    refreshed.expect("a refresh")
}

/// Does something on a runtime of its own, and lets the caller wait: events are not asynchronous.
fn meanwhile<F>(work: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    thread::scope(|scope| {
        let other = scope.spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(work)
        });
        other.join().expect("the other process")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn another_refresh_gets_in_between_the_batches() {
    let workspace = Workspace::with_files(40);
    let to_come = AtomicBool::new(true);
    let events = |event: IndexEvent| {
        // By then a batch is written, and others are not.
        let is_middle = matches!(event, IndexEvent::Chunking { done, .. } if done >= 16);
        if is_middle && to_come.swap(false, Ordering::SeqCst) {
            let how = RefreshOptions {
                wait: LockWait::No,
                ..RefreshOptions::default()
            };
            let report = meanwhile(workspace.index().refresh(&how, &quiet));
            let report = report.expect("the lock is free");
            assert!(report.unchanged > 0 && report.changed > 0, "{report:?}");
        }
    };
    let index = workspace.index();
    let report = index.refresh(&RefreshOptions::default(), &events).await;
    assert_eq!(report.expect("a refresh").changed, 40);
    assert!(
        !to_come.load(Ordering::SeqCst),
        "another one got in between"
    );
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refreshes_at_once_on_nothing_make_one_index() {
    let workspace = Workspace::with_files(40);
    let (one, two) = (workspace.index(), workspace.index());
    let (one, two) = tokio::join!(refresh(&one), refresh(&two));
    assert_eq!(one.counts, two.counts);
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_listed_without_the_lock() {
    let workspace = Workspace::with_files(2);
    let listed = AtomicBool::new(false);
    let events = |event: IndexEvent| {
        if matches!(event, IndexEvent::Walked { .. }) {
            WriterLock::try_acquire(&workspace.index_folder()).expect("a free lock");
            listed.store(true, Ordering::SeqCst);
        }
    };
    let refreshed = workspace
        .index()
        .refresh(&RefreshOptions::default(), &events)
        .await;
    refreshed.expect("a refresh");
    assert!(listed.load(Ordering::SeqCst), "files were listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_back_is_not_removed() {
    let workspace = Workspace::with_files(3);
    let index = workspace.index();
    refresh(&index).await;
    fs::remove_file(workspace.root().join(file(1))).expect("a file to delete");
    let is_gone = AtomicBool::new(true);
    let events = |event: IndexEvent| {
        let is_listed = matches!(event, IndexEvent::Walked { .. });
        if is_listed && is_gone.swap(false, Ordering::SeqCst) {
            workspace.write(&file(1), &functions("perigee"));
            let report = meanwhile(async { refresh(&workspace.index()).await });
            assert_eq!(report.changed, 1, "{report:?}");
        }
    };
    let report = index.refresh(&RefreshOptions::default(), &events).await;
    let report = report.expect("a refresh");
    assert_eq!(report.removed, 0, "{report:?}");
    workspace.assert_as_clean().await;
    fs::remove_file(workspace.root().join(file(1))).expect("a file to delete");
    assert_eq!(refresh(&index).await.removed, 1, "gone for good");
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_went_away_meanwhile_is_made_anew() {
    let workspace = Workspace::with_files(30);
    let index = workspace.index();
    refresh(&index).await;
    workspace.write("new.rs", &functions("apogee"));
    let is_there = AtomicBool::new(true);
    let events = |event: IndexEvent| {
        let is_listed = matches!(event, IndexEvent::Walked { .. });
        if is_listed && is_there.swap(false, Ordering::SeqCst) {
            let removed = meanwhile(async { workspace.index().remove().await });
            assert!(removed.expect("a removal"));
        }
    };
    let report = index.refresh(&RefreshOptions::default(), &events).await;
    assert_eq!(report.expect("a refresh").changed, 31);
    workspace.assert_as_clean().await;
}

/// Makes an index hold rows that the chunker would not make, without a record of that.
async fn spoil(folder: &Path) {
    let store = Store::open(folder, OpenOptions::new(OpenMode::Write)).await;
    let store = store.expect("a store");
    store.replace(&[file(1)], &[]).await.expect("a deletion");
    let version = store.version().await.expect("a version");
    let mut state = Catalog::open(folder).expect("the catalog");
    state.set_chunks_version(version).expect("a note");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_another_way_is_cut_again_and_all_of_it() {
    let workspace = Workspace::with_files(6);
    let (index, folder) = (workspace.index(), workspace.index_folder());
    refresh(&index).await;
    let expected = rows_in(&folder).await;
    for part in [None, Some([file(3)])] {
        spoil(&folder).await;
        assert_eq!(refresh(&index).await.changed, 0, "nothing seems to differ");
        assert_ne!(rows_in(&folder).await, expected, "a file has no rows");
        let mut state = Catalog::open(&folder).expect("the catalog");
        state.set_cut_version("another").expect("a version");
        drop(state);
        let report = match part {
            None => refresh(&index).await,
            Some(paths) => {
                let how = RefreshOptions::default();
                let refreshed = index.refresh_paths(&paths, &how, &quiet).await;
                refreshed.expect("a refresh of a part")
            }
        };
        assert_eq!((report.changed, report.unchanged), (6, 0), "{report:?}");
        assert_eq!(
            rows_in(&folder).await,
            expected,
            "all files are chunked again"
        );
        assert_eq!(refresh(&index).await.changed, 0, "and only once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_build_that_is_cut_short_goes_on_where_it_was() {
    let workspace = Workspace::with_files(40);
    let how = RefreshOptions::default();
    let events = |event: IndexEvent| {
        if matches!(event, IndexEvent::Chunking { done, .. } if done >= 16) {
            how.stop.cancel();
        }
    };
    let stopped = workspace.index().refresh(&how, &events).await;
    assert!(matches!(stopped, Err(IndexError::Stopped)), "{stopped:?}");
    let report = refresh(&workspace.index()).await;
    assert!(report.unchanged > 0, "{report:?}");
    assert_eq!(report.unchanged + report.changed, 40, "{report:?}");
    workspace.assert_as_clean().await;
}

fn record(path: &str) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        size: 5,
        modified_ns: 1,
        changed_ns: 2,
        inode: 3,
        ..FileRecord::default()
    }
}

fn entry(path: &str) -> WalkEntry {
    WalkEntry {
        path: path.to_owned(),
        size: 5,
        modified_ns: 1,
        changed_ns: 2,
        inode: 3,
    }
}

#[test]
fn size_both_times_and_the_number_of_a_file_tell_that_it_is_as_before() {
    let as_before = entry("a.rs");
    let others = [
        WalkEntry {
            size: 6,
            ..entry("a.rs")
        },
        WalkEntry {
            modified_ns: 9,
            ..entry("a.rs")
        },
        WalkEntry {
            changed_ns: 9,
            ..entry("a.rs")
        },
        WalkEntry {
            inode: 9,
            ..entry("a.rs")
        },
    ];
    let compared = |entry: WalkEntry| {
        let walked = WalkResult {
            entries: vec![entry],
            ..WalkResult::default()
        };
        let known = vec![record("a.rs")];
        difference(&walked, known, &RefreshScope::Everything, Reread::Changed)
    };
    assert!(compared(as_before).is_empty());
    for other in others {
        assert_eq!(compared(other.clone()).tasks.len(), 1, "{other:?}");
    }
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_gone() {
    let known = ["a.rs", "q", "q/a.rs", "q/deep/b.rs", "queue.rs", "r/c.rs"];
    let removed = |unread: &[&str]| {
        let walked = WalkResult {
            unread: unread.iter().map(|path| (*path).to_owned()).collect(),
            ..WalkResult::default()
        };
        let known = known.map(record).to_vec();
        difference(&walked, known, &RefreshScope::Everything, Reread::Changed).removed
    };
    assert_eq!(removed(&[]), known);
    assert_eq!(removed(&["q"]), ["a.rs", "queue.rs", "r/c.rs"]);
    assert_eq!(
        removed(&["q/deep", "r/c.rs"]),
        ["a.rs", "q", "q/a.rs", "queue.rs"]
    );
    assert_eq!(removed(&[""]), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_read_is_kept_and_said() {
    let mut report = RefreshReport::default();
    let mut batch = WriteBatch::default();
    let (path, why) = ("a.rs".to_owned(), "Permission denied".to_owned());
    batch.take(PreparedFile::Unread { path, why }, &mut report);
    assert!(batch.gone.is_empty() && batch.paths.is_empty() && batch.files.is_empty());
    assert_eq!(report.errors, ["`a.rs` cannot be read: Permission denied"]);
}

#[tokio::test]
async fn a_reader_notices_that_the_index_was_made_anew() {
    let workspace = Workspace::with_files(2);
    let reader = workspace.index();
    refresh(&reader).await;
    let before = reader.store().await.expect("a store");
    // As another process does it.
    assert!(workspace.index().remove().await.expect("removed"));
    assert!(matches!(
        reader.store().await,
        Err(IndexError::Store(
            ollacode_store::StoreError::NoIndex { .. }
        ))
    ));
    fs::remove_file(workspace.root().join(file(0))).expect("a file");
    refresh(&workspace.index()).await;
    let after = reader.store().await.expect("a store");
    let paths = |rows: Vec<(String, ContentKey)>| {
        let mut paths: Vec<String> = rows.into_iter().map(|(path, _)| path).collect();
        paths.dedup();
        paths
    };
    assert_eq!(paths(after.path_keys().await.expect("rows")), [file(1)]);
    drop(before);
}

#[tokio::test]
async fn vectors_are_filled_in_by_one_process_at_a_time() {
    let workspace = Workspace::with_files(1);
    refresh(&workspace.index()).await;
    let filling = workspace.index().filling().await.expect("nobody fills");
    let other = workspace.index();
    assert!(matches!(other.filling().await, Err(IndexError::Filling)));
    // Others may write all the same.
    refresh(&other).await;
    drop(filling);
    other.filling().await.expect("its turn");
}

#[tokio::test]
async fn files_of_an_older_index_are_read_once_and_cut_no_more() {
    let workspace = Workspace::with_files(2);
    let index = workspace.index();
    refresh(&index).await;
    let mut state = Catalog::open(&workspace.index_folder()).expect("state");
    let mut old = state.files().expect("files");
    for file in &mut old {
        (file.changed_ns, file.inode) = (-1, 0);
    }
    state.touch_files(&old).expect("old rows");
    drop(state);
    let how = RefreshOptions::default();
    let report = index.refresh(&how, &|_| {}).await.expect("a refresh");
    assert_eq!((report.changed, report.unchanged), (0, 2));
    let state = Catalog::open_read_only(&workspace.index_folder()).expect("state");
    let files = state.files().expect("files");
    assert!(
        files
            .iter()
            .all(|file| file.changed_ns > 0 && file.inode > 0)
    );
}
