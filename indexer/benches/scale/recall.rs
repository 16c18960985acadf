//! How many of the nearest vectors a search finds: exact ones are computed again from all texts.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Error;
use ollacode_indexer::ContentKey;
use ollacode_store::{ChunkRow, Store};

use crate::embedder::{ClusteredVectors, dot, model, vector_of};
use crate::figures::{Meter, percentiles, row};
use crate::place::{Place, runtime};
use crate::samples::{Samples, TextFiles, open_store};

/// Queries that are compared.
const QUERIES: usize = 50;
/// The nearest that are wanted of each.
const NEAREST: usize = 100;
/// Paths whose chunks are read at a time.
const PATHS_AT_ONCE: usize = 400;
/// Similarities that differ by less are equal.
const TOLERANCE: f32 = 1e-5;

/// Compares what the vector index finds with an exact scan.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let queries = ClusteredVectors::for_queries(place.dimension, &samples);
    let texts = Texts {
        dimension: place.dimension,
        files: TextFiles::read(place)?,
    };
    let vectors: Vec<Vec<f32>> = (0..QUERIES)
        .map(|number| queries.vector(&samples.query(number)))
        .collect();
    runtime()?.block_on(async {
        let store = open_store(place).await?;
        let exact = exact_limits(&store, &texts, &vectors).await?;
        let fingerprint = model(place.dimension).fingerprint();
        let (mut shares, mut cpu) = (Vec::new(), Vec::new());
        for (vector, least) in vectors.iter().zip(exact) {
            let meter = Meter::start()?;
            let found = store.search_vectors(&fingerprint, vector, NEAREST).await?;
            cpu.push(meter.usage()?.cpu);
            let keys: Vec<ContentKey> = found.into_iter().map(|(key, _)| key).collect();
            shares.push(share(&store, &texts, vector, &keys, least).await?);
        }
        print(&mut shares, &cpu);
        Ok::<(), Error>(())
    })
}

fn print(shares: &mut [f64], cpu: &[Duration]) {
    shares.sort_by(f64::total_cmp);
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let least = shares.first().copied().unwrap_or_default();
    let measured = format!("{mean:.3}, worst query {least:.2}");
    row("queries", "recall@100 of vectors", &measured, "≥ .97");
    let measured = percentiles(cpu);
    row("queries", "CPU of the vector search alone", &measured, "");
}

/// What vectors are made of.
struct Texts {
    dimension: usize,
    files: TextFiles,
}

impl Texts {
    /// The vector that a chunk was filled with.
    fn vector(&self, chunk: &ChunkRow) -> Vec<f32> {
        let text = &chunk.chunk.text;
        let path = self.files.path(text).unwrap_or_default();
        vector_of(self.dimension, path, text)
    }
}

/// The similarity of the hundredth of the nearest, for each query; each key counts once.
async fn exact_limits(
    store: &Store,
    texts: &Texts,
    queries: &[Vec<f32>],
) -> Result<Vec<f32>, Error> {
    let mut paths: Vec<String> = store
        .path_keys()
        .await?
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let mut seen = HashSet::new();
    let mut nearest: Vec<Nearest> = queries.iter().map(|_| Nearest::default()).collect();
    for group in paths.chunks(PATHS_AT_ONCE) {
        for chunk in store.chunks_of_paths(group).await? {
            if !seen.insert(chunk.content_key) {
                continue;
            }
            let vector = texts.vector(&chunk);
            for (nearest, query) in nearest.iter_mut().zip(queries) {
                nearest.take(dot(query, &vector));
            }
        }
    }
    Ok(nearest.into_iter().map(Nearest::least).collect())
}

/// The greatest similarities so far, and some more.
#[derive(Default)]
struct Nearest {
    kept: Vec<f32>,
    least: f32,
}

impl Nearest {
    fn take(&mut self, similarity: f32) {
        if self.kept.len() >= NEAREST && similarity <= self.least {
            return;
        }
        self.kept.push(similarity);
        if self.kept.len() >= 10 * NEAREST {
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.kept
            .sort_unstable_by(|left, right| right.total_cmp(left));
        self.kept.truncate(NEAREST);
        self.least = self.kept.last().copied().unwrap_or(f32::MIN);
    }

    fn least(mut self) -> f32 {
        self.trim();
        self.least
    }
}

/// The part of the nearest that was found. Which of equally near ones does not matter.
async fn share(
    store: &Store,
    texts: &Texts,
    query: &[f32],
    found: &[ContentKey],
    least: f32,
) -> Result<f64, Error> {
    let mut right = HashSet::new();
    for chunk in store.chunks_by_keys(found).await? {
        if dot(query, &texts.vector(&chunk)) >= least - TOLERANCE {
            right.insert(chunk.content_key);
        }
    }
    Ok(right.len().min(NEAREST) as f64 / NEAREST as f64)
}
