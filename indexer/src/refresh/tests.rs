//! Refreshes that meet: others get in between the batches, and what they do is noticed.

use std::collections::HashMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ollacode_store::{Catalog, ContentKey, OpenMode, OpenOptions};
use tempfile::TempDir;

use super::*;
use crate::walk::WalkLimits;

/// A folder with files, and one for their index.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn with_files(count: usize) -> Workspace {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = Workspace { folder };
        fs::create_dir(workspace.root()).expect("the workspace");
        for number in 0..count {
            workspace.write(&file(number), &functions(&format!("orbit{number}")));
        }
        workspace
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root().join(path), text).expect("a file");
    }

    pub(crate) fn index_folder(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// The index, as another process would open it.
    pub(crate) fn index(&self) -> Index {
        Index::new(self.root(), self.index_folder(), WalkLimits::default())
    }

    /// Demands the rows that a new index would have.
    pub(crate) async fn assert_as_clean(&self) {
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

pub(crate) fn file(number: usize) -> String {
    format!("file_{number:02}.rs")
}

/// A text of several chunks.
pub(crate) fn functions(stem: &str) -> String {
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
pub(crate) async fn rows_in(folder: &Path) -> Vec<(String, ContentKey)> {
    let store = Store::open(folder, OpenOptions::new(OpenMode::Read)).await;
    let mut rows = store.expect("a store").path_keys().await.expect("rows");
    rows.sort();
    rows
}

pub(crate) fn quiet(_: IndexEvent) {}

pub(crate) async fn refresh(index: &Index) -> RefreshReport {
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

/// Makes an index as if other rules had chunked all files, some time ago.
pub(crate) fn chunked_by(folder: &Path, rules: u32) {
    let mut state = Catalog::open(folder).expect("the catalog");
    let mut keys: HashMap<String, Vec<ContentKey>> =
        state.file_keys().expect("keys").into_iter().collect();
    let files = state.files().expect("files").into_iter();
    let files: Vec<RecordedFile> = files
        .map(|file| RecordedFile {
            keys: keys.remove(&file.path).unwrap_or_default(),
            file: FileRecord {
                rules,
                unsure_since_ns: 0,
                ..file
            },
        })
        .collect();
    state.record_files(&files, None).expect("records");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_rules_chunked_is_chunked_again_once() {
    let workspace = Workspace::with_files(6);
    let (index, folder) = (workspace.index(), workspace.index_folder());
    refresh(&index).await;
    let expected = rows_in(&folder).await;
    for part in [None, Some([file(3)])] {
        spoil(&folder).await;
        assert_eq!(refresh(&index).await.changed, 0, "nothing seems to differ");
        assert_ne!(rows_in(&folder).await, expected, "a file has no rows");
        chunked_by(&folder, 0);
        let mut left = 6;
        if let Some(paths) = part {
            let how = RefreshOptions::default();
            let refreshed = index.refresh_paths(&paths, &how, &quiet).await;
            let report = refreshed.expect("a refresh of a part");
            assert_eq!(report.changed, 1, "{report:?}");
            left -= 1;
        }
        let report = refresh(&index).await;
        let counts = (report.changed, report.unchanged);
        assert_eq!(counts, (left, 6 - left), "{report:?}");
        assert_eq!(
            rows_in(&folder).await,
            expected,
            "all files are chunked again"
        );
        assert_eq!(refresh(&index).await.changed, 0, "and only once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chunking_again_by_new_rules_goes_on_where_it_was_cut_short() {
    let workspace = Workspace::with_files(40);
    refresh(&workspace.index()).await;
    chunked_by(&workspace.index_folder(), 0);
    let how = RefreshOptions::default();
    let events = |event: IndexEvent| {
        if matches!(event, IndexEvent::Chunking { done, .. } if done >= 16) {
            how.stop.cancel();
        }
    };
    let stopped = workspace.index().refresh(&how, &events).await;
    assert!(matches!(stopped, Err(IndexError::Stopped)), "{stopped:?}");
    let known = workspace.index().read_known().await.expect("the catalog");
    assert!(!known.is_cut_as_now(), "some are left");
    let report = refresh(&workspace.index()).await;
    assert!(report.unchanged > 0 && report.changed > 0, "{report:?}");
    assert_eq!(report.unchanged + report.changed, 40, "{report:?}");
    let known = workspace.index().read_known().await.expect("the catalog");
    assert!(known.is_cut_as_now(), "none is left");
    workspace.assert_as_clean().await;
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
