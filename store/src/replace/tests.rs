//! Rows are replaced through the index on paths, and what is left is right.

use std::path::Path;

use super::*;
use crate::chunk::{Chunk, ChunkKind, ContentKey};
use crate::filter::Filter;
use crate::query::TextQuery;
use crate::store::{OpenMode, OpenOptions};

fn row(path: &str, start_line: u32, text: &str) -> ChunkRow {
    ChunkRow {
        chunk: Chunk {
            path: path.to_owned(),
            language: "rust".to_owned(),
            kind: ChunkKind::Function,
            symbol: None,
            scope: Vec::new(),
            definitions: Vec::new(),
            start_line,
            end_line: start_line + 4,
            text: text.to_owned(),
        },
        header: path.to_owned(),
        content_key: ContentKey::of(text),
    }
}

async fn writer(folder: &Path) -> Store {
    Store::open(folder, OpenOptions::new(OpenMode::Write))
        .await
        .expect("a store")
}

const TREES: [&str; 3] = ["alder", "birch", "cedar"];
const ANIMALS: [&str; 3] = ["marmot", "badger", "beaver"];

/// A table of files, all in the indexes.
async fn filled(folder: &Path, files: usize) -> Store {
    let store = writer(folder).await;
    let rows: Vec<ChunkRow> = (0..files)
        .map(|file| {
            let tree = TREES.get(file).unwrap_or(&"willow");
            row(
                &format!("src/file_{file}.rs"),
                1,
                &format!("fn {tree}() {{}}"),
            )
        })
        .collect();
    store.append(&rows).await.expect("rows");
    store.index_text().await.expect("indexes");
    store
}

async fn paths_found(store: &Store, words: &str) -> Vec<String> {
    let snapshot = store.snapshot().await.expect("a snapshot");
    let query = TextQuery::new(words);
    let hits = snapshot.search_text(&query, 10, &Filter::default()).await;
    let hits = hits.expect("a search");
    hits.into_iter().map(|(row, _)| row.chunk.path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_path_are_found_in_the_index_and_outside_of_it() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path(), 40).await;
    let path = "src/file_7.rs";
    let more = [row(path, 9, "fn one() {}"), row(path, 19, "fn two() {}")];
    store.append(&more).await.expect("rows");
    let dataset = store.chunks_now().await.expect("a dataset");
    let paths = [path, "src/file_9.rs", "src/none.rs"];
    let mut found = stored_rows(&dataset, &paths).await.expect("rows");
    found.sort_by_key(|row| row.address);
    let ids: Vec<&str> = found.iter().map(|row| row.id.as_str()).collect();
    let indexed = [7, 9].map(|file| {
        let path = format!("src/file_{file}.rs");
        row(&path, 1, "fn willow() {}").id()
    });
    let expected = indexed.into_iter().chain(more.iter().map(ChunkRow::id));
    assert_eq!(ids, expected.collect::<Vec<_>>());
    let nothing = stored_rows(&dataset, &paths[2..]).await;
    assert!(nothing.expect("rows").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exchanged_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    let store = filled(folder.path(), 3).await;
    let path = ["src/file_1.rs".to_owned()];
    for (round, animal) in ANIMALS.into_iter().enumerate() {
        // The first round deletes a row of the indexed fragment, the others all of another one.
        let rows = [
            row(&path[0], 1, &format!("fn {animal}() {{}}")),
            row(&path[0], 9, &format!("fn otter() {{ round({round}) }}")),
        ];
        let before = store.version().await.expect("a version");
        let replaced = store.replace(&path, &rows).await.expect("replaced");
        assert_eq!((replaced.inserted, replaced.commits), (2, 1));
        assert_eq!(replaced.deleted, if round == 0 { 1 } else { 2 });
        assert_eq!(store.version().await.expect("a version"), before + 1);
        assert_eq!(store.chunk_count().await.expect("a count"), 4);
        let stored = store.chunks_of_paths(&path).await.expect("chunks");
        assert_eq!(stored, rows);
        assert_eq!(paths_found(&store, animal).await, path);
        assert!(paths_found(&store, TREES[1]).await.is_empty());
        assert_eq!(paths_found(&store, TREES[2]).await, ["src/file_2.rs"]);
    }
    assert!(paths_found(&store, ANIMALS[0]).await.is_empty());
    // Another process sees the same.
    let other = Store::open(folder.path(), OpenOptions::new(OpenMode::Read)).await;
    let other = other.expect("a reader");
    assert_eq!(paths_found(&other, ANIMALS[2]).await, path);
    assert_eq!(other.chunk_count().await.expect("a count"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_repeated_append_are_left_once() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let rows = [row("a.rs", 1, "fn one() {}"), row("a.rs", 9, "fn two() {}")];
    for _ in 0..2 {
        store.append(&rows).await.expect("rows");
    }
    let path = ["a.rs".to_owned()];
    let replaced = store.replace(&path, &rows[..1]).await.expect("replaced");
    assert_eq!(
        (replaced.inserted, replaced.deleted, replaced.commits),
        (0, 3, 1)
    );
    let stored = store.chunks_of_paths(&path).await.expect("chunks");
    assert_eq!(stored, rows[..1]);
}
