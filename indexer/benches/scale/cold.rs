//! `cold`: a new lexical index, against parsing the same files and nothing else.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Error;
use ollacode_indexer::decode::decode;
use ollacode_indexer::disk_bytes;
use ollacode_indexer::language::{Language, language_of};
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::walk::{WalkLimits, skipped_by_content, walk};

use crate::figures::{Memory, Meter, duration, megabytes, percentile, reset_peak, row, times};
use crate::place::{Place, refresh, runtime};

/// Threads that parse.
const THREADS: usize = 2;
/// How often the files are parsed; the middle counts.
const ROUNDS: usize = 3;

/// Parses everything, then indexes everything in a process of its own.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let files = sources(place)?;
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let rounds: Vec<Duration> = (0..ROUNDS).map(|_| parse_all(&files)).collect();
    let parsing = percentile(&rounds, 50);
    let what = format!("parse, {THREADS} threads, {} files", files.len());
    let measured = format!("{} wall, {}", duration(parsing), megabytes(bytes as u64));
    row("cold", &what, &measured, "");
    drop(files);
    place.in_own_process("cold-index", Some(&parsing.as_nanos().to_string()), None)
}

/// The files that an index would have and that have a grammar.
fn sources(place: &Place) -> Result<Vec<(&'static Language, String)>, Error> {
    let mut files = Vec::new();
    for entry in walk(&place.corpus, &WalkLimits::default()).entries {
        let bytes = fs::read(place.corpus.join(&entry.path))?;
        let text = decode(&bytes).text.into_owned();
        if skipped_by_content(&entry.path, &text).is_none()
            && let Some(language) = language_of(&entry.path, &text)
        {
            files.push((language, text));
        }
    }
    Ok(files)
}

fn parse_all(files: &[(&'static Language, String)]) -> Duration {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut parser = FileParser::default();
                while let Some((language, text)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The time counts, whether or not the grammar understands the file.
                    let _ = black_box(parser.parse_only(language, text));
                }
            });
        }
    });
    started.elapsed()
}

/// Indexes everything in a folder that is removed again; the argument is how long parsing took.
pub fn index(place: &Place, parsing: Option<&str>) -> Result<(), Error> {
    let parsing = Duration::from_nanos(parsing.unwrap_or("0").parse()?);
    let folder = tempfile::tempdir_in(&place.work)?;
    let index = place.index_in(&folder.path().join("index"));
    let runtime = runtime()?;
    reset_peak()?;
    let meter = Meter::start()?;
    let counts = refresh(&runtime, &index)?.counts;
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let what = format!("lexical index, {} chunks", counts.chunks);
    let measured = format!(
        "{}; peak {}; {} on disk",
        usage.times(),
        megabytes(memory.peak),
        megabytes(disk_bytes(index.folder())?)
    );
    row("cold", &what, &measured, "");
    let ratio = times(usage.wall.as_secs_f64(), parsing.as_secs_f64());
    row("cold", "lexical index / parse", &ratio, "≤ 2 ×");
    Ok(())
}
