//! What is due is what LanceDB says of its indexes, and an index that was left alone is in order.

use std::fs;
use std::path::Path;

use super::*;
use crate::chunk::{Chunk, ChunkKind, ContentKey};
use crate::row::ChunkRow;
use crate::store::{OpenMode, OpenOptions, TERMS_INDEX};

fn row(path: &str, start_line: u32) -> ChunkRow {
    let text = format!("fn of_{start_line}() {{}}");
    ChunkRow {
        chunk: Chunk {
            path: path.to_owned(),
            language: "rust".to_owned(),
            kind: ChunkKind::Function,
            symbol: None,
            scope: Vec::new(),
            definitions: Vec::new(),
            start_line,
            end_line: start_line,
            text: text.clone(),
        },
        header: String::new(),
        content_key: ContentKey::of(&text),
    }
}

async fn writer(folder: &Path) -> Store {
    let options = OpenOptions::new(OpenMode::Write);
    Store::open(folder, options).await.expect("a store")
}

/// Compares the indexes with what LanceDB lists.
async fn compare(store: &Store) -> Vec<IndexState> {
    let snapshot = store.snapshot().await.expect("a snapshot");
    let found = indexes_of(snapshot.dataset()).await.expect("indexes");
    let listed = store.inner.chunks.list_indices().await.expect("indexes");
    let mut listed: Vec<IndexState> = listed
        .into_iter()
        .map(|index| IndexState {
            name: index.name,
            segments: usize::try_from(index.num_segments.expect("segments")).expect("a number"),
            unindexed_rows: usize::try_from(index.num_unindexed_rows.expect("rows"))
                .expect("a number"),
        })
        .collect();
    listed.sort_by(|left, right| left.name.cmp(&right.name));
    assert_eq!(found, listed);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_as_lancedb_lists_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = writer(folder.path()).await;
    assert!(has_all_indexes(&compare(&store).await));
    let rows: Vec<ChunkRow> = (1..20).map(|line| row("a.rs", line)).collect();
    store.append(&rows).await.expect("append");
    assert_eq!(compare(&store).await[0].unindexed_rows, 19);
    store.index_text().await.expect("indexes");
    compare(&store).await;
    let fewer = [rows[0].clone(), row("a.rs", 90)];
    let replaced = store.replace(&["a.rs".to_owned()], &fewer).await;
    replaced.expect("a commit");
    let indexes = compare(&store).await;
    assert_eq!(indexes[0].unindexed_rows, 1, "{indexes:?}");
    let mut without = indexes.clone();
    without.remove(0);
    assert!(has_all_indexes(&indexes) && !has_all_indexes(&without));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_words_that_lacks_most_rows_is_built_in_one_piece() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = writer(folder.path()).await;
    let rows: Vec<ChunkRow> = (1..410).map(|line| row("a.rs", line)).collect();
    store.append(&rows[..9]).await.expect("append");
    store.index_text().await.expect("indexes");
    store.append(&rows[9..]).await.expect("append");
    let policy = MaintenancePolicy::default();
    let done = store.maintain(&policy, SystemTime::now()).await;
    assert!(done.expect("maintenance").updated_indexes > 0);
    let indexes = compare(&store).await;
    let words = indexes.iter().find(|it| it.name == TERMS_INDEX);
    let words = words.expect("an index of words");
    assert_eq!((words.segments, words.unindexed_rows), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_in_order_after_maintenance_until_something_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = writer(folder.path()).await;
    let (policy, now) = (MaintenancePolicy::default(), SystemTime::now());
    let is_in_order = |store: Store| {
        let policy = policy.clone();
        async move { store.is_in_order(&policy, now).await.expect("an answer") }
    };
    let rows: Vec<ChunkRow> = (1..400).map(|line| row("a.rs", line)).collect();
    store.append(&rows).await.expect("append");
    store.record_checksums(u64::MAX).await.expect("checksums");
    assert!(!is_in_order(store.clone()).await, "rows are in no index");
    let done = store.maintain(&policy, now).await.expect("maintenance");
    assert!(done.updated_indexes > 0);
    assert!(!is_in_order(store.clone()).await, "checksums are missing");
    store.record_checksums(u64::MAX).await.expect("checksums");
    assert!(is_in_order(store.clone()).await);
    let options = OpenOptions::new(OpenMode::Read);
    let reader = Store::open(folder.path(), options).await.expect("a reader");
    assert!(is_in_order(reader).await);
    let eager = MaintenancePolicy {
        most_small_fragments: 0,
        ..policy.clone()
    };
    assert!(!store.is_in_order(&eager, now).await.expect("an answer"));
    for entry in fs::read_dir(folder.path().join("chunks.lance/data")).expect("a folder") {
        fs::remove_file(entry.expect("an entry").path()).expect("damage");
    }
    assert!(!is_in_order(store).await, "a file is missing");
}
