//! However it came about, an index is the one that a clean build gives.

use std::path::Path;

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Freshness, Index, RefreshOptions, SearchRequest};
use ollacode_store::{ChunkRow, OpenMode, OpenOptions, Store};
use proptest::prelude::*;

/// What happens to the workspace between two refreshes.
#[derive(Clone, Debug)]
enum Edit {
    Write { path: String, functions: Vec<u8> },
    Remove(String),
    Rename(String, String),
}

const PATHS: &[&str] = &[
    "a.rs",
    "b.py",
    "src/c.rs",
    "src/deep/d.go",
    "notes.md",
    "src/e.txt",
];

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(PATHS).prop_map(str::to_owned)
}

fn edit() -> impl Strategy<Value = Edit> {
    let functions = prop::collection::vec(0u8..20, 0..8);
    prop_oneof![
        4 => (path(), functions).prop_map(|(path, functions)| Edit::Write { path, functions }),
        1 => path().prop_map(Edit::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
    ]
}

fn apply(root: &Path, edit: &Edit) {
    match edit {
        Edit::Write { path, functions } => {
            let mut text = String::from("# the head of a file\n\n");
            for number in functions {
                let step = format!("    step_{number}(value);\n").repeat(12);
                text.push_str(&format!("fn marmot_{number}() {{\n{step}}}\n\n"));
            }
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        // What is not there cannot be removed or renamed, which is fine.
        Edit::Remove(path) => drop(std::fs::remove_file(root.join(path))),
        Edit::Rename(from, to) => {
            if root.join(from).is_file() {
                std::fs::create_dir_all(root.join(to).parent().unwrap()).unwrap();
                std::fs::rename(root.join(from), root.join(to)).unwrap();
            }
        }
    }
}

async fn rows(index: &Index) -> Vec<ChunkRow> {
    let store = Store::open(index.folder(), OpenOptions::new(OpenMode::Read))
        .await
        .unwrap();
    let paths: Vec<String> = store
        .path_keys()
        .await
        .unwrap()
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    store.chunks_of_paths(&paths).await.unwrap()
}

async fn check(edits: Vec<Edit>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("anchor.rs"), "fn anchor() {}\n").unwrap();
    let grown = Index::new(&root, folder.path().join("grown"), WalkLimits::default());
    for edit in &edits {
        apply(&root, edit);
        grown
            .refresh(&RefreshOptions::default(), &|_| ())
            .await
            .unwrap();
    }
    let fresh = Index::new(&root, folder.path().join("fresh"), WalkLimits::default());
    fresh
        .refresh(&RefreshOptions::default(), &|_| ())
        .await
        .unwrap();
    prop_assert_eq!(rows(&grown).await, rows(&fresh).await);
    let request = SearchRequest {
        query: "marmot step anchor".into(),
        also: Vec::new(),
        limit: 100,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let answer = grown.search(&request, None, &|_| ()).await.unwrap();
    prop_assert!(!answer.hits.is_empty());
    for hit in answer.hits {
        let file = root.join(&hit.chunk.path);
        prop_assert!(file.is_file(), "{} is not in the workspace", hit.chunk.path);
        let lines: Vec<String> = std::fs::read_to_string(file)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        let (start, end) = (hit.chunk.start_line as usize, hit.chunk.end_line as usize);
        prop_assert_eq!(lines[start - 1..end].join("\n"), hit.chunk.text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn an_index_after_edits_is_that_of_a_clean_build(edits in prop::collection::vec(edit(), 1..10)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(check(edits))?;
    }
}
