//! `bombs`: files that are small to write and may be slow to read, one process each.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Error, ensure};
use ollacode_indexer::chunk::chunk_file;
use ollacode_indexer::language::language_of;
use ollacode_indexer::parse::FileParser;

use crate::figures::{Memory, Meter, duration, megabytes, reset_peak, row};
use crate::place::{Place, refresh, runtime};

/// How long one file may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long all of them may take in one index.
const LIMIT_OF_ALL: Duration = Duration::from_secs(600);

const WANTED: &str = "≤ 1 s, ≤ 100 MB";

/// Reads each file of the corpus, then indexes them all.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(&place.corpus)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    ensure!(!names.is_empty(), "the corpus has no files");
    for name in &names {
        for step in ["one-bomb", "one-outline"] {
            if let Err(error) = place.in_own_process(step, Some(name), Some(LIMIT)) {
                let what = format!("{name}, {step}");
                row("bombs", &what, &format!("FAILED: {error:#}"), WANTED);
            }
        }
    }
    place.in_own_process("all-bombs", None, Some(LIMIT_OF_ALL))
}

/// Chunks one file.
pub fn chunk_one(place: &Place, name: Option<&str>) -> Result<(), Error> {
    measured(place, name, "chunks", |name, text| {
        let cut = chunk_file(&mut FileParser::default(), name, text);
        let failure = cut.failure.map(|failure| format!(", {failure}"));
        format!("{}{}", cut.chunks.len(), failure.unwrap_or_default())
    })
}

/// Looks for the definitions of one file.
pub fn outline_one(place: &Place, name: Option<&str>) -> Result<(), Error> {
    measured(place, name, "outline", |name, text| {
        let language = language_of(name, text);
        match language.map(|language| FileParser::default().outline(language, text)) {
            Some(Ok(outline)) => format!("{} definitions", outline.definitions.len()),
            Some(Err(failure)) => failure.to_string(),
            None => "no grammar".to_owned(),
        }
    })
}

/// Does something with the text of a file, and prints what it took beyond the text itself.
fn measured(
    place: &Place,
    name: Option<&str>,
    what: &str,
    work: impl FnOnce(&str, &str) -> String,
) -> Result<(), Error> {
    let name = name.context("no file")?;
    let text = fs::read_to_string(place.corpus.join(name))?;
    reset_peak()?;
    let before = Memory::read()?.now;
    let meter = Meter::start()?;
    let found = work(name, &text);
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let what = format!("{name}, {} kB, {what}", text.len() / 1_000);
    let peak = megabytes(memory.peak.saturating_sub(before));
    let measured = format!("{}, {peak}; {found}", duration(usage.wall));
    row("bombs", &what, &measured, WANTED);
    Ok(())
}

/// Indexes all files in a folder that is removed again.
pub fn measure_all(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let folder = tempfile::tempdir_in(&place.work)?;
    let index = place.index_in(&folder.path().join("index"));
    let runtime = runtime()?;
    reset_peak()?;
    let meter = Meter::start()?;
    let report = refresh(&runtime, &index)?;
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let measured = format!(
        "{}, peak {}; {} chunks, {} files without their grammar",
        usage.times(),
        megabytes(memory.peak),
        report.counts.chunks,
        report.unparsed.len()
    );
    row("bombs", "a cold index of all of them", &measured, "");
    Ok(())
}
