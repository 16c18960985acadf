//! A shared cache in a folder, with as many vectors as rust-analyzer has chunks: seconds, bytes and
//! requests, beside a table of LanceDB with the same vectors; and what 16 bits do to the ranks.
//!
//! `cargo bench --workspace --profile dev --bench shared -- WORK` writes 600 MB to a new folder `WORK`
//! and removes it. Prints rows of a table with what is wanted.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, ensure};
use object_store::local::LocalFileSystem;
use ollacode_indexer::{
    CacheKey, ContentKey, EmbeddingModel, SharedCache, SharedOptions, disk_bytes,
};
use ollacode_store::{OpenMode, OpenOptions, Store, VectorRow, WriterLock};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Chunks of rust-analyzer, and numbers of a vector of the usual model.
const VECTORS: usize = 41_520;
const DIMENSION: usize = 1_024;
/// Texts that the pipeline looks up at once.
const LOT: usize = 8_192;
/// Two full packs.
const WRITTEN_AT_ONCE: usize = 2 * 4_063;
/// Vectors in one commit of LanceDB.
const COMMIT: usize = 5_000;
/// Clusters, whose members are near each other, like functions of a file.
const CLUSTERS: usize = 2_000;
/// Queries, and the hits that are compared.
const QUERIES: usize = 100;
const HITS: usize = 10;
const LONGEST: Duration = Duration::from_secs(600);

fn main() -> Result<(), Error> {
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let plain = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let work = PathBuf::from(plain.context("give a folder to work in")?);
    ensure!(!work.exists(), "`{}` exists already", work.display());
    fs::create_dir_all(&work)?;
    let measured = measure(&work);
    fs::remove_dir_all(&work)?;
    measured
}

fn measure(work: &Path) -> Result<(), Error> {
    let vectors: Vec<(CacheKey, Vec<f32>)> = (0..VECTORS)
        .map(|number| (key(number), clustered(number)))
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    row("measure", "what", "measured", "wanted");
    row("---", "---", "---", "---");
    let found = runtime.block_on(share(work, &vectors))?;
    runtime.block_on(lance(work, &vectors))?;
    ranks(&vectors, &found);
    Ok(())
}

/// One machine adds all vectors, and another one takes them.
async fn share(work: &Path, vectors: &[(CacheKey, Vec<f32>)]) -> Result<Vec<Vec<f32>>, Error> {
    let folder = work.join("packs");
    fs::create_dir(&folder)?;
    let writer = cache(work, &folder, "writer")?;
    let began = Instant::now();
    for some in vectors.chunks(WRITTEN_AT_ONCE) {
        writer.put(&model(), some);
        writer.finish(&model(), LONGEST).await;
    }
    let took = began.elapsed();
    let report = writer.report();
    ensure!(report.unwritten == 0, "{report}");
    let bytes = disk_bytes(&folder)?;
    row("write", "packs in a folder", &seconds(took), "");
    row("write", "bytes", &megabytes(bytes), "≤ 90 MB");
    row("write", "requests", &report.requests.to_string(), "");
    let mut found = Vec::new();
    for (name, wanted) in [("first run", "≤ 10 s"), ("next run", "")] {
        found.clear();
        let reader = cache(work, &folder, "reader")?;
        let began = Instant::now();
        for lot in vectors.chunks(LOT) {
            let keys: Vec<CacheKey> = lot.iter().map(|(key, _)| *key).collect();
            let mut some = reader.get(&model(), &keys).await;
            for key in keys {
                found.push(some.remove(&key).context("a vector is missing")?);
            }
        }
        let (took, report) = (began.elapsed(), reader.report());
        row("read", name, &seconds(took), wanted);
        let read = megabytes(report.bytes_read);
        row("read", &format!("{name}, bytes"), &read, "");
        let requests = report.requests.to_string();
        row("read", &format!("{name}, requests"), &requests, "");
    }
    Ok(found)
}

fn cache(work: &Path, folder: &Path, machine: &str) -> Result<SharedCache, Error> {
    let store = LocalFileSystem::new_with_prefix(folder)?;
    let options = SharedOptions {
        may_write: machine == "writer",
        spot_checks: false,
        secret: None,
        writer: format!("{machine}@bench"),
        place: folder.display().to_string(),
        data_folder: work.join(machine),
    };
    Ok(SharedCache::new(
        Arc::new(store),
        object_store::path::Path::default(),
        options,
    ))
}

/// The same vectors in a table of LanceDB. Its vectors have 32 bits.
async fn lance(work: &Path, vectors: &[(CacheKey, Vec<f32>)]) -> Result<(), Error> {
    let folder = work.join("lance");
    fs::create_dir(&folder)?;
    let rows: Vec<VectorRow> = vectors
        .iter()
        .map(|(key, vector)| VectorRow {
            key: ContentKey(key.bytes()),
            part: 0,
            vector: vector.clone(),
        })
        .collect();
    let began = Instant::now();
    let _lock = WriterLock::try_acquire(&folder)?;
    let store = Store::open(&folder, OpenOptions::new(OpenMode::Write)).await?;
    for some in rows.chunks(COMMIT) {
        store
            .add_vectors("0123456789abcdef", DIMENSION, some)
            .await?;
    }
    row("LanceDB", "write", &seconds(began.elapsed()), "");
    let bytes = megabytes(disk_bytes(&folder)?);
    row("LanceDB", "bytes", &bytes, "");
    let began = Instant::now();
    let keys = store.vector_keys("0123456789abcdef").await?;
    ensure!(keys.len() == vectors.len(), "{} keys", keys.len());
    row("LanceDB", "read keys alone", &seconds(began.elapsed()), "");
    Ok(())
}

/// How many of the nearest ten are the same with 16 bits as with 32.
fn ranks(exact: &[(CacheKey, Vec<f32>)], rounded: &[Vec<f32>]) {
    let (mut same, mut in_order) = (0, 0);
    for query in 0..QUERIES {
        let query = near(&exact[query * 401 % VECTORS].1, query);
        let best = nearest(&query, exact.iter().map(|(_, vector)| vector));
        let found = nearest(&query, rounded.iter());
        in_order += usize::from(best == found);
        let best: HashSet<usize> = best.into_iter().collect();
        same += found.iter().filter(|hit| best.contains(hit)).count();
    }
    let recall = same as f64 / (QUERIES * HITS) as f64;
    row("16 bits", "recall@10", &format!("{recall:.4}"), "≥ .998");
    let order = format!("{in_order} of {QUERIES} queries");
    row("16 bits", "the same ten in the same order", &order, "");
}

/// The numbers of the vectors with the greatest cosine, the greatest first.
fn nearest<'a>(query: &[f32], vectors: impl Iterator<Item = &'a Vec<f32>>) -> Vec<usize> {
    let cosine = |vector: &Vec<f32>| -> f32 { query.iter().zip(vector).map(|(a, b)| a * b).sum() };
    let mut all: Vec<(f32, usize)> = vectors
        .enumerate()
        .map(|(number, vector)| (cosine(vector), number))
        .collect();
    all.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    all.into_iter()
        .take(HITS)
        .map(|(_, number)| number)
        .collect()
}

fn model() -> EmbeddingModel {
    EmbeddingModel {
        name: "clustered".to_owned(),
        digest: "1".to_owned(),
        weights: None,
        dimension: DIMENSION,
        window: 512,
        template: String::new(),
    }
}

fn key(number: usize) -> CacheKey {
    let text = number.to_string();
    model().cache_key(ContentKey::of(&text), &text)
}

/// A unit vector near those of its cluster.
fn clustered(number: usize) -> Vec<f32> {
    let (center, own) = (random(number % CLUSTERS), random(CLUSTERS + number));
    unit(
        center
            .iter()
            .zip(own)
            .map(|(center, own)| 0.8 * center + 0.6 * own),
    )
}

fn near(vector: &[f32], seed: usize) -> Vec<f32> {
    let off = random(10 * VECTORS + seed);
    unit(
        vector
            .iter()
            .zip(off)
            .map(|(vector, off)| vector + 0.6 * off),
    )
}

/// A direction that depends on a seed only.
fn random(seed: usize) -> Vec<f32> {
    let mut bytes = vec![0; 2 * DIMENSION];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    let numbers = bytes.chunks_exact(2);
    unit(numbers.map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]]))))
}

fn unit(numbers: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut vector: Vec<f32> = numbers.collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn row(measure: &str, what: &str, measured: &str, wanted: &str) {
    println!("| {measure} | {what} | {measured} | {wanted} |");
}
