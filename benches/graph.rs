//! The graph of files: how long it takes to build, to rank and to make a map, and its memory.
//!
//! `cargo bench --profile dev --bench graph -- FOLDER…` indexes the folders (by default 3,000
//! generated files) in a temporary folder, and prints a row for each. The memory is that of one more
//! copy of the graph, as the system counts it, so it is known on Linux only.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[allow(dead_code, reason = "each benchmark uses its part")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Error;
use ollacode::permission::Rules;
use ollacode::project_map::{MapOrder, ShownFiles, map};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{FileGraph, Freshness, Index, RefreshOptions};
use tokio::runtime::Runtime;

use support::figures::runtime;
use support::sources::{FILES, write_sources};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds, of which the middle one counts.
const ROUNDS: usize = 5;

/// Files of the most rank that are named.
const NAMED: usize = 10;

fn main() -> Result<(), Error> {
    let (flags, folders): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !flags.iter().any(|flag| flag == "--bench") {
        return Ok(());
    }
    let runtime = runtime()?;
    println!("wanted for 3,000 files: build <= 300 ms, memory <= 40 MB");
    for folder in folders {
        measure(&runtime, &PathBuf::from(folder))?;
    }
    if std::env::args()
        .skip(1)
        .all(|argument| argument.starts_with('-'))
    {
        let folder = tempfile::tempdir()?;
        write_sources(folder.path(), FILES)?;
        measure(&runtime, folder.path())?;
    }
    Ok(())
}

fn measure(runtime: &Runtime, root: &Path) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let open = || Index::new(root, folder.path().join("index"), WalkLimits::default());
    runtime.block_on(open().refresh(&RefreshOptions::default(), &|_| {}))?;
    let mut builds = Vec::with_capacity(ROUNDS);
    let mut last = Arc::new(FileGraph::default());
    for _ in 0..ROUNDS {
        // A new one each time: the graph is kept with the index.
        let index = open();
        let started = Instant::now();
        last = runtime.block_on(index.graph(Freshness::Trust))?;
        builds.push(started.elapsed());
    }
    let (rank, ranking) = middle(|| last.rank(&[]));
    let shown = ShownFiles::new(Arc::clone(&last), &Rules::default());
    let order = MapOrder {
        budget: 1_000,
        focus: Vec::new(),
    };
    let (_, mapping) = middle(|| map(&shown, &order));
    let before = resident();
    let copy = FileGraph::clone(&last);
    let memory = resident()
        .zip(before)
        .map(|(now, before)| now.saturating_sub(before));
    builds.sort_unstable();
    println!(
        "{}: {} files, {} connections; build {:.0} ms, rank {:.1} ms, map {:.1} ms, memory {}",
        root.display(),
        copy.files().len(),
        copy.edge_count(),
        milliseconds(builds[ROUNDS / 2]),
        milliseconds(ranking),
        milliseconds(mapping),
        memory.map_or("unknown".to_owned(), |bytes| format!(
            "{:.1} MB",
            bytes as f64 / 1e6
        )),
    );
    let mut files: Vec<(f64, &str)> = rank
        .into_iter()
        .zip(copy.files().iter().map(|file| file.path.as_str()))
        .collect();
    files.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (rank, path) in files.into_iter().take(NAMED) {
        println!("  {rank:.4} {path}");
    }
    Ok(())
}

/// The result, and how long it took in the middle of some rounds.
fn middle<T>(work: impl Fn() -> T) -> (T, Duration) {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut timed = || {
        let started = Instant::now();
        let result = work();
        times.push(started.elapsed());
        result
    };
    for _ in 1..ROUNDS {
        timed();
    }
    let result = timed();
    times.sort_unstable();
    (result, times[ROUNDS / 2])
}

fn milliseconds(time: Duration) -> f64 {
    1_000.0 * time.as_secs_f64()
}

/// Bytes of this process in memory, where Linux tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}
