//! `backtrace`: long texts that people paste, made of what the corpus has.

use std::time::Duration;

use anyhow::Error;
use ollacode_indexer::{Freshness, Index};
use tokio::runtime::Runtime;

use crate::embedder::ClusteredVectors;
use crate::figures::{Meter, duration, percentile, row};
use crate::place::{Place, request, runtime, search};
use crate::samples::{Samples, some_words};

/// Texts of each kind.
const TEXTS: usize = 10;
/// Texts before them, of other samples.
const WARM: usize = 2;
const BACKTRACE: usize = 590;
const ISSUE: usize = 4_000;
/// Samples for a text.
const APART: usize = 17;

/// Searches for each text without and with vectors.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let (runtime, index) = (runtime()?, place.index());
    let vectors = place.embedder(&samples);
    type Make = fn(&Samples, usize) -> String;
    let kinds: [(&str, Make, &str); 2] = [
        ("backtrace of 590 characters", backtrace, "≤ 150 ms"),
        ("issue of 4,000 characters", issue, ""),
    ];
    for (kind, make, wanted) in kinds {
        let made: Vec<String> = (0..WARM + TEXTS)
            .map(|number| make(&samples, APART * number))
            .collect();
        let what = format!("{kind}, full text");
        row(
            "backtrace",
            &what,
            &median(&runtime, &index, &made, None)?,
            wanted,
        );
        if let Some(vectors) = &vectors {
            let what = format!("{kind}, hybrid");
            let measured = median(&runtime, &index, &made, Some(vectors))?;
            row("backtrace", &what, &measured, wanted);
        }
    }
    Ok(())
}

fn median(
    runtime: &Runtime,
    index: &Index,
    texts: &[String],
    embedder: Option<&ClusteredVectors>,
) -> Result<String, Error> {
    let (mut wall, mut cpu, mut hits) = (Vec::new(), Vec::new(), 0);
    for (number, text) in texts.iter().enumerate() {
        let meter = Meter::start()?;
        let answer = search(runtime, index, &request(text, Freshness::Trust), embedder)?;
        let usage = meter.usage()?;
        if number >= WARM {
            wall.push(usage.wall);
            cpu.push(usage.cpu);
            hits += usize::from(!answer.hits.is_empty());
        }
    }
    let most: Duration = percentile(&wall, 100);
    Ok(format!(
        "median {} wall, {} CPU, slowest {}; {hits} of {} with hits",
        duration(percentile(&wall, 50)),
        duration(percentile(&cpu, 50)),
        duration(most),
        wall.len()
    ))
}

/// A panic with its frames.
fn backtrace(samples: &Samples, first: usize) -> String {
    let sample = samples.chunk(first);
    let mut text = format!(
        "thread 'main' panicked at {}:{}:9:\ncalled `Result::unwrap()` on an `Err` value: {}\n\
         stack backtrace:\n   0: rust_begin_unwind\n   1: core::panicking::panic_fmt\n",
        sample.path,
        sample.line,
        some_words(&sample.text, 3)
    );
    for frame in 2..64 {
        let sample = samples.chunk(first + frame);
        let place = sample.path.rsplit_once('.').map_or("", |(path, _)| path);
        let module = place.split('/').skip(1).collect::<Vec<_>>().join("::");
        text.push_str(&format!(
            "  {frame:2}: {module}::{}\n             at ./{}:{}:17\n",
            sample.symbol, sample.path, sample.line
        ));
    }
    text.chars().take(BACKTRACE).collect()
}

/// A report of a fault, with quoted code.
fn issue(samples: &Samples, first: usize) -> String {
    let mut text = String::new();
    for number in 0..64 {
        let sample = samples.chunk(first + number);
        let lines: Vec<&str> = sample.text.lines().take(4).collect();
        text.push_str(&format!(
            "When `{}` is called after the {}, the result is not what the documentation says: I \
             expected the {} to be there, but it is missing.\n\n```\n{}\n```\n\n",
            sample.symbol,
            some_words(&sample.text, 2),
            some_words(&sample.path, 2),
            lines.join("\n")
        ));
    }
    text.chars().take(ISSUE).collect()
}
