//! `damage`: one derived file of a copy of the index is spoiled, then somebody searches.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Error};
use ollacode_indexer::{Freshness, SearchMode};

use crate::embedder::model;
use crate::figures::{Memory, Meter, duration, megabytes, percentile, reset_peak, row};
use crate::place::{Place, request, runtime, search};
use crate::samples::Samples;

/// Searches after a damage.
const SEARCHES: usize = 5;
/// They have taken too long after this.
const LIMIT: Duration = Duration::from_secs(600);

/// A file that may be damaged, and how.
struct Damage {
    name: &'static str,
    /// What the path of the file contains, from the folder of the index.
    within: [&'static str; 2],
    /// How its name ends. The largest such file is taken.
    end: &'static str,
    harm: Harm,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// The middle half is written over.
    Overwrite,
    /// The second half is cut off.
    Truncate,
    /// Nothing is left of the newest such file.
    Empty,
}

const fn damage(
    name: &'static str,
    table: &'static str,
    (folder, end): (&'static str, &'static str),
    harm: Harm,
) -> Damage {
    Damage {
        name,
        within: [table, folder],
        end,
        harm,
    }
}

const TEXT: (&str, &str) = ("/_indices/", "invert.lance");
const TREE: (&str, &str) = ("/_indices/", "page_data.lance");
const VECTORS: (&str, &str) = ("/_indices/", "auxiliary.idx");
const DATA: (&str, &str) = ("/data/", ".lance");
const MANIFEST: (&str, &str) = ("/_versions/", ".manifest");

const DAMAGES: [Damage; 12] = [
    damage("text-page", "chunks.lance", TEXT, Harm::Overwrite),
    damage("text-cut", "chunks.lance", TEXT, Harm::Truncate),
    damage("tree-page", "chunks.lance", TREE, Harm::Overwrite),
    damage("tree-cut", "chunks.lance", TREE, Harm::Truncate),
    damage("vector-index-page", "vectors_", VECTORS, Harm::Overwrite),
    damage("vector-index-cut", "vectors_", VECTORS, Harm::Truncate),
    damage("vector-tree-cut", "vectors_", TREE, Harm::Truncate),
    damage("vector-data-page", "vectors_", DATA, Harm::Overwrite),
    damage("vector-data-cut", "vectors_", DATA, Harm::Truncate),
    damage("chunk-data-cut", "chunks.lance", DATA, Harm::Truncate),
    damage("manifest-chunks", "chunks.lance", MANIFEST, Harm::Empty),
    damage("manifest-vectors", "vectors_", MANIFEST, Harm::Empty),
];

/// Spoils each kind of file, each time in a fresh copy.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    place.must_be_filled()?;
    for damage in &DAMAGES {
        let Some(file) = damage.file(&place.index_folder())? else {
            row("damage", damage.name, "the index has no such file", "");
            continue;
        };
        let copy = copied_folder(place);
        remove(&copy)?;
        copy_folder(&place.index_folder(), &copy)?;
        damage.harm.apply(&copy.join(&file))?;
        let done = place.in_own_process("one-damage", Some(damage.name), Some(LIMIT));
        if let Err(error) = done {
            row("damage", damage.name, &format!("FAILED: {error:#}"), "");
        }
        remove(&copy)?;
    }
    Ok(())
}

/// Searches in the copy that was damaged.
pub fn measure_one(place: &Place, name: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let embedder = place.embedder(&samples);
    let (runtime, index) = (runtime()?, place.index_in(&copied_folder(place)));
    let mut times = Vec::new();
    let (mut with_hits, mut hybrid, mut notes) = (0, 0, Vec::new());
    reset_peak()?;
    let meter = Meter::start()?;
    for number in 0..SEARCHES {
        let searching = Meter::start()?;
        let request = request(&samples.query(number), Freshness::Trust);
        match search(&runtime, &index, &request, embedder.as_ref()) {
            Ok(answer) => {
                with_hits += usize::from(!answer.hits.is_empty());
                hybrid += usize::from(answer.mode == SearchMode::Hybrid);
                notes.extend(answer.notes);
            }
            Err(error) => notes.push(format!("ERROR: {error:#}")),
        }
        times.push(searching.usage()?.wall);
    }
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let fingerprint = model(place.dimension).fingerprint();
    let before = runtime.block_on(place.index().status(&fingerprint))?.counts;
    let after = runtime.block_on(index.status(&fingerprint))?.counts;
    notes.dedup();
    let first = times.first().copied().unwrap_or_default();
    let measured = format!(
        "first search {}, slowest of {SEARCHES} {}, CPU of all {}, peak {}; with hits {with_hits}, \
         hybrid {hybrid}; chunks {} of {}, vectors {} of {}; set aside: {}; notes: {}",
        duration(first),
        duration(percentile(&times, 100)),
        duration(usage.cpu),
        megabytes(memory.peak),
        after.chunks,
        before.chunks,
        after.embedded,
        before.embedded,
        set_aside(index.folder())?.join(", "),
        notes.join("; ")
    );
    let wanted = "answers first, vectors kept";
    row("damage", name.unwrap_or_default(), &measured, wanted);
    Ok(())
}

fn copied_folder(place: &Place) -> PathBuf {
    place.work.join("damaged-copy")
}

fn remove(folder: &Path) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// The names of what was moved away.
fn set_aside(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for file in files(folder)? {
        let path = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        let parts: Vec<&str> = path.split('/').take(2).collect();
        if path.starts_with("damaged") {
            names.push(parts.join("/"));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

impl Damage {
    /// The file, from the folder of the index.
    fn file(&self, folder: &Path) -> Result<Option<PathBuf>, Error> {
        let mut best: Option<((u64, SystemTime), PathBuf)> = None;
        for file in files(folder)? {
            let path = file.strip_prefix(folder)?.to_owned();
            let name = path.to_string_lossy().into_owned();
            let is_such = self.within.iter().all(|part| name.contains(part));
            if !is_such || !name.ends_with(self.end) {
                continue;
            }
            let metadata = fs::metadata(&file)?;
            // The newest manifest counts, whatever its size.
            let size = if self.harm == Harm::Empty {
                0
            } else {
                metadata.len()
            };
            let order = (size, metadata.modified()?);
            if best.as_ref().is_none_or(|(best, _)| order > *best) {
                best = Some((order, path));
            }
        }
        Ok(best.map(|(_, path)| path))
    }
}

impl Harm {
    fn apply(self, path: &Path) -> Result<(), Error> {
        let mut file = File::options().write(true).open(path)?;
        let size = file.metadata()?.len();
        match self {
            Harm::Empty => file.set_len(0)?,
            Harm::Truncate => file.set_len(size / 2)?,
            Harm::Overwrite => {
                file.seek(SeekFrom::Start(size / 4))?;
                file.write_all(&vec![0xA5; usize::try_from(size / 2)?])?;
            }
        }
        Ok(())
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let (mut pending, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = pending.pop() {
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                pending.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Copies files: links would damage the index itself.
fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    for file in files(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(&file, &copy)?;
    }
    Ok(())
}
