//! Writers, a watcher, searches and edits at the same time leave the index of a clean build.

use std::fs;
use std::path::Path;

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Freshness, Index, IndexEvent, RefreshOptions, SearchRequest};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::edits::rows;

const ROUNDS: usize = 30;
const FILES: usize = 12;

fn write(root: &Path, number: usize, word: &str) {
    let folder = root.join(format!("part_{}", number % 3));
    fs::create_dir_all(&folder).unwrap();
    let step = format!("    {word}(value);\n").repeat(20);
    let text = format!("fn {word}_{number}() {{\n{step}}}\n\nfn tail() {{\n{step}}}\n");
    fs::write(folder.join(format!("file_{number}.rs")), text).unwrap();
}

/// Saves, removals, and folders that go and come.
fn edit(root: &Path, round: usize) -> Vec<String> {
    let (number, word) = (round % FILES, ["marmot", "badger", "beaver"][round % 3]);
    let part = |part: usize| format!("part_{part}");
    match round % 6 {
        4 => {
            let (from, to) = (part(round % 3), format!("moved_{round}"));
            fs::rename(root.join(&from), root.join(&to)).unwrap();
            vec![from, to]
        }
        5 => {
            let folder = part((round + 1) % 3);
            // It may have been moved away.
            drop(fs::remove_dir_all(root.join(&folder)));
            vec![folder]
        }
        _ => {
            (0..3).for_each(|next| write(root, (number + next) % FILES, word));
            (0..3).map(part).collect()
        }
    }
}

fn quiet(_: IndexEvent) {}

async fn search(index: &Index, query: &str, freshness: Freshness) -> usize {
    let request = SearchRequest {
        query: query.to_owned(),
        also: Vec::new(),
        limit: 20,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness,
    };
    let found = index.search(&request, None, &quiet).await.unwrap();
    found.hits.len()
}

async fn check() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    (0..FILES).for_each(|number| write(&root, number, "otter"));
    fs::write(root.join("anchor.rs"), "fn anchor() {}\n").unwrap();
    // Each as another process would open it.
    let index = || Index::new(&root, folder.path().join("index"), WalkLimits::default());
    let (watcher, first, second, reader) = (index(), index(), index(), index());
    let how = RefreshOptions::default();
    watcher.refresh(&how, &quiet).await.unwrap();
    let (changed, stop, edited) = (
        Notify::new(),
        CancellationToken::new(),
        CancellationToken::new(),
    );
    let editing = async {
        for round in 0..ROUNDS {
            let paths = edit(&root, round);
            first.refresh_paths(&paths, &how, &quiet).await.unwrap();
        }
        edited.cancel();
    };
    let writing = async {
        while !edited.is_cancelled() {
            second.refresh(&how, &quiet).await.unwrap();
        }
    };
    let searching = async {
        while !edited.is_cancelled() {
            assert!(search(&reader, "anchor", Freshness::Trust).await > 0);
            search(&reader, "marmot badger beaver", Freshness::Refresh).await;
        }
    };
    let watching = watcher.watch(&quiet, &changed, &stop);
    let (watched, ()) = tokio::join!(watching, async {
        tokio::join!(editing, writing, searching);
        stop.cancel();
    });
    watched.unwrap();
    first.refresh(&how, &quiet).await.unwrap();
    let fresh = Index::new(&root, folder.path().join("fresh"), WalkLimits::default());
    fresh.refresh(&how, &quiet).await.unwrap();
    let expected = rows(&fresh).await;
    assert!(expected.len() > 1, "files are left");
    assert_eq!(rows(&first).await, expected);
    let (now, clean) = (
        first.status("").await.unwrap(),
        fresh.status("").await.unwrap(),
    );
    assert_eq!((now.counts, now.languages), (clean.counts, clean.languages));
}

#[test]
fn writers_a_watcher_searches_and_edits_together_leave_the_right_index() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(check());
}
