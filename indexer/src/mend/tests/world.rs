//! A workspace with an index that has every kind of file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_store::EmbeddingCache;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::embed::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use crate::embed_pipeline::EmbedReport;
use crate::error::IndexError;
use crate::index::Index;
use crate::progress::IndexEvent;
use crate::reconcile::record_versions;
use crate::refresh::{LockWait, RefreshOptions};
use crate::search::{Freshness, SearchMode, SearchRequest};
use crate::walk::WalkLimits;

/// How long a search may take at most, on a machine that does other things, too.
const LONGEST: Duration = Duration::from_secs(30);
/// Names that are defined once each.
pub const NAMES: [&str; 4] = [
    "quasar_0_1_spin",
    "quasar_3_2_spin",
    "quasar_7_0_spin",
    "renamed_1_spin",
];
const DIMENSION: usize = 16;

/// An embedder whose vectors count words.
struct WordEmbedder(EmbeddingModel);

impl Default for WordEmbedder {
    fn default() -> WordEmbedder {
        WordEmbedder(EmbeddingModel {
            name: "words".to_owned(),
            digest: "1".to_owned(),
            weights: None,
            dimension: DIMENSION,
            window: 512,
            template: String::new(),
        })
    }
}

impl Embedder for WordEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        let vector = |text: &String| {
            let mut vector = [0.1; DIMENSION];
            for word in text.split_whitespace() {
                let hash = crate::prepare::hash(word.as_bytes());
                vector[usize::from(hash[0]) % DIMENSION] += 1.0;
            }
            let length = vector.iter().map(|value: &f32| value * value).sum::<f32>();
            vector.iter().map(|value| value / length.sqrt()).collect()
        };
        let vectors = texts.iter().map(vector).collect();
        let tokens = None;
        async move { Ok(Embedded { vectors, tokens }) }.boxed()
    }
}

/// A workspace with its index, and the cache of vectors.
pub struct World {
    folder: TempDir,
    embedder: WordEmbedder,
}

impl World {
    /// An index with several fragments and deletions, and with every kind of index.
    pub async fn made() -> World {
        let world = World::empty();
        fs::create_dir(world.root()).expect("the workspace");
        for number in 0..10 {
            world.write(number, "quasar", number);
        }
        let index = world.index();
        refresh(&index).await;
        world.embed(&index).await;
        // Some rows are deleted again.
        world.write(1, "renamed", 1);
        refresh(&index).await;
        world.embed(&index).await;
        let events = |_: IndexEvent| {};
        {
            let _lock = index.lock(LockWait::No).await.expect("the lock");
            let (store, catalog) = index.open_for_writing(&events).await.expect("opened");
            let fingerprint = world.embedder.model().fingerprint();
            store
                .build_vector_index(&fingerprint)
                .await
                .expect("an index");
            record_versions(&store, &catalog).await.expect("recorded");
        }
        index.note_checksums().await.expect("checksums");
        world
    }

    fn empty() -> World {
        World {
            folder: tempfile::tempdir().expect("temporary folder"),
            embedder: WordEmbedder::default(),
        }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub fn index_folder(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    pub fn index(&self) -> Index {
        Index::new(self.root(), self.index_folder(), WalkLimits::default())
    }

    pub fn write(&self, number: usize, stem: &str, file: usize) {
        let mut text = String::new();
        for function in 0..4 {
            let name = match stem {
                "renamed" => format!("renamed_{function}_spin"),
                _ => format!("{stem}_{file}_{function}_spin"),
            };
            text.push_str(&format!("pub fn {name}(value: u64) -> u64 {{\n"));
            for line in 0..12 {
                text.push_str(&format!("    let {stem}_{line} = value * {file}{line};\n"));
            }
            text.push_str("    value\n}\n\n");
        }
        fs::write(self.root().join(format!("file_{number}.rs")), text).expect("a file");
    }

    /// The same world at another place.
    pub fn copy(&self) -> World {
        let copy = World::empty();
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }

    pub async fn embed(&self, index: &Index) -> EmbedReport {
        let data = self.folder.path().join("data");
        let cache = EmbeddingCache::open(&data, 1 << 30).expect("a cache");
        let stop = CancellationToken::new();
        index
            .embed(&self.embedder, Some(cache), &|_| {}, &stop)
            .await
            .expect("embedded")
    }

    pub async fn search(&self, index: &Index, query: &str) -> Result<SearchedFor, IndexError> {
        self.search_in(index, query, &[]).await
    }

    /// Searches the files of some languages.
    pub async fn search_in(
        &self,
        index: &Index,
        query: &str,
        languages: &[&str],
    ) -> Result<SearchedFor, IndexError> {
        let request = SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: 3,
            globs: Vec::new(),
            languages: languages.iter().map(|name| (*name).to_owned()).collect(),
            freshness: Freshness::Refresh,
        };
        let events = |_: IndexEvent| {};
        let searched = index.search(&request, Some(&self.embedder), &events);
        let results = tokio::time::timeout(LONGEST, searched).await;
        let results = results.unwrap_or_else(|_| panic!("a search for {query} does not end"))?;
        let first = results.hits.first();
        Ok(SearchedFor {
            first: first.map(|hit| (hit.chunk.path.clone(), hit.chunk.start_line)),
            is_hybrid: results.mode == SearchMode::Hybrid,
            notes: results.notes,
        })
    }

    /// What is found first for each name.
    pub async fn found(&self, index: &Index) -> Vec<SearchedFor> {
        let mut found = Vec::new();
        for name in NAMES {
            found.push(self.search(index, name).await.expect("an answer"));
        }
        found
    }

    /// What was set aside.
    pub fn set_aside(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.index_folder().join("damaged")) else {
            return Vec::new();
        };
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        entries.filter_map(name).collect()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct SearchedFor {
    pub first: Option<(String, u32)>,
    pub is_hybrid: bool,
    pub notes: Vec<String>,
}

pub async fn refresh(index: &Index) {
    let how = RefreshOptions::default();
    index.refresh(&how, &|_| {}).await.expect("a refresh");
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&to).expect("a folder");
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a copy");
        }
    }
}
