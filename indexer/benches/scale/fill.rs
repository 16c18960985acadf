//! `fill`: a lexical index, then its vectors. What it makes is kept for the other measures.

use std::fs;
use std::io;

use anyhow::{Error, ensure};
use ollacode_indexer::disk_bytes;
use tokio_util::sync::CancellationToken;

use crate::embedder::{ClusteredVectors, model};
use crate::figures::{Memory, Meter, megabytes, reset_peak, row, times};
use crate::place::{Place, refresh, runtime};
use crate::samples::TextFiles;

/// Fills the index, unless it is there.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let dimension = place.dimension;
    if place.filled()? == Some(dimension) {
        let kept = format!("kept, {dimension} dimensions");
        row("fill", "index that is there", &kept, "");
        return Ok(());
    }
    for gone in [
        fs::remove_file(place.mark()),
        fs::remove_dir_all(place.index_folder()),
    ] {
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    place.in_own_process("fill-lexical", None, None)?;
    place.in_own_process("fill-samples", None, None)?;
    if dimension > 0 {
        place.in_own_process("fill-vectors", None, None)?;
    }
    Ok(fs::write(place.mark(), dimension.to_string())?)
}

/// Makes the lexical index.
pub fn lexical(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let (runtime, index) = (runtime()?, place.index());
    reset_peak()?;
    let meter = Meter::start()?;
    let counts = refresh(&runtime, &index)?.counts;
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let what = format!(
        "lexical, {} chunks in {} files",
        counts.chunks, counts.files
    );
    row("fill", &what, &usage.times(), "");
    let peak = megabytes(memory.peak);
    row("fill", "peak memory, lexical", &peak, "");
    let kept = disk_bytes(index.folder())?;
    row(
        "fill",
        "written, lexical",
        &written(usage.written, kept),
        "",
    );
    Ok(())
}

/// Makes the vectors.
///
/// The peak of memory includes the embedder's list of texts, about 20 bytes for each chunk.
pub fn vectors(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let embedder = ClusteredVectors::for_texts(place.dimension, TextFiles::read(place)?);
    let (runtime, index) = (runtime()?, place.index());
    let before = disk_bytes(index.folder())?;
    reset_peak()?;
    let meter = Meter::start()?;
    let stop = CancellationToken::new();
    runtime.block_on(index.embed(&embedder, None, &|_| (), &stop))?;
    let (usage, memory) = (meter.usage()?, Memory::read()?);
    let fingerprint = model(place.dimension).fingerprint();
    let counts = runtime.block_on(index.status(&fingerprint))?.counts;
    let what = format!(
        "vectors, {} chunks × {} dimensions",
        counts.embedded, place.dimension
    );
    row("fill", &what, &usage.times(), "");
    let peak = megabytes(memory.peak);
    row("fill", "peak memory, vectors", &peak, "≤ 800 MB");
    let kept = disk_bytes(index.folder())?.saturating_sub(before);
    let measured = written(usage.written, kept);
    row("fill", "written, vectors", &measured, "≤ 3 × what is kept");
    let to_disk = written(usage.written_to_disk, kept);
    row("fill", "written to the disk, vectors", &to_disk, "");
    ensure!(
        counts.embedded + counts.failed >= counts.chunks,
        "some chunks have no vector"
    );
    Ok(())
}

fn written(written: u64, kept: u64) -> String {
    format!(
        "{} for {} that are kept: {}",
        megabytes(written),
        megabytes(kept),
        times(written as f64, kept as f64)
    )
}
