//! Names that are defined once.

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Index, RefreshOptions, UniqueName};

/// Files of which each has two functions of its own, and one that all of them have.
const FILES: usize = 40;

async fn sampled(index: &Index, most: usize) -> Vec<UniqueName> {
    let is_wanted = |name: &str| !name.starts_with("hidden");
    index.unique_names(&is_wanted, most).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_names_that_are_defined_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    std::fs::create_dir_all(&root).unwrap();
    for number in 0..FILES {
        let text =
            format!("fn shared() {{}}\n\nfn only_{number}() {{}}\n\nfn hidden_{number}() {{}}\n");
        std::fs::write(root.join(format!("f{number}.rs")), text).unwrap();
    }
    let index = Index::new(&root, folder.path().join("index"), WalkLimits::default());
    let options = RefreshOptions::default();
    index.refresh(&options, &|_| ()).await.unwrap();
    let all = sampled(&index, 1_000).await;
    assert_eq!(all.len(), FILES);
    for UniqueName { name, path } in &all {
        assert_eq!(name.replace("only_", "f") + ".rs", *path);
    }
    // Fewer names are the first of them, also where most are dropped while they are counted.
    assert_eq!(sampled(&index, 10).await, all[..10]);
    assert_eq!(sampled(&index, 1).await, all[..1]);
}
