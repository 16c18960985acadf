//! A machine: a clone of a repository, a data folder, and an embedding server.

use std::fs;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use half::f16;
use object_store::ObjectStore;
use object_store::path::Path;
use ollacode_store::{CacheKey, ContentKey, EmbeddingCache};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::embed::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use crate::embed_pipeline::EmbedReport;
use crate::index::Index;
use crate::progress::IndexEvent;
use crate::refresh::RefreshOptions;
use crate::search::{Freshness, SearchRequest};
use crate::shared::{SharedCache, SharedLimits, SharedOptions};
use crate::walk::WalkLimits;

pub const DIMENSION: usize = 64;

pub fn model() -> EmbeddingModel {
    EmbeddingModel {
        name: "words".to_owned(),
        digest: "1".to_owned(),
        weights: None,
        dimension: DIMENSION,
        window: 4_096,
        template: String::new(),
    }
}

/// An embedding server whose vectors count words, and which may lie about some texts.
pub struct Server {
    model: EmbeddingModel,
    texts: AtomicUsize,
    lies_about: Option<&'static str>,
}

impl Server {
    pub fn honest() -> Server {
        Server {
            model: model(),
            texts: AtomicUsize::new(0),
            lies_about: None,
        }
    }

    /// One whose vectors are those of other texts where a word occurs.
    pub fn lying(about: &'static str) -> Server {
        Server {
            lies_about: Some(about),
            ..Server::honest()
        }
    }

    /// The number of texts that it was asked for.
    pub fn texts(&self) -> usize {
        self.texts.load(Ordering::SeqCst)
    }
}

impl Embedder for Server {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        let vector = |text: &String| match self.lies_about {
            Some(word) if text.contains(word) => word_vector("lies lies lies"),
            _ => word_vector(text),
        };
        let vectors = texts.iter().map(vector).collect();
        let tokens = None;
        async move { Ok(Embedded { vectors, tokens }) }.boxed()
    }
}

/// A unit vector that counts the words of a text, of numbers that 16 bits can hold: then all machines
/// rank alike. What rounding does to the ranks of a model is measured by a benchmark.
pub fn word_vector(text: &str) -> Vec<f32> {
    let mut vector = [0.01; DIMENSION];
    for word in text.split(|sign: char| !sign.is_alphanumeric() && sign != '_') {
        let hash = blake3::hash(word.as_bytes());
        vector[usize::from(hash.as_bytes()[0]) % DIMENSION] += 1.0;
    }
    let length = vector.iter().map(|value: &f32| value * value).sum::<f32>();
    let rounded = |value: &f32| f16::from_f32(value / length.sqrt()).to_f32();
    vector.iter().map(rounded).collect()
}

/// Limits with which nothing is waited for long.
pub fn limits() -> SharedLimits {
    SharedLimits {
        first_answer: Duration::from_millis(200),
        head: Duration::from_millis(500),
        pack: Duration::from_millis(500),
        ..SharedLimits::default()
    }
}

/// Limits for a machine that does other things, too: only a real failure may fail.
pub fn patient() -> SharedLimits {
    let long = Duration::from_secs(60);
    SharedLimits {
        first_answer: long,
        head: long,
        pack: long,
        heads: long * 10,
        ..SharedLimits::default()
    }
}

pub struct Machine {
    folder: TempDir,
}

impl Machine {
    /// A machine with files of four functions each, named after stems.
    pub fn with(stems: &[&str]) -> Machine {
        let folder = tempfile::tempdir().expect("temporary folder");
        let machine = Machine { folder };
        fs::create_dir(machine.root()).expect("the workspace");
        for stem in stems {
            machine.write(stem, 4);
        }
        machine
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file with some functions, one chunk each.
    pub fn write(&self, stem: &str, functions: usize) {
        let mut text = String::new();
        for number in 0..functions {
            text.push_str(&format!("pub fn {stem}_{number}(value: u64) -> u64 {{\n"));
            for line in 0..12 {
                text.push_str(&format!(
                    "    let {stem}_part_{line}_of_{number} = value.wrapping_mul({number}{line});\n"
                ));
            }
            text.push_str("    value\n}\n\n");
        }
        fs::write(self.root().join(format!("{stem}.rs")), text).expect("a file");
    }

    /// Makes a file one of a day in the past.
    pub fn date_back(&self, stem: &str, days: u64) {
        let path = self.root().join(format!("{stem}.rs"));
        let file = fs::File::options().write(true).open(path).expect("a file");
        let then = SystemTime::now() - Duration::from_secs(86_400 * days);
        file.set_modified(then).expect("a time");
    }

    /// How this machine uses a shared cache: it writes.
    pub fn options(&self) -> SharedOptions {
        SharedOptions {
            may_write: true,
            spot_checks: false,
            secret: None,
            writer: "ann@desk".to_owned(),
            place: "the store".to_owned(),
            data_folder: self.data(),
        }
    }

    pub fn writer(&self, store: &Arc<dyn ObjectStore>) -> SharedCache {
        shared(store, self.options(), patient())
    }

    pub fn reader(&self, store: &Arc<dyn ObjectStore>) -> SharedCache {
        let options = SharedOptions {
            may_write: false,
            ..self.options()
        };
        shared(store, options, patient())
    }

    pub fn index(&self, shared: Option<&SharedCache>) -> Index {
        let folder = self.folder.path().join("index");
        self.index_in(&folder, shared)
    }

    pub fn index_in(&self, folder: &FilePath, shared: Option<&SharedCache>) -> Index {
        let index = Index::new(self.root(), folder, WalkLimits::default());
        match shared {
            Some(shared) => index.sharing(shared.clone()),
            None => index,
        }
    }

    /// Updates and embeds; returns the report and the warnings. Progress ends when all texts are done.
    pub async fn embed(&self, index: &Index, server: &Server) -> (EmbedReport, Vec<String>) {
        let how = RefreshOptions::default();
        index.refresh(&how, &|_| {}).await.expect("a refresh");
        let warnings = Mutex::new(Vec::new());
        let left = Mutex::new(0);
        let events = |event: IndexEvent| match event {
            IndexEvent::Warning(warning) => warnings.lock().push(warning),
            IndexEvent::Embedding { done, total } => *left.lock() = total - done,
            _ => {}
        };
        let cache = EmbeddingCache::open(&self.data(), 1 << 30).expect("a cache");
        let stop = CancellationToken::new();
        let report = index.embed(server, Some(cache), &events, &stop).await;
        assert_eq!(left.into_inner(), 0, "progress has stopped before its end");
        (report.expect("embedded"), warnings.into_inner())
    }

    /// The places that are found for some questions, in order.
    pub async fn hits(&self, index: &Index) -> Vec<Vec<(String, u32)>> {
        let server = Server::honest();
        let mut all = Vec::new();
        for query in ["value wrapping_mul", "quasar_2", "part of nova 3", "comet"] {
            let request = SearchRequest {
                query: query.to_owned(),
                also: Vec::new(),
                limit: 8,
                globs: Vec::new(),
                languages: Vec::new(),
                freshness: Freshness::Trust,
            };
            let found = index.search(&request, Some(&server), &|_| {}).await;
            let hits = found.expect("an answer").hits;
            let place = |hit: &crate::rank::Ranked| (hit.chunk.path.clone(), hit.chunk.start_line);
            all.push(hits.iter().map(place).collect());
        }
        all
    }
}

pub fn shared(
    store: &Arc<dyn ObjectStore>,
    options: SharedOptions,
    limits: SharedLimits,
) -> SharedCache {
    SharedCache::with_limits(Arc::clone(store), Path::from("team"), options, limits)
}

/// Keys and vectors of numbered texts.
pub fn numbered(numbers: Range<usize>) -> Vec<(CacheKey, Vec<f32>)> {
    let model = model();
    numbers
        .map(|number| {
            let text = format!("text {number}");
            let key = model.cache_key(ContentKey::of(&text), &text);
            (key, word_vector(&text))
        })
        .collect()
}

pub fn keys(vectors: &[(CacheKey, Vec<f32>)]) -> Vec<CacheKey> {
    vectors.iter().map(|(key, _)| *key).collect()
}

/// Adds vectors to a shared cache, as one pack if they fit.
pub async fn add(shared: &SharedCache, vectors: &[(CacheKey, Vec<f32>)]) {
    let cache = shared.model(&model());
    cache.put(vectors);
    cache.finish(Duration::from_secs(60)).await;
}

/// How many of some vectors a shared cache has; each must be what was added.
pub async fn found(shared: &SharedCache, vectors: &[(CacheKey, Vec<f32>)]) -> usize {
    let found = shared.model(&model()).get(&keys(vectors)).await;
    for (key, vector) in vectors {
        if let Some(found) = found.get(key) {
            assert_near(&found.vector, vector);
        }
    }
    found.len()
}

#[track_caller]
pub fn assert_near(left: &[f32], right: &[f32]) {
    assert_eq!(left.len(), right.len());
    let product = |left: &[f32], right: &[f32]| -> f32 {
        let pairs = left.iter().zip(right);
        pairs.map(|(left, right)| left * right).sum()
    };
    let lengths = (product(left, left) * product(right, right)).sqrt();
    let cosine = product(left, right) / lengths;
    assert!((cosine - 1.0).abs() < 1e-4, "cosine {cosine}");
}
