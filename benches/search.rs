//! Search in a running process: 3,000 generated files, 40,000 chunks, vectors of 1,024 dimensions.
//!
//! `cargo bench --profile dev --bench search` builds the index in a temporary folder, answers 200
//! queries in each way for the percentiles, and lets criterion make statistics of the same calls.
//! The profile is the program's own, so LanceDB is not compiled a second time.

#![recursion_limit = "256"]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints what it measured, and stops at what it did not expect"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Error, ensure};
use criterion::{BenchmarkId, Criterion};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{
    Counts, EmbedError, Embedded, Embedder, EmbeddingModel, Freshness, Index, IndexError,
    RefreshOptions, Role, SearchMode, SearchRequest, SearchResults,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use support::figures::{Percentiles, runtime};
use support::sources::{Draw, FILES, write_sources};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUERIES: usize = 200;
const HITS: usize = 10;
const DIMENSION: usize = 1_024;
/// Directions that a word adds to the vector of its text.
const DIRECTIONS: usize = 16;

/// A way to search, and what is wanted of it.
struct Case {
    name: &'static str,
    mode: SearchMode,
    freshness: Freshness,
    wanted: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        name: "lexical, files trusted",
        mode: SearchMode::Lexical,
        freshness: Freshness::Trust,
        wanted: "p50 <= 10 ms",
    },
    Case {
        name: "lexical, files compared",
        mode: SearchMode::Lexical,
        freshness: Freshness::Refresh,
        wanted: "none",
    },
    Case {
        name: "hybrid without embedding the query, files trusted",
        mode: SearchMode::Hybrid,
        freshness: Freshness::Trust,
        wanted: "p50 <= 30 ms",
    },
];

fn main() -> Result<(), Error> {
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let bench = Bench::build(folder.path())?;
    for case in &CASES {
        bench.print_percentiles(case)?;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .without_plots()
        .sample_size(50)
        .measurement_time(Duration::from_secs(10));
    let mut group = criterion.benchmark_group("search");
    for case in &CASES {
        let mut queries = bench.queries.iter().cycle();
        group.bench_function(BenchmarkId::from_parameter(case.name), |bencher| {
            bencher.iter(|| bench.search(case, queries.next().unwrap()).unwrap());
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// The index and what is asked of it.
struct Bench {
    runtime: Runtime,
    index: Index,
    embedder: WordVectors,
    queries: Vec<String>,
}

impl Bench {
    fn build(folder: &Path) -> Result<Bench, Error> {
        let started = Instant::now();
        let root = folder.join("workspace");
        let paths = write_sources(&root, FILES)?;
        let queries = queries(&root, &paths)?;
        let bench = Bench {
            runtime: runtime()?,
            index: Index::new(root, folder.join("index"), WalkLimits::default()),
            embedder: WordVectors::new(),
            queries,
        };
        let counts = bench.runtime.block_on(bench.fill())?;
        println!(
            "{} files, {} chunks, {} with vectors; built in {:.1} s",
            counts.files,
            counts.chunks,
            counts.embedded,
            started.elapsed().as_secs_f64()
        );
        ensure!(
            counts.embedded == counts.chunks,
            "some chunks have no vector"
        );
        Ok(bench)
    }

    async fn fill(&self) -> Result<Counts, IndexError> {
        self.index
            .refresh(&RefreshOptions::default(), &|_| ())
            .await?;
        let stop = CancellationToken::new();
        self.index
            .embed(&self.embedder, None, &|_| (), &stop)
            .await?;
        let fingerprint = self.embedder.model.fingerprint();
        Ok(self.index.status(&fingerprint).await?.counts)
    }

    fn search(&self, case: &Case, query: &str) -> Result<SearchResults, IndexError> {
        let request = SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: HITS,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: case.freshness,
        };
        let embedder: Option<&dyn Embedder> = match case.mode {
            SearchMode::Hybrid => Some(&self.embedder),
            SearchMode::Lexical => None,
        };
        self.runtime
            .block_on(self.index.search(&request, embedder, &|_| ()))
    }

    /// Answers every query twice: caches are warm in a process that is running.
    fn print_percentiles(&self, case: &Case) -> Result<(), Error> {
        let mut times = Vec::with_capacity(QUERIES);
        let mut answered = 0;
        for round in 0..2 {
            for query in &self.queries {
                let started = Instant::now();
                let answer = self.search(case, query)?;
                if round == 1 {
                    times.push(started.elapsed());
                    answered += usize::from(!answer.hits.is_empty());
                }
                ensure!(answer.mode == case.mode, "`{query}`: {:?}", answer.notes);
            }
        }
        let (name, wanted) = (case.name, case.wanted);
        let count = times.len();
        let percentiles = Percentiles::of(times);
        println!("{name}: {percentiles} (wanted: {wanted}); {answered} of {count} with hits");
        Ok(())
    }
}

/// Makes queries of what is in the files: symbols, words of symbols, and sentences.
fn queries(root: &Path, paths: &[String]) -> Result<Vec<String>, Error> {
    let mut draw = Draw::seeded(7);
    (0..QUERIES)
        .map(|number| -> Result<String, Error> {
            let path = &paths[draw.below(paths.len())];
            let text = fs::read_to_string(root.join(path))?;
            let functions: Vec<(&str, &str)> = functions(&text).collect();
            ensure!(!functions.is_empty(), "{path} has no functions");
            let (name, about) = functions[draw.below(functions.len())];
            Ok(match number % 4 {
                0 => name.to_owned(),
                1 => name.replace('_', " "),
                2 => about.to_owned(),
                _ => {
                    let words: Vec<&str> = about.split(' ').take(6).collect();
                    format!("where does it {}", words.join(" ").to_lowercase())
                }
            })
        })
        .collect()
}

/// The names of functions, with their documentation.
fn functions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim_start);
    let around = lines.clone().zip(lines.skip(1));
    around.filter_map(|(line, next)| {
        let (head, about) = match line.strip_prefix("def ") {
            Some(head) => (head, next.trim_matches('"')),
            None => (next.strip_prefix("pub fn ")?, line.trim_start_matches('/')),
        };
        Some((head.split('(').next()?, about.trim()))
    })
}

/// An embedder in the process: the vector of a text adds up the directions of its words.
struct WordVectors {
    model: EmbeddingModel,
}

impl WordVectors {
    fn new() -> WordVectors {
        let model = EmbeddingModel {
            weights: None,
            name: "word-vectors".to_owned(),
            digest: "1".to_owned(),
            dimension: DIMENSION,
            window: 2_048,
            template: String::new(),
        };
        WordVectors { model }
    }
}

impl Embedder for WordVectors {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    fn wrap(&self, text: &str, _role: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        let vectors = texts.iter().map(|text| vector(text)).collect();
        let tokens = None;
        ready(Ok(Embedded { vectors, tokens })).boxed()
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; DIMENSION];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        let hash = word.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let mut draw = Draw::seeded(hash);
        for _ in 0..DIRECTIONS {
            let place = draw.below(2 * DIMENSION);
            vector[place / 2] += if place.is_multiple_of(2) { 1.0 } else { -1.0 };
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter().map(|x| x / length).collect()
}
