//! `changed` and `noop`: what a search or a refresh takes after many changes, and after none.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Error, ensure};
use ollacode_indexer::{Freshness, Index, IndexError, RefreshOptions, SearchResults};
use ollacode_store::Catalog;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::embedder::ClusteredVectors;
use crate::figures::{
    Memory, Meter, duration, megabytes, percentile, percentiles, reset_peak, row,
};
use crate::place::{Place, refresh, request, runtime, search};
use crate::samples::Samples;

/// Files that are edited.
const EDITS: usize = 5_000;
/// Edits that are looked for, evenly among all.
const LOOKED_FOR: usize = 5;
/// Searches that wait for the edits come so often.
const POLL: Duration = Duration::from_millis(200);
/// An index that has not caught up after so long will not.
const PATIENCE: Duration = Duration::from_secs(900);
/// Refreshes with nothing to do.
const REFRESHES: usize = 10;

/// Refreshes an index in which nothing has changed, opened anew each time.
pub fn measure_unchanged(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let runtime = runtime()?;
    let first = refresh(&runtime, &place.index())?;
    let (mut cpu, mut wall, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REFRESHES {
        let meter = Meter::start()?;
        let report = refresh(&runtime, &place.index())?;
        let usage = meter.usage()?;
        ensure!(report.changed + report.removed == 0, "files were changed");
        cpu.push(usage.cpu);
        wall.push(usage.wall);
        read.push(usage.read);
    }
    let what = format!("refresh, nothing changed, {} files", first.counts.files);
    let measured = format!(
        "median {} wall, {} CPU, {} read",
        duration(percentile(&wall, 50)),
        duration(percentile(&cpu, 50)),
        megabytes(percentile(&read, 50))
    );
    let wanted = "≤ 20 ms for 1,937 files with the process; ≤ 300 ms CPU for 57,000";
    row("noop", &what, &measured, wanted);
    Ok(())
}

/// Searches after many files have changed, until the index has caught up.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let runtime = runtime()?;
    refresh(&runtime, &place.index())?;
    let mut edited = Vec::new();
    let measured =
        edit(place, &mut edited).and_then(|()| searches(&runtime, place, &samples, edited.len()));
    // One that fails must not leave the others as they are.
    let restored: Vec<Result<(), Error>> = edited.iter().map(EditedFile::restore).collect();
    restored.into_iter().collect::<Result<(), Error>>()?;
    refresh(&runtime, &place.index())?;
    measured
}

/// A file that was edited, as it was before.
pub struct EditedFile {
    path: PathBuf,
    text: Vec<u8>,
    modified: SystemTime,
}

impl EditedFile {
    /// Remembers a file.
    pub fn remember(path: PathBuf) -> Result<EditedFile, Error> {
        Ok(EditedFile {
            text: fs::read(&path)?,
            modified: fs::metadata(&path)?.modified()?,
            path,
        })
    }

    /// Adds a comment at its end.
    pub fn add(&self, comment: &str) -> Result<(), Error> {
        let sign = comment_sign(&self.path);
        let mut text = fs::read(&self.path)?;
        text.extend_from_slice(format!("\n{sign}{comment}\n").as_bytes());
        Ok(fs::write(&self.path, text)?)
    }

    /// Makes it what it was.
    pub fn restore(&self) -> Result<(), Error> {
        fs::write(&self.path, &self.text)?;
        let file = File::options().write(true).open(&self.path)?;
        Ok(file.set_modified(self.modified)?)
    }
}

/// What starts a comment; nothing where any text will do.
fn comment_sign(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("py" | "toml" | "yaml" | "sh" | "rb") => "# ",
        Some("md" | "txt") | None => "",
        Some(_) => "// ",
    }
}

/// Adds a word of its own to each of many files.
fn edit(place: &Place, edited: &mut Vec<EditedFile>) -> Result<(), Error> {
    let mut paths = Catalog::open_read_only(&place.index_folder())?.indexed_paths()?;
    paths.sort_unstable();
    let step = (paths.len() / EDITS).max(1);
    for path in paths.iter().step_by(step).take(EDITS) {
        let file = EditedFile::remember(place.corpus.join(path))?;
        let word = marker(edited.len());
        edited.push(file);
        if let Some(file) = edited.last() {
            file.add(&word)?;
        }
    }
    ensure!(!edited.is_empty(), "the corpus has no files");
    Ok(())
}

/// A word that is nowhere else, nor is any part of it, and that no stemmer shortens.
pub fn marker(number: usize) -> String {
    const LETTERS: [char; 10] = ['b', 'd', 'f', 'g', 'k', 'm', 'p', 'r', 't', 'v'];
    let digits = format!("{number:05}");
    let letters: String = digits
        .bytes()
        .map(|digit| LETTERS[usize::from(digit - b'0') % LETTERS.len()])
        .collect();
    format!("zq{letters}xj")
}

fn searches(
    runtime: &Runtime,
    place: &Place,
    samples: &Samples,
    edits: usize,
) -> Result<(), Error> {
    let embedder = place.embedder(samples);
    let index = place.index();
    let question = request(&samples.query(0), Freshness::Refresh);
    let mut catching_up = Vec::new();
    reset_peak()?;
    let meter = Meter::start()?;
    let answer = search(runtime, &index, &question, embedder.as_ref())?;
    let (first, memory) = (meter.usage()?, Memory::read()?);
    let what = format!("first search after {edits} changed files");
    let measured = format!(
        "{}, {} read, peak {}; {} hits; notes: {}",
        first.times(),
        megabytes(first.read),
        megabytes(memory.peak),
        answer.hits.len(),
        answer.notes.join("; ")
    );
    row("changed", &what, &measured, "≤ 1 s, says what is missing");
    catching_up.extend(catch_up(runtime, &index, &answer));
    let mut wanted: Vec<String> = (0..LOOKED_FOR)
        .map(|number| marker((edits - 1) * number / (LOOKED_FOR - 1)))
        .collect();
    let mut later = Vec::new();
    while !wanted.is_empty() {
        ensure!(
            meter.usage()?.wall < PATIENCE,
            "not caught up: {} of {LOOKED_FOR} edits are not found",
            wanted.len()
        );
        let started = Instant::now();
        let answer = search(runtime, &index, &question, embedder.as_ref())?;
        later.push(started.elapsed());
        catching_up.extend(catch_up(runtime, &index, &answer));
        let missing = not_found(runtime, &index, &wanted)?;
        if missing.len() == wanted.len() {
            thread::sleep(POLL);
        }
        wanted = missing;
    }
    let all = meter.usage()?;
    row("changed", "until all is found", &all.times(), "");
    row("changed", "searches meanwhile", &percentiles(&later), "");
    for caught_up in catching_up {
        runtime.block_on(caught_up)??;
    }
    let all = meter.usage()?;
    row("changed", "until all is in order", &all.times(), "");
    Ok(())
}

/// Indexes behind an answer what it could not take in, as chat and servers do.
fn catch_up(
    runtime: &Runtime,
    index: &Index,
    answer: &SearchResults,
) -> Option<JoinHandle<Result<(), IndexError>>> {
    if answer.behind.is_nothing() {
        return None;
    }
    let index = index.clone();
    Some(runtime.spawn(async move { index.catch_up(&RefreshOptions::default(), &|_| {}).await }))
}

/// The words that the index itself does not have yet.
fn not_found(runtime: &Runtime, index: &Index, words: &[String]) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for word in words {
        let request = request(word, Freshness::Trust);
        let none: Option<&ClusteredVectors> = None;
        let answer = search(runtime, index, &request, none)?;
        let mut texts = answer.hits.iter().map(|hit| &hit.chunk.text);
        if !texts.any(|text| text.contains(word.as_str())) {
            missing.push(word.clone());
        }
    }
    Ok(missing)
}
