//! However it came about, an index is the one that a clean build gives.

use std::path::Path;

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Freshness, Index, RefreshOptions, SearchRequest};
use ollacode_store::{ChunkRow, OpenMode, OpenOptions, Store};
use proptest::prelude::*;

/// What happens to the workspace between two refreshes.
#[derive(Clone, Debug)]
enum Edit {
    Write {
        path: String,
        functions: Vec<u8>,
    },
    Remove(String),
    Rename(String, String),
    RemoveFolder(String),
    RenameFolder(String, String),
    /// An ignore file with one rule, or none.
    Rule(String, &'static str),
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

const FOLDERS: &[&str] = &["src", "src/deep", "lib", "lib/src"];
const RULES: &[&str] = &["", "c.rs\n", "deep/\n", "*.go\n"];

fn folder() -> impl Strategy<Value = String> {
    prop::sample::select(FOLDERS).prop_map(str::to_owned)
}

fn edit() -> impl Strategy<Value = Edit> {
    let functions = prop::collection::vec(0u8..20, 0..8);
    prop_oneof![
        4 => (path(), functions).prop_map(|(path, functions)| Edit::Write { path, functions }),
        1 => path().prop_map(Edit::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => folder().prop_map(Edit::RemoveFolder),
        2 => (folder(), folder()).prop_map(|(from, to)| Edit::RenameFolder(from, to)),
        1 => (folder(), prop::sample::select(RULES)).prop_map(|(folder, rule)| Edit::Rule(folder, rule)),
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
        Edit::RemoveFolder(folder) => drop(std::fs::remove_dir_all(root.join(folder))),
        Edit::RenameFolder(from, to) => {
            let (from, to) = (root.join(from), root.join(to));
            if from.is_dir() && !to.exists() && !to.starts_with(&from) {
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::rename(from, to).unwrap();
            }
        }
        Edit::Rule(folder, rule) => {
            std::fs::create_dir_all(root.join(folder)).unwrap();
            std::fs::write(root.join(folder).join(".ollacodeignore"), rule).unwrap();
        }
    }
}

/// The paths that a watcher is told of.
fn told(edit: &Edit) -> Vec<String> {
    match edit {
        Edit::Write { path, .. } | Edit::Remove(path) => vec![path.clone()],
        Edit::RemoveFolder(folder) | Edit::Rule(folder, _) => vec![folder.clone()],
        Edit::Rename(from, to) | Edit::RenameFolder(from, to) => vec![from.clone(), to.clone()],
    }
}

/// How the index learns of edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Learning {
    /// All files are compared.
    Everything,
    /// The paths of the edit are.
    Paths,
}

pub async fn rows(index: &Index) -> Vec<ChunkRow> {
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

async fn check(edits: Vec<Edit>, learning: Learning) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("anchor.rs"), "fn anchor() {}\n").unwrap();
    let grown = Index::new(&root, folder.path().join("grown"), WalkLimits::default());
    let how = RefreshOptions::default();
    grown.refresh(&how, &|_| ()).await.unwrap();
    for edit in &edits {
        apply(&root, edit);
        let refreshed = match learning {
            Learning::Everything => grown.refresh(&how, &|_| ()).await,
            Learning::Paths => grown.refresh_paths(&told(edit), &how, &|_| ()).await,
        };
        refreshed.unwrap();
    }
    let fresh = Index::new(&root, folder.path().join("fresh"), WalkLimits::default());
    fresh
        .refresh(&RefreshOptions::default(), &|_| ())
        .await
        .unwrap();
    prop_assert_eq!(rows(&grown).await, rows(&fresh).await);
    let (grown_now, fresh_now) = (
        grown.status("").await.unwrap(),
        fresh.status("").await.unwrap(),
    );
    prop_assert_eq!(grown_now.counts, fresh_now.counts);
    prop_assert_eq!(grown_now.languages, fresh_now.languages);
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

fn run(edits: Vec<Edit>, learning: Learning) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(check(edits, learning))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn an_index_after_edits_is_that_of_a_clean_build(edits in prop::collection::vec(edit(), 1..10)) {
        run(edits, Learning::Everything)?;
    }

    #[test]
    fn an_index_that_is_told_of_paths_is_that_of_a_clean_build(
        edits in prop::collection::vec(edit(), 1..16)
    ) {
        run(edits, Learning::Paths)?;
    }
}
