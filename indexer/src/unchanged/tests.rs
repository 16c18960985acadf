//! A refresh without changes leaves the index as it is, unless a writer has something to do.

use std::fs;

use ollacode_store::CatalogStamp;

use super::*;
use crate::refresh::RefreshOptions;
use crate::refresh::tests::{Workspace, file, functions, quiet, refresh};

/// What is reported of an index whose files are unchanged.
async fn report(workspace: &Workspace) -> Option<RefreshReport> {
    let index = workspace.index();
    let generation = index.generation().await.expect("a generation");
    let walked = index.walk().await.expect("a listing");
    let found = Difference::default();
    let report = index.report_unchanged(&generation, &walked, &found).await;
    report.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_finds_no_change_writes_nothing_and_counts_the_same() {
    let workspace = Workspace::with_files(12);
    refresh(&workspace.index()).await;
    // What the first one left to do, it does.
    let expected = refresh(&workspace.index()).await;
    let before = CatalogStamp::of(&workspace.index_folder());
    let found = refresh(&workspace.index()).await;
    assert_eq!(CatalogStamp::of(&workspace.index_folder()), before);
    assert_eq!(found.unchanged, 12);
    assert_eq!(found.counts, expected.counts);
    assert_eq!(found.languages, expected.languages);
    assert!(found.counts.chunks > 12, "{:?}", found.counts);
    assert!(report(&workspace).await.is_some());
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_stopped_says_so_though_nothing_changed() {
    let workspace = Workspace::with_files(12);
    for _ in 0..2 {
        refresh(&workspace.index()).await;
    }
    assert!(report(&workspace).await.is_some());
    let how = RefreshOptions::default();
    how.stop.cancel();
    let stopped = workspace.index().refresh(&how, &quiet).await;
    assert!(matches!(stopped, Err(IndexError::Stopped)), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_writer_has_to_do_is_left_to_it() {
    let workspace = Workspace::with_files(12);
    let folder = workspace.index_folder();
    for _ in 0..2 {
        refresh(&workspace.index()).await;
    }
    assert!(report(&workspace).await.is_some());
    // A writer was killed between its two commits.
    let mut catalog = Catalog::open(&folder).expect("the catalog");
    let version = catalog.chunks_version().expect("a number");
    let version = version.expect("a version");
    catalog.set_chunks_version(version - 1).expect("a note");
    assert!(report(&workspace).await.is_none());
    catalog.set_chunks_version(version).expect("a note");
    assert!(report(&workspace).await.is_some());
    // The workspace was moved.
    catalog.set_meta(WORKSPACE, "/elsewhere").expect("a note");
    assert!(report(&workspace).await.is_none());
    drop(catalog);
    refresh(&workspace.index()).await;
    assert!(report(&workspace).await.is_some());
    // Something was set aside.
    fs::create_dir(folder.join("damaged")).expect("a folder");
    fs::write(folder.join("damaged").join("1-state"), "x").expect("a file");
    assert!(report(&workspace).await.is_none());
    fs::remove_dir_all(folder.join("damaged")).expect("removed");
    // A file is lost, and with it chunks.
    let data = fs::read_dir(folder.join("chunks.lance/data")).expect("a folder");
    for entry in data {
        fs::remove_file(entry.expect("an entry").path()).expect("damage");
    }
    assert!(report(&workspace).await.is_none());
    refresh(&workspace.index()).await;
    workspace.write(&file(0), &functions("comet"));
    refresh(&workspace.index()).await;
    workspace.assert_as_clean().await;
}
