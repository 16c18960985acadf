//! `queries` and `filters`: searches in a process that has answered some before.

use std::thread;
use std::time::Duration;

use anyhow::{Error, ensure};
use ollacode_indexer::{Freshness, Index, SearchMode, SearchRequest};
use tokio::runtime::Runtime;

use crate::embedder::ClusteredVectors;
use crate::figures::{
    Memory, Meter, Usage, duration, megabytes, percentile, percentiles, reset_peak, row, times,
};
use crate::place::{Place, request, runtime, search};
use crate::samples::Samples;

/// Queries before those that count.
const WARM: usize = 20;
/// Queries that count, each another one.
const QUERIES: usize = 100;
/// Queries that count with each filter, after the first ones.
const FILTERED: usize = 40;
const WARM_FILTERED: usize = 5;
/// How long nothing is asked before the memory of an idle process is read.
const IDLE: Duration = Duration::from_secs(5);

/// A process that searches.
struct Reader {
    runtime: Runtime,
    index: Index,
    embedder: Option<ClusteredVectors>,
}

impl Reader {
    fn new(place: &Place, samples: &Samples) -> Result<Reader, Error> {
        Ok(Reader {
            runtime: runtime()?,
            index: place.index(),
            embedder: place.embedder(samples),
        })
    }

    /// Searches, and says what it took.
    fn ask(&self, request: &SearchRequest) -> Result<Usage, Error> {
        let meter = Meter::start()?;
        let answer = search(&self.runtime, &self.index, request, self.embedder.as_ref())?;
        let usage = meter.usage()?;
        let is_as_asked = (answer.mode == SearchMode::Hybrid) == self.embedder.is_some();
        ensure!(is_as_asked, "`{}`: {:?}", request.query, answer.notes);
        Ok(usage)
    }
}

/// Searches without filters, then compares the nearest vectors with the exact ones.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let reader = Reader::new(place, &samples)?;
    reset_peak()?;
    let mut used = Vec::with_capacity(WARM + QUERIES);
    for number in 0..WARM + QUERIES {
        used.push(reader.ask(&request(&samples.query(number), Freshness::Trust))?);
    }
    let after = Memory::read()?;
    thread::sleep(IDLE);
    let idle = Memory::read()?;
    let (first, warm) = (used[0], &used[WARM..]);
    row("queries", "first query of a process", &first.times(), "");
    let cpu: Vec<Duration> = warm.iter().map(|usage| usage.cpu).collect();
    let wanted = "≤ 20 ms at 97,000 × 1,024, ≤ 40 ms at 770,000 × 384";
    row("queries", "CPU of a query", &percentiles(&cpu), wanted);
    let wall: Vec<Duration> = warm.iter().map(|usage| usage.wall).collect();
    row("queries", "time of a query", &percentiles(&wall), "");
    row("queries", "read by a query", &read_by(warm), "≤ 8 MB");
    let memory = format!("{}, peak {}", megabytes(after.now), megabytes(after.peak));
    row("queries", "memory after them", &memory, "≤ 450 MB");
    let memory = megabytes(idle.now);
    row("queries", "memory after 5 s idle", &memory, "≤ 180 MB");
    if place.dimension > 0 {
        place.in_own_process("recall", None, None)?;
    }
    Ok(())
}

/// Mean, 95th percentile, and what came from the disk.
fn read_by(used: &[Usage]) -> String {
    let read: Vec<u64> = used.iter().map(|usage| usage.read).collect();
    let count = used.len().max(1) as u64;
    let from_disk: u64 = used.iter().map(|usage| usage.read_from_disk).sum();
    format!(
        "mean {}, p95 {}; {} of the mean from the disk",
        megabytes(read.iter().sum::<u64>() / count),
        megabytes(percentile(&read, 95)),
        megabytes(from_disk / count)
    )
}

/// Searches with each filter, and compares with the same searches without.
pub fn measure_filters(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let reader = Reader::new(place, &samples)?;
    let plain = |number: usize| request(&samples.query(number), Freshness::Trust);
    for number in 0..WARM {
        reader.ask(&plain(number))?;
    }
    let ask = |requests: &dyn Fn(usize) -> SearchRequest| -> Result<Vec<Usage>, Error> {
        (WARM..WARM + FILTERED)
            .map(|number| reader.ask(&requests(number)))
            .collect()
    };
    let without = ask(&plain)?;
    row("filters", "no filter", &costs(&without), "");
    for filter in &samples.filters {
        let narrowed = |number: usize| SearchRequest {
            languages: filter.languages.clone(),
            globs: filter.globs.clone(),
            ..plain(number)
        };
        for number in 0..WARM_FILTERED {
            reader.ask(&narrowed(number))?;
        }
        reset_peak()?;
        let with = ask(&narrowed)?;
        let memory = Memory::read()?;
        let (cpu, other) = (middle_cpu(&with), middle_cpu(&without));
        let measured = format!(
            "{}; CPU {}; peak {}",
            costs(&with),
            times(cpu.as_secs_f64(), other.as_secs_f64()),
            megabytes(memory.peak)
        );
        row("filters", &filter.what, &measured, "≤ 1.5 × without");
    }
    Ok(())
}

fn middle_cpu(used: &[Usage]) -> Duration {
    let cpu: Vec<Duration> = used.iter().map(|usage| usage.cpu).collect();
    percentile(&cpu, 50)
}

fn costs(used: &[Usage]) -> String {
    let wall: Vec<Duration> = used.iter().map(|usage| usage.wall).collect();
    let read: u64 = used.iter().map(|usage| usage.read).sum();
    format!(
        "p50 {} CPU, {} wall, {} read",
        duration(middle_cpu(used)),
        duration(percentile(&wall, 50)),
        megabytes(read / used.len().max(1) as u64)
    )
}
