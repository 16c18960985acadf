//! Indexing: a cold index against the bare parse, refreshes and what they leave, watching.
//!
//! `cargo bench --profile dev --bench index -- [cold] [refresh] [watch]`
//!
//! Each of the folders in `OLLACODE_BENCH_CORPORA` (between colons; else the project itself) is
//! measured; without a name all three are. Folders are only read: what changes files works on a
//! copy. Each measure is a row of a table with what is wanted of it.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/corpus.rs"]
mod corpus;
mod support;

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Error, anyhow, ensure};
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{
    Counts, Freshness, Index, IndexError, IndexEvent, RefreshOptions, SearchRequest, disk_bytes,
};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use corpus::{Corpus, Editor, Source, Workspace};
use support::figures::{Percentiles, runtime};
use support::sources::{FILES, write_sources};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads of the parse that a cold index is compared with.
const PARSING_THREADS: usize = 2;
/// A cold index and its parse are timed so often, in turns; the middle counts.
const ROUNDS: usize = 3;
/// Refreshes with nothing to do.
const IDLE_REFRESHES: usize = 20;
/// Refreshes of one file each.
const EDITS: usize = 1_000;
/// After so long without a refresh all but the last versions may go.
const REST: Duration = Duration::from_secs(20);
/// Saves while watching.
const SAVES: usize = 100;
/// How often a reader looks for what was saved.
const POLL: Duration = Duration::from_millis(5);
/// A save that is not found for so long is lost.
const PATIENCE: Duration = Duration::from_secs(30);

const MEASURES: [&str; 3] = ["cold", "refresh", "watch"];

fn main() -> Result<(), Error> {
    let (flags, wanted): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !flags.iter().any(|flag| flag == "--bench") {
        return Ok(());
    }
    for name in &wanted {
        let known = MEASURES.contains(&name.as_str());
        ensure!(known, "`{name}` is none of {}", MEASURES.join(", "));
    }
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let runtime = runtime()?;
    row("corpus", "measure", "measured", "wanted");
    row("---", "---", "---", "---");
    for root in corpora() {
        let corpus = Corpus::read(&root)?;
        if runs("cold") {
            cold(&runtime, &corpus)?;
        }
        if runs("refresh") {
            refresh(&runtime, &corpus)?;
        }
        if runs("watch") {
            watch(&runtime, &corpus)?;
        }
    }
    if runs("refresh") {
        let workspace = Workspace::new()?;
        write_sources(&workspace.root(), FILES)?;
        index_all(&runtime, &workspace.index("index"))?;
        unchanged(&runtime, "generated", &workspace)?;
    }
    Ok(())
}

fn corpora() -> Vec<PathBuf> {
    match std::env::var_os("OLLACODE_BENCH_CORPORA") {
        Some(folders) if !folders.is_empty() => std::env::split_paths(&folders).collect(),
        _ => vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))],
    }
}

fn row(corpus: &str, measure: &str, measured: &str, wanted: &str) {
    println!("| {corpus:14} | {measure:38} | {measured:48} | {wanted:25} |");
}

/// Brings an index up to date, and says how long that took.
fn index_all(runtime: &Runtime, index: &Index) -> Result<(Duration, Counts), IndexError> {
    let started = Instant::now();
    let report = runtime.block_on(index.refresh(&RefreshOptions::default(), &|_| ()))?;
    Ok((started.elapsed(), report.counts))
}

fn cold(runtime: &Runtime, corpus: &Corpus) -> Result<(), Error> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let parsing = parse_all(&corpus.files);
        let folder = tempfile::tempdir()?;
        let index = Index::new(
            &corpus.root,
            folder.path().join("index"),
            WalkLimits::default(),
        );
        let (indexing, counts) = index_all(runtime, &index)?;
        let ratio = indexing.as_secs_f64() / parsing.as_secs_f64();
        rounds.push((ratio, parsing, indexing, counts));
    }
    rounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (ratio, parsing, indexing, counts) = rounds[ROUNDS / 2];
    let (least, most) = (rounds[0].0, rounds[ROUNDS - 1].0);
    let seconds = indexing.as_secs_f64();
    let name = &corpus.name;
    let parsed = format!("{:.2} s", parsing.as_secs_f64());
    row(name, "parse, 2 threads", &parsed, "");
    let indexed = format!(
        "{seconds:.2} s, {:.0} chunks/s, {:.1} MB/s ({} files)",
        counts.chunks as f64 / seconds,
        corpus.bytes() as f64 / 1e6 / seconds,
        counts.files
    );
    row(name, "cold lexical index", &indexed, "");
    let ratio = format!("{ratio:.2} ({least:.2} to {most:.2})");
    row(name, "cold lexical index / parse", &ratio, "<= 3");
    Ok(())
}

/// Parses what has a grammar, and does nothing else.
fn parse_all(files: &[Source]) -> Duration {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PARSING_THREADS {
            scope.spawn(|| {
                let mut parser = FileParser::default();
                while let Some(source) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(language) = source.language {
                        // The time counts, whether or not the grammar understands the file.
                        let _ = black_box(parser.parse_only(language, &source.text));
                    }
                }
            });
        }
    });
    started.elapsed()
}

fn refresh(runtime: &Runtime, corpus: &Corpus) -> Result<(), Error> {
    let workspace = corpus.copy()?;
    let index = workspace.index("index");
    index_all(runtime, &index)?;
    unchanged(runtime, &corpus.name, &workspace)?;
    let mut editor = Editor::new(corpus, &workspace)?;
    let mut times = Vec::with_capacity(EDITS);
    for number in 0..EDITS {
        let path = editor.edit(&format!("edit {number}"))?;
        times.push(refresh_paths(runtime, &index, &[path])?);
    }
    let name = &corpus.name;
    let percentiles = Percentiles::of(times).to_string();
    row(name, "refresh of one changed file", &percentiles, "");
    let after = disk_bytes(index.folder())?;
    thread::sleep(REST);
    let path = editor.edit("the last edit")?;
    refresh_paths(runtime, &index, &[path])?;
    let later = disk_bytes(index.folder())?;
    let fresh = workspace.index("fresh");
    index_all(runtime, &fresh)?;
    let fresh = disk_bytes(fresh.folder())?;
    let share = |bytes: u64| {
        let (bytes, fresh) = (bytes as f64, fresh as f64);
        let ratio = bytes / fresh;
        format!("{ratio:.2} ({:.1} MB / {:.1} MB)", bytes / 1e6, fresh / 1e6)
    };
    let wanted = "<= 1.5";
    row(name, "disk after 1,000 / fresh", &share(after), wanted);
    row(
        name,
        "disk 20 s and one later / fresh",
        &share(later),
        wanted,
    );
    Ok(())
}

/// Times refreshes without a change, the tables opened anew each time.
fn unchanged(runtime: &Runtime, name: &str, workspace: &Workspace) -> Result<(), Error> {
    let mut times = Vec::with_capacity(IDLE_REFRESHES);
    let mut files = 0;
    for _ in 0..IDLE_REFRESHES {
        let (time, counts) = index_all(runtime, &workspace.index("index"))?;
        times.push(time);
        files = counts.files;
    }
    let measure = format!("refresh, nothing changed, {files} files");
    let percentiles = Percentiles::of(times).to_string();
    // The target is for 3,000 files and for the whole process, of which this is the largest part.
    row(name, &measure, &percentiles, "<= 100 ms with the process");
    Ok(())
}

fn refresh_paths(runtime: &Runtime, index: &Index, paths: &[String]) -> Result<Duration, Error> {
    let how = RefreshOptions::default();
    let started = Instant::now();
    let report = runtime.block_on(index.refresh_paths(paths, &how, &|_| ()))?;
    let time = started.elapsed();
    let seen = report.changed == paths.len();
    ensure!(seen, "{} of {paths:?} were seen", report.changed);
    Ok(time)
}

fn watch(runtime: &Runtime, corpus: &Corpus) -> Result<(), Error> {
    let workspace = corpus.copy()?;
    let watched = workspace.index("index");
    index_all(runtime, &watched)?;
    let stop = CancellationToken::new();
    let watcher = {
        let stop = stop.clone();
        // A runtime of its own: in life the watcher and the reader are two processes.
        thread::spawn(move || watch_until(&watched, &stop))
    };
    let editor = Editor::new(corpus, &workspace)?;
    let times = save_and_find(runtime, editor, &workspace.index("index"));
    stop.cancel();
    watcher
        .join()
        .map_err(|_| anyhow!("the watcher panicked"))??;
    let measured = Percentiles::of(times?).to_string();
    row(
        &corpus.name,
        "save to searchable while watching",
        &measured,
        "p95 <= 500 ms",
    );
    Ok(())
}

fn watch_until(index: &Index, stop: &CancellationToken) -> Result<(), Error> {
    let tell = |event: IndexEvent| {
        if let IndexEvent::Warning(warning) = event {
            println!("warning: {warning}");
        }
    };
    let changed = Notify::new();
    Ok(runtime()?.block_on(index.watch(&tell, &changed, stop))?)
}

/// Saves one file after the other, and times each until a reader has found it.
fn save_and_find(
    runtime: &Runtime,
    mut editor: Editor<'_>,
    reader: &Index,
) -> Result<Vec<Duration>, Error> {
    let mut times = Vec::with_capacity(SAVES + 1);
    for number in 0..=SAVES {
        let word = marker(number);
        let started = Instant::now();
        editor.edit(&word)?;
        while !is_found(runtime, reader, &word)? {
            ensure!(started.elapsed() < PATIENCE, "save {number} was not found");
            thread::sleep(POLL);
        }
        times.push(started.elapsed());
        // Not in step with the watcher's own clock.
        let pause = 50 + editor.draw(200);
        thread::sleep(Duration::from_millis(u64::try_from(pause)?));
    }
    // The first one waited for the watches to be set.
    times.remove(0);
    Ok(times)
}

/// A word that is nowhere else, nor is any part of it, and that no stemmer shortens.
fn marker(number: usize) -> String {
    const LETTERS: [char; 10] = ['b', 'd', 'f', 'g', 'k', 'm', 'p', 'r', 't', 'v'];
    let digit = |place: usize| LETTERS[number / place % 10];
    format!("zq{}{}{}xj", digit(100), digit(10), digit(1))
}

/// Whether the index has a word: nothing else has it, so no file is read for it.
fn is_found(runtime: &Runtime, reader: &Index, word: &str) -> Result<bool, Error> {
    let request = SearchRequest {
        query: word.to_owned(),
        also: Vec::new(),
        limit: 10,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Trust,
    };
    let answer = runtime.block_on(reader.search(&request, None, &|_| ()))?;
    let mut texts = answer.hits.iter().map(|hit| &hit.chunk.text);
    Ok(texts.any(|text| text.contains(word)))
}
