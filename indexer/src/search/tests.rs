//! Searches during which another process writes.

use std::collections::HashSet;

use super::*;
use crate::refresh::tests::{Workspace, file, functions, refresh};

#[tokio::test(flavor = "multi_thread")]
async fn rows_older_than_a_commit_in_the_middle_are_read_from_their_files() {
    let workspace = Workspace::with_files(3);
    let index = workspace.index();
    refresh(&index).await;
    let store = index.store().await.expect("a store");
    let mut searcher = IndexSearch {
        chunks: store.snapshot().await.expect("a snapshot"),
        store,
        filter: Filter::default(),
        mentioned: Vec::new(),
        emptied: HashSet::new(),
        query: Query::parse("orbit1_2"),
        limit: 5,
    };
    let results = searcher.run_retrievers(None).await.expect("results");
    let catalog = SharedCatalog::open_read_only(index.folder()).await;
    let catalog = catalog.expect("a catalog");
    // The record of the file agrees with it again; the rows that were found do not.
    let changed = functions("orbit1").replace("wrapping_mul", "saturating_mul");
    workspace.write(&file(1), &changed);
    refresh(&workspace.index()).await;
    let mut overlay = Overlay::default();
    let hits = index
        .fresh_hits(&catalog, &searcher, &results, &mut overlay)
        .await
        .expect("hits");
    let of_file = hits.iter().filter(|hit| hit.chunk.path == file(1));
    let texts: Vec<&str> = of_file.map(|hit| hit.chunk.text.as_str()).collect();
    let has = |word: &str| texts.iter().any(|text| text.contains(word));
    assert!(has("saturating_mul") && !has("wrapping_mul"), "{texts:?}");
}
